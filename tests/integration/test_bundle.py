"""The whole way to a laboratory without a network: bundle, install and triage with no interface."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from assay.bundle.itself import source_root
from tests.support.command import assay

ROOT = Path(__file__).resolve().parents[2]
NO_NETWORK = ("unshare", "--map-root-user", "--net")  # a namespace with no interface that is up


def run(*words: str | Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(os.fspath, words)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **env},
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a bundle of this checkout with real wheels; skips where none can be had here."""
    if source_root() is None:
        pytest.skip("needs a source checkout: Assay's own wheel is built from it")
    if shutil.which("unshare") is None or run(*NO_NETWORK, "true", env={}).returncode:
        pytest.skip("needs unshare --net, which is not permitted here")
    tries = {"PIP_DEFAULT_TIMEOUT": "15", "PIP_RETRIES": "1"}
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "hatchling", "-d"]
    probe = run(*pip, tmp_path_factory.mktemp("probe"), env=tries)
    if probe.returncode:
        pytest.skip(f"pip reaches no package index here: {probe.stderr.strip()[-200:]}")
    out = tmp_path_factory.mktemp("made") / "bundle"
    made = assay("bundle", "-o", out, "--json", env=tries)
    assert made.code == 0, made.err
    return out


def test_a_bundle_installs_and_triages_without_a_network(bundle: Path, tmp_path: Path) -> None:
    place, case = tmp_path / "assay", tmp_path / "case"
    program = place / "bin" / "assay"
    env = {"PYTHON": sys.executable, "ASSAY_HOME": os.fspath(tmp_path / "home"), "PYTHONPATH": ""}

    done = run(*NO_NETWORK, "sh", bundle / "install.sh", place, env=env)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "worker seal: " in done.stdout
    run_there = run(
        *NO_NETWORK,
        *(program, "triage", ROOT / "examples" / "mixed-case", "--case", case),
        *("--trust", ROOT / "examples" / "example-authority.pem", "--json"),
        env=env,
    )
    assert run_there.returncode == 0, run_there.stderr
    summary = json.loads(run_there.stdout.splitlines()[-1])
    assert summary["finished"]
    assert summary["items"] >= 41  # files and members of archives; pictures in pictures come on top
    verified = run(*NO_NETWORK, program, "verify", "--case", case, "--sources", env=env)
    assert verified.returncode == 0, verified.stdout
    told = run(
        *NO_NETWORK, program, "doctor", "--validate", "-o", tmp_path / "r.html", "--json", env=env
    )
    assert told.returncode == 0, told.stdout
    validated = json.loads(told.stdout)
    assert validated["tool"]["installed_as"] == "package"
    # What was carried over can make a bundle itself: the same program, without the checkout.
    again = tmp_path / "again"
    words = ("bundle", "-o", again, "--from", bundle / "wheels")
    wheel = next((bundle / "wheels").glob("assay-*.whl"))
    wheel.rename(tmp_path / wheel.name)
    try:
        second = run(*NO_NETWORK, program, *words, env=env)
    finally:
        (tmp_path / wheel.name).rename(wheel)
    assert second.returncode == 0, second.stderr
    first_made, second_made = (
        json.loads((folder / "bundle.json").read_text()) for folder in (bundle, again)
    )
    assert "repacked" in second_made["assay"]["origin"]
    digests = {made["assay"]["content_sha256"] for made in (first_made, second_made)}
    assert digests == {validated["tool"]["content_sha256"]}


def test_a_bundle_names_its_licences_and_holds_no_gpl_codecs(bundle: Path) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    licences = (bundle / "licences" / "LICENCES.md").read_text()

    names = {package["name"] for package in manifest["packages"]}
    assert {"assay", "opencv-python-headless", "pi-heif", "py7zr"} <= names
    assert "av" not in names
    for name in ("py7zr", "pi-heif", "opencv-python-headless"):
        row = next(line for line in licences.splitlines() if line.startswith(f"| {name} |"))
        assert "LGPL" in row
    stated = {package["licence"] for package in manifest["packages"]}
    assert not [text for text in stated if "GPL" in text and "LGPL" not in text]

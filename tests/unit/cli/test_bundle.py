"""A bundle: pins, targets, licences, the wheel of the installation itself, and the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from assay import __version__
from assay.bundle import itself
from assay.bundle.licences import collect
from assay.bundle.make import glibc_needed
from assay.bundle.pins import applies, parse
from assay.bundle.target import PLATFORMS, Target, target_of
from assay.core.errors import AssayError, UsageError
from tests.support.command import Ran, assay
from tests.support.wheels import pin, wheel

LINUX = Target(PLATFORMS["linux-x86_64"], "3.12", native=False).environment()
WINDOWS = Target(PLATFORMS["windows-x86_64"], "3.11", native=False).environment()
# Stands for Assay in a bundle: prints what it was called with.
PROGRAM = b"import sys\ndef main():\n    print('called:', *sys.argv[1:])\n"
SCRIPT = b"[console_scripts]\nassay = assay:main\n"


# -- pins ------------------------------------------------------------------------------------------


def test_a_lock_file_is_read_with_versions_markers_and_digests() -> None:
    text = (
        "# made by uv\n"
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n"
        f"    --hash=sha256:{'a' * 64} \\\n    --hash=sha256:{'b' * 64}\n"
        "    # via numba\n"
        f"Typing_Extensions==4.16.0 --hash=sha256:{'c' * 64}  # via typer\n"
    )

    numpy, typing = parse(text, "lock")

    assert (numpy.name, numpy.version, numpy.hashes) == ("numpy", "2.4.6", ("a" * 64, "b" * 64))
    assert numpy.marker == "python_full_version < '3.12'"
    assert (typing.name, typing.marker) == ("typing-extensions", "")


@pytest.mark.parametrize(
    "line", ["numpy", "numpy>=2", "numpy==2.4.6", "-e .", "https://host/a.whl"]
)
def test_what_is_no_pin_with_digests_is_refused(line: str) -> None:
    with pytest.raises(AssayError, match="not a pin with digests"):
        parse(line + "\n", "lock")


def test_the_shipped_lock_is_read_to_its_last_line_and_its_markers_can_be_told() -> None:
    pins = parse(*itself.shipped_lock())

    for environment in (LINUX, WINDOWS):
        chosen = [p.name for p in pins if applies(p.marker, environment)]
        assert len(chosen) == len(set(chosen)) > 40  # one version of each
    names = {p.name for p in pins if applies(p.marker, LINUX)}
    assert {"pyseccomp", "opencv-python-headless", "pypdf"} <= names
    assert not names & {"av", "colorama", "brotlicffi"}


@pytest.mark.parametrize(
    ("marker", "linux", "windows"),
    [
        ("sys_platform == 'linux'", True, False),
        ("python_full_version < '3.12'", False, True),
        ("python_version >= '3.9' and sys_platform != 'win32'", True, False),
        (
            "sys_platform == 'win32' or (python_version == '3.12' and os_name == 'posix')",
            True,
            True,
        ),
        ("'3.2' < python_version", True, True),  # 3.12 is later than 3.2
        ("sys_platform == 'win32' or sys_platform == 'cygwin'", False, True),
    ],
)
def test_markers_are_judged_for_the_target_not_for_this_machine(
    marker: str, linux: bool, windows: bool
) -> None:
    assert applies(marker, LINUX) is linux
    assert applies(marker, WINDOWS) is windows


@pytest.mark.parametrize("marker", ["extra == 'x'", "sys_platform in 'linux'", "(", "a ==", "1"])
def test_a_marker_that_cannot_be_read_is_an_error_not_a_guess(marker: str) -> None:
    with pytest.raises(AssayError, match="cannot be read"):
        applies(marker, LINUX)


# -- target ----------------------------------------------------------------------------------------


def test_a_target_that_is_not_supported_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageError) as error:
        target_of("amiga", None)
    assert "linux-x86_64" in error.value.hint
    with pytest.raises(UsageError):
        target_of("linux-x86_64", "2.7")


def test_the_glibc_that_all_wheels_run_on_is_told() -> None:
    names = (
        "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "b-1-cp311-abi3-manylinux_2_28_x86_64.whl",
        "c-1-py3-none-any.whl",
    )
    assert glibc_needed(map(Path, names)) == "2.28"
    assert glibc_needed([Path(names[2])]) == ""


# -- licences --------------------------------------------------------------------------------------


def test_licence_files_are_collected_and_statements_read(tmp_path: Path) -> None:
    made = [
        wheel(tmp_path, "one", "1.0", {"one.py": b""}, info={"licenses/LICENSE": b"MIT text"}),
        wheel(
            tmp_path,
            "two",
            "2.0",
            {"two/license.py": b"code", "two/COPYING.txt": b"text"},
            licence="Classifier: License :: OSI Approved :: BSD License",
        ),
        wheel(tmp_path, "pi_heif", "3.0", {}, licence="License: BSD-3-Clause"),
        wheel(tmp_path, "four", "4.0", {}, licence="Summary: none"),
    ]

    found = {p.name: p for p in collect(made, tmp_path / "licences")}

    assert (tmp_path / "licences/one-1.0/LICENSE").read_bytes() == b"MIT text"
    assert found["one"].licence == "MIT"
    assert found["two"].licence == "BSD License"
    assert found["two"].licence_files == ("two-2.0/two/COPYING.txt",)
    assert "LGPL-3.0" in found["pi-heif"].carries
    assert (found["four"].licence, found["four"].licence_files) == ("not stated", ())


# -- Assay's own wheel -----------------------------------------------------------------------------


def installed(wheel_file: Path, place: Path) -> Distribution:
    """Install a wheel with pip, as anybody would, and return what is there."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--compile"]
    subprocess.run([*pip, "--target", place, wheel_file], check=True)
    return Distribution.at(next(place.glob("*.dist-info")))


def test_the_wheel_of_an_installation_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    files = {"thing/__init__.py": b"X = 1\n", "thing/data.bin": bytes(range(256))}
    made = wheel(
        tmp_path,
        "thing",
        "1.5",
        files,
        info={"entry_points.txt": b"[console_scripts]\nthing = thing:X\n", "licenses/L": b"text"},
    )
    dist = installed(made, tmp_path / "site")
    (tmp_path / "out").mkdir()

    again = itself.repack(dist, tmp_path / "out")

    assert again.name == made.name
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(again) as new:
        record = "thing-1.5.dist-info/RECORD"
        assert {n: old.read(n) for n in old.namelist() if n != record} == {
            n: new.read(n) for n in new.namelist() if n != record
        }
        assert sorted(old.read(record).split()) == sorted(new.read(record).split())
    installed(again, tmp_path / "site2")


def test_a_changed_installation_is_not_handed_on(tmp_path: Path) -> None:
    dist = installed(wheel(tmp_path, "thing", "1.5", {"thing.py": b"X = 1\n"}), tmp_path / "site")
    (tmp_path / "site" / "thing.py").write_text("X = 2\n")

    with pytest.raises(AssayError, match=r"thing\.py: differs from what was installed"):
        itself.repack(dist, tmp_path)


# -- the folder ------------------------------------------------------------------------------------


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Wheels: one that stands for Assay, one that it needs, and one never to be taken."""
    folder = tmp_path / "from"
    folder.mkdir()
    wheel(
        folder,
        "assay",
        __version__,
        {"assay/__init__.py": PROGRAM, "assay/trust/lists.py": b"def home():\n    return 'home'\n"},
        info={"entry_points.txt": SCRIPT, "licenses/LICENSE": b"Apache"},
        licence="License-Expression: Apache-2.0\nRequires-Dist: part",
    )
    needed = wheel(folder, "part", "1.0", {"part.py": b""}, info={"licenses/LICENSE": b"MIT"})
    (folder / "lock.txt").write_text(pin(needed))
    wheel(folder, "av", "15.0", {"av.py": b""})
    return folder


def bundle(out: Path, wheels: Path, *words: str) -> Ran:
    return assay("bundle", "-o", out, "--from", wheels, "--lock", wheels / "lock.txt", *words)


def test_a_bundle_holds_wheels_digests_licences_and_a_manifest(
    tmp_path: Path, wheels: Path
) -> None:
    out = tmp_path / "bundle"

    ran = bundle(out, wheels, "--json")

    assert ran.code == 0, ran.err
    assert ran.last["packages"] == 2
    assert sorted(p.name for p in (out / "wheels").iterdir()) == [
        f"assay-{__version__}-py3-none-any.whl",
        "part-1.0-py3-none-any.whl",
    ]
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert checked.stdout.count(": OK") == len(files) - 1
    assert {"install.sh", "install.ps1", "README.txt", "licences/part-1.0/LICENSE"} <= files
    manifest = json.loads((out / "bundle.json").read_text())
    assert [p["name"] for p in manifest["packages"]] == ["assay", "part"]
    assert {p["name"]: p["files"] for p in manifest["parts"]} == {"wheels": 2, "licences": 3}
    assert "| assay | " in (out / "licences/LICENCES.md").read_text()
    assert "@" not in (out / "README.txt").read_text()
    assert not list(tmp_path.glob("*.partial"))


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path, wheels: Path) -> None:
    out = tmp_path / "bundle"
    out.mkdir()
    (out / "letter.txt").write_text("mine")

    ran = bundle(out, wheels)

    assert ran.code == 2
    assert "not empty" in ran.err
    assert [p.name for p in out.iterdir()] == ["letter.txt"]


def test_a_missing_wheel_is_named_and_nothing_is_left(tmp_path: Path, wheels: Path) -> None:
    (wheels / "part-1.0-py3-none-any.whl").unlink()

    ran = bundle(tmp_path / "bundle", wheels)

    assert ran.code == 1
    assert "assay: part: no wheel of the pinned version" in ran.err
    assert not list(tmp_path.glob("bundle*"))


def test_a_wheel_with_another_digest_is_refused_by_name(tmp_path: Path, wheels: Path) -> None:
    wheel(wheels, "part", "1.0", {"part.py": b"changed"})

    ran = bundle(tmp_path / "bundle", wheels)

    assert ran.code == 1
    assert "assay: part: the file found is not the one" in ran.err


def test_pyav_is_never_part_of_it(tmp_path: Path, wheels: Path) -> None:
    with (wheels / "lock.txt").open("a") as lock:
        lock.write(pin(wheels / "av-15.0-py3-none-any.whl"))

    ran = bundle(tmp_path / "bundle", wheels)

    assert ran.code == 1
    assert "GPL" in ran.err


def test_trust_lists_are_carried_when_asked_for(tmp_path: Path, wheels: Path) -> None:
    nothing = bundle(tmp_path / "none", wheels, "--with-trust")
    assert nothing.code == 1
    assert "holds nothing to carry" in nothing.err
    trust = Path(os.environ["ASSAY_HOME"]) / "trust"
    trust.mkdir(parents=True)
    (trust / "signer-1.json").write_text("{}")

    assert bundle(tmp_path / "bundle", wheels, "--with-trust").code == 0
    assert (tmp_path / "bundle/trust/signer-1.json").read_text() == "{}"
    assert bundle(tmp_path / "plain", wheels).code == 0
    assert not (tmp_path / "plain/trust").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_installer_checks_then_installs_then_runs_doctor(tmp_path: Path, wheels: Path) -> None:
    trust = Path(os.environ["ASSAY_HOME"]) / "trust"
    trust.mkdir(parents=True)
    (trust / "signer-1.json").write_text("{}")
    out, place = tmp_path / "a bundle", tmp_path / "the place"
    assert bundle(out, wheels, "--with-trust").code == 0

    def install(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", out / "install.sh", *words],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHON": sys.executable},
        )

    assert install().returncode == 2
    done = install(place.name)
    assert done.returncode == 0, done.stderr
    assert "called: doctor" in done.stdout
    assert (out / "home" / "trust" / "signer-1.json").is_file()  # where the stand-in has its home
    assert "not empty" in install(place).stderr
    (out / "wheels" / "part-1.0-py3-none-any.whl").write_bytes(b"other")
    refused = install(tmp_path / "second")
    assert refused.returncode == 1
    assert "nothing was installed" in refused.stderr
    assert not (tmp_path / "second").exists()

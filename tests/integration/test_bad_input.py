"""What cannot work ends in one clear sentence and the documented exit code."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import COMMAND, Ran, assay
from tests.support.pictures import folder_of, jpeg
from tests.support.planted import install


def one_sentence(ran: Ran) -> str:
    """Return the message of a refusal: one line, perhaps one more with what to do."""
    lines = ran.err.strip().splitlines()
    assert 1 <= len(lines) <= 2, ran.err
    assert "Traceback" not in ran.err
    return lines[0]


def test_a_missing_path_makes_no_case(tmp_path: Path) -> None:
    ran = assay("triage", tmp_path / "nothing", "--case", tmp_path / "case")
    assert ran.code == 1
    assert "nothing" in one_sentence(ran)
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize(
    "words",
    [("triage", "x"), ("queue",), ("nonsense",), ("triage", "x", "--case", "y", "--passes", "9")],
)
def test_wrong_usage_ends_with_code_2(words: tuple[str, ...]) -> None:
    assert assay(*words).code == 2


def test_an_unreadable_folder_is_recorded_and_the_rest_is_examined(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every folder")
    source = folder_of(tmp_path / "in", 2)
    (source / "locked").mkdir(mode=0)
    ran = assay("triage", source, "--case", tmp_path / "case", "--json")
    assert (ran.code, ran.last["unread"], ran.last["examined"]) == (3, 1, 2)


def test_a_case_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 1), tmp_path / "case"
    assay("triage", source, "--case", case)
    with sqlite3.connect(case / "case.db") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    ran = assay("triage", source, "--case", case)
    assert ran.code == 1
    assert "newer Assay" in one_sentence(ran)


def test_a_second_writer_is_refused_with_its_holder_named(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 30, tail=b"PLANTED-SLOW"), tmp_path / "case"
    first = subprocess.Popen(
        [*COMMAND, "triage", source, "--case", case, "--json"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, **install(tmp_path)},
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (case / "case.toml").exists():
            time.sleep(0.05)
        ran = assay("triage", source, "--case", case)
        assert ran.code == 1
        assert str(first.pid) in one_sentence(ran)
    finally:
        first.kill()
        first.wait()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if (
        sys.platform != "linux"
        or subprocess.run(words, capture_output=True, check=False).returncode
    ):
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_one_sentence_and_the_case_stays_sound(
    small_disk: Path, tmp_path: Path
) -> None:
    source, case = folder_of(tmp_path / "in", 300), small_disk / "case"
    ran = assay("triage", source, "--case", case)
    assert ran.code == 1
    message = one_sentence(ran)
    assert "full" in message or "space" in message
    with closing(sqlite3.connect(f"file:{case / 'case.db'}?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A finished case on a file system that refuses writing, even by root."""
    case, view = tmp_path / "case", tmp_path / "view"
    assay("triage", folder_of(tmp_path / "in", 2), "--case", case)
    view.mkdir()
    words = ["mount", "-o", "bind,ro", case, view]
    if (
        sys.platform != "linux"
        or subprocess.run(words, capture_output=True, check=False).returncode
    ):
        pytest.skip("a read-only view cannot be mounted here")
    yield view
    subprocess.run(["umount", view], check=True)


def test_a_read_only_case_can_be_read_and_refuses_work(read_only: Path, tmp_path: Path) -> None:
    assert len(assay("queue", "--case", read_only, "--json").rows) == 2
    assert assay("verify", "--case", read_only).code == 0
    ran = assay("triage", tmp_path / "in", "--case", read_only)
    assert ran.code == 1
    assert "read-only" in one_sentence(ran).lower()


def test_settings_that_a_case_has_fixed_are_not_changed_in_passing(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 1), tmp_path / "case"
    assay("triage", source, "--case", case, "--evaluation-date", "2026-01-01")
    ran = assay("triage", source, "--case", case, "--evaluation-date", "2026-02-02")
    assert ran.code == 2
    assert "2026-01-01" in one_sentence(ran)


def test_a_case_inside_its_source_never_examines_itself(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", 2)
    (source / "x.jpg").write_bytes(jpeg(5))
    for _ in range(2):
        ran = assay("triage", source, "--case", source / "case", "--json")
        assert (ran.code, ran.last["items"]) == (0, 3)
    assert assay("verify", "--case", source / "case").code == 0


def test_doctor_says_how_strongly_workers_are_sealed() -> None:
    ran = assay("doctor", "--json")
    assert ran.code == 0, ran.out
    assert ran.last["seal"]["sound"] is True
    weaker = assay("doctor", "--json", env={"ASSAY_SANDBOX": "process"})
    assert weaker.last["seal"]["level"] == "process"
    assert weaker.last["seal"]["hints"]

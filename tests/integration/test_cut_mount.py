"""A disk that is cut in the middle of a run and connected again: nothing is lost, nothing fails.

The disk is a FUSE mount in a namespace of its own. Killing its server is what pulling the plug is:
every open descriptor and every path below it gives errors from then on.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import COMMAND, assay, by_path, items
from tests.support.mounts import Namespace, namespace
from tests.support.pictures import jpeg
from tests.support.planted import install

PICTURES = 60


def card(root: Path) -> Path:
    """Fill a folder as a camera's card, with folders that are read in different turns."""
    for number in range(PICTURES):
        folder = root / ("DCIM/100TEST", "Windows/Web", "Users/person/Desktop")[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        tail = b"PLANTED-SLOW" if number % 3 == 0 else b""  # those read first
        (folder / f"{number:03}.jpg").write_bytes(jpeg(number, tail=tail))
    return root


def triage(space: Namespace, source: Path, case: Path, plugin: Path) -> subprocess.Popen[bytes]:
    words = (*COMMAND, "triage", source, "--case", case, "--workers", "1", "--json")
    return space.start(*words, env=install(plugin))


def wait_for_commit(case: Path, files: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with sqlite3.connect(f"file:{case / 'case.db'}?mode=ro", uri=True) as db:
                if db.execute("SELECT count(*) FROM items").fetchone()[0] >= files:
                    return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.02)
    pytest.fail("the run committed nothing")


def said(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    return process.stderr.readline().decode()


def ended(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for the end of a run and return its summary."""
    out, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors.decode()
    last: dict[str, Any] = json.loads(out.splitlines()[-1])
    return last


def assert_whole(case: Path, source: Path, summary: dict[str, Any]) -> None:
    """Assert that every picture is there once, examined, and that the account adds up."""
    assert (summary["failed"], summary["unread"]) == (0, 0)
    assert summary["examined"] == summary["items"] == PICTURES
    rows = items(case)
    assert len(rows) == PICTURES
    places = Counter(place["path"] for row in rows for place in row["occurrences"])
    expected = {p.relative_to(source).as_posix() for p in source.rglob("*.jpg")}
    assert places == Counter(dict.fromkeys(expected, 1))
    assert not any(row["pending"] or row["failures"] for row in rows)
    with sqlite3.connect(case / "case.db") as db:
        states = dict(db.execute("SELECT state, count(*) FROM entries GROUP BY state"))
    assert states == {"done": PICTURES}


def test_a_disk_that_is_cut_pauses_the_run_and_is_known_again(tmp_path: Path) -> None:
    folder, point, case = card(tmp_path / "content"), tmp_path / "usb", tmp_path / "case"
    point.mkdir()
    with namespace() as space:
        server = space.disk(folder, point, "--rate", "0.05")
        process = triage(space, point, case, tmp_path)
        wait_for_commit(case, 5)
        server.kill()
        assert said(process).startswith(f"waiting for {point}")
        space.run("umount", "--lazy", point)
        time.sleep(1.5)  # an empty mount point is looked at, and is not the disk
        assert process.poll() is None
        before = len(by_path(case))
        assert 5 <= before < PICTURES
        space.disk(folder, point)
        assert_whole(case, folder, ended(process))
        space.run(*COMMAND, "verify", "--case", case, "--sources")


def test_errors_of_an_unplugged_disk_are_not_taken_for_damage(tmp_path: Path) -> None:
    folder, point, case = card(tmp_path / "content"), tmp_path / "usb", tmp_path / "case"
    point.mkdir()
    cut = tmp_path / "unplugged"
    with namespace() as space:
        space.disk(folder, point, "--rate", "0.05", "--cut", str(cut))
        process = triage(space, point, case, tmp_path)
        wait_for_commit(case, 5)
        cut.touch()  # every read gives EIO, as from a bad sector, and so does the root
        assert said(process).startswith("waiting for ")
        time.sleep(1.5)
        cut.unlink()
        assert_whole(case, folder, ended(process))
    assert not any(
        finding["kind"] == "unread_ranges" for row in items(case) for finding in row["findings"]
    )


def test_another_disk_at_the_same_place_is_not_taken_for_the_one_that_was_cut(
    tmp_path: Path,
) -> None:
    folder, point, case = card(tmp_path / "content"), tmp_path / "usb", tmp_path / "case"
    other = card(tmp_path / "other")
    (other / "Users" / "person" / "Desktop" / "planted.jpg").write_bytes(jpeg(5000))
    point.mkdir()
    with namespace() as space:
        server = space.disk(folder, point)
        process = triage(space, point, case, tmp_path)
        wait_for_commit(case, 5)
        server.kill()
        assert said(process).startswith("waiting for ")
        space.run("umount", "--lazy", point)
        wrong = space.disk(other, point)
        time.sleep(2.5)
        assert process.poll() is None
        space.run("umount", "--lazy", point)
        wrong.wait(timeout=10)
        space.disk(folder, point)
        assert_whole(case, folder, ended(process))
    assert not any("planted.jpg" in path for path in by_path(case))


def test_a_file_system_mounted_anew_in_memory_loses_nothing(tmp_path: Path) -> None:
    folder, point, case = card(tmp_path / "content"), tmp_path / "usb", tmp_path / "case"
    point.mkdir()
    with namespace() as space:

        def mount() -> None:
            space.run("mount", "-t", "tmpfs", "-o", "noatime", "test", point)
            space.run("cp", "--archive", f"{folder}/.", point)

        mount()
        process = triage(space, point, case, tmp_path)
        wait_for_commit(case, 5)
        space.run("umount", "--lazy", point)
        mount()  # another device number; what the run holds open lies on the old one
        assert_whole(case, folder, ended(process))


def test_a_run_that_was_stopped_while_the_disk_was_away_goes_on_later(tmp_path: Path) -> None:
    folder, point, case = card(tmp_path / "content"), tmp_path / "usb", tmp_path / "case"
    point.mkdir()
    words = ("--case", case, "--workers", "1", "--json")
    with namespace() as space:
        server = space.disk(folder, point)
        process = space.start(
            *COMMAND, "triage", point, *words, "--wait-for-source", "1", env=install(tmp_path)
        )
        wait_for_commit(case, 5)
        server.kill()
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert b"no longer there; everything read so far is kept" in errors, (out, errors)
        kept = len(items(case))
        space.run("umount", "--lazy", point)
        space.disk(folder, point)
        again = space.start(*COMMAND, "triage", point, *words, env=install(tmp_path))
        summary = ended(again)
        assert summary["examined"] + summary["skipped"] == PICTURES
        assert summary["skipped"] >= kept > 0
        assert len(items(case)) == PICTURES
    assert assay("verify", "--case", case).code == 0

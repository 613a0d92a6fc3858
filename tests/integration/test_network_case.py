"""A case on a file system that is not this machine's: a real one, in user space."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

from tests.support.command import COMMAND, assay
from tests.support.mounts import namespace
from tests.support.pictures import folder_of
from tests.support.planted import install


def test_a_case_is_written_and_read_there_at_the_same_time(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", 24, tail=b"PLANTED-SLOW")
    disk, share = tmp_path / "disk", tmp_path / "share"
    disk.mkdir()
    share.mkdir()
    case, behind = share / "case", disk / "case"
    with namespace() as space:
        space.disk(disk, share, "--write")
        words = (*COMMAND, "triage", source, "--case", case, "--workers", "1", "--json")
        process = space.start(*words, env=install(tmp_path))
        deadline = time.monotonic() + 60
        seen = 0
        while process.poll() is None and time.monotonic() < deadline:
            if behind.joinpath("case.db").exists() and behind.joinpath("case.toml").exists():
                read = space.start(*COMMAND, "queue", "--case", case, "--json")
                out, errors = read.communicate(timeout=60)
                assert read.returncode == 0, errors.decode()
                seen = max(seen, len(out.splitlines()) if process.poll() is None else 0)
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
        assert json.loads(out.splitlines()[-1])["items"] == 30
        assert seen > 0  # items were read while the run went on
        space.run(*COMMAND, "verify", "--case", case)
    assert not behind.joinpath("case.db-wal").exists()
    with sqlite3.connect(behind / "case.db") as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)  # no log in its header
    assert assay("verify", "--case", behind).code == 0


def test_one_that_cannot_lock_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", 1)
    disk, share = tmp_path / "disk", tmp_path / "share"
    disk.mkdir()
    share.mkdir()
    with namespace() as space:
        space.disk(disk, share, "--write", "--no-locks")
        process = space.start(*COMMAND, "triage", source, "--case", share / "case")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"files cannot be locked on its file system (fuse.assay-test)" in errors
    assert b"Put the case on a local disk" in errors
    assert not (disk / "case" / "case.db").exists()

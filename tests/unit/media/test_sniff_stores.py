"""Journals and caches are named by their structure, and nothing else by theirs."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from assay.media.kinds import HOLDS_PICTURES, NO_PICTURES
from assay.media.sniff import BINARY, sniff
from assay.media.sniff_stores import journal_page_size


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 16384])
def test_a_journal_that_lost_its_header_is_known_by_its_checksums(
    tmp_path: Path, page_size: int
) -> None:
    c = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    for pragma in (f"page_size={page_size}", "journal_mode=persist"):
        c.execute(f"PRAGMA {pragma}").fetchall()
    c.execute("CREATE TABLE t (x)")
    c.executemany("INSERT INTO t VALUES (?)", [("words " * 300,) for _ in range(40)])
    c.execute("UPDATE t SET x = x || '!'")
    data = (tmp_path / "a.db-journal").read_bytes()
    c.close()
    assert not data[:512].strip(b"\0")
    assert journal_page_size(data) == page_size
    assert sniff(data[: 1 << 16], len(data)) == "application/x-sqlite-journal"


def test_blank_beginnings_alone_are_no_journal() -> None:
    noise = random.Random(3).randbytes(60_000)
    for data in (bytes(60_000), bytes(512) + noise, bytes(512) + b"\0\0\0\1" + bytes(9000)):
        assert sniff(data, len(data)) == BINARY


def test_the_shared_memory_of_a_log_holds_no_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    c = sqlite3.connect(path, isolation_level=None)
    c.execute("PRAGMA journal_mode=wal").fetchall()
    c.execute("CREATE TABLE t (x)")
    data = Path(f"{path}-shm").read_bytes()
    c.close()
    media_type = sniff(data[: 1 << 16], len(data))
    assert media_type == "application/x-sqlite-shm"
    assert media_type in NO_PICTURES
    once = data[:48] + bytes(48) + data[96:]
    assert sniff(once, len(once)) == BINARY


def test_every_store_that_can_hold_pictures_says_so() -> None:
    assert {
        "application/x-sqlite-journal",
        "application/x-chromium-cache-entry",
        "application/x-chromium-cache-block",
    } <= set(HOLDS_PICTURES)

"""Databases made by SQLite itself, as files in memory, for tests of what reads them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.support.pictures import jpeg

PICTURES = [jpeg(seed, (200 + 60 * seed, 160)) for seed in range(8)]
SMALL = jpeg(90, (24, 16))  # fits in one page of 4096 bytes
Fill = Callable[[sqlite3.Connection], object]


def connect(path: Path, page_size: int = 4096, *pragmas: str) -> sqlite3.Connection:
    """Open a new database that keeps what is deleted, each statement its own transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (f"page_size={page_size}", "secure_delete=off", "synchronous=off", *pragmas):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def database(folder: Path, fill: Fill, page_size: int = 4096, *pragmas: str) -> bytes:
    """Return the bytes of a database that ``fill`` has worked on."""
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    connection = connect(path, page_size, *pragmas)
    fill(connection)
    connection.close()
    return path.read_bytes()


def messages(connection: sqlite3.Connection, count: int = len(PICTURES)) -> None:
    """Fill a table of messages, one picture each."""
    connection.execute("CREATE TABLE msg (id INTEGER PRIMARY KEY, sender TEXT, photo BLOB, note)")
    for number, picture in enumerate(PICTURES[:count]):
        connection.execute(
            "INSERT INTO msg VALUES (?, ?, ?, ?)",
            (number, f"sender {number}", picture, "hello" * number),
        )

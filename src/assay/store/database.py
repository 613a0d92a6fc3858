"""Opening a case's database: for writing, for reading, and on media that cannot be written."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from assay.core.errors import CaseError
from assay.core.names import display
from assay.store.errors import code_of, database_errors

DATABASE = "case.db"
_PATIENCE = 10.0  # seconds to wait for another program's short lock
_CACHE_KIB = 64 * 1024


class Access(StrEnum):
    """How SQLite opens the file (https://www.sqlite.org/uri.html)."""

    CREATE = "mode=rwc"
    WRITE = "mode=rw"
    READ = "mode=ro"
    IMMUTABLE = "immutable=1"  # no locks and no -shm file; blind to the write-ahead log


@dataclass(frozen=True, slots=True)
class Database:
    """One open connection; ``note`` says what is special about it, empty where nothing is."""

    connection: Connection
    note: str = ""

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()


def open_database(folder: Path, access: Access) -> Database:
    """Open ``case.db`` of a folder; raises CaseError."""
    with database_errors(folder):
        if access is not Access.READ:
            return Database(_connect(folder, access))
        try:
            return Database(_connect(folder, access))
        except sqlite3.OperationalError as error:
            if code_of(error) not in ("SQLITE_CANTOPEN", "SQLITE_READONLY"):
                raise
            if not (folder / DATABASE).is_file():
                raise
    return _open_immutable(folder)


def _open_immutable(folder: Path) -> Database:
    """Open a case whose folder cannot take SQLite's shared-memory file."""
    log = folder / (DATABASE + "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise CaseError(
            f"The case {display(str(folder))} was not closed properly, and its last changes cannot "
            "be read where nothing may be written.",
            hint="Copy the whole case folder to a place where you may write, and open the copy.",
        )
    with database_errors(folder):
        connection = _connect(folder, Access.IMMUTABLE)
    return Database(connection, "The folder is read-only; the case is read as it was last closed.")


def _connect(folder: Path, access: Access) -> Connection:
    uri = f"{(folder.absolute() / DATABASE).as_uri()}?{access.value}"
    driver = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, check_same_thread=False)
    try:
        # SQLite reads the file only now; a broken or unreachable one is found here.
        driver.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if access in (Access.CREATE, Access.WRITE):
            driver.execute("PRAGMA journal_mode = WAL").fetchone()
            # FULL: a custody event that was reported as written survives a loss of power.
            driver.execute("PRAGMA synchronous = FULL")
        else:
            driver.execute("PRAGMA query_only = ON")
        driver.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        driver.close()
        raise
    # AUTOCOMMIT: transactions are begun by us, with BEGIN IMMEDIATE.
    engine = create_engine(
        "sqlite://", creator=lambda: driver, poolclass=StaticPool, isolation_level="AUTOCOMMIT"
    )
    return engine.connect()

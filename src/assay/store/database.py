"""Opening a case's database: for writing, for reading, and on media that cannot be written."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from assay.core.errors import CaseError
from assay.core.names import display
from assay.store.errors import code_of, database_errors
from assay.store.filesystem import FileSystem, check_locks, filesystem_of

DATABASE = "case.db"
_PATIENCE = 10.0  # seconds to wait for another program's short lock
# A rollback journal lets no one read while it commits, and no one commit while somebody reads.
_PATIENCE_OF_WRITERS = 120.0
_CACHE_KIB = 64 * 1024


class Access(StrEnum):
    """How SQLite opens the file (https://www.sqlite.org/uri.html)."""

    CREATE = "mode=rwc"
    WRITE = "mode=rw"
    READ = "mode=ro"
    IMMUTABLE = "immutable=1"  # no locks and no -shm file; blind to the write-ahead log


class Journal(StrEnum):
    """How SQLite keeps a transaction that is not yet complete."""

    WAL = "wal"
    TRUNCATE = "truncate"  # https://www.sqlite.org/pragma.html#pragma_journal_mode


@dataclass(frozen=True, slots=True)
class Database:
    """One open connection; ``note`` says what is special about it, empty where nothing is."""

    connection: Connection
    note: str = ""
    journal: str = ""  # as ``journal_of`` says it

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()


def journal_of(folder: Path) -> str:
    """Say how a case in a folder keeps its journal: "wal on ext4", "truncate on nfs4"."""
    system = filesystem_of(folder)
    return f"{_journal(system).value} on {system.kind}"


def _journal(system: FileSystem) -> Journal:
    return Journal.TRUNCATE if system.network else Journal.WAL


def open_database(folder: Path, access: Access) -> Database:
    """Open ``case.db`` of a folder; raises CaseError."""
    system = filesystem_of(folder)
    note = ""
    if system.network:
        note = f"The case lies on a network file system ({system.kind}); a local disk is safer."
    if access is not Access.READ:
        if system.network:
            check_locks(folder, system.kind)
        with database_errors(folder):
            return _database(_connect(folder, access, _journal(system)), system, note)
    if system.network and _is_wal(folder):
        return _open_immutable(folder)  # its log's shared memory is on the machine that writes it
    with database_errors(folder):
        try:
            return _database(_connect(folder, access), system, note)
        except sqlite3.OperationalError as error:
            if code_of(error) not in ("SQLITE_CANTOPEN", "SQLITE_READONLY"):
                raise
            if not (folder / DATABASE).is_file():
                raise
        if _left(folder, "-journal") and os.access(folder, os.W_OK):
            _connect(folder, Access.WRITE).close()  # takes back what was not complete
            return _database(_connect(folder, access), system, note)
    return _open_immutable(folder)


def _database(connection: Connection, system: FileSystem, note: str) -> Database:
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    return Database(connection, note, f"{mode} on {system.kind}")


def _is_wal(folder: Path) -> bool:
    """Tell by bytes 18 and 19 of its header whether a database uses the write-ahead log."""
    try:
        with open(folder / DATABASE, "rb") as file:
            return file.read(20)[18:] == b"\x02\x02"
    except OSError:
        return False


def _left(folder: Path, suffix: str) -> bool:
    log = folder / (DATABASE + suffix)
    return log.exists() and log.stat().st_size > 0


def _open_immutable(folder: Path) -> Database:
    """Open a case whose folder cannot take SQLite's shared-memory file."""
    if _left(folder, "-wal") or _left(folder, "-journal"):
        raise CaseError(
            f"The case {display(str(folder))} was not closed properly or is in use on another "
            "machine, and its last changes cannot be read from here.",
            hint="Open it where it was written, or copy the whole case folder to a local disk "
            "where you may write, and open the copy.",
        )
    with database_errors(folder):
        connection = _connect(folder, Access.IMMUTABLE)
    return Database(connection, "The folder is read-only; the case is read as it was last closed.")


def _connect(folder: Path, access: Access, journal: Journal | None = None) -> Connection:
    uri = f"{(folder.absolute() / DATABASE).as_uri()}?{access.value}"
    patience = _PATIENCE_OF_WRITERS if journal is Journal.TRUNCATE else _PATIENCE
    driver = sqlite3.connect(uri, uri=True, timeout=patience, check_same_thread=False)
    try:
        if journal is Journal.TRUNCATE:
            # A log left from a local disk is taken over without shared memory.
            driver.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
        # SQLite reads the file only now; a broken or unreachable one is found here.
        driver.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if journal is not None:
            _keep_journal(driver, journal)
            # FULL: a custody event that was reported as written survives a loss of power.
            driver.execute("PRAGMA synchronous = FULL")
        elif access is not Access.WRITE:
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


def _keep_journal(driver: sqlite3.Connection, journal: Journal) -> None:
    """Set the journal mode; raises sqlite3.OperationalError where the log cannot be left.

    A file system that cannot take the log after all keeps the older journal, which is as safe.
    """
    (mode,) = driver.execute(f"PRAGMA journal_mode = {journal.value}").fetchone()
    if journal is not Journal.TRUNCATE:
        return
    if mode != journal.value:
        raise sqlite3.OperationalError(f"its journal stays {mode}, not {journal.value}")
    driver.execute("PRAGMA locking_mode = NORMAL").fetchone()
    driver.execute("SELECT count(*) FROM sqlite_master").fetchone()  # gives the lock back

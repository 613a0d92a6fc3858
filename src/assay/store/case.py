"""A case: one folder with its database, its pins and its lock. Opens, creates, begins transactions.

``case.toml`` (for people), ``case.db`` (everything), ``derived/`` (thumbnails), ``exports/``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from assay.core.errors import CaseError
from assay.core.jsonvalue import JsonObject, digest_of
from assay.core.names import display
from assay.store import migrate, schema
from assay.store.database import DATABASE, Access, Database, open_database
from assay.store.errors import database_errors, file_errors
from assay.store.lock import LOCK_NAME, CaseLock, current_user
from assay.store.pins import Pins, pins_from_json, read_toml, write_toml
from assay.store.reader import Reader
from assay.store.writer import Transaction

TOML = "case.toml"
Clock = Callable[[], str]
# What an interrupted creation may leave behind.
_BEGUN = frozenset({DATABASE, DATABASE + "-wal", DATABASE + "-shm", DATABASE + "-journal"})
_UNFINISHED = _BEGUN | {LOCK_NAME, TOML, TOML + ".partial", "derived", "exports"}


def utc_now() -> str:
    """Return the time as ISO 8601 UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def is_case(folder: Path) -> bool:
    """Tell whether a folder looks like a case."""
    return (folder / DATABASE).is_file()


def is_unfinished(folder: Path) -> bool:
    """Tell whether the making of a case was cut short before anything of it was kept."""
    if not is_case(folder) or (folder / TOML).exists():
        return False
    try:
        database = open_database(folder, Access.READ)
    except CaseError:
        return False
    try:
        with database_errors(folder):
            return not migrate.holds_tables(database.connection)
    except CaseError:
        return False
    finally:
        database.close()


class Case:
    """An open case; a context manager. One thread at a time."""

    def __init__(
        self, folder: Path, database: Database, lock: CaseLock | None, clock: Clock
    ) -> None:
        self.folder = folder
        self.note = database.note  # something a person should know about how it was opened
        self.journal = database.journal  # "wal on ext4", "truncate on nfs4"
        self.reader = Reader(database.connection, folder)
        self._database = database
        self._lock = lock
        self._clock = clock

    # ---- opening

    @classmethod
    def create(
        cls,
        folder: Path,
        pins: Pins,
        *,
        actor: str,
        settings: JsonObject,
        clock: Clock = utc_now,
    ) -> Self:
        """Make a new case in a folder that is absent or empty; raises CaseError, CaseBusyError."""
        _check_place(folder)
        with file_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        lock = CaseLock(folder, since=clock())
        try:
            case = cls(folder, open_database(folder, Access.CREATE), lock, clock)
        except BaseException:
            lock.release()
            raise
        try:
            case._begin_life(replace(pins, schema=schema.SCHEMA), actor, settings)
        except BaseException:
            case.close()
            raise
        return case

    @classmethod
    def open(cls, folder: Path, *, write: bool, clock: Clock = utc_now) -> Self:
        """Open a case; raises CaseError, and CaseBusyError where another process writes to it.

        A case of an older schema is migrated when it is opened for writing.
        """
        if not is_case(folder):
            raise CaseError(
                f"There is no case at {display(str(folder))}.",
                hint="Give the folder that holds case.db, or make a case with `assay init`.",
            )
        lock = CaseLock(folder, since=clock()) if write else None
        try:
            database = open_database(folder, Access.WRITE if write else Access.READ)
        except BaseException:
            if lock:
                lock.release()
            raise
        case = cls(folder, database, lock, clock)
        try:
            case._check_version()
            if write:
                case._mend_toml()
        except BaseException:
            case.close()
            raise
        return case

    def close(self) -> None:
        """Close the database and give the lock back; safe to call twice."""
        try:
            if self._lock is not None and not self._database.connection.closed:
                # Leave no write-ahead log behind, so that a copy on read-only media can be read.
                # Where it fails nothing is lost: the log holds what was committed.
                with suppress(CaseError), database_errors(self.folder):
                    self._run("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._database.close()
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ---- what it holds

    @property
    def pins(self) -> Pins:
        """What the case is pinned to; raises CaseError where that cannot be read."""
        try:
            return pins_from_json(self.reader.meta("pins") or {})
        except ValueError as error:
            raise CaseError(
                f"The pins of the case {display(str(self.folder))} cannot be read: {error}.",
                hint="Keep this folder as it is and go on with a backup copy of it.",
            ) from error

    @property
    def settings(self) -> JsonObject:
        """The examiners' options that the case was made with."""
        return self.reader.meta("settings") or {}

    @property
    def connection(self) -> Connection:
        """The open connection, for the read queries of ``store.queries`` and ``store.coverage``."""
        return self._database.connection

    @property
    def writable(self) -> bool:
        return self._lock is not None

    @property
    def derived(self) -> Path:
        return self.folder / "derived"

    @property
    def exports(self) -> Path:
        return self.folder / "exports"

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """Read one unchanging state of the case, whatever is written meanwhile."""
        if self._in_transaction():  # everything is of one state already
            yield self.reader
            return
        with database_errors(self.folder):
            self._run("BEGIN")
        try:
            yield self.reader
        finally:
            self._roll_back()

    @contextmanager
    def transaction(self, actor: str, action: str, subject: str = "") -> Iterator[Transaction]:
        """Write facts and their one custody event together; on an error nothing remains.

        ``action`` is a word such as "batch.examined"; ``subject`` what it was done to.
        """
        if not self.writable:
            raise CaseError(f"The case {display(str(self.folder))} was opened for reading only.")
        if self._in_transaction():
            raise CaseError("A transaction on this case is open already.")
        with database_errors(self.folder):
            self._run("BEGIN IMMEDIATE")
        try:
            tx = self._next(actor, action, subject)
            yield tx
            self._commit(tx)
        finally:
            self._roll_back()
        if tx.repinned:
            self._write_toml()

    def repin(
        self, pins: Pins, *, actor: str, settings: JsonObject, action: str = "case.repinned"
    ) -> None:
        """Pin the case anew (``run --upgrade``), with a custody event, and rewrite case.toml."""
        before = self.pins
        with self.transaction(actor, action, before.case_id) as tx:
            tx.detail(pins_before=before.digest)
            tx.set_pins(replace(pins, schema=schema.SCHEMA), settings)

    # ---- inside

    def _begin_life(self, pins: Pins, actor: str, settings: JsonObject) -> None:
        with database_errors(self.folder):
            if migrate.holds_tables(self._database.connection):
                raise CaseError(
                    f"{display(str(self.folder))} holds a case already.",
                    hint="Go on with it, or give the new case another folder.",
                )
            self._run(f"PRAGMA application_id = {schema.APPLICATION}")
            self._run("BEGIN IMMEDIATE")
        try:
            with database_errors(self.folder):
                migrate.upgrade(self._database.connection)
            tx = self._next(actor, "case.created", pins.case_id)
            tx.set_pins(pins, settings)
            tx.detail(journal=self.journal)
            self._commit(tx)
        finally:
            self._roll_back()
        with file_errors(self.folder):
            self.derived.mkdir(exist_ok=True)
            self.exports.mkdir(exist_ok=True)
        self._write_toml()

    def _next(self, actor: str, action: str, subject: str) -> Transaction:
        return Transaction(
            self._database.connection,
            self.folder,
            head=self.reader.head(),
            at=self._clock(),
            actor=actor,
            action=action,
            subject=subject,
        )

    def _commit(self, tx: Transaction) -> None:
        tx.finish()
        with database_errors(self.folder):
            self._run("COMMIT")

    def _check_version(self) -> None:
        with database_errors(self.folder):
            version = migrate.version_of(self._database.connection)
        shown = display(str(self.folder))
        if version is None:
            raise CaseError(
                f"The case {shown} was never finished being made.",
                hint="Make it again with `assay init`: an unfinished case is taken over.",
            )
        if migrate.is_newer(version):
            raise CaseError(
                f"The case {shown} was written by a newer Assay (schema {display(version)}, this "
                f"one knows {schema.SCHEMA}).",
                hint="Use the Assay version that wrote it, or a later one.",
            )
        if version != schema.SCHEMA:
            self._migrate(version)

    def _migrate(self, version: str) -> None:
        if not self.writable:
            raise CaseError(
                f"The case {display(str(self.folder))} has the older schema {version}.",
                hint="Open it once for writing, for example with `assay run`, to migrate it.",
            )
        pins = self.pins
        with self.transaction(current_user(), "case.migrated", pins.case_id) as tx:
            tx.detail(schema_before=version, schema=schema.SCHEMA, pins_before=pins.digest)
            with database_errors(self.folder):
                migrate.upgrade(self._database.connection)
            tx.set_pins(replace(pins, schema=schema.SCHEMA), self.settings)

    def _write_toml(self) -> None:
        write_toml(self.pins, digest_of(self.settings), self.folder / TOML)

    def _mend_toml(self) -> None:
        """Rewrite a case.toml that an interrupted creation or repinning left behind.

        One that a person changed is left alone, for ``check`` to report.
        """
        try:
            shown, settings = read_toml(self.folder / TOML)
        except FileNotFoundError:
            self._write_toml()
            return
        except (OSError, ValueError):
            return
        shows = (shown.digest, settings)
        if shows != (self.pins.digest, digest_of(self.settings)) and shows in self._pinned_once():
            self._write_toml()

    def _pinned_once(self) -> set[tuple[object, object]]:
        """Return the digests of all pins and settings that the case ever had."""
        details = (event.detail for event in self.reader.events())
        return {(d["pins_digest"], d.get("settings_digest")) for d in details if "pins_digest" in d}

    def _run(self, sql: str) -> None:
        self._database.connection.exec_driver_sql(sql)

    def _roll_back(self) -> None:
        """End what is open without keeping it; SQLite may have ended it already."""
        if self._in_transaction():
            with database_errors(self.folder):
                self._run("ROLLBACK")

    def _in_transaction(self) -> bool:
        driver = self._database.connection.connection.driver_connection
        return bool(getattr(driver, "in_transaction", False))


def _check_place(folder: Path) -> None:
    """Refuse a folder that a case must not be made in; raises CaseError."""
    shown = display(str(folder))
    with file_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise CaseError(f"{shown} is not a folder.")
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
        inside = next((up for up in folder.absolute().parents if is_case(up)), None)
    if inside is not None:
        raise CaseError(
            f"{shown} lies inside the case {display(str(inside))}.",
            hint="Give each case a folder of its own, outside every other.",
        )
    if names - _UNFINISHED:
        raise CaseError(
            f"{shown} is not empty" + (" and holds a case." if DATABASE in names else "."),
            hint="Give the new case a folder that is empty or does not exist yet.",
        )

"""Reading an RDS v3 SQLite database: read-only, immutable, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from assay.lists.adapters import _fields as fields
from assay.lists.adapters._nsrl_rows import Package, Row, fold, row_of
from assay.lists.model import ListEntry, ListFacts, Refused

_VIEWS = ("FILE", "DISTINCT_HASH")
_PACKAGES = 250_000  # of which names are kept for the labels
_STEPS = 10_000  # of SQLite's machine between two looks
_PATIENCE = 50_000  # such stretches without a row after which a view is given up: minutes
_LENGTH = 1 << 20  # bytes of one value
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}


def read(path: Path, options: Mapping[str, str]) -> Iterator[ListFacts | ListEntry | Refused]:
    """Yield the files of a database. The database's own errors become Refused."""
    try:
        connection = _opened(path)
    except sqlite3.Error as error:
        yield _refused("the database", error)
        return
    with closing(connection):
        yield from _Database(connection, path).read(options)


def _opened(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LENGTH)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _allow(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Let a view read and call functions of SQLite; nothing that reaches outside the database."""
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        safe = second not in ("load_extension", "fts3_tokenizer")
        return sqlite3.SQLITE_OK if safe else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and first == "table_info":
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _refused(place: str, error: Exception) -> Refused:
    return Refused(place, f"SQLite: {error}; what follows there is not read")


class _Database:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._idle = 0
        connection.set_authorizer(_allow)
        connection.set_progress_handler(self._look, _STEPS)

    def _look(self) -> int:
        self._idle += 1
        return int(self._idle > _PATIENCE)

    def read(self, options: Mapping[str, str]) -> Iterator[ListFacts | ListEntry | Refused]:
        version, notes = "", list(self._beside())
        created = ""
        for _, row in self._rows("VERSION", "", notes):
            version = f"{row.get('version') or ''} {row.get('build_set') or ''}".strip()
            created = fields.moment(str(row.get("build_date") or row.get("release_date") or ""))
        packages = self._packages(notes)
        wanted = options.get("view", "").upper()
        views = (wanted,) if wanted in _VIEWS else _VIEWS
        view = next((view for view in views if self._columns(view)), "")
        yield ListFacts(
            "NSRL RDS v3 database",
            "nsrl",
            owner="NIST",
            version=version,
            created=created,
            categories={"known software": "Known software"},
            notes=(*notes, *((f"read from {view}",) if view else ())),
        )
        if not view:
            yield Refused("the database", f"neither {' nor '.join(views)} is in it")
            return
        yield from fold(self._files(view), packages)

    def _beside(self) -> Iterator[str]:
        log = self._path.with_name(self._path.name + "-wal")
        if log.is_file() and log.stat().st_size:
            yield f"{log.name} lies beside the database and is not read: what it adds is missing"

    def _columns(self, view: str) -> tuple[str, ...]:
        try:
            found = self._connection.execute(f"PRAGMA table_info({view})").fetchmany(200)
        except sqlite3.Error:
            return ()
        return tuple(str(row[1]) for row in found)

    def _files(self, view: str) -> Iterator[tuple[str, Row] | Refused]:
        columns = [name.lower() for name in self._columns(view)]
        query = f"SELECT * FROM {view}"  # noqa: S608 - one of two names of ours
        # the key of FILE begins with sha256: its order costs nothing and brings a file's rows
        # together; where it would have to be sorted first, the rows come as they lie
        for key in ("sha256", "sha1", "md5"):
            if key in columns:
                ordered = f"{query} ORDER BY {key}"
                query = ordered if self._is_free(ordered) else query
                break
        yield from self._select(query, columns, view)

    def _is_free(self, query: str) -> bool:
        self._connection.set_authorizer(None)
        try:
            plan = self._connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchmany(100)
        except sqlite3.Error:
            return False
        finally:
            self._connection.set_authorizer(_allow)
        return not any("TEMP B-TREE" in str(row[-1]) for row in plan)

    def _select(
        self, query: str, columns: list[str], view: str
    ) -> Iterator[tuple[str, Row] | Refused]:
        count = 0
        try:
            for values in self._connection.execute(query):
                self._idle = 0
                count += 1
                yield f"row {count}", row_of(values, columns)
        except sqlite3.Error as error:
            yield _refused(f"row {count + 1} of {view}", error)

    def _rows(
        self, table: str, more: str, notes: list[str]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows of a small table; its trouble becomes a note."""
        columns = [name.lower() for name in self._columns(table)]
        if not columns:
            notes.append(f"there is no {table} in it")
            return
        query = f"SELECT * FROM {table} {more}"  # noqa: S608 - names of ours
        for item in self._select(query, columns, table):
            if isinstance(item, Refused):
                notes.append(f"{item.locator}: {item.reason}")
            else:
                yield item[0], dict(item[1])

    def _packages(self, notes: list[str]) -> dict[str, Package]:
        limit = f"LIMIT {_PACKAGES}"
        makers = {
            str(row.get("manufacturer_id")): str(row.get("name") or "")
            for _, row in self._rows("MFG", limit, notes)
        }
        systems = {
            str(row.get("operating_system_id")): " ".join(
                str(row[part]) for part in ("name", "version") if row.get(part)
            )
            for _, row in self._rows("OS", limit, notes)
        }
        found: dict[str, Package] = {}
        for _, row in self._rows("PKG", limit, notes):
            found[str(row.get("package_id"))] = package_of(row, systems, makers)
        if len(found) >= _PACKAGES:
            notes.append(
                f"more than {_PACKAGES} packages: files of later ones stand without theirs"
            )
        return found


def package_of(row: Row, systems: Mapping[str, str], makers: Mapping[str, str]) -> Package:
    """Return a row of PKG with the names that its numbers stand for."""
    return Package(
        name=str(row.get("name") or ""),
        version=str(row.get("version") or ""),
        system=systems.get(str(row.get("operating_system_id")), ""),
        maker=makers.get(str(row.get("manufacturer_id")), ""),
        language=str(row.get("language") or ""),
        kind=str(row.get("application_type") or ""),
    )

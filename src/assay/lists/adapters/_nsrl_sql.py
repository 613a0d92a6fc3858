"""Reading NSRL's delta SQL as text: INSERT gives rows, DELETE withdraws, UPDATE is refused.

No statement is ever run. Sources of the form: NIST's RDS v3 documentation ("a set of SQL INSERT,
UPDATE, and DELETE statements") and the sqlite3 shell's dump format.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn

from assay.lists.adapters import _fields as fields
from assay.lists.adapters._lines import lines
from assay.lists.adapters._nsrl_db import package_of
from assay.lists.adapters._nsrl_rows import COLUMNS, Package, Row, fold, row_of
from assay.lists.model import ListEntry, ListFacts, Refused

_MAX_ROW = 1 << 16  # characters of one row, or of a statement that is no INSERT
_MAX_LINES = 500
_REPLAYS = 10_000  # broken statements after which their further lines are not tried on their own
_NAMES_KEPT = 250_000  # of packages, systems, makers
_TABLES = {
    "file": COLUMNS,
    "pkg": (
        "package_id",
        "name",
        "version",
        "operating_system_id",
        "manufacturer_id",
        "language",
        "application_type",
    ),
    "os": ("operating_system_id", "name", "version", "manufacturer_id"),
    "mfg": ("manufacturer_id", "name"),
    "version": ("version", "build_set", "build_date", "release_date", "description"),
}
_NAME = r"[\"\[`]?(?:main[\"\]`]?\.[\"\[`]?)?(\w+)[\"\]`]?"
_INSERT = re.compile(
    rf"(?:INSERT\s+(?:OR\s+\w+\s+)?|REPLACE\s+)INTO\s+{_NAME}\s*(?:\(([^()]*)\)\s*)?VALUES\s*",
    re.IGNORECASE,
)
_DELETE = re.compile(rf"DELETE\s+FROM\s+{_NAME}\s+WHERE\s+(.*?)\s*;?\s*", re.IGNORECASE | re.DOTALL)
_INSERTS = re.compile(r"(?:INSERT|REPLACE)\b", re.IGNORECASE)
_CHANGES = re.compile(r"(?:UPDATE|DELETE|INSERT|REPLACE)\b", re.IGNORECASE)
_HOUSEKEEPING = re.compile(
    r"(?:BEGIN|COMMIT|END|ROLLBACK|PRAGMA|CREATE|DROP|ANALYZE|VACUUM|REINDEX|SAVEPOINT|RELEASE)\b"
    r"|\.",
    re.IGNORECASE,
)
_EQUALS = re.compile(r"[\"\[`]?(\w+)[\"\]`]?\s*==?\s*('(?:[^']|'')*'|\d+)", re.DOTALL)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)
_VALUE = re.compile(
    r"\s*(?:'((?:[^']|'')*+)'|([+-]?\d{1,19})(?![\w.])|(NULL)\b|X'([0-9A-Fa-f]*)'"
    r"|([+-]?\d{0,40}\.?\d{1,40}(?:E[+-]?\d{1,4})?))\s*",
    re.IGNORECASE,
)
_STRING = re.compile(r"'(?:[^']|'')*+'")
_DIGEST_COLUMNS = {"sha256", "sha1", "md5", "crc32", "file_size"}


def read(file: BinaryIO) -> Iterator[ListFacts | ListEntry | Refused]:
    """Yield what a delta adds and withdraws, statement by statement."""
    delta = _Delta(file)
    facts = ListFacts(
        "NSRL RDS v3 delta", "nsrl", owner="NIST", categories={"known software": "Known software"}
    )
    yield facts
    yield from fold(delta.items(), delta.packages)
    notes = ["a delta: it adds to a full set and does not replace it"]
    notes += [f"{count} rows of {name} are not read" for name, count in delta.unread.items()]
    yield replace(facts, version=delta.version, created=delta.created, notes=tuple(notes))


_Item = tuple[str, Row] | ListEntry | Refused


class _Incomplete(Exception):  # noqa: N818 - the row may go on in the next line
    pass


class _Delta:
    def __init__(self, file: BinaryIO) -> None:
        self.packages: dict[str, Package] = {}
        self.version = self.created = ""
        self.unread: dict[str, int] = {}
        self._systems: dict[str, str] = {}
        self._makers: dict[str, str] = {}
        self._lines = lines(file)
        self._back: deque[tuple[int, str]] = deque()  # lines to be read again
        self._replays = 0
        self._cut: list[int] = []  # numbers of lines that were too long

    def _next(self) -> tuple[int, str] | None:
        if self._back:
            return self._back.popleft()
        for count, line, cut in self._lines:
            if cut:
                self._cut.append(count)
            return count, line
        return None

    def items(self) -> Iterator[_Item]:
        while line := self._next():
            count, text = line
            yield from self._line(count, text.strip())
            for number in self._cut:
                yield Refused(f"line {number}", "the line is too long; its end is not read")
            self._cut.clear()

    def _line(self, count: int, text: str) -> Iterator[_Item]:
        place = f"line {count}"
        if not text or text.startswith("--") or text == ";":
            return
        if text.startswith("/*"):
            if "*/" not in text and self._joined(text, lambda told: "*/" in told) is None:
                yield Refused(place, "a comment never ends", fields.short(text))
            return
        match = _INSERT.match(text)
        if match is None and _INSERTS.match(text) and ";" not in text:
            # VALUES may stand in a line of its own
            whole = self._joined(text, lambda told: _INSERT.match(told) is not None, 3)
            text = whole or text
            match = _INSERT.match(text)
        if match:
            yield from self._insert(match, count, text[match.end() :])
        elif _CHANGES.match(text):
            yield self._change(place, self._statement(text))
        elif _HOUSEKEEPING.match(text):
            if not text.startswith("."):
                self._statement(text)
        else:
            yield Refused(place, "no statement of a delta", fields.short(text))

    def _joined(self, text: str, done: Callable[[str], bool], most: int = _MAX_LINES) -> str | None:
        """Join the next lines until it is done; None, and the lines again, where it never is."""
        taken: list[tuple[int, str]] = []
        while len(taken) < most and len(text) < _MAX_ROW:
            line = self._next()
            if line is None:
                break
            taken.append(line)
            if _CHANGES.match(line[1].lstrip()):
                break  # the next statement
            text += "\n" + line[1]
            if done(text):
                return text
        self._back.extendleft(reversed(taken))
        return None

    def _statement(self, text: str) -> str:
        """Return a statement up to its semicolon, or its first line where it has none."""

        def ended(told: str) -> bool:
            return ";" in _STRING.sub("", told)

        return text if ended(text) else self._joined(text, ended) or text

    def _change(self, place: str, statement: str) -> ListEntry | Refused:
        """Read a DELETE of whole files; every other change is refused."""
        match = _DELETE.fullmatch(statement)
        if match is None or match[1].lower() != "file":
            reason = "a change that is not followed: only rows of FILE are added and withdrawn"
            return Refused(place, reason, fields.short(statement))
        told: dict[str, str] = {}
        for part in _AND.split(match[2]):
            equal = _EQUALS.fullmatch(part.strip())
            if equal is None:
                return Refused(place, "a condition that is not followed", fields.short(statement))
            told[equal[1].lower()] = equal[2].strip("'").replace("''", "'")
        try:
            sha256 = fields.digest(told.get("sha256"), "sha256")
            md5, sha1 = (fields.digest(told.get(kind), kind) for kind in ("md5", "sha1"))
        except ValueError as error:
            return Refused(place, str(error), fields.short(statement))
        if not sha256 or not told.keys() <= _DIGEST_COLUMNS:
            reason = (
                "it withdraws one row of a file, whose other rows may stay"
                if sha256
                else "it names no SHA-256, by which entries are known"
            )
            return Refused(place, reason, fields.short(statement))
        return ListEntry(
            id=sha256,
            md5=md5,
            sha1=sha1,
            sha256=sha256,
            namespace="nsrl",
            deleted=True,
            record={"statement": statement, **told},
            locator=place,
        )

    def _insert(self, match: re.Match[str], count: int, text: str) -> Iterator[_Item]:
        """Read the rows of one INSERT, which may go on for any number of lines."""
        table = match[1].lower()
        columns: Sequence[str] = _TABLES.get(table, ())
        if match[2] is not None:
            columns = tuple(name.strip(' "[]`').lower() for name in match[2].split(",")[:200])
        at = 0
        taken: list[tuple[int, str]] = []  # lines of the row at hand, to be tried again if it fails
        while True:
            try:
                values, at = _row(text, at)
            except (_Incomplete, ValueError) as trouble:
                long = len(text) - at > _MAX_ROW or len(taken) > _MAX_LINES
                bad = isinstance(trouble, ValueError) or long
                more = None if bad else self._next()
                if more and not text[at:].strip():
                    count, text, at = more[0], more[1], 0
                    continue
                if more:
                    taken.append(more)
                    text, at = f"{text[at:]}\n{more[1]}", 0
                    continue
                reason = "the file ends inside a statement" if not bad else str(trouble)
                yield Refused(f"line {count}", reason or "a row too long", fields.short(text[at:]))
                self._replays += 1
                if self._replays <= _REPLAYS:
                    self._back.extendleft(reversed(taken))
                return
            yield from self._take(table, f"line {count}", row_of(values, columns))
            if taken:
                count = taken[-1][0]
                taken.clear()
            after = text[at:].lstrip() if at < len(text) else ""
            while not after:
                more = self._next()
                if more is None:
                    yield Refused(f"line {count}", "the file ends inside a statement")
                    return
                count, after = more[0], more[1].lstrip()
                if _CHANGES.match(after):
                    yield Refused(f"line {count}", "the statement before has no end")
                    self._back.appendleft((count, after))
                    return
            if after[0] == ",":
                text, at = after, 1
                continue
            if after[0] != ";":
                yield Refused(f"line {count}", "unexpected text after a row", fields.short(after))
                return
            if rest := after[1:].strip():
                self._back.appendleft((count, rest))
            return

    def _take(self, table: str, place: str, row: dict[str, Any]) -> Iterator[_Item]:
        if table == "file" or (table not in _TABLES and "sha256" in row):
            yield place, row
        elif table == "version":
            self.version = f"{row.get('version') or ''} {row.get('build_set') or ''}".strip()
            told = str(row.get("build_date") or row.get("release_date") or "")
            self.created = fields.moment(told)
        elif table == "pkg" and len(self.packages) < _NAMES_KEPT:
            package = package_of(row, self._systems, self._makers)
            self.packages[str(row.get("package_id"))] = package
        elif table == "os" and len(self._systems) < _NAMES_KEPT:
            told = " ".join(str(row[part]) for part in ("name", "version") if row.get(part))
            self._systems[str(row.get("operating_system_id"))] = told
        elif table == "mfg" and len(self._makers) < _NAMES_KEPT:
            self._makers[str(row.get("manufacturer_id"))] = str(row.get("name") or "")
        elif table not in self.unread:
            self.unread[table] = 1
            yield Refused(place, f"rows of {table} are not read", fields.short(str(row)))
        else:
            self.unread[table] += 1


def _row(text: str, at: int) -> tuple[list[Any], int]:
    """Return the values of one row in brackets, and where it ends.

    Raises _Incomplete where the text ends inside it and ValueError where it is none.
    """
    while text[at : at + 1].isspace():
        at += 1
    if at >= len(text):
        raise _Incomplete
    if text[at] != "(":
        raise ValueError("a row in brackets was expected")
    at += 1
    values: list[Any] = []
    while True:
        match = _VALUE.match(text, at)
        if match is None:
            _cannot(text, at)
        else:
            string, whole, _, blob, real = match.groups()
            if string is not None:
                values.append(string.replace("''", "'"))
            elif whole is not None:
                values.append(int(whole))
            else:
                values.append(blob if blob is not None else real)
            at = match.end()
        end = text[at : at + 1]
        if end not in ("", ",", ")"):
            raise ValueError("neither a comma nor a bracket follows a value")
        if not end:
            raise _Incomplete
        at += 1
        if end == ")":
            return values, at


def _cannot(text: str, at: int) -> NoReturn:
    """Say why no value stands here: the text ends inside one, or it is something else."""
    rest = text[at:].lstrip()
    if not rest or rest[0] == "'" or len(rest) < 8:
        raise _Incomplete
    raise ValueError("no value where one was expected")

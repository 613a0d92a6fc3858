"""Opens SQLite databases: the pictures, documents and archives in their blobs, deleted ones too.

The text of a database is not read for its words, so that it never counts as a container read to
its end. See docs/methods/databases.md for what is found and what is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Reach
from assay.openers.sqlite_dead import Dead, Remnant
from assay.openers.sqlite_pages import MAGIC
from assay.openers.sqlite_schema import column_names
from assay.openers.sqlite_tree import Database, Value, open_database
from assay.openers.sqlite_values import Place, children, escaped, is_dull, member
from assay.openers.streams import Notes

OVERWRITTEN = "overwritten in part"


class SqliteOpener:
    name = "sqlite"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = ("application/vnd.sqlite3",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the files in the values of every table, then those in deleted rows."""
        if blob.read(0, len(MAGIC)) != MAGIC:
            raise NotApplicable
        notes = Notes()
        database = open_database(blob, notes)
        names = Names(database)
        for value in database.values():
            yield from living(database, members_of(value, names, Allocation.ALLOCATED))
            yield from notes.drain()
        yield from notes.drain()
        dead = Dead(database)
        for lost in dead.lost():
            if isinstance(lost, Trouble):
                yield lost
            elif isinstance(lost, Value):
                place = names.of_value(lost, dead.state(lost.page))
                if dead.overwritten(lost.payload.chain):
                    place = replace(place, locator=f"{place.locator}, {OVERWRITTEN}")
                yield from names.children(lost, place)
            else:
                yield member(lost.content, names.of_remnant(lost))

    def warm(self) -> None:
        for entry in self.open(MemoryBlob(sample()), OpenContext()):
            if isinstance(entry, Member) and entry.open is not None:
                entry.open().read()


def members_of(value: Value, names: Names, state: Allocation) -> Iterator[Member | Trouble]:
    """Yield the files in one value under the name of its table, column and row."""
    if not is_dull(value.content, names.encoding if value.column.is_text else ""):
        yield from names.children(value, names.of_value(value, state))


def living(database: Database, entries: Iterator[Member | Trouble]) -> Iterator[Member | Trouble]:
    """Pass on the files of living rows and remember how they begin."""
    for entry in entries:
        if isinstance(entry, Member) and entry.open is not None:
            with entry.open() as stream:
                database.remember(stream.read(database.pages.usable))
        yield entry


class Names:
    """Names and locators for people: table, column and row of a value."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._columns: dict[int, list[str]] = {}
        self.encoding = database.header.encoding

    def of_value(self, value: Value, state: Allocation) -> Place:
        row = str(value.row) if value.row is not None else f"page {value.page} byte {value.at}"
        table, column = self._table(value.table), self._column(value)
        if table is None:
            name = f"deleted/page {value.page}/{column}/{row}"
            locator = f"page {value.page}, {column}, row {row}"
        else:
            name = f"{escaped(table)}/{escaped(column)}/{row}"
            locator = f"table {table}, column {column}, row {row}"
        return Place(name, locator, state)

    def children(self, value: Value, place: Place) -> Iterator[Member | Trouble]:
        """Yield the files in one value, named by its place."""
        yield from children(value.content, place, self.encoding if value.column.is_text else "")

    def of_remnant(self, remnant: Remnant) -> Place:
        name = f"deleted/page {remnant.page}/byte {remnant.at}"
        locator = f"page {remnant.page}, byte {remnant.at}"
        table = self._table(remnant.table)
        if table is not None:
            locator += f", table {table}"
        if remnant.overwritten:
            locator += f", {OVERWRITTEN}"
        return Place(name, locator, remnant.state)

    def _table(self, number: int) -> str | None:
        return self._database.tables[number].name if number >= 0 else None

    def _column(self, value: Value) -> str:
        if value.table not in self._columns:
            known = value.table >= 0 and self._database.tables[value.table].kind == "table"
            sql = self._database.tables[value.table].sql if known else ""
            self._columns[value.table] = column_names(sql)
        names = self._columns[value.table]
        index = value.column.index
        return names[index] if index < len(names) else f"column {index + 1}"


def sample() -> bytes:
    """Return a database of two pages whose one table holds one GIF and one text."""
    picture = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
    sql = b"CREATE TABLE t (a BLOB, b TEXT)"
    text = b"data:image/gif;base64," + b"R0lGODlh" * 38
    head = bytearray(512)
    head[:100] = (
        MAGIC + b"\x02\0\1\1\0\x40\x20\x20" + bytes(3) + b"\1" + bytes(3) + b"\2" + bytes(12)
        + bytes(3) + b"\4" + bytes(8) + bytes(3) + b"\1" + bytes(32) + bytes(3) + b"\1" + bytes(4)
    )  # fmt: skip
    values = b"tablett\x02" + sql
    record = bytes((6, 23, 15, 15, 1, 13 + 2 * len(sql))) + values
    _place(head, 100, bytes((len(record), 1)) + record)
    page = bytearray(512)
    serial = 12 + 2 * len(picture), 13 + 2 * len(text)
    types = bytes((serial[0], 0x80 | serial[1] >> 7, serial[1] & 127))
    record = bytes((4,)) + types + picture + text
    size = len(record)
    _place(page, 0, bytes((0x80 | size >> 7, size & 127, 1)) + record)
    return bytes(head + page)


def _place(page: bytearray, base: int, cell: bytes) -> None:
    """Write a leaf page of one row."""
    at = len(page) - len(cell)
    page[base : base + 10] = bytes((13, 0, 0, 0, 1, at >> 8, at & 255, 0, at >> 8, at & 255))
    page[at:] = cell

"""Walks every tree of a SQLite database once, page by page, and keeps account of each page's use.

Work is bounded by the number of pages: none is read as part of a tree twice, no overflow page
belongs to two rows, and the cells of one page cannot claim more than the page holds.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from assay.core.blob import Blob
from assay.core.errors import Malformed
from assay.openers.sqlite_pages import (
    HEADER,
    INDEX_INNER,
    TABLE_INNER,
    Cell,
    Column,
    Header,
    Pages,
    Payload,
    between,
    columns,
    page_cells,
    read_cell,
    read_header,
)
from assay.openers.streams import Notes, Slice

MIN_BLOB = 32  # bytes; the smallest picture that shows anything is larger
MIN_TEXT = 256  # bytes; a shorter text holds no picture
LEAST = 1024  # bytes; less of the beginning of a picture shows nothing
# Serial types of one byte that hold nothing wanted: numbers, short texts and short blobs.
_DULL = bytes(s for s in range(128) if s < 12 or (s - 12) // 2 < (MIN_TEXT if s % 2 else MIN_BLOB))
_DAMAGE = (IndexError, ValueError, struct.error)
_MAX_SCHEMA = 1 << 24  # bytes of statements kept for the names in them

TREE, OVERFLOW, FREE, TAKEN = 1, 2, 4, 8  # what a page is used for; TAKEN by a lost row
LIVE = TREE | OVERFLOW


class _Sparse(dict[int, int]):
    def __missing__(self, key: int) -> int:
        return 0


Marks: TypeAlias = "bytearray | array[int] | _Sparse"


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    kind: str  # "table", "index", …
    root: int
    sql: str


@dataclass(frozen=True, slots=True)
class Value:
    """A text or blob of a row that is long enough to hold something."""

    table: int  # number in ``Database.tables``
    page: int
    row: int | None  # rowid; None in indexes and tables WITHOUT ROWID
    at: int  # of the row, bytes from the beginning of its page
    column: Column
    payload: Payload

    @property
    def content(self) -> Blob:
        return Slice(self.payload, self.column.at, self.column.size)


class Database:
    """All trees of one state of a database; ``uses`` says what each page was found to be."""

    def __init__(self, pages: Pages, header: Header, notes: Notes, *, sparse: bool = False) -> None:
        """``sparse`` is for states of which few pages are looked at."""
        self.pages = pages
        self.header = header
        self.notes = notes
        self.followed = 0  # overflow pages
        size = 0 if sparse else pages.count + 1
        self.uses: Marks = _Sparse() if sparse else bytearray(size)
        # number of the page's table, from 1; page of the row whose overflow begins here
        self.owner: Marks = _Sparse() if sparse else array("I", bytes(4 * size))
        self.first: Marks = _Sparse() if sparse else array("I", bytes(4 * size))
        self.tables: list[Table] = [Table("sqlite_schema", "table", 1, "")]
        self._known: set[bytes] = set()  # digests of the beginnings of living files
        self._gaps = array("I")  # page, start and end of what no row of a live page covers

    def values(self) -> Iterator[Value]:
        """Yield the values of every tree that the schema names, in its order."""
        self.tables.extend(self._schema())
        for number in range(len(self.tables)):
            yield from self._tree(number)

    def gaps(self) -> Iterator[tuple[int, int, int]]:
        """Yield page, start and end of bytes of live pages that no row covers and are not blank."""
        for at in range(0, len(self._gaps), 3):
            yield self._gaps[at], self._gaps[at + 1], self._gaps[at + 2]

    # -- living files, and old copies of them ------------------------------------------------------

    def remember(self, head: bytes) -> None:
        """Note a living file by its first page of bytes, so that old copies are known by them."""
        size = LEAST
        while size < len(head):
            self._known.add(_digest(head[:size]))
            size *= 2
        self._known.add(_digest(head))

    def is_known(self, content: Blob, *, whole: bool) -> bool:
        """Tell whether a file, or half and more of its beginning, is a living file's."""
        size = content.size if whole else 1 << (content.size.bit_length() - 1)
        if size > self.pages.usable or size == 0:
            return False
        return _digest(content.read(0, size)) in self._known

    # -- the schema ------------------------------------------------------------------------------

    def _schema(self) -> Iterator[Table]:
        kept = 0
        for _, cell, data in self._cells(1, "sqlite_schema", quiet=True):
            payload = self.payload(data, cell)
            try:
                found = [self._plain(payload, c) for c in islice(columns(payload), 5)]
                kind, name, _, root, sql = found
            except _DAMAGE:
                continue  # met again, and reported, when the tree is read for its values
            kept += len(str(sql))
            if isinstance(root, int) and 1 < root <= self.pages.count:
                yield Table(str(name), str(kind), root, str(sql) if kept < _MAX_SCHEMA else "")
        self.uses = bytearray(
            self.pages.count + 1
        )  # what this first look took is free for the second
        self._gaps = array("I")

    def _plain(self, payload: Payload, column: Column) -> str | int:
        """Return a value of the schema: numbers as such, everything else as text."""
        raw = payload.read(column.at, min(column.size, _MAX_SCHEMA))
        if column.serial in (8, 9):
            return column.serial - 8
        if column.serial < 12:
            return int.from_bytes(raw, "big", signed=True)
        return raw.decode(self.header.encoding, "replace")

    # -- one tree --------------------------------------------------------------------------------

    def _tree(self, number: int) -> Iterator[Value]:
        table = self.tables[number]
        for page, cell, data in self._cells(table.root, table.name, number=number):
            if cell.rowid is None or data[cell.start] >= 128 or _is_wanted(data, cell):
                yield from self.row(number, page, cell, data)
            elif cell.overflow:
                self.chain(cell, page)

    def row(self, table: int, page: int, cell: Cell, data: bytes) -> Iterator[Value]:
        """Yield the wanted values of one row; a record that lies is noted."""
        payload = self.payload(data, cell, page)
        try:
            for column in columns(payload):
                if column.size < (MIN_TEXT if column.is_text else MIN_BLOB) or column.serial < 12:
                    continue
                if column.at >= payload.size:
                    break
                yield Value(table, page, cell.rowid, cell.at, column, payload)
        except _DAMAGE as error:
            self.notes.add("malformed", f"page {page}, a row of {self.tables[table].name}: {error}")

    def payload(self, data: bytes, cell: Cell, page: int = 0) -> Payload:
        """Return a cell's payload with the overflow pages that are its own."""
        inline = data[cell.start : cell.start + cell.local]
        return Payload(self.pages, inline, self.chain(cell, page), cell.size)

    def chain(self, cell: Cell, page: int) -> array[int]:
        """Follow a cell's overflow pages; what breaks off or belongs to another row is noted."""
        found = array("I")
        if not cell.overflow:
            return found
        room = self.pages.usable - 4
        wanted = -(-(cell.size - cell.local) // room)
        number = cell.overflow
        while len(found) < wanted:
            if not self.pages.holds(number) or self.uses[number]:
                if page:
                    self.notes.add("malformed", f"page {page}: a row's overflow pages break off")
                break
            if not found:
                self.first[number] = page
            found.append(number)
            self.followed += 1
            self.uses[number] |= OVERFLOW
            number = int.from_bytes(self.pages.read(number, 0, 4), "big")
        return found

    def _cells(
        self, root: int, name: str, *, number: int = 0, quiet: bool = False
    ) -> Iterator[tuple[int, Cell, bytes]]:
        waiting = [root]
        while waiting:
            page = waiting.pop()
            if not 1 <= page <= self.pages.count or self.uses[page] & TREE:
                if not quiet:
                    self.notes.add("malformed", f"{name}: page {page} is not its own")
                continue
            data = self.pages.page(page)
            try:
                cells, children = page_cells(data, HEADER if page == 1 else 0)
            except (Malformed, *_DAMAGE) as error:
                if not quiet:
                    self.notes.add("malformed", f"{name}, page {page}: {error}")
                continue  # not marked as used: what can be found in it is looked for later
            self.uses[page] |= TREE
            self.owner[page] = number + 1
            waiting.extend(reversed(children))
            yield from self.cells_of(page, data, cells, name, quiet=quiet)

    def cells_of(
        self,
        page: int,
        data: bytes,
        places: tuple[int, ...],
        name: str = "",
        *,
        quiet: bool = False,
    ) -> Iterator[tuple[int, Cell, bytes]]:
        """Yield the cells of one page and keep the ranges that none of them covers."""
        base = HEADER if page == 1 else 0
        kind = data[base]
        spent = broken = 0
        taken = [(0, base + (12 if kind in (TABLE_INNER, INDEX_INNER) else 8) + 2 * len(places))]
        for at in places:
            try:
                cell = read_cell(data, at, kind, self.pages.usable)
            except _DAMAGE:
                broken += 1
                continue
            spent += cell.end - at
            if spent > len(data):
                broken += 1
                break  # cells over cells: the page claims more than it holds
            taken.append((at, cell.end))
            yield page, cell, data
        if kind == TABLE_INNER:  # its cells are numbers alone
            taken.append((int.from_bytes(data[base + 5 : base + 7], "big") or len(data), len(data)))
        for start, end in between(taken, len(data)):
            if data[start:end].strip(b"\0"):
                self._gaps.extend((page, start, end))
        if broken and not quiet:
            self.notes.add("malformed", f"{name}, page {page}: {broken} rows do not fit in it")


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=12).digest()


def _is_wanted(data: bytes, cell: Cell) -> bool:
    """Tell by the types in a short record header alone whether the row holds anything wanted."""
    length = data[cell.start]
    types = data[cell.start + 1 : cell.start + length]
    if not types.translate(None, _DULL):
        return False
    serial = 0
    for byte in types:
        serial = serial << 7 | byte & 127
        if byte < 128:
            if serial >= 12 and (serial - 12) // 2 >= (MIN_TEXT if serial % 2 else MIN_BLOB):
                return True
            serial = 0
    return serial > 0  # a header that breaks off is looked at as a whole


def open_database(blob: Blob, notes: Notes) -> Database:
    """Return the database of a file as it stands, without its journal."""
    header = read_header(blob.read(0, HEADER), blob)
    if header.guessed:
        notes.add("malformed", f"the page size is not legal; {header.page_size} fits best")
    pages = Pages(blob, header.page_size, header.usable)
    if header.pages > blob.size // header.page_size:
        notes.add("truncated", f"{header.pages} pages of {header.page_size} bytes in {blob.size}")
    return Database(pages, header, notes)

"""Reads the pages, cells and records of a SQLite database straight from its bytes.

No SQL is run and no schema is believed: a hostile view, trigger, virtual table or generated column
never gets a turn, damage costs one page, memory stays small whatever the size, and pages that
no table owns any more can be read like all others. Source: sqlite.org/fileformat2.html (§1.3
header, §1.5 freelist, §1.6 b-tree pages, §2 records).
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assay.core.blob import Blob
from assay.core.errors import Malformed
from assay.media.sniff_stores import PAGE_SIZES

HEADER = 100  # bytes of the database header on page 1
MAGIC = b"SQLite format 3\0"
TABLE_INNER, TABLE_LEAF, INDEX_INNER, INDEX_LEAF = 5, 13, 2, 10
KINDS = frozenset({TABLE_INNER, TABLE_LEAF, INDEX_INNER, INDEX_LEAF})
_LEAST_CELL = 6  # bytes of a cell and of its place in the list of cells
MIN_GAP = 32  # bytes; less between two rows holds no file
_SMALLEST = 480  # bytes of a page that must remain usable
_MAX_HEADER = 1 << 19  # bytes of a record's header; 32,767 columns of at most 9 bytes are legal
_SAMPLES = 256  # pages looked at to guess a page size

ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Header:
    page_size: int  # bytes
    usable: int  # bytes of a page that hold content
    pages: int  # as the header claims; 0 where it says nothing valid
    freelist: int  # first trunk page, 0 = none
    encoding: str  # of texts
    guessed: bool  # True: the page size field was not legal


def read_header(data: bytes, blob: Blob) -> Header:
    """Read the header on page 1; a page size that is not legal is guessed from the pages."""
    data = data[:HEADER].ljust(HEADER, b"\0")
    size = int.from_bytes(data[16:18], "big")
    size = 1 << 16 if size == 1 else size
    guessed = size not in PAGE_SIZES
    if guessed:
        size = _guess(blob)
    usable = size - data[20] if size - data[20] >= _SMALLEST else size
    changed, pages, freelist = struct.unpack_from(">III", data, 24)
    encoding = data[59]
    (valid_for,) = struct.unpack_from(">I", data, 92)
    return Header(
        page_size=size,
        usable=usable,
        pages=pages if changed == valid_for else 0,
        freelist=freelist,
        encoding=ENCODINGS.get(encoding, "utf-8"),
        guessed=guessed,
    )


def _guess(blob: Blob) -> int:
    """Return the page size under which a row of the schema ends where page 1 does.

    Where there is none, that under which the most pages begin as b-tree pages do.
    """
    first = blob.read(0, PAGE_SIZES[-1])
    for size in PAGE_SIZES:
        if _fills(first[:size]):
            return size

    def good(size: int) -> float:
        count = min(blob.size // size, _SAMPLES)
        starts = [blob.read(size * n, 8) for n in range(1, count)]
        fit = sum(len(s) == 8 and s[0] in KINDS and s[7] < 60 for s in starts)
        return fit / max(len(starts), 4)

    return max(reversed(PAGE_SIZES), key=good)


def _fills(page: bytes) -> bool:
    count = int.from_bytes(page[HEADER + 3 : HEADER + 5], "big")
    if page[HEADER : HEADER + 1] != bytes((TABLE_LEAF,)) or HEADER + 8 + 2 * count > len(page):
        return False
    try:
        places = struct.unpack_from(f">{count}H", page, HEADER + 8)
        return any(read_cell(page, at, TABLE_LEAF, len(page)).end == len(page) for at in places)
    except IndexError:
        return False


class Pages:
    """The pages of a database, some of them perhaps replaced by those of a journal.

    ``overlay`` maps a page number to the offset of its bytes in ``journal``.
    """

    __slots__ = ("_blob", "_journal", "_overlay", "count", "size", "usable")

    def __init__(
        self,
        blob: Blob,
        size: int,
        usable: int,
        count: int | None = None,
        journal: Blob | None = None,
        overlay: Mapping[int, int] | None = None,
    ) -> None:
        self._blob = blob
        self._journal = journal if journal is not None else blob
        self._overlay = overlay if overlay is not None else {}
        self.size = size
        self.usable = usable
        self.count = count if count is not None else -(-blob.size // size)

    def read(self, number: int, at: int, length: int) -> bytes:
        """Return up to ``length`` bytes from byte ``at`` of a page; shorter where they are lost."""
        length = min(length, self.size - at)
        if not 1 <= number <= self.count or length <= 0:
            return b""
        place = self._overlay.get(number)
        if place is not None:
            return self._journal.read(place + at, length)
        return self._blob.read((number - 1) * self.size + at, length)

    def page(self, number: int) -> bytes:
        """Return a page's usable bytes; what the file lacks is zero."""
        return self.read(number, 0, self.usable).ljust(self.usable, b"\0")

    def holds(self, number: int) -> bool:
        """Tell whether all of a page's bytes are there."""
        there = number * self.size <= self._blob.size or number in self._overlay
        return 1 <= number <= self.count and there

    def replaced(self, number: int) -> bool:
        """Tell whether a page comes from the journal."""
        return number in self._overlay

    def place(self, number: int) -> int:
        """Return where a page's bytes lie: an offset in the journal, or below 0 in the database."""
        at = self._overlay.get(number)
        return at if at is not None else -number


class Payload:
    """A blob over one cell's payload: its bytes in the cell's page, then its overflow pages."""

    __slots__ = ("chain", "inline", "pages", "size")

    def __init__(self, pages: Pages, inline: bytes, chain: array[int], size: int) -> None:
        self.pages = pages
        self.inline = inline
        self.chain = chain
        self.size = min(size, len(inline) + len(chain) * (pages.usable - 4))

    def read(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size)
        parts = [self.inline[offset:end]]
        offset = max(offset, len(self.inline))
        room = self.pages.usable - 4
        while offset < end:
            index, skip = divmod(offset - len(self.inline), room)
            take = min(room - skip, end - offset)
            part = self.pages.read(self.chain[index], 4 + skip, take)
            parts.append(part.ljust(take, b"\0"))  # a page cut off by the end of the file
            offset += take
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a leaf or index page; offsets in bytes from the beginning of its page."""

    at: int
    rowid: int | None  # None in indexes and tables WITHOUT ROWID
    size: int  # bytes of the payload, as claimed
    start: int  # of the payload
    local: int  # bytes of the payload in this page
    overflow: int  # first overflow page, 0 = none

    @property
    def end(self) -> int:
        return self.start + self.local + (4 if self.local < self.size else 0)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length integer and the offset behind it; IndexError where it is cut."""
    value = 0
    for index in range(8):
        byte = data[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return value << 8 | data[at + 8], at + 9


def read_cell(data: bytes, at: int, kind: int, usable: int) -> Cell:
    """Read the cell at an offset of a page; IndexError or struct.error where it does not fit."""
    start = at + 4 if kind == INDEX_INNER else at
    size, start = varint(data, start)
    rowid = None
    if kind == TABLE_LEAF:
        rowid, start = varint(data, start)
        rowid = rowid - (1 << 64) if rowid >= 1 << 63 else rowid
    local = size
    most = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    if size > most:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
    if start + local + (4 if local < size else 0) > len(data):
        raise IndexError("a cell reaches past its page")
    (overflow,) = struct.unpack_from(">I", data, start + local) if local < size else (0,)
    return Cell(at, rowid, size, start, local, overflow)


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a record: NULL and numbers are kinds below 12, blobs even, texts odd."""

    index: int
    serial: int
    at: int  # bytes from the beginning of the payload
    size: int  # bytes

    @property
    def is_text(self) -> bool:
        return self.serial >= 13 and self.serial % 2 == 1

    @property
    def is_blob(self) -> bool:
        return self.serial >= 12 and self.serial % 2 == 0


_FIXED = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)  # bytes by serial type (§2.1)


def columns(payload: Blob) -> Iterator[Column]:
    """Yield the values of a record in order; IndexError or ValueError where its header lies."""
    length, at = varint(payload.read(0, 9), 0)
    if not at <= length <= min(payload.size, _MAX_HEADER):
        raise ValueError("a record's header is longer than the record")
    head = payload.read(0, length)
    place, index = length, 0
    while at < length:
        serial, at = varint(head, at)
        size = _FIXED[serial] if serial < 12 else (serial - 12) // 2
        yield Column(index, serial, place, size)
        place += size
        index += 1


def page_cells(data: bytes, base: int = 0) -> tuple[tuple[int, ...], list[int]]:
    """Return the offsets of a b-tree page's cells with payload, and its child pages.

    Raises Malformed where the page is no b-tree page.
    """
    kind = data[base]
    if kind not in KINDS:
        raise Malformed(f"no page of a tree (kind {kind})")
    inner = kind in (TABLE_INNER, INDEX_INNER)
    first = base + (12 if inner else 8)
    count = int.from_bytes(data[base + 3 : base + 5], "big")
    if first + _LEAST_CELL * count > len(data):
        raise Malformed(f"{count} cells in {len(data)} bytes")
    places = struct.unpack_from(f">{count}H", data, first)
    if not inner:
        return places, []
    children = [int.from_bytes(data[at : at + 4], "big") for at in places]
    children.append(int.from_bytes(data[base + 8 : base + 12], "big"))
    return (places if kind == INDEX_INNER else ()), children


def between(taken: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a page that none of the taken ones covers and that may hold a file."""
    reach = 0
    for start, end in sorted(taken):
        if start - reach >= MIN_GAP:
            yield reach, start
        reach = max(reach, end)
    if size - reach >= MIN_GAP:
        yield reach, size


def is_leaf(data: bytes, base: int = 0) -> bool:
    """Tell whether a page holds rows."""
    return data[base] in (TABLE_LEAF, INDEX_LEAF)

"""Finds what was deleted from a database and still lies in it: free pages, gaps between rows.

A row's blob is spread over overflow pages that need not be neighbours, so that a search for whole
files misses it. Here a lost row is read by its own header where that survives; where it does not,
a file's beginning is looked for and the chain of overflow pages behind it followed.
Sources: fileformat2 §1.5, §1.6; SQLite's btree.c (freeSpace, freePage2) for what deletion
overwrites: the first four bytes of a row, and the beginning of a page that becomes a trunk.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from assay.core.blob import Blob
from assay.core.errors import Malformed
from assay.core.slots import Trouble
from assay.core.vocab import Allocation
from assay.media.embedded import search
from assay.media.extents import extent
from assay.media.sniff import HEAD, sniff
from assay.openers.sqlite_lost import Held, fitting
from assay.openers.sqlite_pages import (
    TABLE_LEAF,
    Cell,
    Column,
    Payload,
    between,
    columns,
    is_leaf,
    page_cells,
)
from assay.openers.sqlite_tree import (
    FREE,
    LEAST,
    LIVE,
    MIN_BLOB,
    TAKEN,
    Database,
    Value,
)
from assay.openers.sqlite_values import is_wanted
from assay.openers.streams import Slice

_BACK = 256  # bytes before a file's beginning in which its row may begin
_MAX_STEPS = 10_000_000  # attempts to read a lost row, and types of values in them
_LIMIT = 20_000  # lost files looked for in one database


@dataclass(frozen=True, slots=True)
class Remnant:
    """A lost file: where it begins and what is left of it."""

    page: int
    at: int  # bytes from the beginning of the page
    content: Blob
    table: int  # number in ``Database.tables``; -1 = unknown
    state: Allocation
    overwritten: bool  # True: some bytes in its middle are no longer its own


@dataclass(frozen=True, slots=True)
class _Guess:
    content: Blob | None  # None: an old copy of a living row
    reach: int  # up to here the bytes of the page are accounted for
    chain: Sequence[int] = ()


class Dead:
    """The parts of a database that no row owns; ask after all of its values were read."""

    def __init__(self, database: Database, only: Callable[[int], bool] | None = None) -> None:
        """``only`` chooses the pages in which lost rows and beginnings are looked for."""
        self._db = database
        self._only = only
        self._pages = database.pages
        self._trunks: dict[int, int] = {}  # page of the list of free pages -> first it lists
        self._found = 0
        self._steps = 0

    def lost(self) -> Iterator[Value | Remnant | Trouble]:
        """Yield the rows of pages that no tree owns, then files found by their beginnings."""
        self._freelist()
        every = range(1, self._pages.count + 1)
        dead = [n for n in every if not self._db.uses[n] & LIVE and self._is_asked(n)]
        raw = array("I")
        for number in dead:
            data = self._pages.page(number)
            if number in self._trunks or not is_leaf(data):
                raw.append(number)
                continue
            yield from self._rows(number, data)
            if self._found > _LIMIT:
                break
        for number, start, end in self._db.gaps():
            if self._is_asked(number):
                yield from self._region(number, start, end)
            if self._found > _LIMIT:
                break
        for number in raw:
            if not self._db.uses[number] & TAKEN:
                yield from self._region(number, 0, self._pages.usable)
            if self._found > _LIMIT:
                break
        if self._found > _LIMIT:
            yield Trouble("count_limit", f"more than {_LIMIT} lost files in free space")

    def state(self, page: int) -> Allocation:
        """Return how a page was lost: deleted in good order, or out of every tree."""
        orderly = self._db.uses[page] & (FREE | LIVE)
        return Allocation.DELETED if orderly else Allocation.CARVED

    def _is_asked(self, page: int) -> bool:
        return self._only is None or self._only(page)

    def _freelist(self) -> None:
        trunk = self._db.header.freelist
        while 1 < trunk <= self._pages.count and not self._db.uses[trunk] & (LIVE | FREE):
            self._db.uses[trunk] |= FREE
            data = self._pages.page(trunk)
            following, count, first = struct.unpack_from(">III", data)
            self._trunks[trunk] = first if count else 0
            for leaf in struct.unpack_from(f">{min(count, len(data) // 4 - 2)}I", data, 8):
                if 1 < leaf <= self._pages.count and not self._db.uses[leaf] & LIVE:
                    self._db.uses[leaf] |= FREE
            trunk = following

    # -- rows that can still be read ---------------------------------------------------------------

    def _rows(self, number: int, data: bytes) -> Iterator[Value | Remnant | Trouble]:
        """Read a lost page as the page of rows that it was; what does not fit is searched."""
        try:
            places, _ = page_cells(data)
        except Malformed:
            yield from self._region(number, 0, len(data))
            return
        taken: list[tuple[int, int]] = [(0, 8 + 2 * len(places))]
        spent = 0
        for at in places:
            cell, _ = fitting(data, at, data[0], self._pages.usable)
            if cell is None or spent + cell.end - at > len(data):
                continue
            spent += cell.end - at
            taken.append((at, cell.end))
            payload = self._payload(data, cell, number)
            if payload is None:
                continue
            for column in columns(payload):
                wanted = column.serial >= 12 and column.size >= MIN_BLOB
                if wanted and column.at < payload.size:
                    yield Value(-1, number, cell.rowid, at, column, payload)
        for start, end in between(taken, len(data)):
            yield from self._region(number, start, end)

    # -- files found by their beginning ------------------------------------------------------------

    def _region(self, number: int, start: int, end: int) -> Iterator[Remnant]:
        data = self._pages.page(number)
        region = data[start:end]
        if len(region) < MIN_BLOB or not region.strip(b"\0"):
            return
        starts = [start + b.offset for b in search(region, 0).found]
        covered = 0
        for index, at in enumerate(starts):
            if at < covered:
                continue
            stop = starts[index + 1] if index + 1 < len(starts) else end
            self._found += 1
            guess = self._content(number, data, start, at, end, stop)
            content, covered = guess.content, guess.reach
            if content is None or content.size < MIN_BLOB:
                continue
            kind = sniff(content.read(0, HEAD), content.size)
            if not is_wanted(kind):
                covered = at
                continue
            found = extent(content, 0, kind)
            whole = found is not None and found.complete
            if found is not None and whole:
                covered = max(covered, at + found.end)
                content = Slice(content, 0, found.end)
            elif content.size < LEAST:
                continue
            if self._db.is_known(content, whole=whole):
                continue
            table = self._db.owner[number] - 1
            over = self.overwritten(guess.chain)
            yield Remnant(number, at, content, table, self.state(number), over)

    def _content(
        self, number: int, data: bytes, start: int, at: int, end: int, stop: int
    ) -> _Guess:
        """Return what a file that begins at ``at`` of a page may consist of.

        ``start``–``end`` is the range that no living row covers; at ``stop`` the next file begins.
        """
        row = self._row_before(data, start, at)
        if row is not None:
            cell, column = row
            if cell.end > end:  # a living row lies over its end, and over the next page's number
                return _Guess(Held(data[at:end]), end)
            reach = cell.start + min(column.at + column.size, cell.local)
            payload = self._payload(data, cell, number)
            if payload is None:
                return _Guess(None, reach)
            return _Guess(Slice(payload, column.at, column.size), reach, payload.chain)
        inline = data[at:end]
        kind = sniff(inline, 1 << 30)
        whole = extent(Held(inline), 0, kind) if is_wanted(kind) else None
        if whole is not None and whole.complete:
            return _Guess(Held(inline), at + whole.end)
        if not self._db.uses[number] & LIVE and data[0] == 0:
            # a page of a chain: the number of the next one stands at its beginning
            following = int.from_bytes(data[:4], "big")
            chain = self._chain(self._trunks.get(number, following), number)
            return _Guess(Payload(self._pages, inline, chain, 1 << 62), at, chain)
        return self._behind(number, data, at, end, stop)

    def _behind(self, number: int, data: bytes, at: int, end: int, stop: int) -> _Guess:
        """Follow the chain whose first page is named where the row ends: before the next row."""
        last = end if stop == end else stop
        for place in range(last - 4, max(at + MIN_BLOB, last - (8 if stop == end else 64)) - 1, -1):
            first = int.from_bytes(data[place : place + 4], "big")
            if not 1 < first <= self._pages.count:
                continue
            if self._is_stale(first, data[at:place]):
                return _Guess(None, place)
            chain = self._chain(first, number)
            if chain:
                return _Guess(Payload(self._pages, data[at:place], chain, 1 << 62), place, chain)
        return _Guess(Held(data[at:end]), at)

    def _row_before(self, data: bytes, start: int, at: int) -> tuple[Cell, Column] | None:
        """Return the row that begins before ``at``, and that of its values which begins there."""
        for place in range(at - 3, max(start, at - _BACK) - 1, -1):
            if self._steps > _MAX_STEPS:
                return None
            cell, work = fitting(data, place, TABLE_LEAF, self._pages.usable, before=at)
            self._steps += work
            if cell is None:
                continue
            inline = Held(data[cell.start : cell.start + cell.local], cell.size)
            for column in columns(inline):
                if column.at == at - cell.start and column.serial >= 12 and column.size:
                    return cell, column
        return None

    def _payload(self, data: bytes, cell: Cell, number: int) -> Payload | None:
        """Return a lost row's payload as far as its pages are; None for a live row's old copy."""
        inline = data[cell.start : cell.start + cell.local]
        if cell.overflow and self._is_stale(cell.overflow, inline):
            return None
        chain = self._chain(cell.overflow, number, cell.size - cell.local)
        return Payload(self._pages, inline, chain, cell.size)

    def _is_stale(self, first: int, begin: bytes) -> bool:
        """Tell whether the chain belongs to another row that holds the very same bytes."""
        if not 1 <= first <= self._pages.count or not self._db.first[first]:
            return False
        return begin in self._pages.page(self._db.first[first])

    def _chain(self, first: int, number: int, size: int = 1 << 62) -> array[int]:
        """Follow overflow pages as long as they are free and no other lost file has taken them.

        A page that became a trunk names the next no more; the first page that it lists was freed
        right after it, and is the next in all likelihood.
        """
        found = array("I")
        room = self._pages.usable - 4
        while len(found) * room < size and self._pages.holds(first):
            if self._db.uses[first] & (LIVE | TAKEN):
                break
            if not found:
                self._db.first[first] = number
            self._db.uses[first] |= TAKEN
            found.append(first)
            following = int.from_bytes(self._pages.read(first, 0, 4), "big")
            first = self._trunks.get(first, following)
        return found

    def overwritten(self, chain: Iterable[int]) -> bool:
        """Tell whether bytes of a lost file's overflow pages are no longer its own."""
        return any(page in self._trunks for page in chain)

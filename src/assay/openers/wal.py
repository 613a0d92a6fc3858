"""Opens the journals of SQLite databases: what they add to the database, and what was before.

A write-ahead log holds pages that are not yet in the database, in several versions; a rollback
journal holds pages as they were before a change. Every version of every page is looked at; a row's
overflow pages are those of the same moment. A file that several versions hold is given once.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import replace

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Reach
from assay.media.sniff_stores import JOURNAL, JOURNAL_MAGIC
from assay.openers.sqlite import Names, living, members_of, sample
from assay.openers.sqlite_dead import Dead, Remnant
from assay.openers.sqlite_log import WAL_MAGICS, Log, read_journal, read_wal
from assay.openers.sqlite_pages import HEADER, MAGIC, Header, Pages, page_cells, read_header
from assay.openers.sqlite_tree import Database, Value
from assay.openers.sqlite_values import Place, member
from assay.openers.streams import Notes

_PIECE = 1 << 18
_FOLLOWED = 16  # times all pages that the overflow chains of earlier versions may take
_FLOOR = 100_000  # pages that they may take in any case
_NOTHING = MemoryBlob(b"")


class WalOpener:
    name = "wal"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = ("application/x-sqlite-wal",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the files in rows that the log adds or changes, then those in earlier versions.

        ``context.sibling`` is the database; without it only what lies in the log itself is found.
        """
        if blob.read(0, 4) not in WAL_MAGICS:
            raise NotApplicable
        log = read_wal(blob)
        yield from _Journal(blob, log, context.sibling).entries(valid=True)

    def warm(self) -> None:
        _warm(self, _sample_wal())


class JournalOpener:
    name = "journal"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = (JOURNAL,)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the files in rows as they were before the last change, or changes.

        ``context.sibling`` is the database; without it only what lies in the journal is found.
        """
        head = blob.read(0, 8)
        if head not in (JOURNAL_MAGIC, bytes(8)):
            raise NotApplicable
        log = read_journal(blob)
        yield from _Journal(blob, log, context.sibling).entries(valid=False)

    def warm(self) -> None:
        _warm(self, _sample_journal())


class _Journal:
    """One journal over its database, and which files were already given."""

    def __init__(self, blob: Blob, log: Log, sibling: Blob | None) -> None:
        self._blob = blob
        self._log = log
        self._notes = Notes()
        self._seen: set[bytes] = set()  # digests of files
        self._rows: set[bytes] = set()
        self._missing = ""
        if sibling is None:
            self._missing = "its database"
        elif not _belongs(sibling, log.page_size):
            self._missing = "the database at hand has other pages"
        self._base: Blob = sibling if sibling is not None and not self._missing else _NOTHING
        self._header = self._read_header()

    def entries(self, *, valid: bool) -> Iterator[Member | Trouble]:
        if self._missing:
            yield Trouble("no_sibling", self._missing)
        committed = self._log.committed if valid else 0
        current = self._database(0, committed)
        names = Names(current)
        replaced = current.pages.replaced
        for value in current.values():
            if replaced(value.page) or any(replaced(n) for n in value.payload.chain):
                found = members_of(value, names, Allocation.ALLOCATED)
                yield from self._once(living(current, found))
        troubles = self._notes.drain()
        if not self._missing:  # a log alone never makes a whole database
            yield from troubles
        dead = Dead(current, only=replaced)
        for lost in dead.lost():
            if isinstance(lost, Trouble):
                yield lost
            elif isinstance(lost, Remnant):
                yield from self._once(iter([member(lost.content, names.of_remnant(lost))]))
            else:
                yield from self._once(members_of(lost, names, dead.state(lost.page)))
        yield from self._versions(current, names, committed)

    def _versions(
        self, current: Database, names: Names, committed: int
    ) -> Iterator[Member | Trouble]:
        """Yield the files in versions of pages that are no part of the current state."""
        followed = 0
        for start, end in self._log.transactions():
            database: Database | None = None
            for number in range(start, end):
                frame = self._log.frames[number]
                is_current = number == self._log.latest(0, frame.page, committed)
                if is_current and _is_walked(current, frame.page):
                    continue
                if database is None:
                    database = self._database(frame.group, end, sparse=True)
                state = Allocation.ALLOCATED if is_current else Allocation.DELETED
                yield from self._version(database, current, names, number, state)
            self._notes.drain()  # a version that is gone need not be whole
            followed += database.followed if database is not None else 0
            if followed > _FOLLOWED * (current.pages.count + len(self._log.frames)) + _FLOOR:
                yield Trouble("count_limit", f"earlier versions before frame {end + 1} alone")
                return

    def _version(
        self, database: Database, current: Database, names: Names, number: int, state: Allocation
    ) -> Iterator[Member | Trouble]:
        frame = self._log.frames[number]
        data = self._blob.read(frame.at, database.pages.usable)
        try:
            places, _ = page_cells(data, HEADER if frame.page == 1 else 0)
        except (Malformed, IndexError):
            return
        table = current.owner[frame.page] - 1 if _is_walked(current, frame.page) else -1
        for page, cell, _ in database.cells_of(frame.page, data, places):
            for value in database.row(-1, page, cell, data):
                if not self._is_new(value):
                    continue
                place = names.of_value(replace(value, table=table), state)
                label = f"frame {number + 1}"
                place = Place(f"{place.name}/{label}", f"{place.locator}, {label}", state)
                yield from self._once(names.children(value, place))

    def _is_new(self, value: Value) -> bool:
        """Tell by the bytes in its page and the places of the others whether a value is new."""
        payload = value.payload
        key = hashlib.blake2b(payload.inline, digest_size=16)
        places = array("q", map(payload.pages.place, payload.chain))
        key.update(places.tobytes() + bytes((value.column.index & 255,)))
        found = key.digest() not in self._rows
        self._rows.add(key.digest())
        return found

    def _once(self, entries: Iterator[Member | Trouble]) -> Iterator[Member | Trouble]:
        """Pass on what was not given before, by its digest."""
        for entry in entries:
            if isinstance(entry, Member) and entry.open is not None:
                digest = hashlib.blake2b(digest_size=16)
                with entry.open() as stream:
                    while piece := stream.read(_PIECE):
                        digest.update(piece)
                if digest.digest() in self._seen:
                    continue
                self._seen.add(digest.digest())
            yield entry

    # -- states of the database --------------------------------------------------------------------

    def _database(self, group: int, end: int, *, sparse: bool = False) -> Database:
        """Return the database as the frames of a group before number ``end`` leave it."""
        size = self._log.page_size
        held = -(-self._base.size // size)
        # A page number is a claim; what both files hold, and as much again, bounds it.
        most = 2 * (held + len(self._log.frames)) + 1024
        pages = Pages(
            self._base,
            size,
            self._header.usable,
            min(max(held, self._log.highest), most),
            self._blob,
            self._log.state(group, end),
        )
        return Database(pages, self._header, self._notes, sparse=sparse)

    def _read_header(self) -> Header:
        size = self._log.page_size
        head = self._base.read(0, HEADER)
        first = self._log.latest(0, 1, self._log.committed or len(self._log.frames))
        if first is not None:
            head = self._blob.read(self._log.frames[first].at, HEADER)
        found = read_header(head, _NOTHING)
        usable = found.usable if found.page_size == size and head[:16] == MAGIC else size
        encoding = found.encoding if head[:16] == MAGIC else "utf-8"
        return Header(size, usable, 0, found.freelist, encoding, guessed=False)


def _belongs(sibling: Blob, page_size: int) -> bool:
    head = sibling.read(0, HEADER)
    if not head:
        return True  # an empty database: all of it is in the log
    return head[:16] == MAGIC and read_header(head, sibling).page_size == page_size


def _is_walked(current: Database, page: int) -> bool:
    return page <= current.pages.count and current.owner[page] > 0


def _warm(opener: WalOpener | JournalOpener, data: bytes) -> None:
    for entry in opener.open(MemoryBlob(data), OpenContext(sibling=MemoryBlob(sample()))):
        if isinstance(entry, Member) and entry.open is not None:
            entry.open().read()


def _sample_wal() -> bytes:
    """Return a log of one frame whose checksums do not hold: a version of the second page."""
    head = WAL_MAGICS[1] + bytes(4) + (512).to_bytes(4, "big") + bytes(20)
    frame = (2).to_bytes(4, "big") + (2).to_bytes(4, "big") + bytes(16)
    return head + frame + sample()[512:]


def _sample_journal() -> bytes:
    head = JOURNAL_MAGIC + (1).to_bytes(4, "big") + bytes(4) + (2).to_bytes(4, "big")
    head += (512).to_bytes(4, "big") * 2
    return head.ljust(512, b"\0") + (2).to_bytes(4, "big") + sample()[512:] + bytes(4)

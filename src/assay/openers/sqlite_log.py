"""Reads the journals of SQLite: the pages that a write-ahead log or a rollback journal holds.

Sources: sqlite.org/fileformat2.html §3 (rollback journal) and §4 (write-ahead log);
pager.c for the header that a persistent journal loses.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.core.blob import Blob
from assay.core.errors import Malformed
from assay.media.sniff_stores import JOURNAL_MAGIC, PAGE_SIZES, SECTOR, journal_page_size

WAL_MAGICS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_WAL_HEADER, _FRAME = 32, 24  # bytes
_JOURNAL_HEADER = 28


@dataclass(frozen=True, slots=True)
class Frame:
    """One page as a journal holds it."""

    page: int
    at: int  # offset of the page's bytes in the journal
    commit: int  # pages of the database where a transaction ends here, else 0
    group: int  # frames of one group follow one another; 0 is the log now valid


@dataclass(slots=True)
class Log:
    """All pages of a journal in the order in which they were written."""

    page_size: int
    frames: list[Frame] = field(default_factory=list)
    highest: int = 0  # page number
    committed: int = 0  # frames of group 0 that belong to finished transactions
    _by_page: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def add(self, frame: Frame) -> None:
        self._by_page.setdefault((frame.group, frame.page), []).append(len(self.frames))
        self.frames.append(frame)
        self.highest = max(self.highest, frame.page)

    def transactions(self) -> Iterator[tuple[int, int]]:
        """Yield the numbers of the first frame of each transaction and of the first behind it."""
        start = 0
        for number, frame in enumerate(self.frames):
            following = self.frames[number + 1] if number + 1 < len(self.frames) else None
            if frame.commit or following is None or following.group != frame.group:
                yield start, number + 1
                start = number + 1

    def state(self, group: int, end: int) -> Mapping[int, int]:
        """Return page -> offset as the frames of a group before number ``end`` leave it."""
        return _State(self, group, end)

    def latest(self, group: int, page: int, end: int) -> int | None:
        """Return the number of the last frame before ``end`` that holds a page."""
        versions = self._by_page.get((group, page), [])
        index = bisect_right(versions, end - 1)
        return versions[index - 1] if index else None


class _State(Mapping[int, int]):
    """A view of a log at one moment; nothing is copied."""

    def __init__(self, log: Log, group: int, end: int) -> None:
        self._log, self._group, self._end = log, group, end

    def __getitem__(self, page: int) -> int:
        number = self._log.latest(self._group, page, self._end)
        if number is None:
            raise KeyError(page)
        return self._log.frames[number].at

    def __iter__(self) -> Iterator[int]:
        return iter({f.page for f in self._log.frames[: self._end] if f.group == self._group})

    def __len__(self) -> int:
        return len(set(self))


# -- write-ahead log -------------------------------------------------------------------------------


def read_wal(blob: Blob) -> Log:
    """Read a write-ahead log; raises Malformed where no page size can be told.

    Group 0 is what SQLite itself would read. Frames behind it are left from earlier rounds of the
    log: each run with the same salts is a group of its own, taken as it stands.
    """
    head = blob.read(0, _WAL_HEADER)
    if len(head) < _WAL_HEADER:
        raise Malformed("the log ends inside its header")
    (size,) = struct.unpack_from(">I", head, 8)
    if size not in PAGE_SIZES:
        raise Malformed(f"pages of {size} bytes")
    order = ">" if head[3] & 1 else "<"
    sums = _checksum(head[:24], order, (0, 0))
    valid = sums == struct.unpack_from(">II", head, 24)
    salts = head[16:24]
    log = Log(size)
    group = 0 if valid else 1
    for at in range(_WAL_HEADER, blob.size - _FRAME - size + 1, _FRAME + size):
        frame = blob.read(at, _FRAME + size)
        page, commit = struct.unpack_from(">II", frame)
        if valid:
            sums = _checksum(frame[:8] + frame[_FRAME:], order, sums)
            valid = frame[8:16] == salts and sums == struct.unpack_from(">II", frame, 16)
        if not valid and (group == 0 or frame[8:16] != salts):
            group += 1
            salts = frame[8:16]
        if page == 0:
            continue
        log.add(Frame(page, at + _FRAME, commit, group))
        if valid and commit:
            log.committed = len(log.frames)
    return log


def _checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """Continue the checksum of §4.2: s0 += x0 + s1, s1 += x1 + s0, modulo 2**32.

    It is linear, so that all words of a page are weighed at once.
    """
    words = np.frombuffer(data, order + "u4").astype(np.uint32).reshape(-1, 2)
    weights, power = _weights(len(words))
    first, second = (int(v) for v in (weights * words[:, None, :]).sum((0, 2), dtype=np.uint32))
    a, b = sums
    return (
        (first + power[0] * a + power[1] * b) & 0xFFFFFFFF,
        (second + power[2] * a + power[3] * b) & 0xFFFFFFFF,
    )


@lru_cache(maxsize=16)
def _weights(count: int) -> tuple[NDArray[np.uint32], tuple[int, int, int, int]]:
    """Return what each of ``count`` pairs adds to both sums (count×2×2), and what the sums do."""
    a, b, c, d = 1, 0, 0, 1  # the step [[1, 1], [1, 2]] to the power of the pairs behind this one
    rows = []
    for _ in range(count):
        rows.append(((a + b, b), (c + d, d)))
        a, b, c, d = (v & 0xFFFFFFFF for v in (a + b, a + 2 * b, c + d, c + 2 * d))
    table = np.array(rows[::-1], np.uint64).astype(np.uint32).reshape(count, 2, 2)
    return table, (a, b, c, d)


# -- rollback journal ------------------------------------------------------------------------------


def read_journal(blob: Blob) -> Log:
    """Read a rollback journal: each record is a page as it was before; raises Malformed.

    A journal that SQLite keeps for later use loses its first 28 bytes; its page size is then the
    one under which two records in a row have the same nonce in their checksums.
    """
    head = blob.read(0, _JOURNAL_HEADER)
    sector, size = SECTOR, 0
    if head[:8] == JOURNAL_MAGIC and len(head) == _JOURNAL_HEADER:
        sector, size = struct.unpack_from(">II", head, 20)
        sector = sector if 32 <= sector <= 1 << 16 and sector & (sector - 1) == 0 else SECTOR
    if size not in PAGE_SIZES:
        size = journal_page_size(blob.read(0, 1 << 18))
    if size not in PAGE_SIZES:
        raise Malformed("no header, and no page size under which the records agree")
    log = Log(size)
    at = sector
    while at + size + 8 <= blob.size:
        start = blob.read(at, 8)
        if start == JOURNAL_MAGIC:  # a further part of the journal has a header of its own
            at += sector
            continue
        page = int.from_bytes(start[:4], "big")
        if page:
            log.add(Frame(page, at + 4, 0, 0))
            at += size + 8
        else:
            at = (at // sector + 1) * sector
    return log

"""The 256-bit hashes of one case while a run goes on: some come, some go, nothing lasts.

Few are compared one by one without numba; many lie in a segment (``index_segment``) that is
mapped from a file without a name, so that they cost no memory of their own. Exact either way.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from assay.lists import index_search
from assay.lists.index_search import Part, as_words
from assay.lists.index_segment import Segment, SegmentBuilder

_Kind = TypeVar("_Kind", bound=np.generic)

if TYPE_CHECKING:
    from numpy.typing import NDArray

ITEM = 32  # bytes that name an item: its SHA-256
_FEW = 2_000_000  # comparisons that cost less than loading numba
_SEAL = 1 << 14  # hashes beside a segment before they are put into a new one, at least
_BLOCK = 256  # queries compared at once without numba


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """M hashes near queries, sorted by query, then distance."""

    query: NDArray[np.int64]  # place among the queries
    place: NDArray[np.int64]  # place in the gathering
    distance: NDArray[np.uint8]  # bits
    capped: NDArray[np.bool_]  # of each query: it has more; the nearest are given


class Gathering:
    """Hashes by the item that each belongs to. ``folder`` is where large ones may lie."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segment: Segment | None = None
        self._words: NDArray[np.uint64] = np.empty((0, 4), np.uint64)  # beside the segment
        self._items: NDArray[np.uint8] = np.empty((0, ITEM), np.uint8)  # of all
        self._dead: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._sealed = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count - int(self._dead[: self._count].sum())

    def add(self, hashes: NDArray[np.uint8], items: NDArray[np.uint8]) -> None:
        """Add N×32 hashes and the N×32 names of their items."""
        new = self._count + len(hashes)
        if new > len(self._items):
            room = max(1024, 2 * new)
            self._items = _grown(self._items, room)
            self._dead = _grown(self._dead, room)
            self._words = _grown(self._words, room - self._sealed)
        self._words[self._count - self._sealed : new - self._sealed] = as_words(hashes)
        self._items[self._count : new] = items
        self._count = new
        if new - self._sealed > max(_SEAL, self._sealed):
            self.seal()

    def remove(self, items: Sequence[bytes]) -> None:
        """Let the hashes of these items be found no more."""
        if not items or not self._count:
            return
        names = np.frombuffer(b"".join(items), np.uint64).reshape(-1, 4)
        there = self._items[: self._count].view(np.uint64)
        candidates = np.flatnonzero(np.isin(there[:, 0], names[:, 0]))
        named = {name.tobytes() for name in names}
        gone = [n for n in candidates.tolist() if there[n].tobytes() in named]
        self._dead[gone] = True

    def remove_places(self, places: NDArray[np.int64]) -> None:
        """Let these hashes be found no more."""
        self._dead[places] = True

    def hashes(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the N×32 hashes at these places."""
        beside = places >= self._sealed
        words = np.empty((len(places), 4), np.uint64)
        words[beside] = self._words[places[beside] - self._sealed]
        if self._segment is not None:
            words[~beside] = self._segment.words[places[~beside]]
        return words.view(np.uint8)

    def item(self, place: int) -> bytes:
        """Return the name of the item of a hash."""
        return bytes(self._items[place])

    def search(self, queries: NDArray[np.uint8], radius: int, cap: int) -> Near:
        """Return what lies within ``radius`` (0-63 bits) of Q×32 queries, ``cap`` a query."""
        if self._segment is None and len(queries) * self._count <= _FEW:
            return self._by_force(as_words(queries), radius, cap)
        found = index_search.search(self._parts(), queries, radius, cap, index_search.cores())
        return Near(found.query, found.record.astype(np.int64), found.distance, found.capped)

    def _parts(self) -> tuple[Part, ...]:
        beside = self._count - self._sealed
        rest = Part(
            self._words[:beside],
            np.arange(self._sealed, self._count, dtype=np.uint64),
            _bits(self._dead[self._sealed : self._count]),
        )
        if self._segment is None:
            return (rest,)
        s, dead = self._segment, _bits(self._dead[: self._sealed])
        return (Part(s.words, s.records, dead, s.order, s.starts), rest)

    def _by_force(self, wanted: NDArray[np.uint64], radius: int, cap: int) -> Near:
        words, dead = self._words[: self._count], self._dead[: self._count]
        rows: list[NDArray[np.int64]] = []
        capped = np.zeros(len(wanted), np.bool_)
        for start in range(0, len(wanted), _BLOCK):
            block = wanted[start : start + _BLOCK]
            bits = np.zeros((len(block), len(words)), np.uint16)
            for word in range(4):
                bits += np.bitwise_count(block[:, word, None] ^ words[None, :, word])
            bits[:, dead] = radius + 1
            query, place = np.nonzero(bits <= radius)
            distance = bits[query, place]
            order = np.lexsort((place, distance, query))
            query, place, distance = query[order], place[order], distance[order]
            totals = np.bincount(query, minlength=len(block))
            capped[start : start + len(block)] = totals > cap
            nth = np.arange(len(query)) - np.repeat(np.cumsum(totals) - totals, totals)
            kept = nth < cap
            rows.append(np.stack([query[kept] + start, place[kept], distance[kept]]))
        found = np.concatenate(rows, axis=1) if rows else np.zeros((3, 0), np.int64)
        return Near(found[0], found[1], found[2].astype(np.uint8), capped)

    def seal(self) -> None:
        """Put everything into one segment: worth it before many searches."""
        handle, name = tempfile.mkstemp(prefix=".near-", dir=self._folder)
        os.close(handle)
        path = Path(name)
        try:
            with SegmentBuilder(path) as builder:
                if self._segment is not None:
                    old = self._segment
                    builder.append(old.words, old.records)
                numbers = np.arange(self._sealed, self._count, dtype=np.uint64)
                builder.append(self._words[: self._count - self._sealed], numbers)
                builder.finish(index_search.cores())
            self._segment = Segment.open(path)
        finally:
            with suppress(OSError):  # where a mapped file cannot lose its name it keeps it
                path.unlink()
        self._sealed = self._count
        self._words = np.empty((len(self._items) - self._sealed, 4), np.uint64)


def _grown(array: NDArray[_Kind], room: int) -> NDArray[_Kind]:
    larger = np.zeros((room, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return at least as many bits as flags, lowest first."""
    return np.append(np.packbits(flags, bitorder="little"), np.uint8(0))

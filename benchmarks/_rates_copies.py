"""Asks an index of the originals for altered copies, in the three ways that Assay asks.

Ways: the picture as stored; its eight looks (mirrored, turned); and besides, each part of it in its
eight looks. Each way contains the ones before it, so the gain of a way is what it finds more.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.lists.index import DEFAULT_RADIUS as RADIUS
from assay.lists.index import HammingIndex
from assay.lists.index_writer import IndexWriter
from assay.media.parts import parts
from assay.media.pdq import QUALITY, PdqHash, pdq_hash
from assay.media.pdq_turns import TURNED, VARIANTS, eight
from benchmarks import _rates_pairs
from benchmarks._rates_changes import Change
from benchmarks._rates_pictures import Pictures, hash_rows, plane, rows_of

PLAIN, LOOKS, PARTS = range(3)
WAYS = ("as stored", "eight looks", "eight looks of it and its parts")
_BLOCK = 1 << 18  # made-up hashes at once


@dataclass(slots=True)
class Asked:
    """Queries for pictures, and what they cost to make."""

    hashes: list[PdqHash] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)  # which picture a hash is of
    part: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])  # CPU: whole, parts

    def add(self, owner: int, pixels: NDArray[np.uint8]) -> PdqHash:
        """Hash a picture and its parts, as the examiner ``pdq`` does; return the picture's own.

        What is below the gate is not asked for, nor a part with a hash that is there already.
        """
        start = time.process_time()
        whole = pdq_hash(pixels)
        middle = time.process_time()
        found: dict[str, PdqHash] = {}
        for part in parts(pixels if pixels.ndim == 2 else pixels[..., 1]):
            x, y, width, height = part.box
            each = pdq_hash(pixels[y : y + height, x : x + width])
            found.setdefault(each.hex, each)
        found.pop(whole.hex, None)
        self.seconds[0] += middle - start
        self.seconds[1] += time.process_time() - middle
        for each in (whole, *found.values()):
            if each.quality >= QUALITY:
                self.hashes.append(each)
                self.owner.append(owner)
                self.part.append(each is not whole)
        return whole

    def queries(self, way: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return M×32 queries and whose each is (M)."""
        taken = [n for n, part in enumerate(self.part) if way == PARTS or not part]
        stored = hash_rows([self.hashes[n] for n in taken])
        owner = np.array([self.owner[n] for n in taken], np.int64)
        if way == PLAIN or not taken:
            return stored, owner
        turned = rows_of([self.hashes[n].turned for n in taken], TURNED)
        return eight(stored, turned).reshape(-1, 32), np.repeat(owner, len(VARIANTS))


@dataclass(frozen=True, slots=True)
class Found:
    """What one way of asking met."""

    right: int  # pictures that met their original (or, in a collage, it)
    strangers: dict[tuple[int, int], int]  # (picture asked for, record) that is not in it: bits
    queries: int
    search: float  # CPU seconds


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One change over all pictures that it was made to."""

    change: Change
    numbers: tuple[int, ...]  # of the originals
    distance: NDArray[np.int64]  # of each whole copy to its original, bits
    quality: NDArray[np.int64]  # of each whole copy
    ways: tuple[Found, ...]
    hashing: tuple[float, float]  # CPU seconds: of the wholes; of finding and hashing the parts


def build(folder: Path, pictures: Pictures, filler: int, seed: int) -> HammingIndex:
    """Index the originals of good quality under their numbers, among ``filler`` made-up hashes.

    The filler makes a search cost what it costs in a list of that size; it matches nothing.
    """
    good = np.flatnonzero(pictures.quality >= QUALITY)
    random = np.random.default_rng(seed)

    def blocks() -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint64]]]:
        yield np.ascontiguousarray(pictures.hashes[good]), good.astype(np.uint64)
        for start in range(0, filler, _BLOCK):
            count = min(_BLOCK, filler - start)
            numbers = np.arange(start, start + count, dtype=np.uint64) + len(pictures.entries)
            yield random.integers(0, 256, (count, 32), np.uint8), numbers

    IndexWriter.rebuild(folder, blocks())
    return HammingIndex(folder)


def measure(
    change: Change, pictures: Pictures, sample: Sequence[int], index: HammingIndex, seed: int
) -> Measured:
    """Make the change to each picture of the sample that it fits, and ask for what came out."""
    numbers = tuple(n for n in sample if pictures.short[n] > change.above)
    kin = _rates_pairs.kin([entry.sha256 for entry in pictures.entries])
    asked, distance, quality = Asked(), [], []
    inside: dict[int, set[int]] = {}
    for number in numbers:
        entry = pictures.entries[number]
        what = f"{entry.sha256} {change.group} {change.name}".encode()
        random = np.random.default_rng([seed, zlib.crc32(what)])  # whatever the order
        others = _others(pictures, number, change.others, random)
        inside[number] = {number, *others}.union(*(kin[n] for n in (number, *others)))
        images = [pictures.image(n) for n in others]
        file = change.file(pictures.image(number), random, images)
        whole = asked.add(number, plane(file, change.media_type))
        bits = np.bitwise_count(hash_rows([whole])[0] ^ pictures.hashes[number])
        distance.append(int(bits.sum()))
        quality.append(whole.quality)
    return Measured(
        change,
        numbers,
        np.array(distance, np.int64),
        np.array(quality, np.int64),
        tuple(ask(asked, way, index, inside, len(pictures.entries)) for way in range(len(WAYS))),
        (asked.seconds[0], asked.seconds[1]),
    )


def ask(
    asked: Asked, way: int, index: HammingIndex, inside: dict[int, set[int]], real: int
) -> Found:
    """Search for one way's queries. ``inside``: the records that a picture shows, or their kin."""
    queries, owner = asked.queries(way)
    start = time.process_time()
    matches = index.search(queries, RADIUS)
    spent = time.process_time() - start
    right: set[int] = set()
    strangers: dict[tuple[int, int], int] = {}
    rows = zip(
        matches.query.tolist(), matches.record.tolist(), matches.distance.tolist(), strict=True
    )
    for query, record, bits in rows:
        picture = int(owner[query])
        if record == picture:
            right.add(picture)
        elif record not in inside[picture] and record < real:
            strangers[picture, record] = min(bits, strangers.get((picture, record), bits))
    return Found(len(right), strangers, len(queries), spent)


def _others(pictures: Pictures, number: int, count: int, random: np.random.Generator) -> list[int]:
    drawn = random.choice(len(pictures.entries), count + 1, replace=False).tolist()
    return [n for n in drawn if n != number][:count]

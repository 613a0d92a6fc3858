"""Perceptual hashes that too many records of a list share: counted over all its imports.

Such a hash (a logo, a blank page, a broken thumbnail) says nothing about one picture. Memory is
bounded: one pass counts by buckets, and only what falls into a full bucket is looked at by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from assay.lists.columns import ColumnFile, numbers, opaque
from assay.lists.held import OURS, Held
from assay.lists.marks import Marks

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST, _MOST = 10, 22  # bits of a bucket's number: at most 16 MiB of counts
_CANDIDATES = 1 << 18  # values counted one by one; a bound against values made to look alike


def flooded(files: Sequence[ColumnFile], marks: Marks, limit: int) -> dict[bytes, int]:
    """Return each value that more than ``limit`` current records share, and how many do."""
    total = sum(file.count for file in files)
    if total <= limit:
        return {}
    bits = min(max(total.bit_length() + 1, _LEAST), _MOST)
    counts = np.zeros(1 << bits, np.uint32)
    for rows in _current(files, marks):
        np.add.at(counts, _buckets(rows, bits), 1)
    full = counts > limit
    if not full.any():
        return {}
    shared: dict[bytes, int] = {}
    for rows in _current(files, marks):
        _count(shared, rows[full[_buckets(rows, bits)]])
    return {value: count for value, count in shared.items() if count > limit}


def flooded_among(
    files: Sequence[ColumnFile], marks: Marks, limit: int, wanted: frozenset[bytes]
) -> dict[bytes, int]:
    """Return the same for a few thousand values at most: a tenth of the time, for a few new ones in
    a list of millions.
    """
    if not wanted or sum(file.count for file in files) <= limit:
        return {}
    heads = np.unique(np.frombuffer(b"".join(value[:8] for value in wanted), "<u8"))
    near = np.zeros(1 << 16, np.bool_)  # by the first two bytes: rules most rows out
    near[heads & np.uint64(0xFFFF)] = True
    shared: dict[bytes, int] = {}
    for file in files:
        for rows in file.rows(forget=True):
            mine = np.ascontiguousarray(rows[:, :8]).view("<u8")[:, 0]
            at = np.flatnonzero(near[mine & np.uint64(0xFFFF)])
            at = at[np.isin(mine[at], heads)]
            if len(at):
                at = at[~marks.are_dead(numbers(rows[at]))]
                _count(shared, rows[at])
    return {value: shared[value] for value in wanted if shared.get(value, 0) > limit}


def _count(shared: dict[bytes, int], rows: NDArray[np.uint8]) -> None:
    """Count the values of rows; a record that states one twice is one record."""
    values, times = np.unique(opaque(_different(rows)[:, :-4]), return_counts=True)
    for value, count in zip(values, times.tolist(), strict=True):
        key = value.tobytes()
        if key in shared or len(shared) < _CANDIDATES:
            shared[key] = shared.get(key, 0) + count


def reheld(before: Sequence[Held], algorithm: str, found: dict[bytes, int]) -> list[Held]:
    """Return what of one algorithm is held, now that these values are flooded.

    What a person decided stays. What we held and is no longer shared by so many is matched again.
    """
    kept = [h for h in before if h.algorithm == algorithm and (h.by != OURS or h.released)]
    decided = {each.value for each in kept}
    new = (
        Held(algorithm, value.hex(), f"{count} records share it") for value, count in found.items()
    )
    return kept + sorted((h for h in new if h.value not in decided), key=lambda h: h.value)


def _current(files: Sequence[ColumnFile], marks: Marks) -> Iterator[NDArray[np.uint8]]:
    for file in files:
        for rows in file.rows(forget=True):
            dead = marks.are_dead(numbers(rows))
            yield rows[~dead] if dead.any() else rows


def _buckets(rows: NDArray[np.uint8], bits: int) -> NDArray[np.uint64]:
    """Return the bucket of each row's value: by multiplication with odd numbers, top bits."""
    words = np.ascontiguousarray(rows[:, :-4]).view("<u8")
    odd = np.random.default_rng(1).integers(0, 1 << 63, words.shape[1], np.uint64) * 2 + 1
    mixed: NDArray[np.uint64] = (words * odd).sum(axis=1, dtype=np.uint64)
    return mixed >> np.uint64(64 - bits)


def _different(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return each row once."""
    once = np.unique(opaque(rows))
    return once.view(np.uint8).reshape(len(once), rows.shape[1])

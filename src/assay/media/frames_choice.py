"""Which frames are worth a look: scene changes first, then even spacing, never the same twice.

Knows thumbnails of brightness only, no file format and no clock. Deterministic.
"""

from __future__ import annotations

import bisect
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SIDE = 32  # pixels; frames are compared as 32×32 means of brightness
ALIKE = 6  # levels of 255: no cell differs by more, so the frames show the same
CUT = 10.0  # levels of 255, mean over all cells, from one frame to the next: another scene
Thumb = NDArray[np.int16]  # frames × cells, 0–255


@dataclass(slots=True)
class Candidates:
    """Thumbnails of the frames met, in order, and how many different frames they are."""

    limit: int
    thumbs: list[NDArray[np.uint8]] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)  # of whole frames; ends when there are many
    _distinct: set[int] = field(default_factory=set)

    def add(self, thumb: NDArray[np.uint8], whole: NDArray[np.uint8]) -> None:
        """Take the next frame; ``whole`` is digested only while all may still be looked at."""
        self.thumbs.append(thumb)
        if len(self._distinct) <= self.limit:
            digest = zlib.crc32(np.ascontiguousarray(whole).data)
            self.digests.append(digest)
            self._distinct.add(digest)

    def covered(self, chosen: Sequence[int]) -> bool:
        """Tell whether every frame met is chosen or equals a chosen one."""
        if len(self.digests) < len(self.thumbs):
            return False
        return self._distinct <= {self.digests[i] for i in chosen}


def choose(
    thumbs: Sequence[NDArray[np.uint8]], limit: int, numbers: Sequence[int] | None = None
) -> list[int]:
    """Return the positions of up to ``limit`` frames that show different things, in order.

    The first frame always; then the frames at which the picture changes most (by CUT at least);
    then the middle of the widest gap, again and again. A frame ALIKE one already chosen is left
    out. ``numbers`` are the ascending frame numbers, where the frames do not lie side by side.
    Takes about ``len(thumbs) × limit`` comparisons of 1024 cells.
    """
    if not thumbs or limit < 1:
        return []
    stack = _flat(thumbs)
    at = np.asarray(numbers if numbers is not None else range(len(stack)), dtype=np.int64)
    fresh = np.ones(len(stack), bool)  # not like any chosen frame
    chosen: list[int] = []

    def take(position: int) -> None:
        bisect.insort(chosen, position)
        for start in range(0, len(stack), 4096):
            part = slice(start, start + 4096)
            fresh[part] &= np.abs(stack[part] - stack[position]).max(axis=1) > ALIKE
        fresh[position] = False

    take(0)
    for position in _cuts(stack):
        if len(chosen) >= limit:
            return chosen
        if fresh[position]:
            take(position)
    while len(chosen) < limit:
        middle = _widest(chosen, np.flatnonzero(fresh), at)
        if middle is None:
            break
        take(middle)
    return chosen


def even_out(thumbs: Sequence[NDArray[np.uint8]], numbers: Sequence[int], parts: int) -> list[int]:
    """Return the position of the greatest change in each of ``parts`` equal spans of the video.

    For frames met densely here and sparsely there, so that the dense part does not take all places.
    """
    changes = _changes(_flat(thumbs))
    span = numbers[-1] + 1
    best: dict[int, int] = {}
    for position, number in enumerate(numbers):
        part = number * parts // span
        if part not in best or changes[position] > changes[best[part]]:
            best[part] = position
    return sorted({0, *best.values()})


def _flat(thumbs: Sequence[NDArray[np.uint8]]) -> Thumb:
    return np.stack(thumbs).reshape(len(thumbs), -1).astype(np.int16)


def _changes(stack: Thumb) -> NDArray[np.float64]:
    """Return how much each frame differs from the one before, in levels; 0 for the first."""
    changes = np.zeros(len(stack))
    for start in range(1, len(stack), 4096):
        part = stack[start : start + 4096]
        before = stack[start - 1 : start - 1 + len(part)]
        changes[start : start + len(part)] = np.abs(part - before).mean(axis=1)
    return changes


def _cuts(stack: Thumb) -> list[int]:
    """Return the positions at which another scene begins, the greatest change first."""
    changes = _changes(stack)
    order = np.argsort(-changes, kind="stable")
    return [int(i) for i in order if changes[i] >= CUT]


def _widest(chosen: list[int], free: NDArray[np.intp], at: NDArray[np.int64]) -> int | None:
    """Return the free position nearest to the middle of the widest gap that has one."""
    bounds = [*(int(at[i]) for i in chosen), int(at[-1]) + 1]
    gaps = sorted(range(len(chosen)), key=lambda n: (bounds[n] - bounds[n + 1], n))
    for n in gaps:
        low, high = chosen[n], chosen[n + 1] if n + 1 < len(chosen) else len(at)
        inside = free[np.searchsorted(free, low + 1) : np.searchsorted(free, high)]
        if len(inside):
            middle = (bounds[n] + bounds[n + 1]) / 2
            return int(inside[np.argmin(np.abs(at[inside] - middle))])
    return None

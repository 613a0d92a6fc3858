"""The lines of a picture in 128 samples each: which are uniform, and where a seam crosses all.

Cheap on large pictures, whole numbers alone, the same answer everywhere. For ``parts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]  # x, y, width, height in pixels

SAMPLES = 128  # of a line
SECTIONS = 16  # that a line is judged in: something that crosses it shows in most of them
MOST = SECTIONS * 64  # score of a seam
_EACH = SAMPLES // SECTIONS  # samples a section
_REACH = 3  # lines that the blur of scaling and saving spreads a seam over
_NOISE = 16  # grey values, in a section's sum, of which a step says nothing
_TURN = 16  # one over the square of the correlation from which two lines go on in each other


@dataclass(frozen=True)
class Lines:
    """N lines of a picture in order: its rows, or its columns."""

    samples: NDArray[np.uint8]  # 128×N

    @property
    def count(self) -> int:
        return int(self.samples.shape[1])

    @cached_property
    def means(self) -> NDArray[np.uint8]:
        """Each line's mean, rounded to the nearest grey value."""
        total: NDArray[np.uint16] = self.samples.sum(axis=0, dtype=np.uint16)
        return np.asarray((total + SAMPLES // 2) // SAMPLES, np.uint8)

    @cached_property
    def _spread(self) -> NDArray[np.uint16]:
        return np.asarray(apart(self.samples, self.means[None]).sum(axis=0, dtype=np.uint16))

    @cached_property
    def steps(self) -> NDArray[np.uint16]:
        """How far each line is from the one before, summed over its samples; 0 for the first."""
        found = np.zeros(self.count, np.uint16)
        found[1:] = apart(self.samples[:, 1:], self.samples[:, :-1]).sum(axis=0, dtype=np.uint16)
        return found

    def uniform(self, spread: int) -> NDArray[np.bool_]:
        """Tell which are of one grey value, on average no further from it than ``spread``."""
        return np.asarray(self._spread <= spread * SAMPLES)

    def covered(self, line: int, grey: int, step: int) -> int:
        """Return in how many sections a line is on average further than ``step`` from a grey."""
        away = apart(self.samples[:, line], np.uint8(grey)).reshape(SECTIONS, _EACH)
        return int(np.count_nonzero(away.sum(axis=1, dtype=np.uint16) > step * _EACH))

    @cached_property
    def seams(self) -> NDArray[np.int32]:
        """How much the place before each line looks like a seam, up to ``MOST``; 0 near the ends.

        In each section the step across a place is compared with the larger of the steps as far to
        either side: two pictures are alike in themselves and not each other.
        """
        score = np.zeros(self.count, np.int32)
        if self.count < 3 * _REACH + 1:
            return score
        steps = apart(self.samples[:, _REACH:], self.samples[:, :-_REACH])
        sums = steps.reshape(SECTIONS, _EACH, -1).sum(axis=1, dtype=np.uint16).astype(np.int32)
        across = sums[:, _REACH:-_REACH]
        beside = np.maximum(sums[:, : -2 * _REACH], sums[:, 2 * _REACH :])
        parted = (across - beside) * (MOST // SECTIONS) // (across + beside + 2 * _NOISE)
        first = _REACH + 2  # ``across[0]`` is from line 3 to line 6: its middle lies before line 5
        score[first : first + parted.shape[1]] = parted.sum(axis=0)
        return score

    def goes_on(self, place: int) -> bool:
        """Tell whether what stands upright on a place goes on behind it, as in one picture."""
        around = self.samples[:, [place - _REACH, place + _REACH - 1]].astype(np.int64)
        before, behind = (around[1:] - around[:-1]).T
        common = int(before @ behind)
        return common > 0 and _TURN * common**2 > int(before @ before) * int(behind @ behind)


class Sampled:
    """The lines of a picture's rectangles, each sampled once."""

    def __init__(self, luma: NDArray[np.uint8]) -> None:
        self.luma = luma  # H×W
        self._kept: dict[Box, tuple[Lines, Lines]] = {}

    def cut(self, box: Box) -> NDArray[np.uint8]:
        """Return the rectangle's pixels."""
        x, y, width, height = box
        return self.luma[y : y + height, x : x + width]

    def lines(self, box: Box) -> tuple[Lines, Lines]:
        """Return the rectangle's rows and its columns."""
        if box not in self._kept:
            cut = self.cut(box)
            self._kept[box] = _sampled(cut.T), _sampled(cut)
        return self._kept[box]


def _sampled(cut: NDArray[np.uint8]) -> Lines:
    """Return N lines from M×N values: 128 evenly spaced ones of each."""
    length = cut.shape[0]
    places = (2 * np.arange(SAMPLES) + 1) * length // (2 * SAMPLES)
    return Lines(np.ascontiguousarray(cut[places]))


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8] | np.uint8) -> NDArray[np.uint8]:
    """Return how far two arrays of grey values lie from each other, each time."""
    return np.asarray(np.maximum(one, other) - np.minimum(one, other), np.uint8)

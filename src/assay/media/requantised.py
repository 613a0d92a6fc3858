"""Were these DCT coefficients quantised twice? From the luma of a JPEG and its table.

A second quantisation leaves bins empty and others overfull, in a pattern that the first step
sets. What the coefficients would look like without it is estimated from the same picture moved by
half a block, which no old grid survives (Lukáš and Fridrich, "Estimation of primary quantization
matrix in double compressed JPEG images", DFRWS 2003). Per low frequency every first step is tried;
the score is how much better the best one explains the counts than a single compression does.

It sees a first compression on the same grid and, by and large, of a lower quality than the last;
not one after which the picture was scaled, moved or cut off the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.media.jpeg_tables import ZIGZAG, Table, ijg_table

MODES = tuple(range(1, 10))  # places in zigzag order: the lowest frequencies without the mean
MIN_BLOCKS = 100  # with some texture; fewer give no histogram worth a statement
_MAX_BLOCKS = 16_384  # one megapixel, in whole rows of blocks spread over the picture
_MAX_STEP = 40  # first quantisation steps tried
_MAX_BIN = 20  # quantised values counted one by one; larger ones together
_FINE = 2  # bins of the estimate for each unit of a coefficient
_TOP = 1024 * _FINE  # largest coefficient: 8 × 128
_ROUNDING = 0.35  # standard deviation that rounding to pixels leaves on a coefficient
_FLAT = 2.0  # grey levels between the darkest and the lightest sample of a block that says nothing
_RICHNESS = 8.0  # values that a coefficient takes in effect; photographs 17 and more, ramps 2
_FLOOR = 1e-4  # probability of a bin that the estimate leaves empty

Grey = NDArray[np.uint8]  # H×W
Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Requantised:
    """How a double compression compares with a single one."""

    score: float  # nats for each coefficient, the median of the frequencies; ≤ 0: single
    steps: tuple[int, ...]  # best first quantisation step of each frequency in MODES
    gains: tuple[float, ...]  # nats for each coefficient, by frequency
    blocks: int  # that were counted

    @property
    def first_quality(self) -> int | None:
        """The IJG quality whose steps these are, within one step each; None where none is."""
        clear = [
            (mode, step)
            for mode, step, gain in zip(MODES, self.steps, self.gains, strict=True)
            if gain > 0 and step
        ]
        if len(clear) < 5:
            return None

        def misses(quality: int) -> tuple[int, int]:
            table = ijg_table(quality)
            off = [abs(table[mode] - step) for mode, step in clear]
            return sum(n > 0 for n in off), sum(off)

        best = min(range(100, 9, -1), key=misses)
        return best if misses(best)[0] <= len(clear) // 3 else None


def requantised(luma: Grey, table: Table) -> Requantised | None:
    """Compare a single with a double compression; None where the picture is too small or plain.

    A drawn ramp has a few sharp values in each frequency, which no smooth estimate explains.
    ``luma`` as decoded, block grid at its corner; ``table`` in zigzag order.
    """
    stored = _coefficients(luma)
    moved = _coefficients(luma[4:, 4:])
    if min(len(stored), len(moved)) < MIN_BLOCKS:
        return None
    if np.median([_richness(moved[:, column]) for column in range(len(MODES))]) < _RICHNESS:
        return None
    steps, gains = [], []
    for column, mode in enumerate(MODES):
        step, gain = _mode(stored[:, column], moved[:, column], table[mode])
        steps.append(step)
        gains.append(gain)
    return Requantised(
        score=float(np.median(gains)),
        steps=tuple(steps),
        gains=tuple(gains),
        blocks=len(stored),
    )


def _coefficients(luma: Grey) -> NDArray[np.float32]:
    """Return the coefficients of the blocks with texture: N×9."""
    high, wide = luma.shape[0] // 8, luma.shape[1] // 8
    if not high or not wide:
        return np.empty((0, len(MODES)), np.float32)
    count = min(high, max(1, _MAX_BLOCKS // wide))
    rows = np.linspace(0, high - 1, count).astype(int)
    lines = (rows[:, None] * 8 + np.arange(8)).ravel()
    blocks = (
        luma[lines, : wide * 8].reshape(count, 8, wide, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
    )[:_MAX_BLOCKS]
    low, top = blocks.min(axis=1), blocks.max(axis=1)
    # clipping to black or white undoes quantisation: such blocks would blur every pattern
    keep = (top.astype(int) - low > _FLAT) & (low > 0) & (top < 255)
    chosen = blocks[keep].astype(np.float32) - 128
    return np.asarray(chosen @ _basis(), np.float32)


@lru_cache(maxsize=1)
def _basis() -> NDArray[np.float32]:
    """Return the DCT-II of ITU-T T.81 A.3.3 for the frequencies in MODES: 64×9."""
    n = np.arange(8)
    rows = np.sqrt(2 / 8) * np.cos((2 * n[None] + 1) * n[:, None] * np.pi / 16)
    rows[0] /= np.sqrt(2)
    places = [ZIGZAG[mode] for mode in MODES]
    return np.stack([np.outer(rows[p // 8], rows[p % 8]).ravel() for p in places], 1).astype(
        np.float32
    )


def _mode(stored: NDArray[np.float32], moved: NDArray[np.float32], step: int) -> tuple[int, float]:
    """Return the best first step of one frequency and its gain over a single compression."""
    values = np.abs(np.rint(stored / max(1, step))).astype(int)
    last = int(min(_MAX_BIN, max(3, np.percentile(values, 99.5))))
    counts = np.bincount(np.minimum(values, last + 1), minlength=last + 2)
    expected = _Expected(_density(moved), max(1, step), last)
    # first steps of which the last is a multiple leave no trace
    firsts = [q for q in range(2, _MAX_STEP + 1) if step % q]
    if not firsts:
        return 0, 0.0
    single = _likelihood(counts, expected.after(None))
    gains = [_likelihood(counts, expected.after(q)) - single for q in firsts]
    best = int(np.argmax(gains))
    return firsts[best], float(gains[best]) / len(values)


def _richness(values: NDArray[np.float32]) -> float:
    """Return in how many different values a coefficient spreads, in effect: e to its entropy."""
    counts = np.bincount(np.rint(np.abs(values) * _FINE).astype(int))
    shares = counts[counts > 0] / len(values)
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _density(moved: NDArray[np.float32]) -> Real:
    """Return the share of each size of a coefficient, in steps of 1/_FINE, smoothed."""
    places = np.minimum(np.rint(np.abs(moved) * _FINE).astype(int), _TOP)
    counts = np.bincount(places, minlength=_TOP + 1).astype(np.float64)
    mirrored = np.concatenate([counts[2:0:-1], counts, [0.0, 0.0]])
    smooth = np.convolve(mirrored, np.full(5, 0.2), "valid")
    return np.asarray(smooth / max(1.0, smooth.sum()), np.float64)


class _Expected:
    """The counts to be expected after one or two quantisations of a density."""

    def __init__(self, density: Real, step: int, last: int) -> None:
        used = min(_TOP + 1, int((last + 3 + _MAX_STEP / step) * step * _FINE) + 1)
        self.density = density[:used].copy()
        self.density[-1] += density[used:].sum()
        self.sizes = np.arange(used) / _FINE
        self.step, self.last = step, last

    def after(self, first: int | None) -> Real:
        """Return the share of each quantised size, 0 to ``last`` and all larger ones together."""
        sizes = self.sizes if first is None else np.rint(self.sizes / first) * first
        # a size near the edge between two bins falls on either side: pixels were rounded between
        edge = np.rint(sizes / self.step - 0.5) + 0.5
        above = _normal((sizes - edge * self.step) / _ROUNDING)
        upper = (edge + 0.5).astype(int)
        lower = np.abs(upper - 1)
        places = np.minimum(np.concatenate([upper, lower]), self.last + 1)
        weights = np.concatenate([self.density * above, self.density * (1 - above)])
        shares = np.bincount(places, weights, self.last + 2) + _FLOOR
        return np.asarray(shares / shares.sum(), np.float64)


def _normal(x: Real) -> Real:
    """Return the normal distribution's share below ``x``, to three digits (tanh form)."""
    return np.asarray(0.5 * (1 + np.tanh(0.79788456 * (x + 0.044715 * x**3))), np.float64)


def _likelihood(counts: Sequence[int] | NDArray[np.int64], shares: Real) -> float:
    return float((np.asarray(counts) * np.log(shares)).sum())

"""Tells bytes that look random throughout from those with structure, by sampling.

The same bytes always give the same answer: windows lie evenly over the whole file. Encrypted data
looks random; so does data packed very well, so that the answer is a doubt and never a finding of
encryption. How often packed files pass is measured in docs/methods/locked.md.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.core.blob import Blob

WINDOW = 4096  # bytes
MAX_WINDOWS = 512  # 2 MiB of a larger file
MIN_SIZE = 16 << 10  # bytes; of less, nothing can be said
# Chi-square of byte counts against the even distribution, 255 degrees of freedom: mean 255,
# standard deviation 22.6 for random bytes, whatever their number.
MAX_CHI_SQUARE = 255 + 6 * 22.6  # of the whole sample: one random file in 10^8 exceeds it
MAX_WINDOW = 255 + 8 * 22.6  # of the worst window: 512 are looked at
MAX_BITS = 6.0  # standard deviations by which the share of ones in any bit may differ from half


@dataclass(frozen=True, slots=True)
class Randomness:
    """What a sample of a file's bytes looks like."""

    size: int  # bytes of the file
    sampled: int  # bytes looked at
    entropy: float  # bits a byte, 0–8
    chi_square: float
    worst_window: float  # the largest chi-square of any window
    bit_bias: float  # standard deviations, the largest of the eight bits and of equal neighbours
    packs: bool  # deflate makes it smaller

    @property
    def looks_random(self) -> bool:
        """Tell whether nothing in the sample speaks against random bytes throughout."""
        return (
            self.sampled >= MIN_SIZE
            and self.chi_square <= MAX_CHI_SQUARE
            and self.worst_window <= MAX_WINDOW
            and self.bit_bias <= MAX_BITS
            and not self.packs
        )


def randomness(blob: Blob) -> Randomness:
    """Return the statistics of a blob's windows, the first and the last among them."""
    count = min(MAX_WINDOWS, blob.size // WINDOW)
    if count < 1:
        return Randomness(blob.size, 0, 0.0, 0.0, 0.0, 0.0, packs=True)
    last = blob.size - WINDOW
    starts = [last * index // max(count - 1, 1) for index in range(count)]
    sample = b"".join(blob.read(start, WINDOW) for start in starts)
    values = np.frombuffer(sample, np.uint8)
    if len(values) < count * WINDOW:  # the blob gave less than it promised
        return Randomness(blob.size, len(values), 0.0, 0.0, 0.0, 0.0, packs=True)
    windows = values.reshape(count, WINDOW)
    counts = np.bincount(values, minlength=256).astype(np.float64)
    share = counts[counts > 0] / len(values)
    return Randomness(
        size=blob.size,
        sampled=len(values),
        entropy=float(-(share * np.log2(share)).sum()),
        chi_square=_chi_square(counts),
        worst_window=max(
            _chi_square(np.bincount(window, minlength=256).astype(np.float64)) for window in windows
        ),
        bit_bias=_bias(windows),
        packs=len(zlib.compress(sample[: 1 << 18], 1)) < min(len(sample), 1 << 18),
    )


def _chi_square(counts: NDArray[np.float64]) -> float:
    expected = counts.sum() / len(counts)
    return float(((counts - expected) ** 2).sum() / expected)


def _bias(windows: NDArray[np.uint8]) -> float:
    """Return how far any bit is from even, and how far bits next to each other from independent."""
    bits = np.unpackbits(windows, axis=1)
    total = bits.size // 8
    ones = bits.reshape(-1, 8).sum(axis=0, dtype=np.int64)
    single = np.abs(ones - total / 2).max() / (total / 4) ** 0.5
    equal = int((bits[:, 1:] == bits[:, :-1]).sum())
    pairs = bits[:, 1:].size
    return float(max(single, abs(equal - pairs / 2) / (pairs / 4) ** 0.5))

"""The fixed numbers of PDQ: window sizes, banded tent weights, sample positions, DCT matrix.

Knows the geometry of PDQ's downscaling; touches no pixel. Two edge-normalised box filters followed
by taking 64 samples are one linear map per axis, so each output sample is a weighted sum over a
short run of inputs. Source: facebook/ThreatExchange, pdq/cpp/downscaling/downscaling.cpp and
pdq/cpp/hashing/pdqhashing.cpp (BSD).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SIDE = 64  # samples per axis after downscaling
DCT = 16  # DCT frequencies kept per axis


@dataclass(frozen=True, slots=True)
class Band:
    """One axis of the downscaling: sample ``k`` is ``weights[k] @ x[starts[k]:][:counts[k]]``."""

    starts: NDArray[np.int64]  # 64: first input of each sample
    counts: NDArray[np.int64]  # 64: inputs of each sample
    weights: NDArray[np.float32]  # 64×K, zero beyond counts; each row sums to 1


def window(length: int) -> int:
    """Return the width of PDQ's box filter for an axis of ``length`` pixels: ceil(length / 128)."""
    return (length + 2 * SIDE - 1) // (2 * SIDE)


def reach(length: int) -> tuple[int, int]:
    """Return how many pixels a box covers to the left and right of its centre."""
    full = window(length)
    half = (full + 2) // 2
    return full - half, half - 1


def samples(length: int) -> NDArray[np.int64]:
    """Return the 64 positions that PDQ's decimation reads from an axis of ``length`` pixels."""
    return (((np.arange(SIDE) + 0.5) * length) / SIDE).astype(np.int64)


@lru_cache(maxsize=256)
def band(length: int) -> Band:
    """Return the banded weights of an axis of ``length`` ≥ 5 pixels."""
    left, right = reach(length)
    inputs = np.arange(length)
    low = np.maximum(inputs - left, 0)
    high = np.minimum(inputs + right, length - 1)
    size = high - low + 1
    at = samples(length)
    starts = low[low[at]]
    counts = high[high[at]] - starts + 1
    # A box over boxes: add each inner box as a step up and a step down, then sum along the axis.
    inner = low[at][:, None] + np.arange(left + right + 1)
    inside = inner <= high[at][:, None]
    inner = np.minimum(inner, length - 1)
    step = inside / (size[inner] * size[at][:, None])
    steps = np.zeros((SIDE, int(counts.max()) + 1))
    row = np.broadcast_to(np.arange(SIDE)[:, None], inner.shape)
    np.add.at(steps, (row, low[inner] - starts[:, None]), step)
    # inputs beyond ``inside`` carry step 0, but their end may lie outside the band
    ends = np.minimum(high[inner] + 1 - starts[:, None], steps.shape[1] - 1)
    np.add.at(steps, (row, ends), -step)
    weights = np.cumsum(steps, axis=1)[:, :-1].astype(np.float32)
    weights[np.arange(weights.shape[1]) >= counts[:, None]] = 0
    return Band(starts.astype(np.int64), counts.astype(np.int64), weights)


@lru_cache(maxsize=256)
def mirrored(length: int) -> Band:
    """Return the weights that take the same samples from the other end of the axis.

    They are no copy of ``band``: PDQ reads a pixel beside the middle of each sample, and the boxes
    of an even width reach further to one side.
    """
    axis = band(length)
    column = np.arange(axis.weights.shape[1])
    backwards = np.take_along_axis(axis.weights, axis.counts[:, None] - 1 - column, axis=1)
    weights = np.where(column < axis.counts[:, None], backwards, np.float32(0))
    return Band(length - axis.starts - axis.counts, axis.counts, weights)


@lru_cache(maxsize=1)
def dct_matrix() -> NDArray[np.float32]:
    """Return the 16×64 DCT-II rows 1–16, rounded as the reference does (float32 scale)."""
    scale = float(np.float32(math.sqrt(2.0 / SIDE)))
    rows = [
        [scale * math.cos((math.pi / 2.0 / SIDE) * (i + 1) * (2 * j + 1)) for j in range(SIDE)]
        for i in range(DCT)
    ]
    return np.array(rows, dtype=np.float32)

"""Uniform bars at the edges of a picture (letterboxing), found in whole numbers alone.

A preview is often padded to the shape of a screen; before it is compared with its picture, both
lose their bars. The same bytes give the same answer on every machine: no floating point.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_SPREAD = 3  # grey values: standard deviation below which a line is of one value
_LEVEL = 3  # grey values: lines of one bar differ by less
_SHARE = 3  # at most one part in so many is cut from an edge
Grey = TypeVar("Grey", NDArray[np.uint8], NDArray[np.float32])


def trim_bars(luma: Grey) -> Grey:
    """Return H×W (0–255) without the uniform lines at its edges, at most a third of each side.

    The result is a view, never empty where ``luma`` is not. Values that are no whole numbers are
    rounded where the bars are sought and kept in the result.
    """
    top, bottom, left, right = bars(luma)
    return luma[top : luma.shape[0] - bottom, left : luma.shape[1] - right]


def bars(luma: Grey) -> tuple[int, int, int, int]:
    """Return how many uniform lines lie at the top, bottom, left and right, as ``trim_bars``."""
    whole: NDArray[np.uint8] = (luma if luma.dtype == np.uint8 else np.rint(luma)).astype(
        np.uint8, copy=False
    )
    return _bar(whole), _bar(whole[::-1]), _bar(whole.T), _bar(whole.T[::-1])


def _bar(grey: NDArray[np.uint8]) -> int:
    """Return the number of uniform lines of one grey value at the first edge."""
    width = grey.shape[1]
    first: int | None = None
    bound: int = grey.shape[0] // _SHARE
    for number in range(bound):
        line = grey[number].astype(np.int64)
        total, squares = int(line.sum()), int((line * line).sum())
        first = total if first is None else first
        # n²·variance and n·mean, so that nothing is divided
        uniform = width * squares - total * total < (_SPREAD * width) ** 2
        if not uniform or abs(total - first) >= _LEVEL * width:
            return number
    return bound

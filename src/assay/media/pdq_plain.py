"""PDQ's arithmetic in plain numpy, with the same weights and order as ``pdq_kernel``.

Used where numba is missing or switched off (``NUMBA_DISABLE_JIT``); slower, same hashes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def sum_rows(pixels: Bytes, starts: Ints, counts: Ints, weights: Floats, out: Floats) -> None:
    """Sum weighted rows of ``pixels`` (H×M) into ``out`` (64×M)."""
    for k, (start, count) in enumerate(zip(starts, counts, strict=True)):
        out[k] = weights[k, :count] @ pixels[start : start + count].astype(np.float32)


def sum_columns(rows: Floats, starts: Ints, counts: Ints, weights: Floats, out: Floats) -> None:
    """Sum weighted columns of ``rows`` (64×W) into ``out`` (64×64)."""
    for m, (start, count) in enumerate(zip(starts, counts, strict=True)):
        out[:, m] = rows[:, start : start + count] @ weights[m, :count]


def luma(pixels: Bytes, out: Floats) -> None:
    """Turn RGB (H×W×3) into luma (H×W) in float64, rounded once to float32."""
    for row, target in zip(pixels, out, strict=True):
        target[:] = row[:, 0] * 0.299 + row[:, 1] * 0.587 + row[:, 2] * 0.114


def box_rows(plane: Floats, left: int, right: int) -> None:
    """Box-filter each row in place, by a running float32 sum in the reference's order."""
    box_columns(plane.T, left, right)


def box_columns(plane: Floats, left: int, right: int) -> None:
    """Box-filter each column likewise."""
    height, width = plane.shape
    total = np.zeros(width, dtype=np.float32)
    passed = np.empty((left + 1, width), dtype=np.float32)  # rows already overwritten
    count = min(right, height)
    for i in range(count):
        total += plane[i]
    for i in range(height):
        slot = passed[i % (left + 1)]
        if i + right < height:
            total += plane[i + right]
            count += 1
        if i - left > 0:
            total -= slot
            count -= 1
        slot[:] = plane[i]
        plane[i] = total / np.float32(count)


def transform(image: Floats, matrix: Floats, half: Floats, out: Floats) -> None:
    """Transform 64×64 to 16×16, sums in the reference's order; ``half`` is 16×64 scratch."""
    half[:] = 0
    for k in range(image.shape[0]):
        half += matrix[:, k, None] * image[k]
    out[:] = 0
    for k in range(half.shape[1]):
        out += half[:, k, None] * matrix[:, k]

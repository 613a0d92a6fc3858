"""PDQ's arithmetic compiled by numba: serial kernels, compiled at import, cached on disk.

Every function has a twin in ``pdq_plain`` with the same weights. Importing this module fails
where numba is missing; ``pdq`` then takes the twins. No ``parallel=True``: it hangs in forked
workers and fails when sealed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_U8 = types.Array(types.uint8, 2, "C", readonly=True)
_RGB = types.Array(types.uint8, 3, "C", readonly=True)
_F2 = types.Array(types.float32, 2, "C")
_F2R = types.Array(types.float32, 2, "C", readonly=True)
_I1 = types.Array(types.int64, 1, "C", readonly=True)


def _compile(function: Callable[..., Any], *arguments: Any) -> Any:
    """Compile for exactly these types, so that nothing is left to compile after the seal."""
    signature = types.void(*arguments)
    try:
        return numba.njit(signature, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to cache in: a read-only installation without a home
        return numba.njit(signature, error_model="numpy")(function)


def _rows(pixels: Bytes, starts: Ints, counts: Ints, weights: Floats, out: Floats) -> None:
    """Sum weighted rows of ``pixels`` (H×M) into ``out`` (64×M)."""
    width = pixels.shape[1]
    for k in range(starts.shape[0]):
        start = starts[k]
        count = counts[k]
        total = out[k]
        for j in range(width):
            total[j] = np.float32(0)
        i = 0
        while i + 4 <= count:  # four rows at a time: a quarter of the loads and stores of ``total``
            a, b = weights[k, i], weights[k, i + 1]
            c, d = weights[k, i + 2], weights[k, i + 3]
            p, q = pixels[start + i], pixels[start + i + 1]
            r, s = pixels[start + i + 2], pixels[start + i + 3]
            for j in range(width):
                total[j] += (
                    a * np.float32(p[j])
                    + b * np.float32(q[j])
                    + c * np.float32(r[j])
                    + d * np.float32(s[j])
                )
            i += 4
        while i < count:
            a = weights[k, i]
            p = pixels[start + i]
            for j in range(width):
                total[j] += a * np.float32(p[j])
            i += 1


def _columns(rows: Floats, starts: Ints, counts: Ints, weights: Floats, out: Floats) -> None:
    """Sum weighted columns of ``rows`` (64×W) into ``out`` (64×64)."""
    for k in range(0, rows.shape[0], 8):  # eight sums at a time: none waits for its last addition
        r0, r1, r2, r3 = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        r4, r5, r6, r7 = rows[k + 4], rows[k + 5], rows[k + 6], rows[k + 7]
        for m in range(starts.shape[0]):
            t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = np.float32(0)
            start = starts[m]
            for j in range(counts[m]):
                w = weights[m, j]
                i = start + j
                t0 += w * r0[i]
                t1 += w * r1[i]
                t2 += w * r2[i]
                t3 += w * r3[i]
                t4 += w * r4[i]
                t5 += w * r5[i]
                t6 += w * r6[i]
                t7 += w * r7[i]
            out[k, m], out[k + 1, m], out[k + 2, m], out[k + 3, m] = t0, t1, t2, t3
            out[k + 4, m], out[k + 5, m], out[k + 6, m], out[k + 7, m] = t4, t5, t6, t7


def _luma(pixels: Bytes, out: Floats) -> None:
    """Turn RGB (H×W×3) into luma (H×W) in float64, rounded once to float32."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.float32(
                pixels[i, j, 0] * 0.299 + pixels[i, j, 1] * 0.587 + pixels[i, j, 2] * 0.114
            )


def _boxes_along_rows(plane: Floats, left: int, right: int) -> None:
    """Box-filter each row in place, by a running float32 sum in the reference's order."""
    width = plane.shape[1]
    line = np.empty(width, dtype=np.float32)
    for i in range(plane.shape[0]):
        total = np.float32(0)
        count = 0
        for j in range(width):
            line[j] = plane[i, j]
        for j in range(min(right, width)):
            total += line[j]
            count += 1
        for j in range(width):
            if j + right < width:
                total += line[j + right]
                count += 1
            if j - left > 0:
                total -= line[j - left - 1]
                count -= 1
            plane[i, j] = total / np.float32(count)


def _boxes_along_columns(plane: Floats, left: int, right: int) -> None:
    """Box-filter each column likewise; all columns advance together, so memory is read in order."""
    height, width = plane.shape
    total = np.zeros(width, dtype=np.float32)
    passed = np.empty((left + 1, width), dtype=np.float32)  # rows already overwritten
    count = 0
    for i in range(min(right, height)):
        count += 1
        for j in range(width):
            total[j] += plane[i, j]
    for i in range(height):
        slot = passed[i % (left + 1)]
        if i + right < height:
            count += 1
            for j in range(width):
                total[j] += plane[i + right, j]
        if i - left > 0:
            count -= 1
            for j in range(width):
                total[j] -= slot[j]
        size = np.float32(count)
        for j in range(width):
            slot[j] = plane[i, j]
            plane[i, j] = total[j] / size


def _dct(image: Floats, matrix: Floats, half: Floats, out: Floats) -> None:
    """Transform 64×64 to 16×16, sums in the reference's order; ``half`` is 16×64 scratch."""
    for i in range(half.shape[0]):
        for j in range(half.shape[1]):
            half[i, j] = np.float32(0)
        for k in range(image.shape[0]):
            d = matrix[i, k]
            for j in range(half.shape[1]):
                half[i, j] += d * image[k, j]
        for j in range(0, out.shape[1], 4):
            t0 = t1 = t2 = t3 = np.float32(0)
            for k in range(half.shape[1]):
                h = half[i, k]
                t0 += h * matrix[j, k]
                t1 += h * matrix[j + 1, k]
                t2 += h * matrix[j + 2, k]
                t3 += h * matrix[j + 3, k]
            out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3] = t0, t1, t2, t3


sum_rows: Callable[[Bytes, Ints, Ints, Floats, Floats], None] = _compile(
    _rows, _U8, _I1, _I1, _F2R, _F2
)
sum_columns: Callable[[Floats, Ints, Ints, Floats, Floats], None] = _compile(
    _columns, _F2R, _I1, _I1, _F2R, _F2
)
luma: Callable[[Bytes, Floats], None] = _compile(_luma, _RGB, _F2)
box_rows: Callable[[Floats, int, int], None] = _compile(
    _boxes_along_rows, _F2, types.int64, types.int64
)
box_columns: Callable[[Floats, int, int], None] = _compile(
    _boxes_along_columns, _F2, types.int64, types.int64
)
transform: Callable[[Floats, Floats, Floats, Floats], None] = _compile(_dct, _F2R, _F2R, _F2, _F2)

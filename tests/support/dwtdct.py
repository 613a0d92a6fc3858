"""Embeds a public dwtDct payload as the generators' own scripts do. For tests and benchmarks only.

Follows ShieldMnt/invisible-watermark (imwatermark/maxDct.py) step by step, slips included: the
detail bands come back exchanged, and 8-bit values are cut off, not rounded.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SCALE = 36.0
Array = NDArray[np.float64]


def embed(
    rgb: NDArray[np.uint8], payload: Sequence[int], *, floating: bool = False, order: str = "BGR"
) -> NDArray[np.uint8]:
    """Return H×W×3 with the payload in its U plane.

    ``floating``: the picture is handed over as floating point, as the scripts of SDXL and FLUX do;
    False: as bytes, as those of Stable Diffusion 1 and 2 do. ``order``: of the colours that the
    library is given; it expects BGR, and some callers hand over RGB.
    """
    given = rgb[..., ::-1] if order == "BGR" else rgb
    given = np.ascontiguousarray(given).astype(np.float32 if floating else np.uint8)
    yuv = cv2.cvtColor(given, cv2.COLOR_BGR2YUV)
    height, width = rgb.shape[0] // 4 * 4, rgb.shape[1] // 4 * 4
    plane = _mark(yuv[:height, :width, 1].astype(np.float64), payload)
    if floating:
        yuv[:height, :width, 1] = plane
    else:
        yuv[:height, :width, 1] = (np.trunc(plane).astype(np.int64) % 256).astype(np.uint8)
    marked = cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR)
    out = np.clip(np.rint(marked), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(out[..., ::-1] if order == "BGR" else out)


def _mark(plane: Array, payload: Sequence[int]) -> Array:
    a, b, c, d = plane[0::2, 0::2], plane[0::2, 1::2], plane[1::2, 0::2], plane[1::2, 1::2]
    low = (a + b + c + d) / 2
    rows, columns, diagonal = (a + b - c - d) / 2, (a - b + c - d) / 2, (a - b - c + d) / 2
    number = 0
    for top in range(0, low.shape[0] // 4 * 4, 4):
        for left in range(0, low.shape[1] // 4 * 4, 4):
            block = low[top : top + 4, left : left + 4]
            at = np.unravel_index(int(np.abs(block.ravel()[1:]).argmax()) + 1, block.shape)
            bit = payload[number % len(payload)]
            size = (abs(block[at]) // SCALE + 0.25 + 0.5 * bit) * SCALE
            block[at] = size if block[at] >= 0 else -size
            number += 1
    rows, columns = columns, rows  # as the library hands them back
    out = np.empty_like(plane)
    out[0::2, 0::2] = (low + rows + columns + diagonal) / 2
    out[0::2, 1::2] = (low + rows - columns - diagonal) / 2
    out[1::2, 0::2] = (low - rows + columns - diagonal) / 2
    out[1::2, 1::2] = (low - rows - columns + diagonal) / 2
    return out

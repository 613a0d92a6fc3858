"""Does the thumbnail in the EXIF block show the picture it sits in?

Small grey versions are compared by correlation over the eight orientations and three ways of
fitting (bars removed, thumbnail cut from the middle, squeezed). Only a clear "no" is a no: a
flat picture, a small or damaged thumbnail and everything between the two thresholds is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.media.decode import open_picture

Grey = NDArray[np.float32]  # H×W, 0–255

SAME = 0.80  # correlation from which both show the same picture
OTHER = 0.40  # correlation below which they show different ones
_SIDE = 24  # samples a side
_SMALLEST = 32  # pixels: below, a thumbnail shows nothing
_FLAT = 6.0  # standard deviation of grey values below which correlation means nothing
_BAR = 4.0  # standard deviation inside one line of a uniform bar


@dataclass(frozen=True, slots=True)
class ThumbnailCheck:
    agrees: bool | None  # None: could not be told
    correlation: float | None  # best over all orientations and fits, -1 to 1


def check_thumbnail(jpeg: bytes, luma: NDArray[np.uint8]) -> ThumbnailCheck:
    """Compare a thumbnail (JPEG) with a picture's luma (H×W, stored orientation)."""
    try:
        small = open_picture(jpeg, "image/jpeg").luma()
    except (NotApplicable, Malformed, LimitReached):
        return ThumbnailCheck(None, None)
    return compare(small, luma)


def compare(small: NDArray[np.uint8], luma: NDArray[np.uint8]) -> ThumbnailCheck:
    """Compare two pictures' luma; see the module's description."""
    if min(small.shape) < _SMALLEST or min(luma.shape) < _SMALLEST:
        return ThumbnailCheck(None, None)
    thumb = without_bars(small.astype(np.float32))
    picture = without_bars(_reduced(luma))
    best = -1.0
    told = False
    for fitted_thumb, fitted_picture in _fits(thumb, picture):
        a, b = _sampled(fitted_thumb), _sampled(fitted_picture)
        if a.std() < _FLAT or b.std() < _FLAT:
            continue
        told = True
        best = max(best, *(_correlation(a, turned) for turned in _orientations(b)))
    if not told:
        return ThumbnailCheck(None, None)
    agrees = True if best >= SAME else False if best < OTHER else None
    return ThumbnailCheck(agrees, round(best, 3))


def without_bars(grey: Grey) -> Grey:
    """Cut uniform lines off the edges (letterboxing), at most a third of each side."""
    top, bottom = _uniform_edges(grey)
    left, right = _uniform_edges(grey.T)
    return grey[top : grey.shape[0] - bottom, left : grey.shape[1] - right]


def _uniform_edges(grey: Grey) -> tuple[int, int]:
    bound = grey.shape[0] // 3
    # The middle of each line: JPEG blurs a bar's ends into the picture beside it
    flat = grey.std(axis=1) < _BAR
    level = grey.mean(axis=1)
    first = int(np.argmin(np.append(flat[:bound] & (abs(level[:bound] - level[0]) < 8), False)))
    reversed_flat, reversed_level = flat[::-1][:bound], level[::-1][:bound]
    last = int(np.argmin(np.append(reversed_flat & (abs(reversed_level - level[-1]) < 8), False)))
    return first, last


def _fits(thumb: Grey, picture: Grey) -> Iterator[tuple[Grey, Grey]]:
    yield thumb, picture  # the same field, perhaps squeezed
    for turned in (picture, picture.T):
        aspect = turned.shape[1] / turned.shape[0]
        yield _centre(thumb, aspect), turned  # thumbnail shows more: bars that were not uniform
        yield thumb, _centre(turned, thumb.shape[1] / thumb.shape[0])  # … or the middle only


def _centre(grey: Grey, aspect: float) -> Grey:
    """Cut the largest middle part of the given width ÷ height."""
    height, width = grey.shape
    if width > height * aspect:
        wide = max(1, round(height * aspect))
        start = (width - wide) // 2
        return grey[:, start : start + wide]
    high = max(1, round(width / aspect))
    start = (height - high) // 2
    return grey[start : start + high]


def _orientations(grey: Grey) -> Iterator[Grey]:
    for quarter in range(4):
        turned = np.rot90(grey, quarter)
        yield turned
        yield np.fliplr(turned)


def _reduced(luma: NDArray[np.uint8]) -> Grey:
    """Average blocks so that no side much exceeds 512 samples."""
    factor = max(1, max(luma.shape) // 512)
    height, width = (side // factor * factor for side in luma.shape)
    if factor == 1 or not height or not width:
        return luma.astype(np.float32)
    blocks = luma[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32), np.float32)


def _sampled(grey: Grey) -> Grey:
    """Average into a square of ``_SIDE`` samples."""
    return _bins(_bins(grey).T).T


def _bins(grey: Grey) -> Grey:
    edges = np.linspace(0, grey.shape[0], _SIDE + 1)
    starts = np.minimum(edges[:-1].astype(int), grey.shape[0] - 1)
    ends = np.maximum(edges[1:].astype(int), starts + 1)
    total = np.vstack([np.zeros((1, grey.shape[1]), np.float32), np.cumsum(grey, axis=0)])
    means = (total[ends] - total[starts]) / (ends - starts)[:, None]
    return np.asarray(means, np.float32)


def _correlation(a: Grey, b: Grey) -> float:
    x, y = a - a.mean(), b - b.mean()
    return float((x * y).sum() / max(1e-9, float(np.sqrt((x * x).sum() * (y * y).sum()))))

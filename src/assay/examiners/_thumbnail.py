"""Does the thumbnail in the EXIF block show the picture it sits in?

Small grey versions are compared by correlation, once as they are and once with broad light and
shade removed (any two outdoor pictures share a bright sky), over the eight orientations and the
ways in which a thumbnail is fitted: bars, the middle only, squeezed. Only a clear "no" is a no: a
flat picture, a tiny or damaged thumbnail and everything between the thresholds is unknown.

Measured on 84 real files with thumbnails: 83 agree, one (a forgery) is unclear; of 462 swapped
pairs 93 % are told apart and none agrees; of the real ones cropped by up to 20 % none is called
another picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.media.bars import trim_bars
from assay.media.decode import open_picture

Grey = NDArray[np.float32]  # H×W, 0–255

SAME = 0.65  # correlation of the details from which both show the same picture
OTHER = 0.35  # … below which they show different ones, if the whole is below OTHER_WHOLE as well
SAME_WHOLE = 0.92
OTHER_WHOLE = 0.65
_SIDE = 24  # samples a side
_BROAD = 5  # samples: radius of the mean that is taken away
_SHARES = (0.9, 0.8, 0.7, 0.6, 0.5)  # of the sides, that a crop may have left
_STEP = 0.05  # of the sides, between two places where the part is looked for
_PART = 0.5  # correlation of the details from which the picture may be that part
_SMALLEST = 32  # pixels: below, a thumbnail shows nothing
_FLAT = 6.0  # standard deviation of grey values below which correlation means nothing


@dataclass(frozen=True, slots=True)
class ThumbnailCheck:
    agrees: bool | None  # None: could not be told
    correlation: float | None = None  # of the details, best of all fits, -1 to 1


def check_thumbnail(jpeg: bytes, luma: NDArray[np.uint8]) -> ThumbnailCheck:
    """Compare a thumbnail (JPEG) with a picture's luma (H×W, stored orientation)."""
    try:
        small = open_picture(jpeg, "image/jpeg").luma()
    except (NotApplicable, Malformed, LimitReached):
        return ThumbnailCheck(None)
    return compare(small, luma)


def compare(small: NDArray[np.uint8], luma: NDArray[np.uint8]) -> ThumbnailCheck:
    """Compare two pictures' luma; see the module's description."""
    if min(small.shape) < _SMALLEST or min(luma.shape) < _SMALLEST:
        return ThumbnailCheck(None)
    whole, details = [], []
    for thumb, picture in _fits(small.astype(np.float32), _reduced(luma)):
        a, b = _sampled(thumb), _sampled(picture)
        if a.std() < _FLAT or b.std() < _FLAT:
            continue
        whole.append(_best(a, b))
        details.append(_best(_details(a), _details(b)))
        if details[-1] >= SAME:
            return ThumbnailCheck(True, round(details[-1], 3))
    if not details:
        return ThumbnailCheck(None)
    best, best_whole = max(details), max(whole)
    agrees: bool | None = None
    if best_whole >= SAME_WHOLE:
        agrees = True
    elif best < OTHER and best_whole < OTHER_WHOLE and not _is_cut(small, luma):
        agrees = False
    return ThumbnailCheck(agrees, round(best, 3))


def _is_cut(small: NDArray[np.uint8], luma: NDArray[np.uint8]) -> bool:
    """Tell whether the picture may be a part of what the thumbnail shows: a crop of the same."""
    thumb = trim_bars(small.astype(np.float32))
    wanted = _details(_sampled(_reduced(luma)))
    height, width = thumb.shape
    for share in _SHARES:
        high, wide = int(height * share), int(width * share)
        steps = round((1 - share) / _STEP)
        for row in range(steps + 1):
            top = round((height - high) * row / steps)
            for column in range(steps + 1):
                left = round((width - wide) * column / steps)
                part = thumb[top : top + high, left : left + wide]
                if _best(wanted, _details(_sampled(part))) >= _PART:
                    return True
    return False


def _fits(thumb: Grey, picture: Grey) -> Iterator[tuple[Grey, Grey]]:
    """Yield the ways in which a thumbnail may cover the picture, likeliest first."""
    yield thumb, picture  # the same field, perhaps squeezed
    bare_thumb, bare_picture = trim_bars(thumb), trim_bars(picture)
    yield bare_thumb, picture
    yield bare_thumb, bare_picture
    for turned in (picture, picture.T):
        yield _centre(thumb, turned.shape[1] / turned.shape[0]), turned  # bars not quite uniform
        yield thumb, _centre(turned, thumb.shape[1] / thumb.shape[0])  # the middle only


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


def _reduced(luma: NDArray[np.uint8]) -> Grey:
    """Average blocks so that no side much exceeds 512 samples."""
    factor = max(1, max(luma.shape) // 512)
    height, width = (side // factor * factor for side in luma.shape)
    if factor == 1 or not height or not width:
        return luma.astype(np.float32)
    # whole sums: the same means as over blocks at once, which numpy takes far longer for
    rows = luma[:height, :width].reshape(height // factor, factor, width)
    sums = rows.sum(axis=1, dtype=np.uint16 if factor <= 257 else np.uint32)  # 257·255 = 65535
    total = sums[:, ::factor].astype(np.float32)
    for column in range(1, factor):
        total += sums[:, column::factor]
    return np.asarray(total / (factor * factor), np.float32)


def _sampled(grey: Grey) -> Grey:
    """Average into a square of ``_SIDE`` samples."""
    height, width = grey.shape
    return np.asarray(_weights(height) @ grey @ _weights(width).T, np.float32)


@lru_cache(maxsize=64)
def _weights(length: int) -> Grey:
    """Return the weight of each line in each sample: ``_SIDE``×length, every row adds up to 1."""
    edges = np.linspace(0, length, _SIDE + 1)
    starts = np.minimum(edges[:-1].astype(int), length - 1)[:, None]
    ends = np.maximum(edges[1:].astype(int)[:, None], starts + 1)
    line = np.arange(length)
    return np.asarray(((starts <= line) & (line < ends)) / (ends - starts), np.float32)


def _details(grey: Grey) -> Grey:
    """Take the mean of each sample's surroundings away; beyond the edge, the edge goes on."""
    return np.asarray(grey - _SURROUNDINGS @ grey @ _SURROUNDINGS.T, np.float32)


def _surroundings() -> Grey:
    padded = np.pad(np.eye(_SIDE, dtype=np.float32), ((_BROAD, _BROAD), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _BROAD + 1, axis=0)
    return np.asarray(windows.mean(axis=-1), np.float32)


_SURROUNDINGS = _surroundings()  # what each sample takes from the others along one side


def _best(a: Grey, b: Grey) -> float:
    """Return the highest correlation over the eight orientations."""
    x, y = a - a.mean(), b - b.mean()
    size = float(np.sqrt((x * x).sum() * (y * y).sum()))
    if size < 1e-6:
        return 0.0
    turns = [np.rot90(y, quarter) for quarter in range(4)]
    return max(float((x * t).sum()) for y_ in turns for t in (y_, np.fliplr(y_))) / size

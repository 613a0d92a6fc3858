"""Bands of text above and below a picture, as memes and screenshots have them.

A caption is a band of one background with marks on it, which ends at a clear seam over the whole
width. Whole numbers alone: the same answer everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.media.lines import SAMPLES, Lines, apart

_FEW = 3  # rows at the edge that tell the background
_ENDS = [0, 1, SAMPLES - 2, SAMPLES - 1]  # samples of a row that text does not reach
_SAME = 16  # grey values that the background may vary by
_MARK = 48  # grey values from which something stands out from it
_LEAST, _MOST = 3, 45  # per cent of the height that a caption takes
_CLEAN = 112  # samples of 128: the row before the seam shows the background in at least so many
_PICTURE = 64  # samples of 128: the row behind it shows it in at most so many
_BLUR = 2  # rows that a seam is spread over on either side
_THIN, _THICK = 4, 350  # per mille of the band that marks cover


def captions(rows: Lines) -> tuple[int, int]:
    """Return how many of a picture's rows a caption takes at the top and at the bottom, or 0."""
    return _band(rows.samples), _band(rows.samples[:, ::-1])


def _band(samples: NDArray[np.uint8]) -> int:
    """Return the height of a caption at the first of N rows (128×N)."""
    count = samples.shape[1]
    bound = count * _MOST // 100
    if bound < 4 * _BLUR:
        return 0
    ends = samples[_ENDS, :bound]
    grey = np.sort(ends[:, :_FEW], axis=None)[ends.shape[0] * _FEW // 2]
    margin = apart(ends, grey).max(axis=0) <= _SAME
    free = bound if margin.all() else int(margin.argmin())  # rows
    if free * 100 < _LEAST * count:
        return 0
    away = apart(samples[:, : free + _BLUR], grey)
    same = np.count_nonzero(away <= _SAME, axis=0)
    # The seam lies between a clean row and one of the picture, a blurred one or two between them.
    # The last such place counts: below a row of text there are others.
    ended = np.flatnonzero((same[:-_BLUR] >= _CLEAN) & (same[_BLUR:] <= _PICTURE))
    height = int(ended[-1]) + 1 if len(ended) else 0
    if height * 100 < _LEAST * count:
        return 0
    marked = int(np.count_nonzero(away[:, :height] > _MARK))
    return height if _THIN <= marked * 1000 // (height * SAMPLES) <= _THICK else 0

"""The panels of a collage: cut along uniform separators, and along seams where pictures meet.

A panel may be cut apart wrongly, so what the panels were cut from is given besides. Whole numbers
alone: the same answer everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from assay.media.lines import SECTIONS, Box, Lines, Sampled

SMALLEST = 64  # pixels: a panel's shorter side
SHARE = 16  # a panel is at least one part in so many of the picture
_DEEP = 3  # cuts inside cuts: rows, columns in a row, rows in such a column

_WIDE = 6  # a separator takes at most one part in so many of the side
_SPREAD = 3  # grey values that one line of it varies by, on average
_SPREAD_INSIDE = 4  # … inside what has been cut already: a collage it is
_LEVEL = 12  # grey values that the lines of one separator differ by
_STEP = 12  # grey values between a separator and the panels beside it
_MET = SECTIONS // 4  # sections in which that must show, on both sides
_BLUR = 3  # lines from a separator to where the panel is clear of it

# Where collages are cut without a line, as parts of a side; the mean score of ``Lines.seams`` that
# such seams need, and the score that each of them needs.
_LAYOUTS: tuple[tuple[tuple[tuple[int, int], ...], int, int], ...] = (
    (((1, 4), (2, 4), (3, 4)), 225, 125),
    (((1, 3), (2, 3)), 225, 125),
    (((1, 2),), 225, 225),
    (((1, 3),), 300, 300),
    (((2, 3),), 300, 300),
)
_ANYWHERE = 425  # elsewhere
_NEAR = 64  # such a seam lies at most one part in so many of the side beside its place
_INSIDE = 2, 3  # of these scores, inside what has been cut already

Gap = tuple[int, int]  # first line between two panels, first line of the second


def panels(picture: Sampled, box: Box) -> tuple[list[Box], list[Box]]:
    """Return the panels of a box, and what of it was cut more than once; alone, it is one."""
    done: list[Box] = []
    cut_again: list[Box] = []
    level = [_framed(picture, box)]
    least = picture.luma.size // SHARE
    for depth in range(_DEEP):
        following: list[Box] = []
        for each in level:
            pieces = [p for p in _pieces(picture, each, depth) if p[2] * p[3] >= least]
            (cut_again if pieces else done).append(each)
            following += pieces
        level = following
    return sorted(done + level, key=lambda each: (each[1], each[0])), cut_again[1:]


def _framed(picture: Sampled, box: Box) -> Box:
    """Return a box without what frames it on opposite sides: on one alone it is a panel's own."""
    rows, columns = picture.lines(box)
    (top, bottom), (left, right) = _frame(rows), _frame(columns)
    return box[0] + left, box[1] + top, right - left, bottom - top


def _frame(lines: Lines) -> tuple[int, int]:
    """Return where lines begin and end without the uniform ones at both ends."""
    plain, count = lines.uniform(_SPREAD), lines.count
    if plain.all() or not (plain[0] and plain[-1]):
        return 0, count
    first, last = int(plain.argmin()), count - int(plain[::-1].argmin())
    if last - first < SMALLEST:
        return 0, count
    return _begins(lines, first), _ends(lines, last)


def _pieces(picture: Sampled, box: Box, depth: int) -> Iterator[Box]:
    """Yield what one cut, or several side by side, makes of a box; nothing where there is none."""
    x, y, width, height = box
    if max(width, height) < 2 * SMALLEST or min(width, height) < SMALLEST:
        return
    across, along = picture.lines(box)
    rows, columns = _separators(across, depth), _separators(along, depth)
    if not rows and not columns:
        (rows, sure), (columns, surer) = _seams(across, depth), _seams(along, depth)
        if rows and columns:
            rows = rows if sure >= surer else []
    if rows:
        for first, last in _between(rows, height):
            yield x, y + first, width, last - first
    elif columns:
        for first, last in _between(columns, width):
            yield x + first, y, last - first, height


def _between(gaps: list[Gap], length: int) -> Iterator[tuple[int, int]]:
    """Yield where the panels between gaps begin and end; the first and the last reach the ends."""
    begins = [0, *(end for _, end in gaps)]
    ends = [*(first for first, _ in gaps), length]
    for first, last in zip(begins, ends, strict=True):
        if last - first >= SMALLEST:
            yield first, last


def _separators(lines: Lines, depth: int) -> list[Gap]:
    """Return the uniform stretches of lines that panels end at on both sides."""
    plain = lines.uniform(_SPREAD_INSIDE if depth else _SPREAD)
    grey = lines.means.astype(np.int16)
    found: list[Gap] = []
    edges = np.flatnonzero(plain[1:] != plain[:-1]) + 1
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        inside = first >= SMALLEST and end <= lines.count - SMALLEST
        if not plain[first] or not inside or end - first > lines.count // _WIDE:
            continue
        level = int(grey[(first + end) // 2])
        if np.abs(grey[first:end] - level).max() > _LEVEL:
            continue
        beside = first - _BLUR, end + _BLUR - 1
        if all(lines.covered(line, level, _STEP) >= _MET for line in beside):
            found.append((_ends(lines, first), _begins(lines, end)))
    return found


def _begins(lines: Lines, line: int) -> int:
    """Return where a panel begins, clear of blur, behind uniform lines that end at a line."""
    return line + int(lines.steps[line : line + _BLUR + 1].argmax())


def _ends(lines: Lines, line: int) -> int:
    """Return where a panel ends, clear of blur, before uniform lines that begin at a line."""
    first = max(0, line - _BLUR)
    return first + int(lines.steps[first : line + 1].argmax())


def _seams(lines: Lines, depth: int) -> tuple[list[Gap], int]:
    """Return the places where pictures meet without a line between them, and their mean score."""
    count = lines.count
    if count < 2 * SMALLEST:
        return [], 0
    scores = lines.seams.copy()
    scores[:SMALLEST] = scores[count - SMALLEST + 1 :] = 0
    number, of = _INSIDE if depth else (1, 1)
    for layout, mean, least in _LAYOUTS:
        places = [_best(scores, count * n // d, count // _NEAR) for n, d in layout]
        met = [int(scores[place]) for place in places]
        if min(met) * of < least * number or sum(met) * of < mean * number * len(met):
            continue
        if not any(lines.goes_on(place) for place in places):
            return [_meeting(lines, place) for place in places], sum(met) // len(met)
    place = int(scores.argmax())
    if int(scores[place]) * of >= _ANYWHERE * number and not lines.goes_on(place):
        return [_meeting(lines, place)], int(scores[place])
    return [], 0


def _best(scores: NDArray[np.int32], place: int, near: int) -> int:
    first = place - near
    return first + int(scores[first : place + near + 1].argmax())


def _meeting(lines: Lines, place: int) -> Gap:
    """Return exactly where two pictures meet: a seam scores high on both sides of it too."""
    exact = place - 1 + int(lines.steps[place - 1 : place + 2].argmax())
    return exact, exact

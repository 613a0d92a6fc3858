"""Parts of a picture that may be pictures of their own: without bars or caption, and panels.

A list holds the picture as it was, a copy may have got a frame or a line of text, or stand in a
collage. Where the marks of that are plain, ``parts`` names the rectangles to be hashed besides the
whole. It looks at grey values alone, in whole numbers: the same answer everywhere. What it misses
is only not asked for; what it names wrongly is one more question. Measured: docs/reference/pdq.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.media.bars import bars
from assay.media.caption import captions
from assay.media.lines import Box, Sampled
from assay.media.panels import panels

MOST = 10  # parts of a picture
PANELS = 9
_LEAST = 32  # pixels: the shorter side of a part that is no panel
_LONGEST = 1 << 15  # pixels: a longer side is nothing that somebody laid out
_WORTH = 50  # bars count where one part in so many of a side goes
_ROUNDS = 2  # ``bars`` takes a third; a wide picture on an upright screen has more of them


@dataclass(frozen=True, slots=True)
class Part:
    name: str  # "without bars", "without caption", "panel 1" …
    box: Box  # x, y, width, height in pixels, inside the picture


def parts(luma: NDArray[np.uint8]) -> Iterator[Part]:
    """Yield up to ``MOST`` parts of H×W grey values, 0–255; of most pictures none.

    A caption or a panel may be named twice, first as it was cut, then without bars of its own: a
    picture's white ground looks like the collage's.
    """
    height, width = luma.shape
    if min(height, width) < _LEAST or max(height, width) > _LONGEST:
        return
    picture, whole = Sampled(luma), (0, 0, width, height)
    bare = _bare(picture, whole)
    if bare is None:
        return
    found = [Part("without bars", bare)] if _is_worth(whole, bare) else []
    inner = _without_caption(picture, whole)
    if inner is None and found:
        inner = _without_caption(picture, bare)
    if inner is not None:
        found += _and_bare(picture, Part("without caption", inner))
    yield from found
    boxes, cut_again = panels(picture, inner or whole)
    boxes = [box for box in boxes if _bare(picture, box) is not None]  # a bar is no panel
    if len(boxes) > 1:
        boxes = [*boxes, *cut_again][:PANELS]
        named = [Part(f"panel {number}", box) for number, box in enumerate(boxes, 1)]
        named += [each for panel in named for each in _and_bare(picture, panel)[1:]]
        yield from named[: min(PANELS, MOST - len(found))]


def _and_bare(picture: Sampled, part: Part) -> list[Part]:
    """Return a part, and the same without its bars where it has some."""
    bare = _bare(picture, part.box)
    return [part, Part(part.name, bare)] if bare and _is_worth(part.box, bare) else [part]


def _bare(picture: Sampled, box: Box) -> Box | None:
    """Return a box without its bars; None where nothing is left that is not uniform."""
    more = [True] * 4  # of the four sides: a third went, there may be more
    for _ in range(_ROUNDS):
        x, y, width, height = box
        sides = (height, height, width, width)
        found = bars(picture.cut(box))
        taken = [part if wanted else 0 for part, wanted in zip(found, more, strict=True)]
        more = [0 < part == side // 3 for part, side in zip(taken, sides, strict=True)]
        top, bottom, left, right = taken
        box = x + left, y + top, width - left - right, height - top - bottom
        if not any(more):
            return box
    return None if all(more[:2]) or all(more[2:]) or min(box[2:]) < _LEAST else box


def _is_worth(whole: Box, box: Box) -> bool:
    """Tell whether enough of a side went for another hash."""
    gone = (whole[2] - box[2], whole[3] - box[3])
    return gone[0] * _WORTH >= whole[2] or gone[1] * _WORTH >= whole[3]


def _without_caption(picture: Sampled, box: Box) -> Box | None:
    """Return a box without the bands of text above and below; None where it has none."""
    top, bottom = captions(picture.lines(box)[0])
    x, y, width, height = box
    if not top + bottom or height - top - bottom < _LEAST:
        return None
    return x, y + top, width, height - top - bottom

"""The structure rules of DESIGN §5: what the size and container of a file say of its camera text.

Pure functions over sizes in pixels. A swap of width and height is never a difference: software
that turns a picture often leaves the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

Size = tuple[int, int]  # width, height in pixels

TOLERANCE = 0.01  # DESIGN §5: proportions differ by more than 1 %
_ROUNDING = 1.0  # pixel: a scaled side is rounded


class SizeRelation(StrEnum):
    """How the picture's size stands to the size that EXIF states."""

    UNKNOWN = "unknown"  # EXIF states none, or the picture could not be measured
    SAME = "same"
    SMALLER = "smaller"  # in the same proportions
    LARGER = "larger"  # in the same proportions
    OTHER = "other proportions"


@dataclass(frozen=True, slots=True)
class SizeCheck:
    relation: SizeRelation
    stated: Size | None = None  # what EXIF states, the entry that fits best
    off: float = 0.0  # relative difference of the proportions


_BEST = (SizeRelation.SAME, SizeRelation.SMALLER, SizeRelation.LARGER, SizeRelation.OTHER)


def check_size(actual: Size | None, stated: Iterable[Size]) -> SizeCheck:
    """Compare the picture with every size that EXIF states; the one that fits best decides."""
    if actual is None or min(actual) < 1:
        return SizeCheck(SizeRelation.UNKNOWN)
    checks = [_compare(actual, size) for size in stated]
    return min(
        checks,
        key=lambda c: (_BEST.index(c.relation), c.off),
        default=SizeCheck(SizeRelation.UNKNOWN),
    )


def _compare(actual: Size, stated: Size) -> SizeCheck:
    turned = (stated[1], stated[0])
    if actual in (stated, turned):
        return SizeCheck(SizeRelation.SAME, stated)
    off = min(proportions_off(actual, stated), proportions_off(actual, turned))
    if off > TOLERANCE:
        return SizeCheck(SizeRelation.OTHER, stated, off)
    smaller = actual[0] * actual[1] < stated[0] * stated[1]
    return SizeCheck(SizeRelation.SMALLER if smaller else SizeRelation.LARGER, stated, off)


def proportions_off(actual: Size, stated: Size) -> float:
    """Return the relative difference of the proportions that rounding to pixels cannot explain."""
    width, height = actual
    expected = width * stated[1] / stated[0]  # height at this width
    slack = _ROUNDING * (1 + stated[1] / stated[0])  # both sides were rounded
    return max(0.0, abs(expected - height) - slack) / max(height, 1)


def is_part(actual: Size | None, stated: Size | None) -> bool:
    """Tell whether a picture could be cut out of the stated size, in either orientation."""
    if actual is None or stated is None:
        return False
    fits = any(
        actual[0] <= wide and actual[1] <= high for wide, high in (stated, (stated[1], stated[0]))
    )
    return fits and actual[0] * actual[1] < stated[0] * stated[1]

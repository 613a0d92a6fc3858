"""Could a camera have written these exposure values and this position? Odd ones are named.

Facts for a person to look at, of level N: firmware has errors, adapters hide lenses, and values
inside every range are as easily invented. Ranges are far beyond what is sold; sources beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assay.media.tiff import Exif


@dataclass(frozen=True, slots=True)
class Range:
    """A numeric EXIF field and what any camera could write into it."""

    field: str
    low: float
    high: float
    unit: str
    why: str


# CIPA DC-008 4.6.6: units. Bounds: one stop and more beyond the extremes of cameras on sale
RANGES = (
    Range("ExposureTime", 1 / 200_000, 86_400, "s", "electronic shutters end near 1/180,000 s"),
    Range("FNumber", 0.5, 512, "", "f/0.7 lenses, pinhole adapters of f/256"),
    Range("ISO", 1, 10_000_000, "", "ISO 4,560,000 (Canon ME20F)"),
    Range("FocalLength", 0.5, 6000, "mm", "phone cameras of 1 mm, telescopes of metres"),
    Range("FocalLengthIn35mmFilm", 4, 20_000, "mm", "circular fisheyes, small-sensor zooms"),
)
_STOPS = 1.2  # APEX values are rounded to thirds or halves; one camera in a hundred to whole stops


def odd_values(exif: Exif) -> tuple[str, ...]:
    """Return a sentence for each value that no camera would write, or that two fields deny."""
    return tuple(_odd(exif))


def _odd(exif: Exif) -> Iterator[str]:
    for row in RANGES:
        value = exif.number(row.field)
        # zero means "unknown" to many cameras
        if value and not row.low <= value <= row.high:
            yield f"{row.field} of {value:g} {row.unit}".rstrip()
    yield from _apex(exif, "ExposureTime", "ShutterSpeedValue", lambda time: -math.log2(time))
    yield from _apex(exif, "FNumber", "ApertureValue", lambda number: 2 * math.log2(number))
    for name, bound in (("GPSLatitude", 90), ("GPSLongitude", 180)):
        degrees = exif.number(name, "GPS")
        if degrees is not None and not 0 <= degrees <= bound:
            yield f"{name} of {degrees:g} degrees"


def _apex(exif: Exif, plain: str, apex: str, to_apex: Callable[[float], float]) -> Iterator[str]:
    number, value = exif.number(plain), exif.number(apex)
    if not number or number <= 0 or not value:  # 0 stands for unknown
        return
    if abs(number - value) <= 0.01 * number:  # firmware that writes the plain value twice
        return
    expected = to_apex(number)
    if abs(expected - value) > _STOPS:
        yield f"{plain} {number:g} and {apex} {value:g} differ by {abs(expected - value):.1f} stops"

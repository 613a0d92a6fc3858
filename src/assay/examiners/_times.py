"""Do the times in a file stand in the order in which a camera and its heirs write them?

A picture is taken, then digitised, then changed; a position fix is made about when it is taken.
Clocks know no zone, so nothing counts that two zones could explain. A wrong order is a fact about
clocks or about who wrote the text; it never changes a level.
Source: CIPA DC-008 (Exif) 4.6.5 D and 4.6.6; XMP part 1, 8.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from assay.core.slots import SlotKind, Walk
from assay.media.tiff import Exif, read_exif
from assay.media.xmp import read_xmp

ZONES = timedelta(hours=26)  # between UTC-12 and UTC+14
_STAMP = re.compile(r"^(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?", re.ASCII)
_DAY = re.compile(r"^(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)", re.ASCII)
_FIRST_YEAR = 1995  # of pictures with EXIF; before it a clock was never set, or film was scanned


@dataclass(frozen=True, slots=True)
class TimeDoubt:
    """Two times in the wrong order, or one that cannot be."""

    text: str
    locator: str


def moment(text: str | None) -> datetime | None:
    """Return an EXIF or XMP time without its zone; None where blank, zero or impossible."""
    match = _STAMP.match(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        # UTC stands for "the clock of whoever wrote it": only differences are looked at
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def time_doubts(walk: Walk, evaluation_date: str) -> tuple[TimeDoubt, ...]:
    """Return what is wrong with the times of a file's EXIF and XMP, each once."""
    found: dict[str, TimeDoubt] = {}
    for slot in walk.slots:
        if slot.kind is SlotKind.EXIF:
            for text in _exif(read_exif(slot.data), evaluation_date):
                found.setdefault(text, TimeDoubt(text, slot.locator))
        elif slot.kind is SlotKind.XMP:
            read = read_xmp(slot.data)
            taken = moment(read.first("exif:DateTimeOriginal"))
            changed = moment(read.first("xmp:ModifyDate"))
            for text in _order("XMP", taken, ("was changed", changed)):
                found.setdefault(text, TimeDoubt(text, slot.locator))
    return tuple(found.values())


def _exif(exif: Exif, evaluation_date: str) -> Iterator[str]:
    taken = moment(exif.text("DateTimeOriginal"))
    if taken is None or taken.year < _FIRST_YEAR:
        return
    yield from _order(
        "EXIF",
        taken,
        ("was digitised", moment(exif.text("DateTimeDigitized"))),
        ("was changed", moment(exif.text("DateTime", "IFD0"))),
    )
    fix = _fix(exif)
    if fix is not None and abs((taken.date() - fix).days) > 2:
        yield f"the position was fixed on {fix}, the picture taken on {taken.date()}"
    if taken.date() > date.fromisoformat(evaluation_date) + timedelta(days=1):
        yield f"taken {_shown(taken)}, later than the evaluation date {evaluation_date}"


def _order(
    where: str, taken: datetime | None, *later: tuple[str, datetime | None]
) -> Iterator[str]:
    for what, when in later:
        if taken is None or when is None or when.year < _FIRST_YEAR:
            continue
        if when + ZONES < taken:
            yield (
                f"{where} says that the picture {what} {_shown(when)},"
                f" before it was taken {_shown(taken)}"
            )


def _fix(exif: Exif) -> date | None:
    """Return the day of the position fix, UTC; receivers without one write zeros or 1980."""
    match = _DAY.match(exif.text("GPSDateStamp", "GPS") or "")
    if match is None or int(match[1]) < _FIRST_YEAR:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def _shown(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S")

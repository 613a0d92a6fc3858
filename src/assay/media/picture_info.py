"""Reads the "[picture info]" text that cameras of the 1990s wrote into the APP12 segment.

Olympus, Agfa, Epson and Sanyo wrote it before and beside EXIF: lines of ``Name=value`` in
sections. Names as listed at https://exiftool.org/TagNames/APP12.html (PictureInfo).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

_MARK = b"[picture info]"
_MAX_TEXT = 1 << 14  # bytes
_MAX_LINES = 256
_OLDEST, _NEWEST = 788918400, 4102444800  # 1995-2100, seconds since 1970
_SIZE = re.compile(r"^(\d{2,5})[-xX*](\d{2,5})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """What the text states; None where it says nothing."""

    make: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    taken_at: str | None = None  # ISO 8601 without zone: the camera's clock
    size: tuple[int, int] | None = None  # width and height in pixels
    exposure: dict[str, float] = field(default_factory=dict)  # seconds, f-number


def is_picture_info(data: bytes) -> bool:
    """Tell whether the payload of an APP12 segment holds such a text."""
    return _MARK in data[:128]


def read_picture_info(data: bytes) -> PictureInfo:
    """Return what the text states; what is damaged is left out, nothing is raised."""
    if not is_picture_info(data):
        return PictureInfo()
    head, _, rest = data[:_MAX_TEXT].partition(_MARK)
    lines = rest.decode("latin-1").splitlines()[:_MAX_LINES]
    fields: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and value.strip():
            fields.setdefault(name.strip().lower(), value.strip("\0 \t")[:120])
    make = head.partition(b"\0")[0].decode("latin-1").strip()[:120]
    if not make:  # "ID=OLYMPUS DIGITAL CAMERA"
        make = fields.get("id", "").partition(" DIGITAL")[0].strip()
    return PictureInfo(
        make=make or None,
        model=fields.get("type"),
        serial=fields.get("serial#"),
        firmware=fields.get("version"),
        taken_at=_time(fields.get("timedate", "")),
        size=_size(fields.get("imagesize", "")),
        exposure=_exposure(fields),
    )


def _time(text: str) -> str | None:
    if not text.isascii() or not text.isdigit() or not _OLDEST <= int(text[:12]) < _NEWEST:
        return None
    return datetime.fromtimestamp(int(text[:12]), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _size(text: str) -> tuple[int, int] | None:
    match = _SIZE.match(text)
    return (int(match[1]), int(match[2])) if match else None


def _exposure(fields: dict[str, str]) -> dict[str, float]:
    found = {}
    micro = _number(fields.get("shutter", ""))
    if micro:
        found["ExposureTime"] = round(micro / 1e6, 6)
    aperture = _number(fields.get("fnumber", "").lstrip("Ff"))
    if aperture:
        found["FNumber"] = round(aperture, 2)
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text[:20])
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None

"""A maker of small TIFF blocks, good and bad ones, for tests of what reads them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, BYTE = 2, 3, 4, 5, 7, 1
SIZES = {ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, BYTE: 1}
Row = tuple[int, int, bytes | str | int | tuple[int, int]]  # tag, type, value


def directory(rows: Sequence[Row], at: int, following: int = 0, order: str = "<") -> bytes:
    """Return an IFD that stands at byte ``at``, its values behind it."""
    values_at = at + 2 + 12 * len(rows) + 4
    entries, values = b"", b""
    for tag, kind, value in rows:
        raw = _raw(kind, value, order)
        head = struct.pack(order + "HHI", tag, kind, len(raw) // SIZES[kind])
        if len(raw) <= 4:
            entries += head + raw.ljust(4, b"\0")
        else:
            entries += head + struct.pack(order + "I", values_at + len(values))
            values += raw + b"\0" * (len(raw) % 2)
    return (
        struct.pack(order + "H", len(rows)) + entries + struct.pack(order + "I", following) + values
    )


def block(
    rows: Sequence[Row],
    *,
    exif: Sequence[Row] = (),
    gps: Sequence[Row] = (),
    ifd1: Sequence[Row] = (),
    thumbnail: bytes = b"",
    order: str = "<",
) -> bytes:
    """Return a TIFF block with the directories given."""
    rows = list(rows)
    sub: Mapping[int, Sequence[Row]] = {0x8769: exif, 0x8825: gps}
    wanted = [tag for tag, content in sub.items() if content]
    rows += [(tag, LONG, 0) for tag in wanted]
    at = 8 + len(directory(rows, 8, 0, order))
    extra = b""
    for index, tag in enumerate(wanted):
        rows[len(rows) - len(wanted) + index] = (tag, LONG, at + len(extra))
        extra += directory(sub[tag], at + len(extra), 0, order)
    following = 0
    if ifd1 or thumbnail:
        following = at + len(extra)
        second = list(ifd1)
        if thumbnail:
            second += [(0x0201, LONG, 0), (0x0202, LONG, len(thumbnail))]
            size = len(directory(second, following, 0, order))
            second[-2] = (0x0201, LONG, following + size)
        extra += directory(second, following, 0, order) + thumbnail
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", 8) + directory(rows, 8, following, order) + extra


def _raw(kind: int, value: bytes | str | int | tuple[int, int], order: str) -> bytes:
    if isinstance(value, str):
        return value.encode() + b"\0"
    if isinstance(value, tuple):
        return struct.pack(order + "II", *value)
    if isinstance(value, int):
        return struct.pack(order + {SHORT: "H", LONG: "I", BYTE: "B"}[kind], value)
    return value

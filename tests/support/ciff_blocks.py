"""A maker of CIFF blocks as Canon's first digital cameras wrote them into APP0."""

from __future__ import annotations

import io
import struct

from PIL import Image

Record = tuple[int, bytes]  # type and number; 0x28xx and 0x30xx hold a heap made by ``heap``

NAMES, FIRMWARE, OWNER = 0x080A, 0x080B, 0x0810
SERIAL, TAKEN, IMAGE, EXPOSURE = 0x180B, 0x180E, 0x1810, 0x1818


def heap(records: list[Record], order: str = "<") -> bytes:
    """Return records, their table, and the table's offset."""
    values, entries = b"", b""
    for kind, value in records:
        entries += struct.pack(order + "HII", kind, len(value), len(values))
        values += value
    table = struct.pack(order + "H", len(records)) + entries
    return values + table + struct.pack(order + "I", len(values))


def ciff(
    *,
    names: bytes = b"Canon\0Canon Example 5\0",
    seconds: int = 972687386,
    size: tuple[int, int] = (400, 300),
    order: str = "<",
) -> bytes:
    """Return the payload of an APP0 segment."""
    about = heap([(NAMES, names), (FIRMWARE, b"Version 1.0\0")], order)
    picture = heap(
        [
            (IMAGE, struct.pack(order + "IIfi", *size, 1.0, 0)),
            (EXPOSURE, struct.pack(order + "fff", 0.0, 5.0, 4.0)),
            (TAKEN, struct.pack(order + "III", seconds, 0, 0)),
        ],
        order,
    )
    root = heap([(0x2807, about), (0x300A, picture)], order)
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(order + "I", 26) + b"HEAPJPGM" + bytes(12) + root


def with_ciff(picture: Image.Image, block: bytes, **options: object) -> bytes:
    """Return a JPEG with the block behind its JFIF segment."""
    out = io.BytesIO()
    picture.save(out, "JPEG", **options)
    data = out.getvalue()
    segment = b"\xff\xe0" + (len(block) + 2).to_bytes(2, "big") + block
    return data[:20] + segment + data[20:]

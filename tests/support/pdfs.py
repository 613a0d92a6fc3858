"""PDF files made byte by byte, and PNG prediction the slow and certain way."""

from __future__ import annotations

import io
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.openers.pdf_samples import plain

__all__ = ["image", "packed", "pdf", "pixels", "predicted"]


def pdf(*streams: tuple[str, bytes], trailer: str = "") -> bytes:
    """Return a one-page PDF whose objects from 4 on are these streams."""
    return plain(*streams, trailer=trailer)


def image(width: int, height: int, rest: str) -> str:
    return f"/Type /XObject /Subtype /Image /Width {width} /Height {height} {rest}"


def pixels(png: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        return np.asarray(picture)


def packed(values: NDArray[np.int64], bits: int) -> bytes:
    """Pack rows of samples, each row filled up to a whole byte (ISO 32000-2 §8.9.5.2)."""
    rows = []
    for row in values:
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        rows.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return b"".join(rows)


def predicted(data: bytes, row: int, step: int) -> bytes:
    """Apply PNG prediction, another filter for each row (ISO 15948 §9)."""
    out, above = bytearray(), bytes(row)
    for number, start in enumerate(range(0, len(data), row)):
        line, kind = data[start : start + row], number % 5
        out.append(kind)
        for i, byte in enumerate(line):
            left = line[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            guess = left + above[i] - corner
            nearest = min((left, above[i], corner), key=lambda v: abs(guess - v))
            out.append((byte - (0, left, above[i], (left + above[i]) // 2, nearest)[kind]) & 255)
        above = line
    return bytes(out)


def flate(data: bytes) -> bytes:
    return zlib.compress(data)

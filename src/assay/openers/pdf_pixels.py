"""Draws the samples of a PDF image as a PNG, so that a picture without a file of its own is seen.

Colours are rendered plainly: profiles are not applied, inks other than CMYK are shown as grey, and
16-bit samples by their upper byte. Sources: ISO 32000-2 §8.6, §8.9.5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import LimitReached, Malformed
from assay.media.decode_planes import PIXEL_LIMIT
from assay.openers.pdf_filters import Filter, Unsupported, fax, undo

_STRIP = 1 << 22  # samples drawn at a time
_INK = {"gray": 1, "rgb": 3, "cmyk": 4, "lab": 3}


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space: "gray", "rgb", "cmyk", "lab", "ink" (n colorants) or "indexed"."""

    kind: str
    count: int  # components of one pixel
    base: Space | None = None  # indexed: of the palette
    palette: bytes = b""


GRAY, RGB, CMYK = Space("gray", 1), Space("rgb", 3), Space("cmyk", 4)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a PDF says of an image whose samples it stores."""

    width: int  # pixels
    height: int
    bits: int  # per component
    space: Space
    filters: tuple[Filter, ...] = ()
    decode: tuple[float, ...] = ()  # two a component; empty: the default

    @property
    def row(self) -> int:
        """Bytes of one row of samples."""
        return (self.width * self.space.count * self.bits + 7) // 8


def check(picture: Picture) -> None:
    """Raise before any work: LimitReached, Malformed, or Unsupported with the kind."""
    if picture.width < 1 or picture.height < 1:
        raise Malformed(f"an image of {picture.width}×{picture.height} pixels")
    if picture.width * picture.height > PIXEL_LIMIT:
        raise LimitReached(
            f"{picture.width}×{picture.height} pixels, limit {PIXEL_LIMIT:,}", flag="pixel_limit"
        )
    if picture.bits not in (1, 2, 4, 8, 16) or not 1 <= picture.space.count <= 32:
        raise Unsupported(f"{picture.bits} bits, {picture.space.count} components")
    if picture.row * picture.height > 4 * PIXEL_LIMIT:
        raise LimitReached(f"{picture.row * picture.height:,} bytes", flag="pixel_limit")
    for one in picture.filters:
        if one.name == "JBIG2Decode":
            raise Unsupported("a JBIG2 picture")
        if one.name == "CCITTFaxDecode" and one.params.get("EncodedByteAlign", 0):
            raise Unsupported("a fax picture with rows aligned to bytes")
        if one.name not in _DECODED:
            raise Unsupported(f"a picture coded with {one.name[:40]}")


_DECODED = frozenset(
    {
        "FlateDecode",
        "LZWDecode",
        "RunLengthDecode",
        "ASCII85Decode",
        "ASCIIHexDecode",
        "CCITTFaxDecode",
        "Crypt",
    }
)


def render(picture: Picture, stored: bytes) -> tuple[bytes, int]:
    """Return a PNG of the rows that are there, and their number: fewer than claimed in damage.

    Raises Malformed where nothing decodes, LimitReached, Unsupported.
    """
    check(picture)
    need = picture.row * picture.height
    filters = list(picture.filters)
    if filters and filters[-1].name == "CCITTFaxDecode":
        params = filters.pop().params
        columns = params.get("Columns", 1728)
        if not 0 < columns * picture.height <= PIXEL_LIMIT:
            raise Malformed(f"a fax picture {columns} pixels wide")
        packed = undo(stored, filters, len(stored) * 4 + 1024)
        lines = fax(packed, params, columns, picture.height)
        samples = _fitted(lines, (columns + 7) // 8, picture)
    else:
        samples = undo(stored, filters, need)
    if not samples:
        raise Malformed("no sample decodes")
    if len(samples) < need:  # rows that are only claimed cost nothing
        picture = replace(picture, height=-(-len(samples) // picture.row))
        samples += bytes(picture.row * picture.height - len(samples))
    return _png(picture, samples), picture.height


def _fitted(lines: bytes, row: int, picture: Picture) -> bytes:
    """Cut or pad rows of bits to the width that the image claims."""
    if row == picture.row:
        return lines
    return b"".join(
        lines[at : at + row][: picture.row].ljust(picture.row, b"\xff")
        for at in range(0, len(lines), row)
    )


def _png(picture: Picture, samples: bytes) -> bytes:
    rows = max(1, _STRIP // max(1, picture.width * picture.space.count))
    table = _palette(picture) if picture.space.kind == "indexed" else None
    gray = table is None and picture.space.kind in ("gray", "ink") and picture.space.count != 3
    packer = zlib.compressobj(1)
    parts = []
    for top in range(0, picture.height, rows):
        count = min(rows, picture.height - top)
        part = samples[top * picture.row : (top + count) * picture.row]
        values = _unpacked(part, count, picture)
        colours = table[values[:, :, 0]] if table is not None else _coloured(values, picture)
        lines = np.zeros((count, 1 + picture.width * (1 if gray else 3)), np.uint8)
        lines[:, 1:] = colours.reshape(count, -1)
        packed = packer.compress(lines.tobytes())
        if packed:
            parts.append(_chunk(b"IDAT", packed))
    parts.append(_chunk(b"IDAT", packer.flush()))
    size = struct.pack(">II", picture.width, picture.height)
    header = _chunk(b"IHDR", size + bytes((8, 0 if gray else 2, 0, 0, 0)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(parts) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def _unpacked(part: bytes, rows: int, picture: Picture) -> NDArray[np.uint8]:
    """Return samples as rows×width×components; 16-bit ones by their upper byte."""
    line = np.frombuffer(part, np.uint8).reshape(rows, picture.row)
    count = picture.width * picture.space.count
    if picture.bits == 16:
        line = line[:, 0 : 2 * count : 2]
    elif picture.bits == 1:
        line = np.unpackbits(line, axis=1)[:, :count]
    elif picture.bits < 8:
        per = 8 // picture.bits
        shifts = np.array([n * picture.bits for n in range(per - 1, -1, -1)], np.uint8)
        spread = line[:, :, None] >> shifts & np.uint8((1 << picture.bits) - 1)
        line = spread.astype(np.uint8).reshape(rows, -1)[:, :count]
    return line[:, :count].reshape(rows, picture.width, picture.space.count)


def _levels(picture: Picture, component: int) -> NDArray[np.uint8]:
    """Return the table from stored value to 0–255 of one component (its Decode pair)."""
    top = (1 << min(picture.bits, 8)) - 1
    low, high = 0.0, 1.0
    pair = picture.decode[2 * component : 2 * component + 2]
    if len(pair) == 2 and picture.space.kind != "lab":
        low, high = pair
    values = low + np.arange(top + 1) * (high - low) / top
    table: NDArray[np.uint8] = np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)
    return table


def _coloured(values: NDArray[np.uint8], picture: Picture) -> NDArray[np.uint8]:
    levels = [_levels(picture, n)[values[:, :, n]] for n in range(picture.space.count)]
    return to_colours(np.stack(levels, axis=2), picture.space.kind)


def to_colours(levels: NDArray[np.uint8], kind: str) -> NDArray[np.uint8]:
    """Return levels of 0–255 of a space (…×n) as grey (…×1) or RGB (…×3)."""
    if kind in ("gray", "rgb"):
        return levels
    if kind == "lab":
        return _lab(levels)
    if kind == "ink" and levels.shape[-1] not in (3, 4):
        grey: NDArray[np.uint8] = 255 - levels.max(axis=-1, keepdims=True)
        return grey
    free = 255 - levels.astype(np.uint16)
    if levels.shape[-1] == 3:
        return free.astype(np.uint8)
    mixed: NDArray[np.uint8] = (free[..., :3] * free[..., 3:] // 255).astype(np.uint8)
    return mixed


def _lab(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """CIE L*a*b* (D50, the usual ranges) to sRGB without adaptation: good enough to be seen."""
    light = levels[..., 0].astype(np.float32) * (100 / 255)
    a, b = (levels[..., n].astype(np.float32) - 128 for n in (1, 2))
    fy = (light + 16) / 116
    xyz = []
    for f, white in ((fy + a / 500, 0.9505), (fy, 1.0), (fy - b / 200, 1.089)):
        xyz.append(white * np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2))
    x, y, z = xyz
    linear = np.stack(
        (
            3.2406 * x - 1.5372 * y - 0.4986 * z,
            -0.9689 * x + 1.8758 * y + 0.0415 * z,
            0.0557 * x - 0.2040 * y + 1.0570 * z,
        ),
        axis=-1,
    ).clip(0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colours: NDArray[np.uint8] = np.rint(curve * 255).clip(0, 255).astype(np.uint8)
    return colours


def _palette(picture: Picture) -> NDArray[np.uint8]:
    """Return the palette as 256×3; entries that are not stored are black."""
    base = picture.space.base or RGB
    entries = min(len(picture.space.palette) // base.count, 256)
    table = np.zeros((256, 3), np.uint8)
    if entries:
        stored = np.frombuffer(picture.space.palette[: entries * base.count], np.uint8)
        table[:entries] = to_colours(stored.reshape(entries, base.count), base.kind)
    if picture.decode and _flipped(picture.decode):
        top = (1 << min(picture.bits, 8)) - 1
        table[: top + 1] = table[: top + 1][::-1].copy()
    return table


def _flipped(decode: Sequence[float]) -> bool:
    return len(decode) >= 2 and decode[0] > decode[1]

"""Makes a TIFF of one directory around strips or tiles that are stored somewhere else.

A thumbnail kept as bare strips (Exif 4.6.4; previews in raw photos and TIFF) is no picture file.
The stored bytes are taken over unchanged and get a directory of their own; nothing is decoded.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import accumulate

import numpy as np

from assay.media.ifds import Block, Directory, Entry

STRIPS, STRIP_SIZES, TILES, TILE_SIZES = 273, 279, 324, 325
# what a reader needs to know of the pixels; orientation is the carrier's business
_TAKEN = frozenset({256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 320, 322, 323, 338, 339, 347})
_TAKEN |= {529, 530, 531, 532}
_THINNED = frozenset({(2, 1), (2, 2), (1, 2), (4, 1), (4, 2), (4, 4)})
_MAX_BARE = 8 << 20  # samples of a bare picture that is spread
_MAX_SIDE = 1 << 16  # pixels
_MAX_VALUE = 1 << 16  # bytes of one tag's value


def strips_of(block: Block, directory: Directory) -> tuple[tuple[int, int], ...]:
    """Return the ranges (in the block) of a directory's strips or tiles, in order, as they fit."""
    for offsets, sizes in ((STRIPS, STRIP_SIZES), (TILES, TILE_SIZES)):
        starts = block.numbers(directory, offsets)
        lengths = block.numbers(directory, sizes)
        if starts and len(starts) == len(lengths):
            whole = len(block.data)
            spans = zip(starts, lengths, strict=True)
            return tuple((at, min(at + n, whole)) for at, n in spans if n and at < whole)
    return ()


def is_tiled(directory: Directory) -> bool:
    return STRIPS not in directory.entries and TILES in directory.entries


def wrap(block: Block, directory: Directory, pieces: list[bytes]) -> bytes:
    """Return a TIFF file whose one picture is made of these strips or tiles."""
    thinned = _thinned(block, directory)
    if thinned is not None:
        spread = _spread(b"".join(pieces), *thinned)
        entries_of = {tag: e for tag, e in directory.entries.items() if tag != 278}
        entries_of[530] = Entry(530, 3, 2, 0)
        directory, pieces = replace(directory, entries=entries_of), [spread]
    order = "<" if block.order == "little" else ">"
    rows: list[tuple[int, int, int, bytes]] = []
    for tag in sorted(_TAKEN):
        entry = directory.entries.get(tag)
        if entry is not None:
            value = block.raw(entry)
            if tag == 530 and thinned is not None:
                value = struct.pack(order + "HH", 1, 1)
            if len(value) <= _MAX_VALUE:
                rows.append((tag, entry.kind, entry.count, value))
    offsets, sizes = (TILES, TILE_SIZES) if is_tiled(directory) else (STRIPS, STRIP_SIZES)
    count = len(pieces)
    lengths = struct.pack(f"{order}{count}I", *(len(piece) for piece in pieces))
    rows += [(offsets, 4, count, bytes(4 * count)), (sizes, 4, count, lengths)]
    rows.sort()
    values_at = 8 + 2 + 12 * len(rows) + 4
    pixels_at = values_at + sum(len(v) + (len(v) & 1) for *_, v in rows if len(v) > 4)
    entries, values = b"", b""
    for tag, kind, number, value in rows:
        if tag == offsets:
            ends = accumulate((len(piece) for piece in pieces), initial=pixels_at)
            value = struct.pack(f"{order}{count}I", *list(ends)[:count])
        entries += struct.pack(order + "HHI", tag, kind, number)
        if len(value) <= 4:
            entries += value.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", values_at + len(values))
            values += value + b"\0" * (len(value) & 1)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(order + "I", 8) + struct.pack(order + "H", len(rows))
    return head + entries + bytes(4) + values + b"".join(pieces)


def _thinned(block: Block, directory: Directory) -> tuple[int, int, int, int] | None:
    """Return width, height and the thinning of colour of bare YCbCr samples; None for others."""
    bare = block.number(directory, 259) == 1 and block.number(directory, 262) == 6
    if not bare or is_tiled(directory):
        return None
    across, down = (*block.numbers(directory, 530), 2, 2)[:2]
    width, height = block.number(directory, 256) or 0, block.number(directory, 257) or 0
    if not 0 < width * height <= _MAX_BARE:
        return None
    return (width, height, across, down) if (across, down) in _THINNED else None


def _spread(samples: bytes, width: int, height: int, across: int, down: int) -> bytes:
    """Give every pixel its own colour samples: Pillow reads bare YCbCr only so (TIFF 6.0 §21).

    ``samples`` are units of across×down Y, one Cb, one Cr; what is missing becomes black.
    """
    wide, high = -(-width // across), -(-height // down)
    unit = across * down + 2
    have = min(len(samples) // unit, wide * high)
    units = np.zeros((wide * high, unit), np.uint8)
    units[:, -2:] = 128
    units[:have] = np.frombuffer(samples, np.uint8, have * unit).reshape(have, unit)
    full = np.empty((high, down, wide, across, 3), np.uint8)
    full[..., 0] = units[:, :-2].reshape(high, wide, down, across).transpose(0, 2, 1, 3)
    full[..., 1:] = units[:, -2:].reshape(high, 1, wide, 1, 2)
    return full.reshape(high * down, wide * across, 3)[:height, :width].tobytes()


def is_picture(block: Block, directory: Directory) -> bool:
    """Tell whether a directory describes pixels that a TIFF reader shows (no sensor data)."""
    width, height = block.number(directory, 256), block.number(directory, 257)
    if not width or not height or max(width, height) > _MAX_SIDE:
        return False
    shown = block.number(directory, 262) in (0, 1, 2, 3, 5, 6, 8)
    coding = block.number(directory, 259)
    bits = block.numbers(directory, 258)
    return shown and coding in (None, 1, 5, 7, 8, 32773, 32946) and set(bits) <= {1, 8, 16}

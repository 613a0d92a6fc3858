"""What a decoder must know before it decodes, read from the bytes alone, each in bounded time.

JPEG frame header, PNG without its text, number of frames or pages, declared end of the file,
EXIF orientation. Decodes no pixel and keeps no metadata (the walkers in ``media.slots`` do).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

FRAMES_COUNTED = 10_000  # frames or pages; beyond it "at least"

_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})  # PNG 3rd edition, §11
_WEBP_CHUNKS = 64  # looked at on the way to the picture; real files have at most four
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112  # TIFF 6.0 / EXIF 3.0 tag


@dataclass(frozen=True, slots=True)
class JpegHeader:
    width: int  # pixels, as stored
    height: int
    bits: int  # per sample
    components: int
    orientation: int  # EXIF 1–8
    scan: int  # offset of the first scan's marker; -1 where the file ends before it
    restarts: bool  # a restart interval is set


def jpeg_header(data: bytes) -> JpegHeader | None:
    """Read the markers up to the first scan (ITU-T T.81, B.1); None where no frame is declared."""
    frame: tuple[int, int, int, int] | None = None
    orientation, restarts, at = 1, False, 2
    scan = -1
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # no payload
            at += 2
            continue
        if marker in (0xDA, 0xD9):
            scan = at if marker == 0xDA else -1
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        payload = at + 4
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if payload + 6 <= len(data) and frame is None:
                frame = struct.unpack_from(">BHHB", data, payload)
        elif marker == 0xDD:
            restarts = data[payload : payload + 2] != b"\0\0"
        elif marker == 0xE1 and orientation == 1 and data[payload : payload + 6] == b"Exif\0\0":
            orientation = exif_orientation(data[payload + 6 : at + 2 + length])
        at += 2 + max(length, 2)
    if frame is None:
        return None
    bits, height, width, components = frame
    return JpegHeader(width, height, bits, components, orientation, scan, restarts)


def exif_orientation(block: bytes) -> int:
    """Return the orientation 1–8 of a TIFF block's first directory; 1 where absent or broken."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 1
    (first,) = struct.unpack_from(order + "I", block, 4)
    if first + 2 > len(block):
        return 1
    (entries,) = struct.unpack_from(order + "H", block, first)
    for index in range(entries):
        at = first + 2 + 12 * index
        if at + 12 > len(block):
            return 1
        tag, kind, _, value = struct.unpack_from(order + "HHIH", block, at)
        if tag == _ORIENTATION:
            return value if kind == 3 and 1 <= value <= 8 else 1
    return 1


@dataclass(frozen=True, slots=True)
class PngPixels:
    """A PNG reduced to the chunks that make its pixels: no text to inflate, no profile."""

    data: bytes
    has_pixels: bool
    ended: bool  # IEND was reached
    width: int  # pixels; 0 where the header is cut
    height: int
    bits: int
    frames: int  # declared by acTL (APNG); 1 for a still
    orientation: int


def png_pixels(data: bytes) -> PngPixels:
    """Drop every chunk that does not carry pixels; a broken rest is kept for the decoder to judge.

    Pillow refuses a whole picture whose text inflates too far; this one keeps its pixels.
    """
    kept, frames, orientation, has_pixels, ended = [_PNG_SIGNATURE], 1, 1, False, False
    if not data.startswith(_PNG_SIGNATURE):
        return PngPixels(data, False, False, 0, 0, 8, 1, 1)
    at = len(_PNG_SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data) or not name.isalpha():
            kept.append(data[at:])
            has_pixels = has_pixels or name == b"IDAT"
            break
        if name in _PIXEL_CHUNKS:
            kept.append(data[at:end])
            has_pixels = has_pixels or name == b"IDAT"
        elif name == b"acTL" and length >= 8:
            frames = int.from_bytes(data[at + 8 : at + 12], "big")
        elif name == b"eXIf" and length <= 1 << 20:
            orientation = exif_orientation(data[at + 8 : end - 4])
        at = end
        if name == b"IEND":
            ended = True
            break
    width, height, bits = struct.unpack_from(">IIB", data, 16) if len(data) > 24 else (0, 0, 8)
    return PngPixels(
        b"".join(kept), has_pixels, ended, width, height, bits, max(frames, 1), orientation
    )


def webp_is_lossless(data: bytes) -> bool:
    """Tell whether a WebP holds one still, coded without loss (RFC 9649, §2.6)."""
    at = 12
    for _ in range(_WEBP_CHUNKS):
        if at + 8 > len(data):
            return False
        name, length = struct.unpack_from("<4sI", data, at)
        if name in (b"VP8L", b"VP8 ", b"ANMF"):
            return bool(name == b"VP8L")
        at += 8 + length + length % 2
    return False


def gif_frames(data: bytes) -> tuple[int, bool]:
    """Count image blocks (GIF89a §20) up to FRAMES_COUNTED; also tell whether the end was seen."""
    if len(data) < 13:
        return 0, False
    at, frames = 13 + _table_size(data[10]), 0
    while at < len(data) and frames < FRAMES_COUNTED:
        block = data[at]
        if block == 0x3B:
            return frames, True
        if block == 0x2C:
            if at + 10 > len(data):
                break
            frames += 1
            at = _after_subblocks(data, at + 11 + _table_size(data[at + 9]))
        elif block == 0x21:
            at = _after_subblocks(data, at + 2)
        else:
            break
    return frames, frames >= FRAMES_COUNTED


def _table_size(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _after_subblocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def tiff_pages(data: bytes) -> int:
    """Count the directories of a TIFF's main chain, loops and FRAMES_COUNTED ending it."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 16:
        return 1
    big = data[2:4] in (b"+\0", b"\0+")  # BigTIFF
    pointer, size, count, entry = ("Q", 8, "Q", 20) if big else ("I", 4, "H", 12)
    (at,) = struct.unpack_from(order + pointer, data, 8 if big else 4)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < FRAMES_COUNTED:
        head = struct.calcsize(order + count)
        if at + head > len(data):
            break
        seen.add(at)
        (entries,) = struct.unpack_from(order + count, data, at)
        after = at + head + entries * entry
        if after + size > len(data):
            break
        (at,) = struct.unpack_from(order + pointer, data, after)
    return max(len(seen), 1)


def avif_bits(data: bytes) -> int:
    """Return the bits per channel of the first pixel-information box (ISO 23008-12, 6.5.6)."""
    at = data.find(b"pixi", 0, 1 << 16)
    return data[at + 9] if 0 < at < len(data) - 9 and data[at + 8] else 8


def icon_count(data: bytes) -> int:
    """Return how many pictures an ICO or CUR directory lists."""
    return max(int.from_bytes(data[4:6], "little"), 1)


def declared_size(data: bytes) -> int:
    """Return where a RIFF or ISO-BMFF file says that it ends; its real size where it says nothing.

    A cut file can then be filled up with zeros, which lets decoders that want it whole give the
    part that is there.
    """
    if data[:4] == b"RIFF":
        return 8 + int.from_bytes(data[4:8], "little")
    end, boxes = 0, 0
    if data[4:8] != b"ftyp":
        return len(data)
    while end + 8 <= len(data) and boxes < 1000:
        size = int.from_bytes(data[end : end + 4], "big")
        if size == 1:
            size = int.from_bytes(data[end + 8 : end + 16], "big")
        if size < 8:  # 0: the box runs to the end of the file
            return len(data)
        end += size
        boxes += 1
    return max(end, len(data))

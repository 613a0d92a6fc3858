"""Takes the bitmaps out of Windows metafiles (EMF, EMF+, WMF); the drawing itself is not drawn.

A scanned page or a pasted photo in an old document is often nothing but a metafile around one
bitmap. Bitmaps in memory layout are shown by a rendering; pictures kept as files (EMF+ objects,
JPEG and PNG inside a bitmap header) come out byte for byte. Sources: [MS-EMF] 2.3, [MS-EMFPLUS]
2.2.2 and 2.3.5.1, [MS-WMF] 2.3. A metafile inside the escape records of a WMF is not joined.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from assay.core.blob import Blob
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach, Role
from assay.openers import ole_bitmap
from assay.openers.ole_bitmap import bitmap_member, head_size
from assay.openers.ole_carve import Covered, carved
from assay.openers.ole_native import plain
from assay.openers.ole_storage import Runs

MEDIA_TYPE = "image/x-emfplus-pixels"
# EMF record: where its offsets and sizes of header and pixels stand
_EMF = {76: 84, 77: 84, 78: 84, 79: 96, 80: 48, 81: 48, 93: 16, 94: 16, 114: 84, 116: 84}
# WMF record: where its bitmap begins
_WMF = {0x0940: 22, 0x0B41: 26, 0x0F43: 28, 0x0D33: 24, 0x0142: 10}
_COMMENT, _PLUS = 70, b"EMF+"
_OBJECT, _IMAGE, _CONTINUED = 0x4008, 5, 0x8000
_RAW, _COMPRESSED = 0, 1  # BitmapDataType
_BITMAP, _METAFILE = 1, 2  # ImageDataType
_PLACEABLE = b"\xd7\xcd\xc6\x9a"
_MAX_PIXELS = 50_000_000
_RAWS = {  # PixelFormat: (Pillow's mode, raw mode)
    0x00021808: ("RGB", "BGR"),
    0x00022009: ("RGB", "BGRX"),
    0x0026200A: ("RGBA", "BGRA"),
    0x000E200B: ("RGBA", "BGRa"),
}


class MetafileOpener:
    name = "metafiles"
    version = "1"
    reach = Reach.BESIDE
    media_types: tuple[str, ...] = ("image/emf", "image/wmf")

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield bitmaps in the order of the records; NotApplicable where there are none."""
        covered = Covered()
        found = False
        walk = _emf if blob.read(40, 4) == b" EMF" else _wmf
        for entry in walk(blob, covered):
            found = True
            yield entry
        for entry in carved(blob, "bytes", "the metafile", known=covered.behind):
            found = True
            yield entry
        if not found:
            raise NotApplicable

    def warm(self) -> None:
        ole_bitmap.warm()
        _render(bytes(4), (1, 1), 4, 0x0026200A).read()


# -- EMF -------------------------------------------------------------------------------------------


def _emf(blob: Blob, covered: Covered) -> Iterator[Member | Trouble]:
    objects = _Objects(blob)
    at = 0
    while at + 8 <= blob.size:
        kind, size = struct.unpack("<II", blob.read(at, 8))
        if size < 8 or size > blob.size - at:
            yield Trouble("truncated", f"the record at byte {at} claims {size} bytes")
            break
        if kind in _EMF:
            yield from _emf_bitmap(blob, at, size, _EMF[kind], covered)
        elif kind == _COMMENT and blob.read(at + 12, 4) == _PLUS:
            yield from objects.records(at + 16, at + size, covered)
        at += size


def _emf_bitmap(blob: Blob, at: int, size: int, fields: int, covered: Covered) -> Iterator[Member]:
    if size < fields + 16:
        return
    header, head_bytes, pixels, pixel_bytes = struct.unpack("<4I", blob.read(at + fields, 16))
    if header + head_bytes > size or pixels + pixel_bytes > size or not pixel_bytes:
        return
    head = blob.read(at + header, min(head_bytes, 64))
    before = head_size(head)
    if before is None:
        return
    covered.add(at, at + size)
    name, where = f"bitmap-{at}", f"offset {at}"
    content = Runs(blob, [(at + pixels, pixel_bytes)])
    packing = int.from_bytes(head[16:20], "little") if len(head) >= 40 else 0
    if packing in (4, 5):  # a JPEG or PNG file where the pixels would be
        yield plain(content, f"{name}.{'jpg' if packing == 4 else 'png'}", where)
        return
    runs = [(at + header, min(before, head_bytes)), (at + pixels, pixel_bytes)]
    yield bitmap_member(f"{name}.dib", Runs(blob, runs), where)


class _Objects:
    """The EMF+ records inside comments; an object may go on over several of them."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._open: list[tuple[int, int]] = []  # pieces of an object that is not complete

    def records(self, at: int, end: int, covered: Covered) -> Iterator[Member | Trouble]:
        while at + 12 <= end:
            kind, flags, size, data = struct.unpack("<HHII", self._blob.read(at, 12))
            if size < 12 or size > end - at or data > size - 12:
                return
            if kind == _OBJECT and flags >> 8 & 0x7F == _IMAGE:
                if flags & _CONTINUED:
                    self._open.append((at + 16, data - 4))
                else:
                    runs, self._open = [*self._open, (at + 12, data)], []
                    covered.add(runs[0][0], at + size)
                    yield from _image(Runs(self._blob, runs), runs[0][0])
            elif self._open:
                yield from self._unfinished(covered)
            at += size

    def _unfinished(self, covered: Covered) -> Iterator[Member | Trouble]:
        """Yield an object whose last piece was marked as going on, as some writers do."""
        runs, self._open = self._open, []
        covered.add(runs[0][0], sum(runs[-1]))
        yield from _image(Runs(self._blob, runs), runs[0][0])


def _image(content: Runs, at: int) -> Iterator[Member | Trouble]:
    head = content.read(0, 28)
    if len(head) < 16:
        return
    _, kind = struct.unpack_from("<II", head)
    name, where = f"object-{at}", f"offset {at}"
    if kind == _METAFILE:
        yield plain(Runs(content, [(16, content.size)]), name, where)
        return
    if kind != _BITMAP or len(head) < 28:
        return
    width, height, stride, layout, packing = struct.unpack_from("<iiiII", head, 8)
    data = Runs(content, [(28, content.size)])
    if packing == _COMPRESSED or layout not in _RAWS or not data.size:
        if packing != _COMPRESSED:
            yield Trouble("not_opened", f"pixels of layout 0x{layout:08x} at byte {at}")
        if data.size:
            yield plain(data, name, where)
        return
    yield Member(
        name=f"{name}.pixels",
        open=plain(data, name, where).open,
        stored_size=max(data.size, 1),
        locator=where,
        role=Role.STREAM,
        rendering=lambda: _render(data.read(0, data.size), (width, height), stride, layout),
        media_type=MEDIA_TYPE,
    )


def _render(data: bytes, size: tuple[int, int], stride: int, layout: int) -> BinaryIO:
    """Return a PNG of raw EMF+ pixels; raises Malformed, LimitReached."""
    width, height = size
    if width <= 0 or height <= 0 or abs(stride) < width:
        raise Malformed(f"{width} x {height} pixels in rows of {stride} bytes")
    if width * height > _MAX_PIXELS:
        raise LimitReached(f"{width} x {height} pixels", flag="pixel_limit")
    mode, raw = _RAWS[layout]
    out = io.BytesIO()
    try:
        order = -1 if stride < 0 else 1
        picture = Image.frombuffer(mode, size, data, "raw", raw, abs(stride), order)
        picture.save(out, "PNG", compress_level=1)
    except Exception as error:  # Pillow raises whatever it meets
        raise Malformed(f"the pixels cannot be decoded: {error}") from error
    out.seek(0)
    return out


# -- WMF -------------------------------------------------------------------------------------------


def _wmf(blob: Blob, covered: Covered) -> Iterator[Member | Trouble]:
    at = (22 if blob.read(0, 4) == _PLACEABLE else 0) + 18
    while at + 6 <= blob.size:
        words, kind = struct.unpack("<IH", blob.read(at, 6))
        size = 2 * words
        if size < 6:
            break
        if size > blob.size - at:
            yield Trouble("truncated", f"the record at byte {at} claims {size} bytes")
            break
        start = _WMF.get(kind)
        if start is not None and start < size:
            content = Runs(blob, [(at + start, size - start)])
            if head_size(content.read(0, 64)) is not None:
                covered.add(at, at + size)
                yield bitmap_member(f"bitmap-{at}.dib", content, f"offset {at}")
        at += size

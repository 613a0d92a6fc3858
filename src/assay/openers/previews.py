"""Opens the pictures inside a picture: thumbnails, previews, gain and depth maps, motion video.

Reads EXIF, MPF, JFXX, Photoshop, XMP and C2PA blocks, HEIF items, and what lies behind the end.
Each child is the bytes as stored, with their range. It says nothing about the picture itself, and a
file without any of it costs one walk over its structure.
Sources: Exif 3.0, CIPA DC-007 (MPF), JFIF 1.02, Adobe Photoshop file formats, XMP part 2.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping

from assay.core.blob import Blob
from assay.core.opening import Member, OpenContext
from assay.core.slots import Slot, SlotKind, Trouble, Walk
from assay.core.vocab import Reach, Role
from assay.media.ifds import read_block
from assay.media.jumbf_pictures import thumbnails
from assay.media.kinds import is_picture
from assay.media.slots import walk
from assay.media.sniff import sniff
from assay.media.xmp import read_xmp
from assay.openers import motion
from assay.openers.heif_previews import item_parts
from assay.openers.parts import Part, Parts, Source, members_of
from assay.openers.tiff_previews import exif_parts, tiff_parts

_BOXED = ("image/heic", "image/heif", "image/avif")
_SOI = b"\xff\xd8"
_PHOTOSHOP_HEAD = 28  # bytes before the JPEG of a Photoshop thumbnail
_JFXX_HEAD = 6  # bytes before the JPEG: "JFXX", NUL, kind
_MP_ENTRIES = 0xB002
_MAX_MP = 1024  # entries of one MPF index
# CIPA DC-007 table 4: large thumbnails; 0 is "undefined", which phones use for gain maps
_MP_LIKE = frozenset({0x000000, 0x010001, 0x010002, 0x010003, 0x010004, 0x010005, 0x050000})
_MP_NAMES = {0x020001: "panorama", 0x020002: "disparity", 0x020003: "angle", 0x050000: "gain map"}
_XMP_MARKS = (
    b"MicroVideo",
    b"photos/1.0/container",
    b"xap/1.0/g/img",
    b"photos/1.0/depthmap",
    b"photos/1.0/image",
    b"GDepth",  # extended packets need not name every namespace again
    b"GImage",
)
# properties that hold a picture as base64, and what it is to the picture
_CODED = (
    ("xmp:Thumbnails/xmpGImg:image", "XMP thumbnail", Role.PREVIEW),
    ("GImage:Data", "XMP image before its effect", Role.MEMBER),
    ("GDepth:Data", "XMP depth map", Role.MEMBER),
    ("GDepth:Confidence", "XMP depth confidence", Role.MEMBER),
)


class PreviewsOpener:
    name = "previews"
    version = "1"
    reach = Reach.BESIDE
    media_types: tuple[str, ...] = (
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/tiff",
        "image/gif",
        "image/jxl",
        "image/jp2",
        *_BOXED,
    )

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the pictures and videos inside; raises NotApplicable where there are none."""
        yield from members_of(blob, context, self.media_types, _parts)

    def warm(self) -> None:
        """Nothing to load: readers and wrappers are code; the decoders are warmed elsewhere."""


def _parts(data: bytes, media_type: str, parts: Parts) -> Iterator[Part]:
    """Yield what is named first, then what only structure shows."""
    walked = walk(data, media_type)
    properties: dict[str, tuple[str, ...]] = {}
    for slot in walked.slots:
        if slot.kind is SlotKind.XMP and any(mark in slot.data for mark in _XMP_MARKS):
            read = read_xmp(slot.data).properties
            properties |= {name: value for name, value in read.items() if name not in properties}
            yield from _coded(slot, read, parts)
        else:
            reader = _READERS.get(slot.kind)
            if reader is not None:
                yield from reader(data, slot, parts)
    if media_type == "image/tiff":
        yield from tiff_parts(Source(data, 0, (0, len(data))), parts, raw=False)
    if media_type in _BOXED:
        yield from item_parts(data)
        yield from motion.box_parts(data, parts)
    yield from _behind(data, walked, properties, parts)


def _behind(
    data: bytes, walked: Walk, properties: dict[str, tuple[str, ...]], parts: Parts
) -> Iterator[Part]:
    """Yield what lies behind the end: by Samsung's directory, by XMP, by structure."""
    if walked.end is None or walked.end >= len(data) or walked.container == "tiff":
        return
    yield from motion.samsung_parts(data, len(data))
    yield from motion.google_parts(data, properties, walked.end, parts)
    yield from motion.structural_parts(data, walked.end, len(data), parts)


def _source(data: bytes, slot: Slot) -> Source:
    """Return a slot's payload, with its place where it is stored byte for byte."""
    end = slot.offset + len(slot.data)
    stored = len(slot.data) == len(data) or data[slot.offset : end] == slot.data
    return Source(
        slot.data, slot.offset if stored else None, (slot.offset, slot.offset + slot.length)
    )


def _exif(data: bytes, slot: Slot, parts: Parts) -> Iterator[Part]:
    if len(slot.data) < len(data):  # the EXIF of a TIFF file is the file: see ``tiff_parts``
        yield from exif_parts(_source(data, slot), parts)


def _mpf(data: bytes, slot: Slot, parts: Parts) -> Iterator[Part]:
    """Yield the pictures of a multi-picture index but the first, which is the file itself."""
    block = read_block(slot.data)
    if block is None or not block.directories:
        return
    entry = block.directories[0].entries.get(_MP_ENTRIES)
    raw = block.raw(entry)[: 16 * _MAX_MP] if entry is not None else b""
    order = "<" if block.order == "little" else ">"

    def word(at: int) -> int:
        return int.from_bytes(raw[at : at + 4], "little" if order == "<" else "big")

    for number in range(1, len(raw) // 16):
        at = 16 * number
        kind, size, offset = word(at) & 0xFFFFFF, word(at + 4), word(at + 8)
        start = slot.offset + offset
        if not offset or not size:
            continue
        if not data.startswith(_SOI, start):
            parts.note("lying_header", f"picture {number + 1} of the MPF index at byte {start}")
            continue
        role = Role.PREVIEW if kind in _MP_LIKE else Role.MEMBER
        what = _MP_NAMES.get(kind, "")
        name = f"MPF image {number + 1}" + (f" ({what})" if what else "")
        yield Part(name, ((start, min(start + size, len(data))),), role)


def _c2pa(data: bytes, slot: Slot, parts: Parts) -> Iterator[Part]:
    """Yield the thumbnails of a manifest store; those of ingredients show other pictures."""
    source = _source(data, slot)
    for found in thumbnails(slot.data):
        own = ".claim" in found.label
        name = "C2PA claim thumbnail" if own else "C2PA ingredient thumbnail"
        role = Role.PREVIEW if own else Role.MEMBER
        yield source.part(name, found.start, found.end, role)


def _other(data: bytes, slot: Slot, parts: Parts) -> Iterator[Part]:
    """Yield the JPEG of a Photoshop or JFXX thumbnail, or of a maker's own segment."""
    source = _source(data, slot)
    if slot.key in ("8BIM 0x0409", "8BIM 0x040c"):
        if slot.data.startswith(_SOI, _PHOTOSHOP_HEAD):
            yield source.part("Photoshop thumbnail", _PHOTOSHOP_HEAD, len(slot.data))
    elif slot.mechanism.startswith("JPEG APP"):
        if slot.key == "APP0 JFXX" and slot.data.startswith(_SOI, _JFXX_HEAD):
            yield source.part("JFXX thumbnail", _JFXX_HEAD, len(slot.data))
        else:
            yield from source.carved(f"picture in {slot.mechanism[5:]}", [], parts)


def _coded(slot: Slot, properties: Mapping[str, tuple[str, ...]], parts: Parts) -> Iterator[Part]:
    """Yield the pictures that an XMP packet holds as base64."""

    for path, name, role in _CODED:
        for key, values in properties.items():
            if key != path and not key.endswith(f"/{path}"):
                continue
            for value in values:
                content = _decoded(value)
                if content:
                    yield Part(
                        name, ((slot.offset, slot.offset + slot.length),), role, content=content
                    )
                elif value:
                    parts.note("lying_header", f"{name} in {slot.locator} is no picture")


def _decoded(value: str) -> bytes:
    text = "".join(value.split())
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
    return content if is_picture(sniff(content[: 1 << 16], len(content))) else b""


_READERS: dict[SlotKind, Callable[[bytes, Slot, Parts], Iterator[Part]]] = {
    SlotKind.EXIF: _exif,
    SlotKind.MPF: _mpf,
    SlotKind.C2PA: _c2pa,
    SlotKind.OTHER: _other,
}

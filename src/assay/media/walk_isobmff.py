"""Walks the boxes of ISO base media files: HEIC, AVIF, MP4, MOV, M4A, 3GP, CR3; also JXL and JP2.

Keeps Exif and XMP items, uuid boxes (XMP, C2PA, Canon), user data, ilst and mdta keys, sizes.
It reads no samples and decodes nothing. Sources: ISO/IEC 14496-12, 23008-12 (HEIF), 18181-2
(JXL), 15444-1 (JP2); Apple QuickTime File Format; XMP part 3; C2PA 2.x A.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.slots import SlotKind
from assay.media.gather import Gather
from assay.media.id3 import read_id3
from assay.media.isobmff_items import read_items
from assay.media.isobmff_tags import COPYRIGHTS, read_asset, read_keys, read_list, read_text

_DEPTH = 10
_ABSURD = 1 << 48  # bytes; no file is that large, so such a size is damage and not truncation
_DESCEND = frozenset(
    {b"moov", b"trak", b"udta", b"meta", b"iprp", b"ipco", b"jp2h", b"mdia", b"moof", b"traf"}
)
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_JP2_EXIF_UUID = b"JpgTiffExif->JP2"
_MAX_OTHER = 1 << 16  # bytes of an unknown user-data box worth keeping


@dataclass(frozen=True, slots=True)
class Box:
    name: bytes  # four bytes
    head: int  # offset of the box
    start: int  # offset of its content
    end: int  # clipped to its parent
    complete: bool


@dataclass(slots=True)
class _State:
    keys: list[str]  # of the nearest mdta "keys" box; ilst names them by number


def walk_isobmff(gather: Gather) -> None:
    """Gather the slots of a file made of boxes."""
    _level(gather, _State([]), 0, len(gather.data), (), 0)
    gather.end = gather.end or len(gather.data)


def boxes(gather: Gather, start: int, end: int, *, top: bool) -> Iterator[Box]:
    """Yield the boxes of one level; trouble goes into ``gather``."""
    data, pos = gather.data, start
    while pos + 8 <= end:
        gather.step()
        size = int.from_bytes(data[pos : pos + 4], "big")
        name = data[pos + 4 : pos + 8]
        head = 8
        if size == 1 and pos + 16 <= end:
            size, head = int.from_bytes(data[pos + 8 : pos + 16], "big"), 16
        elif size == 0:
            if (not top and end - pos <= 8) or name == b"\0\0\0\0":
                return  # QuickTime ends user data with a zero word; zeros at the end are padding
            size = end - pos
        if top and pos and not _is_name(name):
            gather.trailer(pos)  # no box: something was put behind the last one
            return
        if size < head:
            gather.trouble("malformed", f"box at byte {pos} says it has {size} bytes")
            return
        complete = pos + size <= end
        if not complete:
            shown = name.decode("latin-1")
            flag = "truncated" if top and size < _ABSURD else "malformed"
            gather.trouble(flag, f"box {shown!r} at byte {pos} says {size} bytes, {end - pos} left")
        yield Box(name, pos, pos + head, min(pos + size, end), complete)
        if not complete:
            return
        pos += size
    if top and pos < end:
        gather.trailer(pos)


def _is_name(name: bytes) -> bool:
    return all(0x20 <= c < 0x7F or c == 0xA9 for c in name)


def _level(
    gather: Gather, state: _State, start: int, end: int, path: tuple[bytes, ...], depth: int
) -> None:
    if depth > _DEPTH:
        gather.trouble("malformed", f"boxes nested deeper than {_DEPTH} at byte {start}")
        return
    for box in boxes(gather, start, end, top=depth == 0):
        _box(gather, state, box, path)
        if box.name in _DESCEND:
            inner = box.start
            if box.name == b"meta" and gather.data[inner + 4 : inner + 8] != b"hdlr":
                inner += 4  # a full box; QuickTime's is a plain one
            _level(gather, state, inner, box.end, (*path, box.name), depth + 1)


def _box(gather: Gather, state: _State, box: Box, path: tuple[bytes, ...]) -> None:
    data, start, end = gather.data, box.start, box.end
    parent = path[-1] if path else b""
    if box.name == b"ftyp":
        gather.facts["brand"] = data[start : start + 4].decode("latin-1").strip()
    elif box.name == b"uuid":
        _uuid(gather, box)
    elif box.name == b"meta":
        inner = start if data[start + 4 : start + 8] == b"hdlr" else start + 4
        children = list(boxes(Gather(data, ""), inner, end, top=False))[:4096]
        read_items(gather, {c.name: (c.start, c.end) for c in children})
    elif box.name == b"keys" and parent == b"meta":
        state.keys = read_keys(gather, start, end)
    elif box.name == b"ilst":
        read_list(gather, start, end, state.keys)
    elif parent == b"udta" and box.name == b"XMP_":
        _keep(gather, SlotKind.XMP, box, "QuickTime XMP_")
    elif parent == b"udta" and box.name[:1] == b"\xa9":
        read_text(gather, box.name, start, end)
    elif parent == b"udta" and box.name in COPYRIGHTS and read_asset(gather, box.name, start, end):
        pass
    elif parent == b"meta" and box.name == b"ID32":
        read_id3(gather, start + 6, end)  # version, flags and a packed language before it
    elif parent == b"udta" and box.name not in _DESCEND and end - start <= _MAX_OTHER:
        _keep(gather, SlotKind.OTHER, box, "ISO-BMFF udta")
    elif box.name == b"tkhd":
        _track(gather, start, end)
    elif box.name == b"ispe" and parent == b"ipco" and end - start >= 12:
        # the whole picture is never smaller than its tiles or thumbnails: keep the largest
        _larger(gather, _word(data, start + 4), _word(data, start + 8))
    elif box.name == b"ihdr" and parent == b"jp2h":
        _larger(gather, _word(data, start + 4), _word(data, start))
    elif box.name == b"mvhd":
        wide = data[start : start + 1] == b"\1"
        created = int.from_bytes(data[start + 4 : start + (12 if wide else 8)], "big")
        gather.facts["created"] = str(created)  # seconds since 1904-01-01, mostly UTC
    elif not path:
        _top_only(gather, box)


def _top_only(gather: Gather, box: Box) -> None:
    """Boxes of JXL and JP2, and C2PA in a bare JUMBF box."""
    if box.name == b"Exif":  # JXL: four bytes say where the TIFF header begins
        skip = 4 + _word(gather.data, box.start)
        if skip > box.end - box.start:
            gather.trouble("malformed", f"Exif box at byte {box.head} points beyond itself")
            return
        gather.slot(
            SlotKind.EXIF,
            box.start + skip,
            box.end,
            mechanism="JXL Exif",
            complete=box.complete,
        )
    elif box.name == b"xml " and b"xmpmeta" in gather.data[box.start : box.start + 2048]:
        _keep(gather, SlotKind.XMP, box, "ISO-BMFF xml")
    elif box.name == b"jumb":
        is_c2pa = b"c2pa" in gather.data[box.start : box.start + 64]
        gather.slot(
            SlotKind.C2PA if is_c2pa else SlotKind.OTHER,
            box.head,
            box.end,
            key="jumb",
            mechanism="ISO-BMFF jumb",
            complete=box.complete,
        )
    elif box.name == b"brob":  # Brotli-compressed metadata: kept, not read
        inner = gather.data[box.start : box.start + 4].decode("latin-1")
        gather.slot(
            SlotKind.OTHER,
            box.start,
            box.end,
            key=f"brob {inner}",
            mechanism="JXL brob",
            complete=False,
        )


def _keep(gather: Gather, kind: SlotKind, box: Box, mechanism: str, skip: int = 0) -> None:
    gather.slot(
        kind,
        box.start + skip,
        box.end,
        key=box.name.decode("latin-1"),
        mechanism=mechanism,
        complete=box.complete,
    )


def _uuid(gather: Gather, box: Box) -> None:
    data, start = gather.data, box.start
    name = data[start : start + 16]
    if name == _XMP_UUID:
        _keep(gather, SlotKind.XMP, box, "ISO-BMFF uuid", 16)
    elif name == _C2PA_UUID:
        # version and flags, a purpose ending in NUL, and (manifest) the offset of a Merkle box
        purpose = data[start + 20 : start + 84].partition(b"\0")[0]
        skip = 20 + len(purpose) + 1 + 8
        kind = SlotKind.OTHER if purpose == b"merkle" else SlotKind.C2PA
        gather.slot(
            kind,
            start + skip,
            box.end,
            key=purpose.decode("latin-1"),
            mechanism="ISO-BMFF uuid",
            complete=box.complete,
        )
    elif name == _JP2_EXIF_UUID:
        _keep(gather, SlotKind.EXIF, box, "JP2 uuid", 16)
    elif name == _CANON_UUID:
        for inner in boxes(gather, start + 16, box.end, top=False):
            if inner.name == b"CMT1":  # IFD0 as a TIFF block of its own; CMT2 holds the Exif IFD
                _keep(gather, SlotKind.EXIF, inner, "CR3 CMT1")
            elif inner.name in (b"CMT2", b"CMT4"):
                _keep(gather, SlotKind.OTHER, inner, "CR3")
    elif box.end - start <= _MAX_OTHER:
        gather.slot(
            SlotKind.OTHER,
            start,
            box.end,
            key=f"uuid {name.hex()}",
            mechanism="ISO-BMFF uuid",
            complete=box.complete,
        )


def _track(gather: Gather, start: int, end: int) -> None:
    at = start + (88 if gather.data[start : start + 1] == b"\1" else 76)
    if at + 8 <= end:
        _larger(gather, _word(gather.data, at) >> 16, _word(gather.data, at + 4) >> 16)


def _larger(gather: Gather, width: int, height: int) -> None:
    if width * height > (gather.width or 0) * (gather.height or 0):
        gather.width, gather.height = width, height


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")

"""The video of a motion photo, and whatever else lies behind the end of a picture.

Makers put a video behind the picture and say so in XMP (Google, Xiaomi), in a directory at the very
end (Samsung) or not at all. What is said is checked against the bytes; what is not said is found
by its structure. Sources: developer.android.com Motion Photo format 1.0 (MicroVideo before it);
Ultra HDR 1.1; exiftool Samsung.pm for the trailer "SEFT".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from assay.core.vocab import Allocation, Role
from assay.media import embedded, kinds
from assay.media.jpegs import measure
from assay.media.slots import walk
from assay.media.sniff import sniff
from assay.openers.parts import Part, Parts

Properties = Mapping[str, tuple[str, ...]]

_SEF_ENTRIES = 256
_MAX_BOXES = 4096
_MAX_PIECES = 64  # files found behind one picture by structure
_HEAD = 1 << 16  # bytes that name a type
_ITEM = re.compile(r"(?:^|/)Container:Directory(?:/Container:Item)?/Item:(\w+)$")
_ROLES = {"MotionPhoto": Role.MOTION, "GainMap": Role.PREVIEW}
_BOX_KINDS = frozenset({"video/mp4", "video/quicktime", "video/3gpp", "video/3gpp2"})


def samsung_parts(data: bytes, end: int) -> Iterator[Part]:
    """Yield the files in a Samsung trailer that ends at ``end``."""
    if data[end - 4 : end] != b"SEFT":
        return
    start = end - 8 - int.from_bytes(data[end - 8 : end - 4], "little")
    if start < 0 or data[start : start + 4] != b"SEFH":
        return
    count = int.from_bytes(data[start + 8 : start + 12], "little")
    for index in range(min(count, _SEF_ENTRIES, (end - start - 20) // 12)):
        row = start + 12 + 12 * index
        first = start - int.from_bytes(data[row + 4 : row + 8], "little")
        stop = first + int.from_bytes(data[row + 8 : row + 12], "little")
        if first < 0 or not first + 8 < stop <= start:
            continue
        length = int.from_bytes(data[first + 4 : first + 8], "little")
        name = data[first + 8 : first + 8 + min(length, 64)].decode("latin-1")
        part = _file_at(data, first + 8 + length, stop, f"Samsung {name}")
        if part is not None:
            yield part


def google_parts(data: bytes, properties: Properties, end: int, parts: Parts) -> Iterator[Part]:
    """Yield the items that a container directory or MicroVideo names behind ``end``."""
    size = len(data)
    rows = list(_items(properties))
    at = size
    for what, mime, length in reversed(rows):
        if length <= 0 or length > at - end:
            break
        at -= length
        role = Role.MOTION if mime.startswith("video/") else Role.MEMBER
        part = _file_at(data, at, at + length, f"container {what}", _ROLES.get(what, role))
        if part is not None:
            yield part
    offset = _number(properties, "GCamera:MicroVideoOffset")
    if offset and offset < size:
        part = _file_at(data, size - offset, size, "motion video", Role.MOTION)
        if part is None:
            parts.note("lying_header", f"a motion video said to begin at byte {size - offset}")
        else:
            yield part


def _items(properties: Properties) -> Iterator[tuple[str, str, int]]:
    """Yield (meaning, media type, bytes) of the items behind the primary one."""
    fields: dict[str, tuple[str, ...]] = {}
    for name, values in properties.items():
        found = _ITEM.search(name)
        if found is not None:
            fields.setdefault(found.group(1), values)
    meanings, lengths = fields.get("Semantic", ()), fields.get("Length", ())
    if len(lengths) == len(meanings):
        lengths = lengths[1:]  # some give the primary's, which is 0
    if len(lengths) != len(meanings) - 1:
        return
    mimes = fields.get("Mime", ())
    mimes = mimes if len(mimes) == len(meanings) else ("",) * len(meanings)
    for meaning, mime, length in zip(meanings[1:], mimes[1:], lengths, strict=True):
        yield meaning[:40], mime, int(length) if length.isascii() and length.isdigit() else 0


def _number(properties: Properties, name: str) -> int:
    value = next(iter(properties.get(name, ())), "")
    return int(value) if len(value) < 16 and value.isascii() and value.isdigit() else 0


def structural_parts(data: bytes, start: int, end: int, parts: Parts) -> Iterator[Part]:
    """Yield pictures and videos between ``start`` and ``end`` that begin where nothing is named."""
    left = _MAX_PIECES
    for first, stop in list(parts.free(start, end)):
        if stop - first < 32 or not data[first:stop].strip(b"\0"):
            continue
        found = embedded.search(data[first:stop], 0, shown=True)
        if not found.complete:
            parts.note("count_limit", f"too many beginnings of files in bytes {first}-{stop}")
        at = first
        for begin in found.found:
            offset = first + begin.offset
            if offset < at:
                continue
            part = _file_at(data, offset, stop, "", state=Allocation.CARVED)
            if part is None:
                continue
            if left <= 0:
                parts.note("count_limit", f"more than {_MAX_PIECES} files behind the end")
                return
            left -= 1
            at = part.spans[0][1]
            yield part


def _file_at(
    data: bytes,
    start: int,
    end: int,
    name: str,
    role: Role | None = None,
    state: Allocation = Allocation.ALLOCATED,
) -> Part | None:
    """Return the picture or video at ``start``; a carved one ends where its structure does."""
    end = min(end, len(data))
    head = data[start : min(end, start + _HEAD)]
    shift = head[:64].find(b"ftyp")
    if shift > 4:  # a maker's mark before the first box
        start, head = start + shift - 4, head[shift - 4 :]
    media_type = sniff(head, end - start) if head else ""
    video = kinds.is_video(media_type)
    if not video and not kinds.is_picture(media_type):
        return None
    carved = state is Allocation.CARVED
    stop = _end_of(data, start, end, media_type) if carved else end
    if role is None or (role is Role.MOTION and not video):
        role = Role.MOTION if video else Role.MEMBER
    label = name or ("motion video" if video else "picture behind the end")
    return Part(label, ((start, stop),), role, state)


def _end_of(data: bytes, start: int, end: int, media_type: str) -> int:
    if media_type == "image/jpeg":
        jpeg = measure(data, start, end)
        return end if jpeg is None else jpeg.end
    if media_type in _BOX_KINDS or media_type in ("image/heic", "image/heif", "image/avif"):
        return boxes_end(data, start, end)
    found = walk(data[start:end], media_type).end
    return end if not found else min(start + found, end)


def boxes_end(data: bytes, start: int, end: int) -> int:
    """Return where a run of ISO-BMFF boxes ends."""
    at = start
    for _ in range(_MAX_BOXES):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if at + head > end or not name.isalnum() or size < head:
            break
        if at + size >= end:
            return end
        at += size
    return at if at > start else end


def box_parts(data: bytes, parts: Parts) -> Iterator[Part]:
    """Yield the video in the "mpvd" box of an HEIC or AVIF, and what a "sefd" box holds."""
    at = 0
    for _ in range(_MAX_BOXES):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if len(name) < 4 or size < head:
            return
        end = min(at + size, len(data))
        if name == b"mpvd":
            part = _file_at(data, at + head, end, "motion video", Role.MOTION)
            if part is not None:
                yield part
        elif name == b"sefd":
            yield from samsung_parts(data, end)
        at += size
        if at >= len(data):
            return

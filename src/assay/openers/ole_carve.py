"""Finds pictures and other files by their structure alone in bytes that nothing describes.

Used for free sectors, for gaps between entries and for streams whose records are not understood.
What it gives is marked as carved; where an end cannot be told, everything that follows is given.
"""

from __future__ import annotations

import struct
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator

from assay.core.blob import Blob
from assay.core.opening import Member
from assay.core.vocab import Allocation, Role
from assay.media import embedded, slots
from assay.openers.streams import find, pieces_of, stream_of

_WINDOW = 4 << 20  # bytes searched at a time
_PEEK = 1 << 12  # bytes behind a beginning that its check may look at
_FIRST_LOOK, _WALKED = 1 << 20, 64 << 20  # bytes of one picture whose end is looked for
_SMALLEST = 64  # bytes; nothing shorter is a picture with content
_KINDS = (
    "image/",
    "video/",
    "application/x-riff",
    "application/pdf",
    "application/zip",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/x-ole-storage",
)
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/bmp": ".bmp"}


class Covered:
    """Ranges that are accounted for, so that a search by structure passes over them."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        insort(self._ranges, (start, end))

    def behind(self, offset: int) -> int:
        """Return the end of the last range that begins at or before an offset, or the offset."""
        number = bisect_right(self._ranges, (offset, 1 << 63)) - 1
        return max(offset, self._ranges[number][1]) if number >= 0 else offset


def carved(
    blob: Blob,
    name: str,
    where: str,
    *,
    role: Role = Role.MEMBER,
    known: Callable[[int], int] | None = None,
) -> Iterator[Member]:
    """Yield what begins in a blob as members named ``name``/carved-offset.

    ``known`` takes an offset that is accounted for already to the first byte behind it, and any
    other offset to itself; ``where`` names the bytes for the locator.
    """
    free = at = 0
    while at < blob.size:
        data = blob.read(at, _WINDOW + _PEEK)
        search = embedded.search(data, 0)
        last = at
        for begin in search.found:
            start = last = at + begin.offset
            if begin.offset >= _WINDOW:
                break
            if known is not None:
                free = max(free, known(start))
            if start < free or not begin.media_type.startswith(_KINDS):
                continue
            size = _extent(blob, start, begin.media_type)
            if size < _SMALLEST:
                continue
            free = start + size
            yield _member(blob, start, size, begin.media_type, name, where, role)
        # a search that met its limit goes on behind its last hit
        crowded = len(search.found) >= embedded.MAX_FOUND and last < at + _WINDOW
        at = max(last + 1, free) if crowded else at + _WINDOW
        at = max(at, min(free, blob.size))


def _extent(blob: Blob, start: int, media_type: str) -> int:
    """Return the bytes of a picture from its beginning to its end, or to the end of everything."""
    rest = blob.size - start
    if media_type == "application/zip":
        return _zip_extent(blob, start)
    if not media_type.startswith("image/"):
        return rest
    for most in (_FIRST_LOOK, _WALKED):  # small ones are many: what is read stays in proportion
        data = blob.read(start, min(rest, most))
        end = slots.walk(data, media_type).end
        if media_type == "image/bmp" and end is None:
            end = int.from_bytes(data[2:6], "little")
        if end is not None and end > 0:
            return min(end, rest)
        if rest <= most:
            break
    return rest


def _zip_extent(blob: Blob, start: int) -> int:
    """Return the bytes up to the first end record whose directory begins where it says."""
    at = start
    while (at := find(blob, b"PK\5\6", at, blob.size)) >= 0:
        record = blob.read(at, 22)
        if len(record) == 22:
            size, offset, comment = struct.unpack_from("<IIH", record, 12)
            if start + offset + size == at:
                return min(at + 22 + comment, blob.size) - start
        at += 4
    return blob.size - start


def _member(
    blob: Blob, start: int, size: int, media_type: str, name: str, where: str, role: Role
) -> Member:
    return Member(
        name=f"{name}/carved-{start}{_ENDINGS.get(media_type, '')}",
        open=lambda: stream_of(pieces_of(blob, start, size)),
        stored_size=size,
        state=Allocation.CARVED,
        locator=f"{where}, bytes {start}-{start + size}",
        role=role,
    )

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
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Role
from assay.media import embedded, slots
from assay.openers.streams import find, pieces_of, stream_of

_WINDOW = 1 << 16  # bytes searched at a time; more could hold more than a search reports
_PEEK = 1 << 12  # bytes behind a beginning that its check may look at
_LOOKS = (1 << 12, 1 << 15, 1 << 18, 1 << 21, 64 << 20)  # bytes in which an end is looked for
_SMALLEST = 64  # bytes; nothing shorter is a picture with content
# what says that something was packed, not that a file begins
_MARKS = ("application/x-nsis", "application/x-inno", "application/x-pyinst", "application/x-upx")
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
) -> Iterator[Member | Trouble]:
    """Yield what begins in a blob as members named ``name``/carved-offset.

    ``known`` takes an offset that is accounted for already to the first byte behind it, and any
    other offset to itself; ``where`` names the bytes for the locator.
    """
    search = _Search(blob)
    free = 0
    for media_type, start in search.beginnings():
        if known is not None:
            free = max(free, known(start))
        if start < free or media_type.startswith(_MARKS):
            continue
        size = search.size(media_type, start)
        if size is not None:
            free = start + size
        else:
            size = search.rest(media_type, start)
        if size >= _SMALLEST:
            yield _member(blob, start, size, media_type, name, where, role)
        if search.spent:
            yield Trouble("count_limit", f"{where}: too many beginnings of files without ends")
            return


class _Search:
    """One pass over a blob; what it reads and gives stays in proportion to the blob's size."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._look = 16 * blob.size + _LOOKS[-1]  # bytes that looking for ends may read
        self._give = 4 * blob.size  # bytes that files without a known end may hold together
        self._endless: set[str] = set()

    def beginnings(self) -> Iterator[tuple[str, int]]:
        """Yield (type, offset) in order; a crowded window is searched again in small steps."""
        for at in range(0, self._blob.size, _WINDOW):
            data = self._blob.read(at, _WINDOW + _PEEK)
            found = embedded.search(data, 0)
            if found.complete:
                yield from _within(found, at, _WINDOW)
                continue
            for step in range(0, min(_WINDOW, len(data)), _PEEK):
                part = embedded.search(data[step : step + 2 * _PEEK], 0)
                yield from _within(part, at + step, _PEEK)

    def size(self, media_type: str, start: int) -> int | None:
        """Return the bytes from a beginning to its end; None where the end cannot be told."""
        if media_type == "application/zip":
            return None if media_type in self._endless else self._zip_size(start)
        if not media_type.startswith("image/"):
            return None
        rest = self._blob.size - start
        for look in _LOOKS:
            data = self._blob.read(start, min(look, rest))
            self._look -= len(data)
            end = slots.walk(data, media_type).end
            if media_type == "image/bmp" and end is None:
                end = int.from_bytes(data[2:6], "little")
            if end is not None and end > 0:
                return min(end, rest)
            if look >= rest or self.spent:
                break
        return None

    @property
    def spent(self) -> bool:
        """Whether the pass has read or given all that it may."""
        return self._look <= 0 or self._give < 0

    def rest(self, media_type: str, start: int) -> int:
        """Return the bytes given of a file without a known end: all that follows, in which other
        files may begin; 0 for a second one of a kind whose first already holds it.
        """
        if media_type in self._endless:
            return 0
        if not media_type.startswith("image/"):
            self._endless.add(media_type)
        size = self._blob.size - start
        self._give -= size
        return size

    def _zip_size(self, start: int) -> int | None:
        """Return the bytes up to the first end record whose directory lies before it."""
        at = start
        while (at := find(self._blob, b"PK\5\6", at, self._blob.size)) >= 0:
            record = self._blob.read(at, 22)
            if len(record) == 22:
                size, offset, comment = struct.unpack_from("<IIH", record, 12)
                if start + offset + size == at:
                    return int(min(at + 22 + comment, self._blob.size) - start)
            at += 4
        return None


def _within(found: embedded.Search, at: int, size: int) -> Iterator[tuple[str, int]]:
    for begin in found.found:
        if begin.offset < size:
            yield begin.media_type, at + begin.offset


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

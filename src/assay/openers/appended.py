"""Opens an archive that was appended to another file: a picture, a program, anything.

Looks for a ZIP end record near the end of the file whose archive begins later than byte 0, and for
the signatures of 7z and RAR behind the first bytes. What it finds is opened as if it stood alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.blob import Blob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation
from assay.openers import sevenzip
from assay.openers.streams import Slice, find, pieces_of, stream_of
from assay.openers.zipdir import read_directory
from assay.openers.zips import Archive

_RAR = (b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00")  # RAR 4 and 5
_SEARCH = 256 << 20  # bytes searched for a signature


class AppendedOpener:
    name = "appended"
    version = "1"
    media_types: tuple[str, ...] = ("*/*",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the members of appended archives; NotApplicable where there are none."""
        found = False
        directory = read_directory(blob, context.limits.members)
        if directory is not None and directory.entries:
            first = min(entry.header for entry in directory.entries)
            if first > 0:
                found = True
                yield from Archive(blob, context, carried=True).members()
        for at in _seven(blob):
            found = True
            size = sevenzip.header_end(blob.read(at, sevenzip.HEAD_SIZE))
            yield from sevenzip.SevenZipOpener().open(Slice(blob, at, size), context)
        at = _rar(blob)
        if at >= 0:
            found = True
            yield _rest(blob, at)
        if not found:
            raise NotApplicable

    def warm(self) -> None:
        """Nothing of its own: the openers it uses are warmed by themselves."""


def _seven(blob: Blob) -> Iterator[int]:
    """Yield offsets of 7z archives whose signature header's checksum holds."""
    end = min(blob.size, _SEARCH)
    at = 1
    while (at := find(blob, sevenzip.MAGIC, at, end)) >= 0:
        head = blob.read(at, sevenzip.HEAD_SIZE)
        if sevenzip.signature_holds(head):
            yield at
            at += max(sevenzip.header_end(head), 1)
        else:
            at += 1


def _rar(blob: Blob) -> int:
    places = [find(blob, mark, 1, min(blob.size, _SEARCH)) for mark in _RAR]
    return min((at for at in places if at >= 0), default=-1)


def _rest(blob: Blob, at: int) -> Member:
    """Return everything from an offset as one member: a kind that is named and not opened here."""
    size = blob.size - at
    return Member(
        name=f"bytes {at}-{blob.size}",
        open=lambda: stream_of(pieces_of(blob, at, size)),
        stored_size=size,
        state=Allocation.CARVED,
        locator=f"offset {at}",
    )

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
from assay.core.vocab import Allocation, Reach
from assay.openers import sevenzip
from assay.openers.streams import Slice, pieces_of, stream_of
from assay.openers.zipdir import read_directory
from assay.openers.zips import Archive

_RAR = b"Rar!\x1a\x07"
_RAR_ENDS = (b"\0", b"\1\0")  # RAR 4 and 5
_LONGEST = len(_RAR) + 2  # bytes of the longest signature
_SEARCH = 256 << 20  # bytes searched for a signature
_WINDOW = 1 << 18  # bytes read at once; small enough to stay in the processor's cache


class AppendedOpener:
    name = "appended"
    version = "1"
    reach = Reach.BESIDE
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
        signatures = _Signatures(blob)
        for at in signatures.sevens():
            found = True
            size = sevenzip.header_end(blob.read(at, sevenzip.HEAD_SIZE))
            yield from sevenzip.SevenZipOpener().open(Slice(blob, at, size), context)
        if signatures.rar is not None:
            found = True
            yield _rest(blob, signatures.rar)
        if not found:
            raise NotApplicable

    def warm(self) -> None:
        """Nothing of its own: the openers it uses are warmed by themselves."""


class _Signatures:
    """One search behind the first byte for both kinds: every file that is no archive goes here."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self.rar: int | None = None  # the first one's offset, once the search is done

    def sevens(self) -> Iterator[int]:
        """Yield offsets of 7z archives whose signature header's checksum holds."""
        free = 1  # nothing before this offset is an archive's beginning
        end = min(self._blob.size, _SEARCH)
        for start in range(1, end, _WINDOW):
            data = self._blob.read(start, min(_WINDOW + _LONGEST - 1, end - start))
            if self.rar is None:
                self.rar = _rar_in(data, start)
            at = data.find(sevenzip.MAGIC)
            while 0 <= at < _WINDOW:
                head = self._blob.read(start + at, sevenzip.HEAD_SIZE)
                if start + at >= free and sevenzip.signature_holds(head):
                    yield start + at
                    free = start + at + max(sevenzip.header_end(head), 1)
                at = data.find(sevenzip.MAGIC, at + 1)


def _rar_in(data: bytes, start: int) -> int | None:
    at = data.find(_RAR)
    while at >= 0:
        if data.startswith(_RAR_ENDS, at + len(_RAR)):
            return start + at
        at = data.find(_RAR, at + 1)
    return None


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

"""Finds the picture records of Office drawings in a stream, wherever they stand.

PowerPoint keeps them one behind the other in ``Pictures``, Word in ``Data``, ``WordDocument`` and
its table stream, Excel in its workbook. All use the same records, whose four bytes of version,
instance and type are few and fixed; a search for them needs none of the tables that point to
them, so it also finds what no table mentions any more. Source: [MS-ODRAW] 2.2.23-2.2.31.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.blob import Blob
from assay.core.opening import Member
from assay.core.slots import Trouble
from assay.media.sniff import sniff
from assay.media.sniff_text import BINARY
from assay.openers.ole_bitmap import bitmap_member, head_size
from assay.openers.ole_carve import Covered
from assay.openers.ole_storage import Runs
from assay.openers.streams import PIECE, Notes, pieces_of, stream_of

_WINDOW = 4 << 20  # bytes searched at a time
_HEADER = struct.Struct("<HHI")  # version and instance, type, length
_UID = 16  # bytes of a digest of the picture
_METAFILE = 34  # bytes of OfficeArtMetafileHeader
_DEFLATED = 0
_BITMAP = "dib"

# (type, instance of a record with one digest, kind, metafile); instance + 1 has two digests
_RECORDS = (
    (0xF01A, 0x3D4, "emf", True),
    (0xF01B, 0x216, "wmf", True),
    (0xF01C, 0x542, "pict", True),
    (0xF01D, 0x46A, "jpg", False),
    (0xF01D, 0x6E2, "jpg", False),  # CMYK
    (0xF01E, 0x6E0, "png", False),
    (0xF01F, 0x7A8, _BITMAP, False),
    (0xF029, 0x6E4, "tif", False),
    (0xF02A, 0x46A, "jpg", False),
    (0xF02A, 0x6E2, "jpg", False),
)
_KNOWN = {
    struct.pack("<HH", instance + more << 4, number): (kind, more + 1, metafile)
    for number, instance, kind, metafile in _RECORDS
    for more in (0, 1)
}
_PATTERN = re.compile(b"|".join(re.escape(head) for head in _KNOWN))


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture record: where its picture lies in the stream."""

    kind: str  # "jpg", "png", "dib", "tif", "emf", "wmf", "pict"
    record: int  # offset of the record
    start: int  # offset of the stored picture
    size: int  # bytes as stored
    deflated: bool
    full: int | None  # bytes once inflated, as claimed
    sure: bool  # False: the content is not what the type says; something else may hide in it


class Pictures:
    """The picture records of one stream, found once; a later search skips what they cover."""

    def __init__(self, blob: Blob, notes: Notes) -> None:
        self._blob = blob
        self._notes = notes
        self.covered = Covered()

    def members(self, name: str) -> Iterator[Member | Trouble]:
        """Yield the pictures of the stream ``name`` in their order."""
        for picture in self._found():
            if picture.sure:
                self.covered.add(picture.record, picture.start + picture.size)
            yield self._member(picture, name)
            yield from self._notes.drain()

    def _found(self) -> Iterator[Picture]:
        free = 0
        for base in range(0, self._blob.size, _WINDOW):
            data = self._blob.read(base, _WINDOW + 3)
            for hit in _PATTERN.finditer(data):
                at = base + hit.start()
                picture = self._picture(at, hit.group()) if at >= free else None
                if picture is not None:
                    yield picture
                    free = picture.start + picture.size if picture.sure else free

    def _picture(self, at: int, head: bytes) -> Picture | None:
        """Return the picture of a record; None where its lengths cannot be true."""
        kind, digests, metafile = _KNOWN[head]
        record = self._blob.read(at, _HEADER.size + 2 * _UID + _METAFILE)
        if len(record) < _HEADER.size + _UID + 1:
            return None
        end = at + _HEADER.size + int.from_bytes(record[4:8], "little")
        cut = end > self._blob.size
        end = min(end, self._blob.size)
        start = at + _HEADER.size + digests * _UID + (_METAFILE if metafile else 1)
        if start >= end:
            return None
        if metafile:
            header = record[_HEADER.size + digests * _UID :]
            full, stored, packing = struct.unpack_from("<I24xIB", header)
            if packing not in (_DEFLATED, 0xFE) or not 0 < stored <= end - start:
                return None
            return Picture(kind, at, start, stored, packing == _DEFLATED, full, not cut)
        first = self._blob.read(start, 64)
        known = sniff(first, end - start) != BINARY
        if kind == _BITMAP and head_size(first) is None:
            kind = "bmp"
        sure = known or kind == _BITMAP
        # four bytes that look like a record and claim more than there is are chance
        return Picture(kind, at, start, end - start, False, None, sure) if sure or not cut else None

    def _member(self, picture: Picture, name: str) -> Member:
        whole = Runs(self._blob, [(picture.start, picture.size)])
        label = f"{name}/picture-{picture.record}.{picture.kind}"
        locator = f"stream {name}, bytes {picture.start}-{picture.start + picture.size}"
        if picture.kind == _BITMAP:
            return bitmap_member(label, whole, locator)
        return Member(
            name=label,
            open=lambda: stream_of(
                inflated(whole, self._notes, label, picture.full)
                if picture.deflated
                else pieces_of(whole, 0, whole.size)
            ),
            stored_size=max(picture.size, 1),
            locator=locator,
        )


def inflated(blob: Blob, notes: Notes, label: str, full: int | None) -> Iterator[bytes]:
    """Yield what a zlib stream holds, piece by piece; damage ends it, with a note.

    Some writers leave the checksum out: what reaches the claimed size ``full`` is whole.
    """
    decoder = zlib.decompressobj()
    given = 0
    for data in pieces_of(blob, 0, blob.size):
        while data:
            try:
                piece = decoder.decompress(data, PIECE)
            except zlib.error as error:
                notes.add("malformed", f"{label}: {error}")
                return
            given += len(piece)
            if piece:
                yield piece
            if decoder.eof:
                return
            data = decoder.unconsumed_tail
    tail = decoder.flush(PIECE)
    if tail:
        yield tail
    if not decoder.eof and given + len(tail) != full:
        notes.add("truncated", label)

"""Opens the thumbnail and icon caches of Windows since Vista (thumbcache_*.db, iconcache_*.db).

Each entry is a JPEG, PNG or BMP byte for byte behind a short header. What lies between entries and
behind their data is searched for remnants. The name of an entry is the identifier that the file
thumbcache_idx.db and the search index refer to; the path of the picture is not in this file.
Layout: libyal, Windows Explorer Thumbnail Cache database format, versions 20 to 32.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.blob import Blob
from assay.core.errors import Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach, Role
from assay.openers.ole_carve import carved
from assay.openers.streams import Slice, find, pieces_of, stream_of

_MAGIC = b"CMMM"
_VISTA, _SEVEN = 20, 21
_KNOWN = frozenset({_VISTA, _SEVEN, 26, 28, 30, 31, 32})
_LONGEST_NAME = 1 << 12  # bytes of an identifier
_HEAD = 24  # bytes of the file's header before the first entry, at least


@dataclass(frozen=True, slots=True)
class Shape:
    """Where an entry of one version keeps its lengths, in bytes from its beginning."""

    header: int  # bytes before the identifier
    lengths: int  # offset of: identifier, padding, data


_SHAPES = {_VISTA: Shape(56, 24), _SEVEN: Shape(48, 16)}
_LATER = Shape(56, 16)


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    start: int  # of the data
    size: int  # bytes of the data
    end: int  # first byte behind the entry


class ThumbcacheOpener:
    name = "thumbcache"
    version = "1"
    reach = Reach.MEMBERS
    media_types: tuple[str, ...] = ("application/x-thumbcache",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the pictures in the order of the file; raises Malformed for unknown versions."""
        head = blob.read(0, 32)
        if head[:4] != _MAGIC:
            raise NotApplicable
        if len(head) < _HEAD:
            raise Malformed("the header is cut")
        (version,) = struct.unpack_from("<I", head, 4)
        if version not in _KNOWN:
            yield Trouble("not_opened", f"version {version} of a thumbnail cache")
        shape = _SHAPES.get(version, _LATER)
        at = _HEAD
        while at < blob.size:
            entry = _entry(blob, at, shape)
            if entry is None:
                if blob.read(at, len(_MAGIC)) == _MAGIC:
                    yield Trouble("malformed", f"the entry at byte {at} does not fit the file")
                following = _next(blob, at + 1, shape)
                yield from _remnants(blob, at, following)
                at = following
                continue
            if entry.size:
                yield _member(blob, entry)
            yield from _remnants(blob, entry.start + entry.size, entry.end)
            at = entry.end

    def warm(self) -> None:
        """Load the codec of the identifiers."""
        b"a\0".decode("utf-16-le")


def _entry(blob: Blob, at: int, shape: Shape) -> Entry | None:
    """Return the entry at an offset; None where there is none whose lengths fit the file."""
    head = blob.read(at, shape.header)
    if len(head) < shape.header or head[:4] != _MAGIC:
        return None
    (whole,) = struct.unpack_from("<I", head, 4)
    named, padding, size = struct.unpack_from("<III", head, shape.lengths)
    start = at + shape.header + named + padding
    if named > _LONGEST_NAME or start + size > at + whole or at + whole > blob.size:
        return None
    raw = blob.read(at + shape.header, named & ~1)
    name = raw.decode("utf-16-le", "replace").rstrip("\0")
    return Entry(name or f"entry {at}", start, size, at + whole)


def _next(blob: Blob, at: int, shape: Shape) -> int:
    """Return where the next entry begins, or the end of the file."""
    while True:
        at = find(blob, _MAGIC, at, blob.size)
        if at < 0:
            return blob.size
        if _entry(blob, at, shape) is not None:
            return at
        at += 1


def _member(blob: Blob, entry: Entry) -> Member:
    return Member(
        name=entry.name,
        open=lambda: stream_of(pieces_of(blob, entry.start, entry.size)),
        stored_size=entry.size,
        locator=f"bytes {entry.start}-{entry.start + entry.size}",
        role=Role.THUMBNAIL,
    )


def _remnants(blob: Blob, start: int, end: int) -> Iterator[Member | Trouble]:
    """Yield pictures of overwritten entries: an entry's space is used again by shorter ones."""
    if end > start:
        where = f"unused bytes {start}-{end}"
        yield from carved(Slice(blob, start, end - start), where, where, role=Role.THUMBNAIL)

"""Says what a value of a database is good for: a file by itself, or one somewhere inside it.

A blob that begins as a known kind is given as it is. Others are inflated where they are zlib
streams, and searched: applications wrap pictures in records of their own (protocol buffers, a
length, one byte of type). Texts are searched for files in base64, which nobody else would see.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from assay.core.blob import Blob, MemoryBlob
from assay.core.opening import Member
from assay.core.slots import Trouble
from assay.core.vocab import Allocation
from assay.media.embedded import search
from assay.media.extents import extent
from assay.media.kinds import HOLDS_PICTURES, is_audio, is_picture, is_text, is_video
from assay.media.sniff import HEAD, sniff
from assay.openers.encoded import pictures_in
from assay.openers.streams import Slice, pieces_of, stream_of

WHOLE = 64 << 20  # bytes; a larger value of no known kind is given as it is, unsearched
_SMALL = 1 << 10  # bytes; below, only values with one of these marks are searched
_MARKS = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"ftyp", b"II*\0", b"MM\0*", b"BM"),
    *(
        b"8BPS",
        b"JXL ",
        b"%PDF",
        b"PK\3\4",
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"fLaC",
        b"bplist",
    ),
)
_TINY = 256  # bytes; smaller blobs of other kinds hold nothing to look at
_PLIST = ("application/x-bplist", "application/x-plist")
_NEVER = frozenset({"application/x-registry-hive", "image/x-pcx"})  # too weak a sign inside values
MIN_RUN = 1 << 10  # characters of base64 that are no data: URI
_CHUNK = 1 << 16
_UNSAFE = {c: f"%{c:02X}" for c in (*range(32), *map(ord, '%/\\:"<>|?*'), 127)}
_MAX_NAME = 80  # characters kept of a stored name


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lies, in words that become the member's name and locator."""

    name: str
    locator: str
    state: Allocation = Allocation.ALLOCATED

    def inside(self, name: str, locator: str) -> Place:
        return replace(self, name=f"{self.name}/{name}", locator=f"{self.locator}, {locator}")


def escaped(name: str) -> str:
    """Return a stored name as one part of a path, its own separators escaped."""
    return name[:_MAX_NAME].translate(_UNSAFE) or "(no name)"


def is_wanted(media_type: str) -> bool:
    """Tell whether a kind is a picture, a video, a sound or a file that can hold one."""
    if media_type in _NEVER or is_text(media_type):
        return media_type in _PLIST
    known = media_type in HOLDS_PICTURES or media_type in _PLIST
    return known or is_picture(media_type) or is_video(media_type) or is_audio(media_type)


def member(value: Blob, place: Place) -> Member:
    """Return bytes of the database as a child, read when it is opened."""
    return Member(
        name=place.name,
        open=lambda: stream_of(pieces_of(value, 0, value.size)),
        stored_size=max(value.size, 1),
        locator=place.locator,
        state=place.state,
    )


def is_dull(value: Blob, encoding: str = "") -> bool:
    """Tell at a glance that a small value holds nothing, as most values of most tables do."""
    if value.size >= (MIN_RUN if encoding else _TINY) or encoding.startswith("utf-16"):
        return False
    data = value.read(0, value.size)
    if encoding:
        return b";base64," not in data and not any(mark in data[:16] for mark in _MARKS)
    return not any(mark in data for mark in _MARKS)


def children(value: Blob, place: Place, encoding: str = "") -> Iterator[Member | Trouble]:
    """Yield the files in one value; ``encoding`` is that of a text, empty for a blob."""
    if encoding.startswith("utf-16"):
        if value.size > WHOLE:
            yield Trouble("size_limit", f"{place.name}: a text of {value.size} bytes")
            return
        plain = value.read(0, value.size).decode(encoding, "replace").encode("utf-8", "replace")
        value = MemoryBlob(plain)
    head = value.read(0, HEAD)
    kind = sniff(head, value.size)
    if is_wanted(kind):
        yield member(value, place)
    elif encoding or kind.startswith("text/") or is_text(kind):
        yield from _in_text(value, place)
    elif _is_zlib(head):
        yield from _inflated(value, place)
    else:
        yield from inside(value, place, head)


# -- blobs of no known kind ------------------------------------------------------------------------


def inside(value: Blob, place: Place, head: bytes) -> Iterator[Member | Trouble]:
    """Yield what begins inside a blob: up to its end where that is known, else up to the blob's."""
    if value.size <= _SMALL and not any(mark in head for mark in _MARKS):
        return
    if value.size > WHOLE:
        yield member(value, place)
        return
    data = head if value.size <= len(head) else value.read(0, value.size)
    found, complete = beginnings(value, data)
    if not complete:
        yield Trouble("count_limit", f"{place.name}: more beginnings of files than are looked at")
    for at, end in found:
        name, locator = f"bytes {at}-{end}", f"bytes {at}-{end} of the value"
        yield member(Slice(value, at, end - at), place.inside(name, locator))


def beginnings(value: Blob, data: bytes, start: int = 1) -> tuple[list[tuple[int, int]], bool]:
    """Return (first, end) of the files that begin in ``data``, none inside another, and if all.

    ``data`` is the beginning of ``value`` or all of it. A file whose end is unknown reaches to the
    value's, and hides none that begin behind it.
    """
    ranges: list[tuple[int, int]] = []
    covered = 0
    result = search(data, start)
    for beginning in result.found:
        at = beginning.offset
        if at < covered:
            continue
        kind = sniff(data[at : at + HEAD], value.size - at)
        if is_wanted(kind):
            found = extent(value, at, kind)
            covered = found.end if found is not None and found.complete else at
            ranges.append((at, covered if covered > at else value.size))
    return ranges, result.complete


# -- compressed blobs ------------------------------------------------------------------------------


def _is_zlib(head: bytes) -> bool:
    """Tell a zlib stream by its two bytes and a successful beginning (RFC 1950 §2.2)."""
    if len(head) < 8 or head[0] != 0x78 or int.from_bytes(head[:2], "big") % 31:
        return False
    try:
        return bool(zlib.decompressobj().decompress(head, 256))
    except zlib.error:
        return False


def _inflated(value: Blob, place: Place) -> Iterator[Member | Trouble]:
    pieces = _inflate(value)
    head = next(pieces, b"")
    kind = sniff(head, len(head))
    wanted = is_wanted(kind)
    if not wanted and not kind.startswith("text/"):
        wanted = bool(beginnings(MemoryBlob(head), head)[0])
    if wanted:
        yield Member(
            name=f"{place.name}/inflated",
            open=lambda: stream_of(_inflate(value)),
            stored_size=max(value.size, 1),
            locator=f"{place.locator}, inflated",
            state=place.state,
        )


def _inflate(value: Blob) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for packed in pieces_of(value, 0, value.size, _CHUNK):
        while packed and not inflater.eof:
            try:
                piece = inflater.decompress(packed, HEAD)
            except zlib.error:
                return  # what came out before is kept
            if piece:
                yield piece
            packed = inflater.unconsumed_tail


# -- texts -----------------------------------------------------------------------------------------


def _in_text(value: Blob, place: Place) -> Iterator[Member | Trouble]:
    if value.size > WHOLE:
        yield Trouble("size_limit", f"{place.name}: a text of {value.size} bytes")
        return
    text = value.read(0, value.size)
    if value.size >= MIN_RUN or b";base64," in text:
        for found in pictures_in(text, place.name, 0):
            yield replace(found, locator=f"{place.locator}, {found.locator}", state=place.state)

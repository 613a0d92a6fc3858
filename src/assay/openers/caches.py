"""Opens the caches of browsers and of Android's gallery: what a person saw and may have deleted.

Chromium's "simple" cache keeps one response a file, its block files many small ones; Android kept
thumbnails in one sparse file. Sources: Chromium net/disk_cache/simple/simple_entry_format.h and
blockfile/disk_format_base.h; Android's MiniThumbFile.java.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Reach, Role
from assay.media.extents import extent
from assay.media.sniff import BINARY, HEAD, sniff
from assay.media.sniff_stores import (
    CACHE_BLOCKS,
    CACHE_BLOCKS_MAGIC,
    CACHE_ENTRY,
    CACHE_ENTRY_MAGIC,
)
from assay.openers.sqlite_values import is_wanted
from assay.openers.streams import Slice, find, pieces_of, stream_of, text

_ENTRY_HEADERS = (24, 20)  # bytes; the second where the compiler did not pad
_EOF = struct.Struct("<8sIII")  # magic, flags, CRC-32, bytes of the stream (of the headers alone)
_EOF_MAGIC = bytes.fromhex("d8410d97456ffaf4")
_HAS_KEY_DIGEST = 2  # flag: 32 bytes of SHA-256 of the key stand before the record
_RANGE = struct.Struct("<8sqqI4x")  # magic, offset, length, CRC-32
_RANGE_MAGIC = bytes.fromhex("6b67536501bf97eb")
_MAX_KEY = 1 << 20  # bytes
_MAX_RANGES = 1 << 16

_BLOCK_HEADER = 8192  # bytes
_BLOCKS = 4  # blocks that one stream may fill
_BLOCK_SIZES = range(36, 4097)
_LEAST_BLOCK = 256  # bytes; smaller blocks hold ranks, no content

_MINI = 10_000  # bytes a thumbnail has in Android's file, header included
_MINI_HEADER = struct.Struct(">Bqi")  # 1 where used, number of the picture's version, bytes
_MAX_MINI = 4 << 30  # bytes of a file that is looked at


class CacheEntryOpener:
    name = "cache-entry"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = (CACHE_ENTRY,)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the body of the response; of a sparse entry, its ranges joined where they meet."""
        head = blob.read(0, _ENTRY_HEADERS[0])
        if head[:8] != CACHE_ENTRY_MAGIC:
            raise NotApplicable
        if len(head) < _ENTRY_HEADERS[0]:
            raise Malformed("the entry ends inside its header")
        _, length = struct.unpack_from("<II", head, 8)
        padded = _record_size(blob)
        start = padded + length
        if length > _MAX_KEY or start > blob.size:
            raise Malformed(f"a key of {length} bytes")
        name = text(blob.read(padded, length)).rpartition(" ")[2] or "content"
        if blob.read(start, 8) == _RANGE_MAGIC:
            yield from _sparse(blob, start, name)
            return
        end = _body_end(blob, start, padded)
        if end is None:
            yield Trouble("truncated", "no record says where the body ends")
            end = blob.size
        if end > start:
            yield _piece(blob, name, start, end)

    def warm(self) -> None:
        _read_all(self, sample_entry())


def _record_size(blob: Blob) -> int:
    """Return the bytes of a header or record: the last record shows whether it is padded."""
    short = _ENTRY_HEADERS[1]
    return short if blob.read(blob.size - short, 8) == _EOF_MAGIC else _ENTRY_HEADERS[0]


def _body_end(blob: Blob, start: int, padded: int) -> int | None:
    """Return where the body ends; None where no record follows it.

    The last record gives the size of the headers, before which the body's own record stands; a
    file of one stream, or one cut short, has the first record that can be found.
    """
    record = blob.read(blob.size - padded, _EOF.size)
    if record[:8] == _EOF_MAGIC and len(record) == _EOF.size:
        _, flags, _, size = _EOF.unpack(record)
        behind: int = size + padded + (32 if flags & _HAS_KEY_DIGEST else 0)
        at = blob.size - padded - behind
        if at >= start and blob.read(at, 8) == _EOF_MAGIC:
            return at
    at = find(blob, _EOF_MAGIC, start, blob.size)
    return at if at >= 0 else None


def _sparse(blob: Blob, start: int, name: str) -> Iterator[Member | Trouble]:
    ranges: list[tuple[int, int, int]] = []  # offset in the body, offset in the file, bytes
    at = start
    while at + _RANGE.size <= blob.size and len(ranges) < _MAX_RANGES:
        magic, offset, length, _ = _RANGE.unpack(blob.read(at, _RANGE.size))
        at += _RANGE.size
        if magic != _RANGE_MAGIC or length < 0 or offset < 0 or at + length > blob.size:
            yield Trouble("malformed", f"a range at byte {at - _RANGE.size} does not fit")
            break
        ranges.append((offset, at, length))
        at += length
    ranges.sort()
    while ranges:
        run = [ranges.pop(0)]
        while ranges and ranges[0][0] == run[-1][0] + run[-1][2]:
            run.append(ranges.pop(0))
        first, last = run[0][0], run[-1][0] + run[-1][2]
        yield Member(
            name=name if not ranges and first == 0 else f"{name}/bytes {first}-{last}",
            open=lambda run=run: stream_of(_joined(blob, run)),
            stored_size=max(last - first, 1),
            locator=f"{len(run)} ranges from offset {run[0][1]}",
        )


def _joined(blob: Blob, run: list[tuple[int, int, int]]) -> Iterator[bytes]:
    for _, at, length in run:
        yield from pieces_of(blob, at, length)


class CacheBlockOpener:
    name = "cache-block"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = (CACHE_BLOCKS,)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the pictures and archives that begin at a block, in use or not."""
        head = blob.read(0, 16)
        if head[:4] != CACHE_BLOCKS_MAGIC:
            raise NotApplicable
        (size,) = struct.unpack_from("<i", head.ljust(16, b"\0"), 12)
        if size not in _BLOCK_SIZES:
            raise Malformed(f"blocks of {size} bytes")
        if size < _LEAST_BLOCK:
            return
        free = _BLOCK_HEADER
        for at in range(_BLOCK_HEADER, blob.size, size):
            if at < free:
                continue
            part = blob.read(at, _BLOCKS * size)
            kind = sniff(part[:HEAD], len(part))
            if not is_wanted(kind):
                continue
            found = extent(MemoryBlob(part), 0, kind)
            length = found.end if found is not None and found.complete else len(part)
            free = at + length
            yield _piece(
                blob, f"block {(at - _BLOCK_HEADER) // size}", at, at + length, carved=True
            )

    def warm(self) -> None:
        _read_all(self, sample_blocks())


class ThumbdataOpener:
    name = "thumbdata"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = (BINARY,)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the thumbnails by the number of their picture; NotApplicable for other files."""
        found = thumbnails_in(blob)
        if not found:
            raise NotApplicable
        for number, version, start, length in found:
            yield Member(
                name=f"picture {number}",
                open=lambda s=start, n=length: stream_of(pieces_of(blob, s, n)),
                stored_size=length,
                locator=f"bytes {start}-{start + length}",
                detail=f"version {version}",
                role=Role.THUMBNAIL,
            )

    def warm(self) -> None:
        _read_all(self, sample_thumbdata())


def thumbnails_in(blob: Blob) -> list[tuple[int, int, int, int]]:
    """Return number, version, start and bytes of each thumbnail; nothing for any other file."""
    if not _MINI_HEADER.size + 4 <= blob.size <= _MAX_MINI:
        return []
    return list(_minis(blob))


def _minis(blob: Blob) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, version, start and bytes of each thumbnail; nothing where one block lies."""
    rows = []
    for at in range(0, blob.size - _MINI_HEADER.size, _MINI):
        head = blob.read(at, _MINI_HEADER.size + 2)
        used, version, length = _MINI_HEADER.unpack_from(head)
        if used == 0:
            continue
        start = at + _MINI_HEADER.size
        fits = used == 1 and 4 <= length <= _MINI - _MINI_HEADER.size
        if not fits or head[_MINI_HEADER.size :] != b"\xff\xd8":
            return  # not this kind of file
        rows.append((at // _MINI, version, start, min(length, blob.size - start)))
    yield from rows


# -- shared ----------------------------------------------------------------------------------------


def _piece(blob: Blob, name: str, start: int, end: int, *, carved: bool = False) -> Member:
    part = Slice(blob, start, end - start)
    return Member(
        name=name,
        open=lambda: stream_of(pieces_of(part, 0, part.size)),
        stored_size=max(part.size, 1),
        locator=f"bytes {start}-{end}",
        state=Allocation.CARVED if carved else Allocation.ALLOCATED,
    )


def _read_all(opener: CacheEntryOpener | CacheBlockOpener | ThumbdataOpener, data: bytes) -> None:
    for entry in opener.open(MemoryBlob(data), OpenContext()):
        if isinstance(entry, Member) and entry.open is not None:
            entry.open().read()


_PICTURE = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


def sample_entry() -> bytes:
    """Return an entry of the simple cache whose body is a picture of 35 bytes."""
    key = b"https://example.org/a.gif"
    head = CACHE_ENTRY_MAGIC + struct.pack("<III4x", 9, len(key), 0)
    headers = b"HTTP/1.1 200\0\0"
    first = _EOF.pack(_EOF_MAGIC, 1, 0, 0) + bytes(4)
    last = _EOF.pack(_EOF_MAGIC, 1 | _HAS_KEY_DIGEST, 0, len(headers)) + bytes(4)
    return head + key + _PICTURE + first + headers + bytes(32) + last


def sample_blocks() -> bytes:
    """Return a block file of blocks of 1 KiB with one picture."""
    head = CACHE_BLOCKS_MAGIC + struct.pack("<Ihhi", 0x20000, 2, 0, 1024)
    return head.ljust(_BLOCK_HEADER, b"\0") + bytes(1024) + _PICTURE.ljust(1024, b"\0")


def sample_thumbdata() -> bytes:
    """Return a file of two places, the second of which holds the beginning of a JPEG."""
    return bytes(_MINI) + _MINI_HEADER.pack(1, 7, 4) + b"\xff\xd8\xff\xd9"

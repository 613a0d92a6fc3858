"""Opens tar archives, plain or compressed as a whole, so that a.tar.gz shows its files directly.

Header blocks are decoded by ``tarfile.TarInfo.frombuf``; the walk over them is our own, because
``tarfile`` reads extension headers of any claimed size into memory, loops on negative offsets
(CVE-2025-8194) and stops at the first damaged block, where here it goes on at the next good one.
"""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from assay.core.blob import Blob, open_blob
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.facts import Stamp
from assay.core.names import display
from assay.core.opening import Member, MemberReader, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import EntryKind, Reach
from assay.openers.inflate import PACKED, Unpacked, format_of
from assay.openers.stamps import unix_stamp
from assay.openers.streams import PIECE, Notes, Slice, pieces_of, stream_of, text, unlisted
from assay.openers.tarsparse import Sparse, sparse_map, sparse_of_pax

BLOCK = 512  # bytes
_EXTENSION = 1 << 20  # bytes of a pax header or long name that are read; the rest is skipped
_KINDS = {
    tarfile.SYMTYPE: EntryKind.SYMLINK,
    tarfile.LNKTYPE: EntryKind.HARDLINK,
    tarfile.CHRTYPE: EntryKind.SPECIAL,
    tarfile.BLKTYPE: EntryKind.SPECIAL,
    tarfile.FIFOTYPE: EntryKind.SPECIAL,
}
_FORMAT_BITS = {
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
}


class TarOpener:
    name = "tar"
    version = "1"
    reach = Reach.WHOLE
    media_types: tuple[str, ...] = ("application/x-tar", "application/x-gtar", *PACKED)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield members in order; NotApplicable where a compressed file holds no tar.

        Members of a compressed tar can be read only until the next one is asked for.
        """
        notes = Notes()
        kind = format_of(blob.read(0, 8))
        if kind is None:
            yield from _Walk(_Tape(open_blob(blob)), notes, blob).members()
            return
        unpacked = Unpacked(blob, kind, notes)
        limits = context.limits
        tape = _Tape(stream_of(unpacked.pieces()), limits.ratio_floor + limits.ratio * blob.size)
        try:
            head = tape.peek()
        except Malformed:
            raise NotApplicable from None  # the opener of single files says so
        if _header(head) is None:
            raise NotApplicable
        yield from _Walk(tape, notes, None).members()
        yield from notes.drain()
        rest = unlisted(blob, unpacked.end, blob.size)
        if rest is not None:
            yield rest

    def warm(self) -> None:
        _header(bytes(BLOCK))
        tarfile.TarInfo("a").tobuf()


class _Tape:
    """Blocks read forward; over a plain file it seeks, over a compressed one it reads on.

    ``idle`` bounds the bytes that are unpacked for nothing (passed over, or empty blocks).
    """

    def __init__(self, file: BinaryIO, idle: int | None = None) -> None:
        self._file = file
        self._idle = idle
        self._held = b""
        self.position = 0

    def peek(self) -> bytes:
        """Return the next block without moving."""
        if not self._held:
            self._held = self._file.read(BLOCK)
        return self._held

    def read(self, size: int) -> bytes:
        data, self._held = self._held[:size], self._held[size:]
        if len(data) < size:
            data += self._file.read(size - len(data))
        self.position += len(data)
        return data

    def skip_to(self, offset: int) -> None:
        if self._file.seekable():
            self._held = b""
            self._file.seek(offset)
            self.position = offset
        while self.position < offset and self.read(min(PIECE, offset - self.position)):
            self.waste(PIECE)

    def waste(self, size: int) -> None:
        """Count bytes that led to nothing; raises LimitReached where they are too many."""
        if self._idle is not None:
            self._idle -= size
            if self._idle < 0:
                raise LimitReached("a compressed tar of empty bytes", flag="decompression_bomb")


@dataclass(slots=True)
class _Extended:
    """What extension headers said about the entry that follows them."""

    name: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    mtime: str | None = None
    pax: dict[bytes, bytes] = field(default_factory=dict)


class _Walk:
    def __init__(self, tape: _Tape, notes: Notes, blob: Blob | None) -> None:
        self._tape = tape
        self._notes = notes
        self._blob = blob  # a plain tar: its members can be read at any time
        self._lost = 0  # bytes that belong to no entry
        self._entries = 0

    def members(self) -> Iterator[Member | Trouble]:
        """Walk to the end of the data, past end marks, since archives may be appended."""
        extended = _Extended()
        zeros = False
        while True:
            start = self._tape.position
            head = self._tape.read(BLOCK)
            if len(head) < BLOCK:
                if head.strip(b"\0") or not (zeros or self._lost):
                    self._notes.add("truncated", f"no end mark after {self._entries} entries")
                break
            if not head.strip(b"\0"):
                zeros = True
                self._tape.waste(BLOCK)
                continue
            info = _header(head)
            if info is None:
                if self._lost == 0:
                    self._notes.add("malformed", f"no valid header at byte {start}")
                self._lost += BLOCK
                self._tape.waste(BLOCK)
                continue
            zeros = False
            if info.type in _EXTENSIONS:
                self._extend(extended, info)
                continue
            self._entries += 1
            yield from self._member(info, head, extended, start)
            yield from self._notes.drain()
            extended = _Extended()
        if not self._entries and self._lost:
            raise Malformed("no valid tar header")
        yield from self._notes.drain()

    def _extend(self, extended: _Extended, info: tarfile.TarInfo) -> None:
        after = self._tape.position + _padded(info.size)
        data = self._tape.read(min(info.size, _EXTENSION))
        if info.size > _EXTENSION:
            self._notes.add("malformed", f"an extension header of {info.size} bytes was cut")
        self._tape.skip_to(after)
        if info.type == tarfile.GNUTYPE_LONGNAME:
            extended.name = data.split(b"\0", 1)[0]
        elif info.type == tarfile.GNUTYPE_LONGLINK:
            extended.link = data.split(b"\0", 1)[0]
        elif info.type != tarfile.XGLTYPE:  # global ones change no name or content here
            _read_pax(extended, data)

    def _member(
        self, info: tarfile.TarInfo, head: bytes, extended: _Extended, start: int
    ) -> Iterator[Member | Trouble]:
        size = extended.size if extended.size is not None else info.size
        kind = _KINDS.get(info.type, EntryKind.FILE)
        if kind is not EntryKind.FILE or info.type == tarfile.DIRTYPE:
            size = 0  # as GNU tar reads them: links and folders hold no data
        name = extended.name if extended.name is not None else _raw(info.name)
        link = extended.link if extended.link is not None else _raw(info.linkname)
        sparse: Sparse | None = None
        if info.type == tarfile.GNUTYPE_SPARSE:
            sparse, size = self._old_sparse(head, size)
        elif any(key.startswith(b"GNU.sparse.") for key in extended.pax):
            name = extended.pax.get(b"GNU.sparse.name", name)
            sparse = sparse_of_pax(extended.pax)
        data = self._tape.position
        if info.type != tarfile.DIRTYPE:
            reader = self._reader(text(name), data, size, sparse)
            yield Member(
                name=text(name),
                kind=kind,
                open=reader if kind is EntryKind.FILE else None,
                stored_size=max(size, 1) if self._blob is not None else None,
                times=(_mtime(info, extended),),
                mode=info.mode | _FORMAT_BITS.get(info.type, 0),
                locator=f"offset {start}",
                detail=text(link) if kind in (EntryKind.SYMLINK, EntryKind.HARDLINK) else "",
            )
        self._tape.skip_to(data + _padded(size))
        if self._blob is not None and data + size > self._blob.size:
            self._notes.add("truncated", f"{display(text(name))}: the archive ends inside it")

    def _old_sparse(self, head: bytes, size: int) -> tuple[Sparse, int]:
        blocks = [head[386:483]]
        more = head[482] != 0
        while more and len(blocks) < 1 << 12:
            block = self._tape.read(BLOCK)
            blocks.append(block[:504])
            more = len(block) == BLOCK and block[504] != 0
        return sparse_map(blocks, head[483:495]), size

    def _reader(self, name: str, data: int, size: int, sparse: Sparse | None) -> MemberReader:
        def open_member() -> BinaryIO:
            if self._blob is not None:
                pieces = pieces_of(Slice(self._blob, data, size), 0, size)
            else:
                pieces = self._from_tape(name, data, size)
            return stream_of(sparse.expand(pieces) if sparse is not None else pieces)

        return open_member

    def _from_tape(self, name: str, data: int, size: int) -> Iterator[bytes]:
        if self._tape.position != data:
            raise OSError("a member of a compressed tar was asked for out of order")
        while size:
            piece = self._tape.read(min(PIECE, size))
            if not piece:
                self._notes.add("truncated", f"{display(name)}: the archive ends inside it")
                return
            size -= len(piece)
            yield piece


_EXTENSIONS = frozenset(
    {
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    }
)


def _header(block: bytes) -> tarfile.TarInfo | None:
    """Decode a header block, or None where its checksum or its numbers do not hold."""
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, IndexError):
        return None
    return info if 0 <= info.size < 1 << 62 else None


def _read_pax(extended: _Extended, data: bytes) -> None:
    """Read records "length keyword=value newline" (POSIX pax interchange format)."""
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 12)
        if space < 0 or not data[at:space].isdigit():
            return
        end = at + int(data[at:space])
        if end <= space + 1:
            return
        key, _, value = data[space + 1 : end - 1].partition(b"=")
        if key == b"path":
            extended.name = value
        elif key == b"linkpath":
            extended.link = value
        elif key == b"size" and value.isdigit() and len(value) < 19:
            extended.size = int(value)
        elif key == b"mtime":
            extended.mtime = value.decode("ascii", "replace")
        elif key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):  # version 0.0 repeats them
            joined = extended.pax.get(b"GNU.sparse.map", b"")
            extended.pax[b"GNU.sparse.map"] = joined + (b"," if joined else b"") + value
        elif key.startswith(b"GNU.sparse."):
            extended.pax[key] = value
        at = end


def _mtime(info: tarfile.TarInfo, extended: _Extended) -> Stamp:
    raw = extended.mtime
    if raw is not None:
        try:
            return unix_stamp("tar mtime", float(raw), raw)
        except ValueError:
            pass
    return unix_stamp("tar mtime", info.mtime)


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK

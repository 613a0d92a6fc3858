"""Says of a RAR archive whether it is locked, by its headers alone: nothing in it is unpacked.

Sources: rarlab.com/technote.htm (RAR 5.0 archive format); the RAR 4 technote in unrar's sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.blob import Blob
from assay.core.names import display

_RAR4, _RAR5 = b"Rar!\x1a\x07\0", b"Rar!\x1a\x07\1\0"
_MAX_HEADERS = 100_000
_HEADER = 1 << 16  # bytes of one header that are looked at


@dataclass(frozen=True, slots=True)
class RarLock:
    """What the headers say."""

    version: int  # 4 or 5
    names: bool  # the names are locked too: nothing can be counted
    files: int
    locked: tuple[str, ...]  # names of locked files

    def __str__(self) -> str:
        if self.names:
            return f"a RAR {self.version} archive, names and contents"
        first = display(self.locked[0]) if self.locked else ""
        return f"a RAR {self.version} archive, {len(self.locked)} of {self.files} files: {first}"


def rar_lock(blob: Blob) -> RarLock | None:
    """Return what a RAR archive's headers say of locks; None where nothing is locked."""
    head = blob.read(0, 8)
    if head.startswith(_RAR5):
        return _found(5, _rar5(blob))
    if head.startswith(_RAR4):
        return _found(4, _rar4(blob))
    return None


def _found(version: int, rows: Iterator[tuple[str, bool] | None]) -> RarLock | None:
    files, locked = 0, []
    for row in rows:
        if row is None:
            return RarLock(version, names=True, files=0, locked=())
        files += 1
        if row[1]:
            locked.append(row[0])
    return RarLock(version, names=False, files=files, locked=tuple(locked)) if locked else None


def _rar4(blob: Blob) -> Iterator[tuple[str, bool] | None]:
    """Yield (name, locked) of each file; None where the headers themselves are locked."""
    at = 7
    for _ in range(_MAX_HEADERS):
        head = blob.read(at, 32)
        if len(head) < 7:
            return
        kind, flags = head[2], int.from_bytes(head[3:5], "little")
        size = int.from_bytes(head[5:7], "little")
        if kind == 0x73 and flags & 0x80:
            yield None
            return
        packed = int.from_bytes(head[7:11], "little") if flags & 0x8000 or kind == 0x74 else 0
        if kind == 0x74 and len(head) == 32:
            if flags & 0x100:
                packed |= int.from_bytes(blob.read(at + 32, 4), "little") << 32
            length = int.from_bytes(head[26:28], "little")
            name = blob.read(at + (40 if flags & 0x100 else 32), min(length, 4096))
            yield name.split(b"\0")[0].decode("utf-8", "surrogateescape"), bool(flags & 4)
        if size < 7 or kind == 0x7B:
            return
        at += size + packed


def _rar5(blob: Blob) -> Iterator[tuple[str, bool] | None]:
    at = 8
    for _ in range(_MAX_HEADERS):
        head = blob.read(at + 4, _HEADER)
        size, used = _number(head, 0)
        if not size or not used:
            return
        body = head[used : used + size]
        kind, pos = _number(body, 0)
        flags, pos = _number(body, pos)
        if kind == 4:
            yield None
            return
        extra = packed = 0
        if flags & 1:
            extra, pos = _number(body, pos)
        if flags & 2:
            packed, pos = _number(body, pos)
        if kind == 2:
            yield _name(body, pos), _has_lock(body[max(len(body) - extra, 0) :])
        if kind == 5:
            return
        at += 4 + used + size + packed


def _name(body: bytes, pos: int) -> str:
    flags, pos = _number(body, pos)
    for _ in range(2):  # unpacked size, attributes
        _, pos = _number(body, pos)
    pos += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)  # time, checksum
    for _ in range(2):  # compression, system
        _, pos = _number(body, pos)
    length, pos = _number(body, pos)
    return body[pos : pos + min(length, 4096)].decode("utf-8", "surrogateescape")


def _has_lock(extra: bytes) -> bool:
    """Tell whether an extra area holds an encryption record (type 1)."""
    at = 0
    for _ in range(64):
        size, after = _number(extra, at)
        kind, _ = _number(extra, after)
        if not size or after >= len(extra):
            return False
        if kind == 1:
            return True
        at = after + size
    return False


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length number: seven bits a byte, the lowest first; returns what follows."""
    value = 0
    for count, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * count
        if not byte & 0x80:
            return value, at + count + 1
    return 0, len(data) + 1

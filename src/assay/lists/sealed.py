"""Files that tell when they are damaged: a checksum for every block, read lazily.

A data file of a list is written once and never changed. Behind its content stand the CRC-32 of
each 64 KiB of it, and a footer. A small file is checked whole when it is opened; of a large one
each block is checked the first time that something is read from it, so that opening a list of
gigabytes costs no reading of gigabytes and no unchecked byte is ever used. The checksums find
damage by a disk or a cut, not forgery.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import zlib
from pathlib import Path

from assay.core.errors import AssayError

BLOCK = 1 << 16  # bytes under one checksum
WHOLE = 1 << 25  # bytes up to which a file is checked whole when opened
_FOOTER = struct.Struct("<8sQI")  # magic, bytes of content, CRC-32 of the checksums
_MAGIC = b"AssayLF1"


class ListDamagedError(AssayError):
    """A file of a list is missing, cut or changed; ``path`` names it."""

    def __init__(self, path: Path, what: str, *, hint: str = "") -> None:
        super().__init__(
            f"{path}: the list's file is damaged: {what}",
            hint=hint or "rebuild it from the stored records with: assay lists compact NAME",
        )
        self.path = path


class SealedWriter:
    """Writes one such file; nothing of it counts until ``close`` has returned its seal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb")
        self._checksums = bytearray()
        self._part = bytearray()  # of the block not yet full
        self.size = 0  # bytes of content

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.size += len(data)
        self._part += data
        if len(self._part) >= BLOCK:
            whole = len(self._part) // BLOCK * BLOCK
            self._put(whole)

    def close(self) -> str:
        """Write checksums and footer through to the disk; return the seal for the manifest."""
        self._put(len(self._part))
        total = zlib.crc32(self._checksums)
        self._file.write(self._checksums)
        self._file.write(_FOOTER.pack(_MAGIC, self.size, total))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return seal_of(self.size, total)

    def abandon(self) -> None:
        """Close and remove the unfinished file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _put(self, size: int) -> None:
        with memoryview(self._part) as part:
            for start in range(0, size, BLOCK):
                end = min(start + BLOCK, size)
                self._checksums += zlib.crc32(part[start:end]).to_bytes(4, "little")
            self._file.write(part[:size])
        del self._part[:size]


def seal_of(size: int, checksum: int) -> str:
    return f"{size:x}-{checksum:08x}"


class SealedFile:
    """One such file, mapped into memory; raises ListDamagedError, never gives a wrong byte."""

    def __init__(self, path: Path, seal: str = "") -> None:
        """Open it; ``seal`` is what the manifest says of it (empty: not known)."""
        self.path = path
        try:
            with path.open("rb") as file:
                whole = os.fstat(file.fileno()).st_size
                if whole < _FOOTER.size:
                    raise ListDamagedError(path, f"{whole} bytes hold no footer")
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise ListDamagedError(path, error.strerror or str(error)) from error
        footer: tuple[bytes, int, int] = _FOOTER.unpack_from(self._map, whole - _FOOTER.size)
        magic, self.size, total = footer
        blocks = -(-self.size // BLOCK)
        if magic != _MAGIC or self.size + 4 * blocks + _FOOTER.size != whole:
            raise ListDamagedError(path, "its end is not what was written")
        checksums = self._map[self.size : self.size + 4 * blocks]
        if zlib.crc32(checksums) != total or (seal and seal != seal_of(self.size, total)):
            raise ListDamagedError(path, "its checksums are not those of the manifest")
        self._checksums = memoryview(checksums).cast("I")
        if sys.byteorder != "little":
            raise ListDamagedError(path, "it is written for little-endian machines")
        self._good = bytearray(blocks)
        self.bytes = memoryview(self._map)[: self.size]
        if self.size <= WHOLE:
            self.check(0, self.size)

    def check(self, start: int, end: int) -> None:
        """Check the blocks that hold these bytes, once; raises ListDamagedError."""
        good = self._good
        for block in range(start // BLOCK, -(-end // BLOCK)):
            if good[block]:
                continue
            at = block * BLOCK
            if zlib.crc32(self.bytes[at : at + BLOCK]) != self._checksums[block]:
                raise ListDamagedError(self.path, f"the block at byte {at} was changed")
            good[block] = 1

    def read(self, start: int, end: int) -> memoryview:
        """Return checked bytes without copying them."""
        self.check(start, end)
        return self.bytes[start:end]

    def forget(self, start: int, end: int) -> None:
        """Give back the memory of mapped bytes that were read; they stay readable."""
        give_back(self._map, start, end)


def give_back(mapped: mmap.mmap, start: int, end: int) -> None:
    """Let the system unmap the pages of these bytes: read again, they come from its cache.

    Without it all that was ever read of a mapped file counts as resident memory.
    """
    if hasattr(mmap, "MADV_DONTNEED"):
        start -= start % mmap.PAGESIZE
        mapped.madvise(mmap.MADV_DONTNEED, start, end - start)

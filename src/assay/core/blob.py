"""Read-only bytes, wherever they come from: a descriptor, memory, a member of a container.

A parser never knows where its bytes come from; everything reads through a ``Blob``.
"""

from __future__ import annotations

import io
import os
from typing import Protocol


class Blob(Protocol):
    """``size`` bytes that can be read at any offset and never written."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; shorter only at the end."""
        ...


class MemoryBlob:
    """A blob over bytes in memory."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        if offset == 0 and length >= len(self._data):
            return self._data
        return self._data[offset : offset + length]


class DescriptorBlob:
    """A blob over an open descriptor; reads by offset, so the file position is never shared."""

    __slots__ = ("_fd", "_size")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        parts = []
        while length > 0:
            part = _read_at(self._fd, min(length, 1 << 24), offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _read_at(fd: int, length: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(fd, length, offset)
    os.lseek(fd, offset, os.SEEK_SET)  # Windows: the worker owns the descriptor alone
    return os.read(fd, length)


class BlobFile(io.RawIOBase):
    """A seekable, read-only file object over a blob, for libraries that want one."""

    def __init__(self, blob: Blob) -> None:
        super().__init__()
        self._blob = blob
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._blob.size}[whence]
        if base + offset < 0:
            raise ValueError("seek before the start of the file")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._blob.read(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def open_blob(blob: Blob) -> io.BufferedReader:
    """Return a buffered binary file over ``blob``."""
    return io.BufferedReader(BlobFile(blob), buffer_size=1 << 16)

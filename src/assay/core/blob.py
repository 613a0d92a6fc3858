"""Read-only bytes, wherever they come from: a descriptor, memory, a member of a container.

A parser never knows where its bytes come from; everything reads through a ``Blob``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Protocol

from assay.core.medium import Rescue

Ranges = tuple[tuple[int, int], ...]  # (start, stop) in bytes, sorted, apart from each other


class Blob(Protocol):
    """``size`` bytes that can be read at any offset and never written."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; shorter only at the end."""
        ...


def unread_of(blob: Blob) -> Ranges:
    """Return what the medium did not give so far, where ``read`` returned zeros; mostly nothing."""
    ranges: Ranges = getattr(blob, "unread", ())
    return ranges


def gone_of(blob: Blob) -> str:
    """Return what was said when a blob's source went away; what was seen since is no evidence."""
    said: str = getattr(blob, "gone", "")
    return said


class MemoryBlob:
    """A blob over bytes in memory."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def unread(self) -> Ranges:
        return ()

    def read(self, offset: int, length: int) -> bytes:
        if offset == 0 and length >= len(self._data):
            return self._data
        return self._data[offset : offset + length]


class DescriptorBlob:
    """A blob over an open descriptor; reads by offset, so the file position is never shared.

    Bad sectors are read as zeros and told in ``unread``. Every other error is raised as OSError:
    ``medium.fault_of`` tells whether the source went away.
    """

    __slots__ = ("_rescue", "_size")

    def __init__(self, fd: int, size: int | None = None) -> None:
        """Take a descriptor and its size in bytes, by default what the system says."""
        self._size = os.fstat(fd).st_size if size is None else size
        self._rescue = Rescue(lambda offset, length: _read_at(fd, length, offset), self._size)

    @property
    def size(self) -> int:
        return self._size

    @property
    def unread(self) -> Ranges:
        return self._rescue.unread.ranges

    @property
    def gone(self) -> str:
        """What the system said when the source went away during a read; "" where it is there."""
        return self._rescue.gone

    def on_failed_read(self, then: Callable[[], None]) -> None:
        """Call ``then`` after each failed read; there are about 500 of them at most."""
        self._rescue.on_failed_read = then

    def read(self, offset: int, length: int) -> bytes:
        return self._rescue.read(offset, length)


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

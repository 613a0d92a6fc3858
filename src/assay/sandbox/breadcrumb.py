"""A small shared slot where a worker notes what it is about to do, read after it has died.

The coordinator reads it through the file and not through a map, so that nothing a worker does to
the file can harm the reader.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import tempfile
from dataclasses import dataclass

SIZE = 256  # bytes: ticket, length of the text, text
_HEAD = struct.Struct("<QH")
_ROOM = SIZE - _HEAD.size


@dataclass(frozen=True, slots=True)
class Breadcrumb:
    """The last note: the ticket that had been started (0 = none) and the task's text."""

    ticket: int
    text: str


class Reader:
    """The coordinator's side: owns the file."""

    __slots__ = ("fd", "path")

    def __init__(self) -> None:
        self.fd, self.path = tempfile.mkstemp(prefix="assay-worker-")
        os.write(self.fd, bytes(SIZE))

    def unlink(self) -> None:
        """Remove the name; the descriptor stays. A spawned worker does so once it is open."""
        if self.path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
            self.path = ""

    def read(self) -> Breadcrumb:
        """Return the last note; whatever the bytes are, this does not fail."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        data = os.read(self.fd, SIZE).ljust(SIZE, b"\0")
        ticket, length = _HEAD.unpack_from(data)
        text = data[_HEAD.size : _HEAD.size + min(length, _ROOM)]
        return Breadcrumb(ticket, text.decode("utf-8", "replace"))

    def close(self) -> None:
        os.close(self.fd)
        self.unlink()


class Writer:
    """The worker's side: a map that costs no system call to write."""

    __slots__ = ("_map", "_ticket")

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, SIZE)
        self._ticket = 0

    def start(self, ticket: int) -> None:
        """Note that work on ``ticket`` begins."""
        self._ticket = ticket
        self._write(b"")

    def note(self, text: str) -> None:
        """Note a stage of the ticket in work; cut to the slot."""
        self._write(text.encode("utf-8", "backslashreplace")[:_ROOM])

    def _write(self, text: bytes) -> None:
        self._map[: _HEAD.size + len(text)] = _HEAD.pack(self._ticket, len(text)) + text

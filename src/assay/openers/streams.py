"""Pieces, slices and streams that every opener shares.

Member content is always a generator of small pieces, so that memory stays bounded whatever a
header claims. Knows nothing of any container format.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from assay.core.blob import Blob, Ranges, unread_of
from assay.core.opening import Member
from assay.core.slots import Trouble
from assay.core.vocab import Allocation

PIECE = 1 << 18  # bytes handed on at a time
MIN_UNLISTED = 32  # bytes; less than this between two entries cannot hold a picture


class Slice:
    """``size`` bytes of another blob, from ``start``; cut at the end of that blob."""

    __slots__ = ("_blob", "_size", "_start")

    def __init__(self, blob: Blob, start: int, size: int) -> None:
        self._blob = blob
        self._start = min(max(start, 0), blob.size)
        self._size = max(0, min(size, blob.size - self._start))

    @property
    def size(self) -> int:
        return self._size

    @property
    def unread(self) -> Ranges:
        start, stop = self._start, self._start + self._size
        met = [(max(a, start), min(b, stop)) for a, b in unread_of(self._blob)]
        return tuple((a - start, b - start) for a, b in met if a < b)

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self._size - offset)
        return self._blob.read(self._start + offset, length) if length > 0 else b""


class Notes:
    """What went wrong while members were read; the opener yields it after each of them."""

    __slots__ = ("_troubles",)

    def __init__(self) -> None:
        self._troubles: list[Trouble] = []

    def add(self, flag: str, detail: str) -> None:
        self._troubles.append(Trouble(flag, detail))

    def drain(self) -> list[Trouble]:
        """Return the troubles met since the last call."""
        troubles, self._troubles = self._troubles, []
        return troubles


class _Pieces(io.RawIOBase):
    """A forward-only raw stream over pieces; what the generator raises reaches the reader."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def stream_of(pieces: Iterator[bytes]) -> BinaryIO:
    """Return a forward-only binary stream over pieces."""
    return io.BufferedReader(_Pieces(pieces), buffer_size=1 << 16)


def pieces_of(blob: Blob, start: int, length: int, piece: int = PIECE) -> Iterator[bytes]:
    """Yield ``length`` bytes of a blob from ``start``; fewer where it ends before."""
    end = min(start + length, blob.size)
    while start < end:
        data = blob.read(start, min(piece, end - start))
        if not data:
            return
        start += len(data)
        yield data


def unlisted(blob: Blob, start: int, end: int) -> Member | None:
    """Return bytes that no entry of a container accounts for as a member of their own.

    What a directory leaves out (a member deleted from it, a file hidden between two entries, data
    after the end) is content too: the engine names its type and examines it. None for padding.
    """
    if end - start < MIN_UNLISTED or _blank(blob, start, end):
        return None
    return Member(
        name=f"unlisted bytes {start}-{end}",
        open=lambda: stream_of(pieces_of(blob, start, end - start)),
        stored_size=end - start,
        state=Allocation.CARVED,
        locator=f"offset {start}",
    )


def _blank(blob: Blob, start: int, end: int) -> bool:
    return all(not piece.strip(b"\0") for piece in pieces_of(blob, start, end - start))


def find(blob: Blob, needle: bytes, start: int, end: int) -> int:
    """Return the offset of ``needle`` in ``[start, end)``, or -1; memory stays bounded."""
    window = 1 << 22
    while start < end:
        data = blob.read(start, min(window + len(needle) - 1, end - start))
        at = data.find(needle)
        if at >= 0:
            return start + at
        if len(data) < len(needle):
            return -1
        start += window
    return -1


def text(name: bytes) -> str:
    """Return a stored name as text: UTF-8, every other byte surrogate-escaped, nothing lost."""
    return name.decode("utf-8", "surrogateescape")

"""The tail: hashes added since the last segment, in a file that only grows, compared one by one.

Fixed records of 52 bytes: hash, record number, how many of the same addition follow, how many it
has, and a CRC-32 that goes on from the record before. An addition counts when its last record is
there, so a writer that is killed leaves all of it or nothing, and what it left is cut off by the
next one. The running checksum also tells such a rest from damage: nothing sound follows a rest.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists.index_files import IndexDamagedError, sync_folder, write_all, writing

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER = struct.Struct("<8sIIQI")  # magic, version, 0, generation, CRC-32 of the above
EMPTY = _HEADER.size  # bytes of a tail to which nothing was added
_MAGIC = b"ASSAYTAI"
_VERSION = 1
_ROW = np.dtype(
    [("hash", "<u8", 4), ("record", "<u8"), ("left", "<u4"), ("size", "<u4"), ("crc", "<u4")]
)
_CHECKED = _ROW.itemsize - 4  # bytes of a row that its checksum covers


@dataclass(frozen=True, slots=True)
class Tail:
    """What a tail held when it was read; ``read`` goes on from there."""

    path: Path
    crc: int  # of the last record that counts, or of the header
    words: NDArray[np.uint64]  # N×4
    records: NDArray[np.uint64]  # N
    rest: int = 0  # bytes behind them: an addition that was not finished, or is being written

    @property
    def count(self) -> int:
        return len(self.words)

    @property
    def end(self) -> int:
        """Where the next addition is written, in bytes."""
        return _HEADER.size + self.count * _ROW.itemsize


def create(path: Path, generation: int) -> None:
    """Write an empty tail in place of whatever lay there."""
    head = _HEADER.pack(_MAGIC, _VERSION, 0, generation, 0)[:-4]
    with writing(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            write_all(fd, head + zlib.crc32(head).to_bytes(4, "little"), 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(path.parent)


def read(path: Path, generation: int, before: Tail | None = None) -> Tail:
    """Read a tail, or what has come since ``before``.

    Raises FileNotFoundError, or IndexDamagedError where a finished addition has changed.
    """
    for again in (True, False):
        with path.open("rb") as file:
            known = before or _open(path, file.read(_HEADER.size), generation)
            file.seek(known.end)
            data = file.read()
        rows = np.frombuffer(data, _ROW, len(data) // _ROW.itemsize)
        good = _count_good(data, rows, known.crc)
        later = _sound_after(data, rows, good) if good < len(rows) else 0
        if not later:
            break
        # Looked at twice: a writer may just have cut off a rest and gone on in its place.
        if not again:
            what = f"the checksum does not match, and {later} sound additions follow"
            raise IndexDamagedError(path, f"record {known.count + good}", what)
    if before and not good and len(data) == before.rest:
        return before
    if not good:
        return Tail(path, known.crc, known.words, known.records, len(data))
    return Tail(
        path,
        int(rows["crc"][good - 1]),
        np.concatenate([known.words, rows["hash"][:good]]),
        np.concatenate([known.records, rows["record"][:good]]),
        len(data) - good * _ROW.itemsize,
    )


def append(tail: Tail, words: NDArray[np.uint64], records: NDArray[np.uint64]) -> Tail:
    """Add all of N×4 words and N record numbers, or nothing; on disk when it returns."""
    count = len(words)
    rows = np.zeros(count, _ROW)
    rows["hash"], rows["record"] = words, records
    rows["left"] = np.arange(count - 1, -1, -1)
    rows["size"] = count
    data = bytearray(rows.tobytes())
    crc = tail.crc
    for at in range(0, len(data), _ROW.itemsize):
        crc = zlib.crc32(data[at : at + _CHECKED], crc)
        data[at + _CHECKED : at + _ROW.itemsize] = crc.to_bytes(4, "little")
    with writing(tail.path):
        fd = os.open(tail.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, tail.end)  # a rest must not stand behind what is written now
            try:
                write_all(fd, bytes(data), tail.end)
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, tail.end)
                raise
        finally:
            os.close(fd)
    return Tail(
        tail.path,
        crc,
        np.concatenate([tail.words, words]),
        np.concatenate([tail.records, records]),
    )


def _open(path: Path, head: bytes, generation: int) -> Tail:
    if len(head) < _HEADER.size:
        raise IndexDamagedError(path, "header", f"the file has {len(head)} bytes")
    magic, version, _, of, crc = _HEADER.unpack(head)
    if magic != _MAGIC or zlib.crc32(head[:-4]) != crc:
        raise IndexDamagedError(path, "header", "the checksum does not match")
    if (version, of) != (_VERSION, generation):
        raise IndexDamagedError(path, "header", f"version {version}, generation {of}")
    return Tail(path, crc, np.zeros((0, 4), np.uint64), np.zeros(0, np.uint64))


def _count_good(data: bytes, rows: NDArray[np.void], crc: int) -> int:
    """Return how many rows belong to additions that are whole."""
    good = 0
    expected = -1  # rows that must follow in the same addition
    stored, left, size = (rows[name].tolist() for name in ("crc", "left", "size"))
    for n in range(len(rows)):
        crc = zlib.crc32(_checked(data, n), crc)
        if crc != stored[n]:
            break
        if left[n] != (size[n] - 1 if expected < 0 else expected):
            break
        expected = left[n] - 1
        if not left[n]:
            good = n + 1
    return good


def _sound_after(data: bytes, rows: NDArray[np.void], good: int) -> int:
    """Count the additions that are whole and began behind the one at row ``good``.

    A writer only goes on when everything before is on disk, so such ones prove damage.
    """
    found = 0
    stored, left, size = (rows[name].tolist() for name in ("crc", "left", "size"))
    for n in range(good + 1, len(rows)):
        if left[n] == 0 and n - size[n] >= good:
            found += zlib.crc32(_checked(data, n), stored[n - 1]) == stored[n]
    return found


def _checked(data: bytes, n: int) -> memoryview:
    return memoryview(data)[n * _ROW.itemsize : n * _ROW.itemsize + _CHECKED]

"""A segment: hashes that no longer change, with the tables that find them, in one mapped file.

A header page, then sections: the hashes, for each hash its record number, where each value of
each chunk begins, and for each chunk the hashes in order of its value. The header names offset,
length and CRC-32 of every section and ends with its own. It is written last: a segment that was
not finished has none. ``docs/reference/hamming-index.md`` describes the bytes.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists.index_files import HammingIndexError, IndexDamagedError, write_all, writing

if TYPE_CHECKING:
    from numpy.typing import NDArray

BYTES = 32  # of a hash
_CHUNKS = 16
_VALUES = 1 << 16
_PAGE = 4096
_MAGIC = b"ASSAYMIH"
_VERSION = 1
_FIXED = struct.Struct("<8sIIQ")  # magic, version, bytes of a record number, hashes
_SECTION = struct.Struct("<QQI")  # offset, length, CRC-32
_NAMES = ("hashes", "records", "starts", *(f"order of chunk {n}" for n in range(_CHUNKS)))
_MOST = (1 << 32) - 2  # hashes of a segment: places are 32-bit numbers


@dataclass(frozen=True, slots=True)
class _Section:
    offset: int
    length: int
    crc: int


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A mapped segment of N hashes. It stays readable when its file is replaced or removed."""

    path: Path
    header: str  # SHA-256 of the header page: stands for the whole content
    words: NDArray[np.uint64]  # N×4
    records: NDArray[np.unsignedinteger]  # N, 32 or 64 bits
    starts: NDArray[np.uint32]  # 16×65537
    order: NDArray[np.uint32]  # 16×N
    _sections: tuple[_Section, ...] = field(repr=False)
    _map: mmap.mmap = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> Segment:
        """Map a segment after a look at its shape; ``verify`` reads all of it.

        Raises FileNotFoundError, or IndexDamagedError naming the section.
        """
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < _PAGE:
                raise IndexDamagedError(path, "header", f"the file has {size} bytes")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        page = mapped[:_PAGE]
        width, count, sections = _read_header(path, page, size)
        words, records, begins, order = (s.offset for s in sections[:4])
        found = cls(
            path,
            hashlib.sha256(page).hexdigest(),
            np.frombuffer(mapped, "<u8", count * 4, words).reshape(count, 4),
            np.frombuffer(mapped, f"<u{width}", count, records),
            np.frombuffer(mapped, "<u4", _CHUNKS * (_VALUES + 1), begins).reshape(_CHUNKS, -1),
            np.frombuffer(mapped, "<u4", _CHUNKS * count, order).reshape(_CHUNKS, count),
            sections,
            mapped,
        )
        # What a search takes for granted; it checks every place that it takes from ``order``.
        starts = found.starts
        if starts[:, 0].any() or (starts[:, -1] != count).any() or _falls(starts):
            raise IndexDamagedError(path, "starts", "the places are not in order")
        return found

    @property
    def count(self) -> int:
        return len(self.words)

    def verify(self, threads: int = 1) -> None:
        """Read all sections; raises IndexDamagedError naming the first that has changed."""
        with memoryview(self._map) as whole, ThreadPoolExecutor(threads) as pool:

            def changed(section: _Section) -> bool:
                with whole[section.offset : section.offset + section.length] as part:
                    return zlib.crc32(part) != section.crc

            for name, bad in zip(_NAMES, pool.map(changed, self._sections), strict=True):
                if bad:
                    raise IndexDamagedError(self.path, name, "the checksum does not match")


class SegmentBuilder:
    """Writes a segment hash by hash, then sorts: memory is that of a chunk's order a thread.

    Use as a context manager; without ``finish`` the file is removed at the end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: list[NDArray[np.unsignedinteger]] = []
        self._count = 0
        self._crc = 0
        self._finished = False
        with writing(path):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)

    def __enter__(self) -> SegmentBuilder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
        if not self._finished:
            self._path.unlink(missing_ok=True)

    @property
    def count(self) -> int:
        return self._count

    def append(self, words: NDArray[np.uint64], records: NDArray[np.unsignedinteger]) -> None:
        """Add N×4 words and the N record numbers that belong to them."""
        if self._count + len(words) > _MOST:
            raise HammingIndexError(f"{self._path}: more than {_MOST} hashes in one segment")
        data = np.ascontiguousarray(words, "<u8").reshape(-1).data
        with writing(self._path):
            write_all(self._fd, data.cast("B"), _PAGE + self._count * BYTES)
        self._crc = zlib.crc32(data, self._crc)
        self._count += len(words)
        small = not len(records) or int(records.max()) >> 32 == 0
        self._records.append(records.astype("<u4" if small else "<u8"))

    def finish(self, threads: int = 1) -> str:
        """Write the tables, then the header; return the SHA-256 of it.

        Raises HammingIndexError where the disk refuses.
        """
        count = self._count
        records = np.concatenate([np.zeros(0, "<u4"), *self._records])
        self._records.clear()
        width = records.dtype.itemsize
        lengths = (count * BYTES, count * width, _CHUNKS * (_VALUES + 1) * 4)
        offsets = [_PAGE]
        for length in lengths:
            offsets.append(_paged(offsets[-1] + length))
        with writing(self._path):
            os.ftruncate(self._fd, offsets[3] + _CHUNKS * count * 4)
            write_all(self._fd, records.data.cast("B"), offsets[1])
            starts, orders = self._sort(offsets[3], threads)
            write_all(self._fd, starts.reshape(-1).data.cast("B"), offsets[2])
            crcs = (self._crc, zlib.crc32(records.data), zlib.crc32(starts.reshape(-1).data))
            sections = [_Section(*all_of) for all_of in zip(offsets, lengths, crcs, strict=False)]
            sections += [
                _Section(offsets[3] + n * count * 4, count * 4, crc) for n, crc in enumerate(orders)
            ]
            os.fsync(self._fd)  # of everything that the header vouches for
            header = _header(width, count, sections)
            write_all(self._fd, header, 0)
            os.fsync(self._fd)
        self._finished = True
        return hashlib.sha256(header).hexdigest()

    def _sort(self, offset: int, threads: int) -> tuple[NDArray[np.uint32], list[int]]:
        """Write the order of each chunk; return where values begin, and the checksums."""
        from assay.lists.index_kernel import sort_chunk

        count = self._count
        starts = np.zeros((_CHUNKS, _VALUES + 1), "<u4")
        if not count:
            return starts, [0] * _CHUNKS
        mapped = mmap.mmap(self._fd, _PAGE + count * BYTES, access=mmap.ACCESS_READ)
        chunks = np.frombuffer(mapped, "<u2", count * _CHUNKS, _PAGE).reshape(count, _CHUNKS)

        def write(chunk: int) -> int:
            order = np.empty(count, "<u4")
            sort_chunk(chunks, chunk, order, starts[chunk])
            write_all(self._fd, order.data.cast("B"), offset + chunk * count * 4)
            return zlib.crc32(order.data)

        with ThreadPoolExecutor(threads) as pool:
            return starts, list(pool.map(write, range(_CHUNKS)))


def blocks(
    words: NDArray[np.uint64],
    records: NDArray[np.unsignedinteger],
    dead: NDArray[np.uint8],
    size: int = 1 << 18,
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Yield the hashes that are not deleted, with their records, at most ``size`` at a time."""
    for start in range(0, len(words), size):
        end = min(start + size, len(words))
        gone = np.unpackbits(dead[start // 8 : (end + 7) // 8], bitorder="little")[: end - start]
        alive = gone == 0
        yield words[start:end][alive], records[start:end][alive].astype(np.uint64)


def _read_header(path: Path, page: bytes, size: int) -> tuple[int, int, tuple[_Section, ...]]:
    magic, version, width, count = _FIXED.unpack_from(page)
    if magic != _MAGIC:
        raise IndexDamagedError(path, "header", "this is no segment of a Hamming index")
    if zlib.crc32(page[:-4]) != int.from_bytes(page[-4:], "little"):
        raise IndexDamagedError(path, "header", "the checksum does not match")
    if version != _VERSION:
        raise HammingIndexError(
            f"{path}: version {version} of the format; this version of Assay reads {_VERSION}",
            hint="Rebuild the index from the list's stored records.",
        )
    if sys.byteorder != "little":
        raise HammingIndexError(f"{path}: indexes are read on little-endian machines only")
    sections = tuple(
        _Section(*_SECTION.unpack_from(page, _FIXED.size + n * _SECTION.size))
        for n in range(len(_NAMES))
    )
    lengths = (count * BYTES, count * width, _CHUNKS * (_VALUES + 1) * 4, *(count * 4,) * _CHUNKS)
    for name, section, length in zip(_NAMES, sections, lengths, strict=True):
        if section.length != length or section.offset + length > size or width not in (4, 8):
            raise IndexDamagedError(path, name, "lies outside the file")
    if [s.offset for s in sections[3:]] != [
        sections[3].offset + n * count * 4 for n in range(_CHUNKS)
    ]:
        raise IndexDamagedError(path, "header", "the orders do not follow each other")
    return width, count, sections


def _header(width: int, count: int, sections: list[_Section]) -> bytes:
    page = bytearray(_PAGE)
    _FIXED.pack_into(page, 0, _MAGIC, _VERSION, width, count)
    for n, s in enumerate(sections):
        _SECTION.pack_into(page, _FIXED.size + n * _SECTION.size, s.offset, s.length, s.crc)
    page[-4:] = zlib.crc32(page[:-4]).to_bytes(4, "little")
    return bytes(page)


def _paged(offset: int) -> int:
    return -(-offset // _PAGE) * _PAGE


def _falls(starts: NDArray[np.uint32]) -> bool:
    return bool((starts[:, 1:] < starts[:, :-1]).any())

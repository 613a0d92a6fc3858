"""Bytes that the medium does not give: zeros, told exactly, with a bounded number of tries."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import DescriptorBlob, MemoryBlob, open_blob
from assay.core.medium import DEAD_RUN, LAST, SECTOR, Fault, Rescue, Unread, fault_of
from assay.openers.streams import Slice

PAGE = mmap.PAGESIZE
MIB = 1 << 20


class Disk:
    """A medium at the boundary of the system: some sectors fail, each try is counted."""

    def __init__(self, size: int, bad: set[int], code: int = errno.EIO) -> None:
        self.data = bytes(range(1, 252)) * (size // 251 + 1)
        self.data = self.data[:size]
        self.bad = bad  # numbers of sectors
        self.code = code
        self.tried: list[tuple[int, int]] = []  # failed reads

    def read(self, offset: int, length: int) -> bytes:
        stop = min(offset + length, len(self.data))
        if offset >= stop:
            return b""
        if any(offset // SECTOR <= n <= (stop - 1) // SECTOR for n in self.bad):
            self.tried.append((offset, length))
            raise OSError(self.code, os.strerror(self.code))
        return self.data[offset:stop]

    def rescue(self) -> Rescue:
        return Rescue(self.read, len(self.data))

    def zeroed(self, rescue: Rescue) -> bytes:
        data = bytearray(self.data)
        for start, stop in rescue.unread.ranges:
            data[start:stop] = bytes(stop - start)
        return bytes(data)


# -- a real descriptor that really fails --------------------------------------------------------


@pytest.fixture
def holed() -> Iterator[tuple[int, int]]:
    """Give this process's memory as a file, and where 4 pages lie of which the third is gone."""
    if sys.platform != "linux":
        pytest.skip("/proc/self/mem is Linux's")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, *[ctypes.c_size_t] * 4, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    here = libc.mmap(None, 4 * PAGE, 3, 0x22, (1 << 64) - 1, 0)  # private, anonymous
    ctypes.memmove(here, b"".join(bytes([n]) * PAGE for n in b"abcd"), 4 * PAGE)
    libc.munmap(here + 2 * PAGE, PAGE)
    fd = os.open("/proc/self/mem", os.O_RDONLY)
    try:
        yield fd, here
    finally:
        os.close(fd)
        libc.munmap(here, 2 * PAGE)
        libc.munmap(here + 3 * PAGE, PAGE)


@pytest.mark.skipif(PAGE != SECTOR, reason="the system's pages are larger than a sector")
def test_a_read_that_really_fails_leaves_a_hole_of_zeros(holed: tuple[int, int]) -> None:
    fd, here = holed
    with pytest.raises(OSError) as caught:
        os.pread(fd, PAGE, here + 2 * PAGE)
    assert caught.value.errno == errno.EIO
    blob = DescriptorBlob(fd, size=here + 4 * PAGE)
    assert blob.unread == ()
    assert blob.read(here, 4 * PAGE) == b"a" * PAGE + b"b" * PAGE + bytes(PAGE) + b"d" * PAGE
    assert blob.unread == ((here + 2 * PAGE, here + 3 * PAGE),)


def test_a_healthy_file_has_nothing_unread(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    with open(tmp_path / "a", "rb") as file:
        blob = DescriptorBlob(file.fileno())
        assert blob.read(0, 1 << 30) == b"x" * 100_000
        assert blob.read(99_999, 10) == b"x"
        assert blob.read(100_000, 10) == b""
        assert blob.unread == ()
    assert MemoryBlob(b"x").unread == ()


def test_a_failing_descriptor_at_the_boundary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(10 * SECTOR + 7, {3, 10})
    (tmp_path / "a").write_bytes(disk.data)
    with open(tmp_path / "a", "rb") as file:
        blob = DescriptorBlob(file.fileno())
        monkeypatch.setattr(os, "pread", lambda fd, length, offset: disk.read(offset, length))
        told: list[int] = []
        blob.on_failed_read(lambda: told.append(1))
        with open_blob(blob) as stream:
            data = stream.read()
    assert len(data) == blob.size
    assert blob.unread == ((3 * SECTOR, 4 * SECTOR), (10 * SECTOR, 10 * SECTOR + 7))
    assert data[3 * SECTOR : 4 * SECTOR] == bytes(SECTOR)
    assert data[: 3 * SECTOR] == disk.data[: 3 * SECTOR]
    assert len(told) == len(disk.tried) > 0


# -- which sectors, and how many tries ----------------------------------------------------------


@settings(deadline=None)
@given(
    size=st.integers(1, 3 * MIB),
    bad=st.sets(st.integers(0, 3 * MIB // SECTOR), max_size=12),
    asked=st.lists(st.tuples(st.integers(0, 3 * MIB), st.integers(1, 2 * MIB)), max_size=5),
)
def test_scattered_bad_sectors_are_found_one_by_one(
    size: int, bad: set[int], asked: list[tuple[int, int]]
) -> None:
    disk = Disk(size, bad)
    rescue = disk.rescue()
    whole = rescue.read(0, size + 100)
    assert whole == disk.zeroed(rescue)
    lost = {
        n
        for start, stop in rescue.unread.ranges
        for n in range(start // SECTOR, -(-stop // SECTOR))
    }
    assert lost == {n for n in bad if n * SECTOR < size}
    tries = len(disk.tried)
    for offset, length in asked:
        assert rescue.read(offset, length) == whole[offset : offset + length]
    assert len(disk.tried) == tries  # what was not given once is not asked for again


@settings(deadline=None)
@given(
    holes=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 400)), max_size=30),
    asked=st.lists(st.tuples(st.integers(0, 8 * MIB), st.integers(1, 3 * MIB)), max_size=6),
)
def test_every_byte_is_the_mediums_or_a_told_zero(
    holes: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    disk = Disk(8 * MIB + 5, {n for start, count in holes for n in range(start, start + count)})
    rescue = disk.rescue()
    given_out = [(offset, length, rescue.read(offset, length)) for offset, length in asked]
    final = disk.zeroed(rescue)
    for offset, length, data in given_out:
        assert len(data) == len(disk.data[offset : offset + length])
        for at in range(0, len(data), 509):  # what was read before stays true
            assert data[at] in (0, disk.data[offset + at])
            assert data[at] != 0 or final[offset + at] == 0
    ranges = rescue.unread.ranges
    assert all(stop < start for (_, stop), (start, _) in pairwise(ranges))
    assert len(disk.tried) <= LAST + 40


def test_a_hole_is_measured_to_its_edges() -> None:
    disk = Disk(64 * MIB, set(range(1000, 3000)))
    rescue = disk.rescue()
    assert rescue.read(0, 64 * MIB) == disk.zeroed(rescue)
    assert rescue.unread.ranges == ((1000 * SECTOR, 3000 * SECTOR),)
    assert len(disk.tried) < 60


def test_a_dead_disk_is_left_in_peace() -> None:
    size = 1 << 30
    tried = []

    def dead(offset: int, length: int) -> bytes:
        tried.append((offset, length))
        raise OSError(errno.EIO, "Input/output error")

    rescue = Rescue(dead, size)
    assert rescue.read(0, MIB) == bytes(MIB)
    assert rescue.unread.ranges == ((0, size),)
    assert rescue.read(size - 10, 100) == bytes(10)
    assert len(tried) < DEAD_RUN // SECTOR + 30


def test_a_disk_full_of_small_damage_is_given_up_in_the_end() -> None:
    disk = Disk(64 * MIB, set(range(0, 64 * MIB // SECTOR, 3)))
    rescue = disk.rescue()
    data = rescue.read(0, 64 * MIB)
    assert data == disk.zeroed(rescue)
    assert data[SECTOR : 3 * SECTOR] == disk.data[SECTOR : 3 * SECTOR]
    assert rescue.unread.ranges[-1][1] == 64 * MIB
    assert len(disk.tried) <= LAST + 1


# -- the medium, the source, the file ------------------------------------------------------------


@pytest.mark.parametrize("name", ["EIO", "EREMOTEIO", "ENODATA", "EILSEQ", "EBADMSG", "EUCLEAN"])
def test_a_fault_of_the_medium_is_read_round(name: str) -> None:
    if not hasattr(errno, name):
        pytest.skip(f"no {name} on this platform")
    disk = Disk(4 * SECTOR, {2}, getattr(errno, name))
    assert fault_of(OSError(getattr(errno, name), "")) is Fault.MEDIUM
    assert disk.rescue().read(0, 4 * SECTOR)[2 * SECTOR : 3 * SECTOR] == bytes(SECTOR)


@pytest.mark.parametrize(
    "name",
    ["ESTALE", "ENODEV", "ENXIO", "ENOTCONN", "EHOSTDOWN", "ETIMEDOUT", "ESHUTDOWN", "ENOMEDIUM"],
)
def test_a_source_that_went_away_is_never_read_as_zeros(name: str) -> None:
    if not hasattr(errno, name):
        pytest.skip(f"no {name} on this platform")
    code = getattr(errno, name)
    disk = Disk(4 * SECTOR, {2}, code)
    rescue = disk.rescue()
    assert fault_of(OSError(code, "")) is Fault.GONE
    with pytest.raises(OSError) as caught:
        rescue.read(0, 4 * SECTOR)
    assert caught.value.errno == code
    assert rescue.unread.ranges == ()
    assert len(disk.tried) == 1


def test_other_errors_are_neither() -> None:
    assert fault_of(OSError(errno.EINVAL, "")) is Fault.OTHER
    assert fault_of(OSError("no number")) is Fault.OTHER
    with pytest.raises(IsADirectoryError):
        Disk(10, {0}, errno.EISDIR).rescue().read(0, 10)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40))), st.integers(0, 350))
def test_ranges_are_the_union_of_what_was_added(added: list[tuple[int, int]], offset: int) -> None:
    unread = Unread()
    inside: set[int] = set()
    for start, length in added:
        unread.add(start, start + length)
        inside |= set(range(start, start + length))
    assert {n for start, stop in unread.ranges for n in range(start, stop)} == inside
    assert unread.size == len(inside)
    assert all(a[1] < b[0] for a, b in pairwise(unread.ranges))
    found = unread.at(offset)
    assert (found is not None and found[0] <= offset) == (offset in inside)


def test_a_slice_tells_the_part_that_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(8 * SECTOR, {1, 4})
    (tmp_path / "a").write_bytes(disk.data)
    with open(tmp_path / "a", "rb") as file:
        blob = DescriptorBlob(file.fileno())
        monkeypatch.setattr(os, "pread", lambda fd, length, offset: disk.read(offset, length))
        blob.read(0, blob.size)
    assert Slice(blob, SECTOR + 100, 2 * SECTOR).unread == ((0, SECTOR - 100),)
    assert Slice(blob, 5 * SECTOR, SECTOR).unread == ()
    assert Slice(blob, 0, 8 * SECTOR).unread == blob.unread

"""What a failed read says about the medium, and how to read round what it does not give.

Unreadable sectors are left as zeros and kept in ``Unread``, as forensic imagers do. The search is
that of GNU ddrescue in small: good bytes first, then the edges, and where sector after sector
fails, jumps that double (https://www.gnu.org/software/ddrescue/manual/, "Algorithm").
"""

from __future__ import annotations

import errno
import os
from bisect import bisect_right
from collections.abc import Callable
from enum import Enum

SECTOR = 4096  # bytes: one page, below which a buffered read cannot go
CLUSTER = 1 << 16  # bytes read at once near damage
_PIECE = 1 << 24  # bytes read at once elsewhere
DEAD_RUN = 1 << 16  # bytes in a row unread, after which sectors are no longer tried one by one
FINE = 256  # failed reads of one file that are followed down to the sector
LAST = 512  # failed reads of one file after which its rest is not tried: a dying disk is spared


class Fault(Enum):
    """What a failed read means for the file at hand."""

    MEDIUM = "the medium does not give these bytes"  # go on round them
    GONE = "the source went away"  # wait for it, then read the file again
    OTHER = "the file cannot be read"


# By name, since no platform has all of them. Linux gives a failed buffered read as EIO; the other
# codes come from direct reads (block/blk-core.c, blk_errors) or from file systems themselves.
FAULTS: dict[Fault, tuple[str, ...]] = {
    Fault.MEDIUM: (
        "EIO",  # any failed read of the page cache; also an unplugged disk: ask the source
        "EREMOTEIO",  # BLK_STS_TARGET: the drive gave up
        "ENODATA",  # BLK_STS_MEDIUM: an unrecoverable sector
        "EILSEQ",  # BLK_STS_PROTECTION: the sector's check sum
        "EBADMSG",  # EFSBADCRC: a check sum of the file system
        "EUCLEAN",  # EFSCORRUPTED: the file's own map is damaged
    ),
    Fault.GONE: (
        "ENODEV",  # BLK_STS_OFFLINE: unplugged
        "ENXIO",  # macOS, "device not configured": unplugged
        "ENOMEDIUM",  # the card was taken out of its reader
        "ENOLINK",  # BLK_STS_TRANSPORT: the way to the disk
        "ESHUTDOWN",  # a file system that shut itself down
        "ESTALE",  # NFS, SMB: the server no longer knows the file
        "ENOTCONN",  # FUSE without its server; sockets
        "ECONNABORTED",
        "ECONNRESET",
        "ECONNREFUSED",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENETRESET",
        "ETIMEDOUT",
        "EPIPE",
    ),
}
_BY_NUMBER = {
    getattr(errno, name): fault
    for fault, names in FAULTS.items()
    for name in names
    if hasattr(errno, name)
}
if os.name == "nt":  # the C library maps ERROR_CRC and its like (19–36) to EACCES; open had passed
    _BY_NUMBER[errno.EACCES] = Fault.MEDIUM


def fault_of(error: OSError) -> Fault:
    """Tell what a failed read of an open file means."""
    return _BY_NUMBER.get(error.errno or 0, Fault.OTHER)


class Unread:
    """Byte ranges that could not be read: sorted, merged, ``stop`` behind the last byte."""

    __slots__ = ("_starts", "_stops")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        return tuple(zip(self._starts, self._stops, strict=True))

    @property
    def size(self) -> int:
        """Bytes in all ranges together."""
        return sum(self._stops) - sum(self._starts)

    def add(self, start: int, stop: int) -> None:
        """Add a range; it may touch or overlap known ones."""
        if start >= stop:
            return
        first = bisect_right(self._stops, start - 1)
        last = bisect_right(self._starts, stop)
        if first < last:
            start = min(start, self._starts[first])
            stop = max(stop, self._stops[last - 1])
        self._starts[first:last] = [start]
        self._stops[first:last] = [stop]

    def at(self, offset: int) -> tuple[int, int] | None:
        """Return the range that holds ``offset``, else the next one behind it, else None."""
        place = bisect_right(self._stops, offset)
        if place == len(self._starts):
            return None
        return self._starts[place], self._stops[place]


class Rescue:
    """Reads one file round its bad sectors, with a bounded number of failed reads in its life.

    ``read_at(offset, length)`` is one read of the system; nothing behind ``size`` is made up. What
    was not given once is never asked for again. Raises OSError for every fault but the medium's.
    """

    def __init__(self, read_at: Callable[[int, int], bytes], size: int) -> None:
        self._read_at = read_at
        self._size = size  # bytes
        self._step = _PIECE  # bytes asked for at once
        self.unread = Unread()
        self.gone = ""  # what the system said when the source went away during a read
        self.failed = 0  # reads
        self.on_failed_read: Callable[[], None] = _nothing

    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes, zeros for what is unread; shorter only at the end."""
        parts: list[bytes] = []
        stop = offset + length
        while offset < stop:
            part = self._next(offset, stop)
            if not part:
                break
            parts.append(part)
            offset += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _next(self, offset: int, stop: int) -> bytes:
        """Return at least one byte from ``offset``; none only at the end."""
        while True:
            bad = self.unread.at(offset)
            if bad is not None and bad[0] <= offset:
                return bytes(min(bad[1], stop, offset + _PIECE) - offset)
            until = min(offset + self._step - offset % self._step, stop, bad[0] if bad else stop)
            data = self._try(offset, until - offset)
            if data is not None:
                if self._step < CLUSTER and (offset + len(data)) % (2 * self._step) == 0:
                    self._step *= 2
                return data
            if until - offset > SECTOR and self.failed < FINE:
                half = 1 << ((until - offset - 1).bit_length() - 1)
                self._step = max(SECTOR, min(half, CLUSTER))
                continue
            self._step = CLUSTER if self.failed >= FINE else SECTOR
            self._give_up(offset, offset + self._step - offset % self._step)

    def _give_up(self, start: int, stop: int) -> None:
        """Leave a sector out; behind a long run of them look further and further ahead."""
        self._add(start, stop if self.failed < LAST else self._size)
        while True:
            bad = self.unread.at(start)
            assert bad is not None
            run, edge = bad[1] - bad[0], bad[1]
            if run < DEAD_RUN or edge >= self._size:
                return
            last = (self._size - 1) // SECTOR * SECTOR
            ahead = max(edge, min((edge + run) // SECTOR * SECTOR, last))
            if self._try(ahead, SECTOR) is not None:
                self._add(edge, self._edge(edge, ahead) if self.failed < FINE else ahead)
                return
            self._add(edge, ahead + SECTOR if self.failed < LAST else self._size)

    def _edge(self, bad: int, good: int) -> int:
        """Halve the stretch between two sectors to find where it can be read again."""
        while bad < good:
            middle = bad + (good - bad) // 2 // SECTOR * SECTOR
            if self._try(middle, SECTOR) is None:
                bad = middle + SECTOR
            else:
                good = middle
        return good

    def _add(self, start: int, stop: int) -> None:
        self.unread.add(start, min(stop, self._size))

    def _try(self, offset: int, length: int) -> bytes | None:
        """Return what one read gives, or None where the medium does not give it."""
        try:
            return self._read_at(offset, length)
        except OSError as error:
            fault = fault_of(error)
            if fault is Fault.GONE:
                self.gone = self.gone or str(error)
            if fault is not Fault.MEDIUM:
                raise
            if offset >= self._size:
                return b""  # the end, whatever lies behind it
        self.failed += 1
        self.on_failed_read()
        return None


def _nothing() -> None:
    pass


def let_go(fd: int) -> None:
    """Close a descriptor of evidence, also where its source is gone and the system says so.

    Closing a file of a network or user-space file system asks its server, and the error that comes
    back is no news: the descriptor is closed all the same (close(2), "Dealing with error returns").
    """
    try:
        os.close(fd)
    except OSError as error:
        if error.errno == errno.EBADF:
            raise

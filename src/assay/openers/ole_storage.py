"""Reads OLE compound files: the header, the sector tables, the directory and its streams.

Its own reader rather than olefile's, for what hostile evidence needs: every count is bounded by
the bytes that are there, nothing recurses, streams are read in place, and what no stream accounts
for (deleted entries, free sectors) can be asked for. Source: [MS-CFB]. The tests hold it against
olefile. It knows nothing of what the streams mean.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assay.core.blob import Blob
from assay.core.errors import Malformed
from assay.core.slots import Trouble

# The name of the type comes from the file's first 64 KiB, where a long file's directory may not
# lie: every opener of compound files takes all of these and decides by the directory.
OLE_TYPES = (
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/x-ole-storage",
    "application/vnd.ms-outlook",
    "application/x-thumbs-db",
)
MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LAST = 0xFFFFFFFA  # the largest number that is a sector; greater ones are marks
_NONE = 0xFFFFFFFF  # no directory entry
_ENTRY = struct.Struct("<64sHBBIII16sIQQIQ")  # a directory entry, 128 bytes ([MS-CFB] 2.6.1)
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_DEEPEST = 64  # storages inside storages that get a path of their own
_READ_AGAIN = 4  # times the file's size that its streams may claim together
_REST = 128  # bytes behind a stream in its last sector from which on a picture could lie there
_HEADER_LIST = 109  # sectors of the table that the header itself names


class Runs:
    """A blob made of pieces of another one, in order. ``runs`` are (offset, length) in bytes."""

    __slots__ = ("_base", "_ends", "_runs", "_size")

    def __init__(self, base: Blob, runs: list[tuple[int, int]]) -> None:
        self._base = base
        self._runs: list[tuple[int, int]] = []
        self._ends: list[int] = []
        end = 0
        for start, length in runs:
            length = min(length, base.size - start)
            if length <= 0:
                continue
            end += length
            if self._runs and sum(self._runs[-1]) == start:
                self._runs[-1] = (self._runs[-1][0], self._runs[-1][1] + length)
                self._ends[-1] = end
            else:
                self._runs.append((start, length))
                self._ends.append(end)
        self._size = end

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        parts = []
        length = min(length, self._size - offset)
        number = bisect_right(self._ends, offset) if offset >= 0 else len(self._ends)
        while length > 0 and number < len(self._runs):
            start, size = self._runs[number]
            inside = offset - (self._ends[number] - size)
            part = self._base.read(start + inside, min(length, size - inside))
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
            number = bisect_right(self._ends, offset)
        return parts[0] if len(parts) == 1 else b"".join(parts)


@dataclass(frozen=True, slots=True)
class Entry:
    """One storage or stream of the directory."""

    number: int
    path: tuple[str, ...]  # the storages above it and its own name
    is_stream: bool
    start: int  # its first sector
    size: int  # bytes, as claimed
    created: int  # FILETIME; 0 where not set
    modified: int
    linked: bool  # False: no storage leads to it any more

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def folder(self) -> tuple[str, ...]:
        return self.path[:-1]


class Compound:
    """One compound file. ``entries`` are in the order of the directory; ``troubles`` as met."""

    def __init__(self, blob: Blob) -> None:
        """Read the tables and the directory; raises Malformed where they cannot be found."""
        head = blob.read(0, 512)
        if len(head) < 512 or head[:8] != MAGIC:
            raise Malformed("no header of a compound file", offset=0)
        shift, mini = struct.unpack_from("<HH", head, 30)
        if not 7 <= shift <= 16 or not 4 <= mini <= shift:
            raise Malformed(f"sectors of 2^{shift} and 2^{mini} bytes", offset=30)
        self._blob = blob
        self.troubles: list[Trouble] = []
        self._sector, self._small = 1 << shift, 1 << mini
        self._count = max(0, -(-(blob.size - self._sector) // self._sector))
        self._used = bytearray(self._count)
        self._left = _READ_AGAIN * blob.size  # bytes
        first_dir, _, self._cutoff, first_mini = struct.unpack_from("<4I", head, 48)
        self._table = self._sector_table(head)
        self._streams: dict[int, Runs] = {}
        self._rests: set[tuple[int, int]] = set()  # what last sectors hold behind their streams
        directory = self._runs(first_dir, None)
        self._raw = directory.read(0, directory.size)
        if len(self._raw) < _ENTRY.size:
            raise Malformed("the directory is missing", offset=48)
        root = _ENTRY.unpack_from(self._raw)
        self._mini = self._runs(root[11], root[12] & 0xFFFFFFFF if shift < 12 else root[12])
        table = self._runs(first_mini, None)
        self._mini_table = _numbers(table.read(0, table.size))
        self._mini_used = bytearray(min(len(self._mini_table), -(-self._mini.size // self._small)))
        self.entries = tuple(sorted(self._walk(root, shift), key=lambda entry: entry.number))
        self._folders: dict[tuple[str, ...], list[Entry]] = {}
        for entry in self.entries:
            if entry.linked:
                self._folders.setdefault(entry.folder, []).append(entry)

    # -- what is asked for ---------------------------------------------------------------------

    def children(self, folder: tuple[str, ...] = ()) -> list[Entry]:
        """Return the storages and streams of one storage, in the order of the directory."""
        return self._folders.get(folder, [])

    def names(self, folder: tuple[str, ...] = ()) -> dict[str, Entry]:
        """Return the streams of one storage by name in lower case."""
        return {e.name.lower(): e for e in self.children(folder) if e.is_stream}

    def stream(self, entry: Entry) -> Runs:
        """Return a stream's bytes, fewer than claimed where its chain ends early."""
        found = self._streams.get(entry.number)
        if found is None:
            small = entry.size < self._cutoff
            found = self._runs(entry.start, entry.size, small=small)
            self._streams[entry.number] = found
            if found.size < entry.size:
                self.troubles.append(
                    Trouble(
                        "truncated",
                        f"stream {'/'.join(entry.path)}: {found.size} of {entry.size} bytes",
                    )
                )
        return found

    def unused(self) -> Iterator[tuple[Blob, str]]:
        """Yield what no stream accounts for and where it lies: free sectors, lost chains, rests."""
        for entry in self.entries:
            if entry.is_stream:
                self.stream(entry)
        for base, used, size, first, what in (
            (self._blob, self._used, self._sector, self._sector, "free sectors"),
            (self._mini, self._mini_used, self._small, 0, "free small sectors"),
        ):
            at = used.find(0)
            while at >= 0:
                end = used.find(1, at)
                end = len(used) if end < 0 else end
                start = first + at * size
                yield Runs(base, [(start, (end - at) * size)]), f"{what} at byte {start}"
                at = used.find(0, end)
        for start, length in sorted(self._rests):
            yield Runs(self._blob, [(start, length)]), f"the rest of a sector at byte {start}"

    def drain(self) -> list[Trouble]:
        """Return the troubles met since the last call."""
        troubles, self.troubles = self.troubles, []
        return troubles

    # -- sectors -------------------------------------------------------------------------------

    def _sector_table(self, head: bytes) -> array[int]:
        table = array("I")
        for sector in self._table_sectors(head):
            if len(table) >= self._count:
                break
            self._used[sector] = 1
            table.extend(_numbers(self._blob.read((sector + 1) * self._sector, self._sector)))
        return table[: self._count]

    def _table_sectors(self, head: bytes) -> Iterator[int]:
        """Yield the numbers of the sectors that hold the table ([MS-CFB] 2.5)."""
        yield from (s for s in struct.unpack_from(f"<{_HEADER_LIST}I", head, 76) if s < self._count)
        (following,) = struct.unpack_from("<I", head, 68)
        seen: set[int] = set()
        while following < self._count:
            if following in seen:
                self._once("malformed", "the list of table sectors is a loop")
                return
            seen.add(following)
            self._used[following] = 1
            listed = _numbers(self._blob.read((following + 1) * self._sector, self._sector))
            yield from (s for s in listed[:-1] if s < self._count)
            following = listed[-1] if len(listed) == self._sector // 4 else _NONE

    def _runs(self, start: int, size: int | None, *, small: bool = False) -> Runs:
        """Return the bytes of a chain; ``size`` None takes it to its end."""
        step = self._small if small else self._sector
        table = self._mini_table if small else self._table
        used = self._mini_used if small else self._used
        most = len(used) if size is None else min(-(-size // step), len(used))
        runs: list[tuple[int, int]] = []
        seen: set[int] = set()
        first = 0 if small else self._sector
        at, left = start, size
        while len(seen) < most and at < len(used):
            if at in seen:
                self._once("malformed", "a chain of sectors is a loop")
                break
            if self._left <= 0:
                self._once("overlapping_entries", "streams that claim the same sectors")
                break
            self._left -= step
            seen.add(at)
            used[at] = 1
            length = step if left is None else min(step, left)
            left = None if left is None else left - length
            runs.append((first + at * step, length))
            if step - length >= _REST and not small:
                self._rests.add((first + at * step + length, step - length))
            at = table[at] if at < len(table) else _NONE
        return Runs(self._mini if small else self._blob, runs)

    # -- directory -----------------------------------------------------------------------------

    def _walk(self, root: tuple[Any, ...], shift: int) -> Iterator[Entry]:
        """Yield every entry that the tree leads to, then those it does not; each one once."""
        count = len(self._raw) // _ENTRY.size
        seen = {0}
        todo: list[tuple[int, tuple[str, ...]]] = [(root[6], ())]
        while todo:
            number, folder = todo.pop()
            if number >= count:
                if number <= _LAST:
                    self._once("malformed", "the directory points behind its end")
                continue
            if number in seen:
                self._once("malformed", "a directory entry is reached twice")
                continue
            seen.add(number)
            entry, left, right, child, kind = self._entry(number, folder, shift, linked=True)
            todo += [(left, folder), (right, folder)]
            if kind == _STORAGE:
                if len(folder) >= _DEEPEST:
                    self._once("nesting_limit", f"more than {_DEEPEST} storages")
                else:
                    todo.append((child, entry.path))
            if kind in (_STORAGE, _STREAM):
                yield entry
        for number in range(1, count):
            if number not in seen:
                entry, _, _, _, kind = self._entry(number, (), shift, linked=False)
                if kind == _STREAM and entry.size:
                    yield entry

    def _entry(
        self, number: int, folder: tuple[str, ...], shift: int, *, linked: bool
    ) -> tuple[Entry, int, int, int, int]:
        fields = _ENTRY.unpack_from(self._raw, number * _ENTRY.size)
        raw, length, kind, _, left, right, child, _, _, created, modified, start, size = fields
        name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        if shift < 12:
            size &= 0xFFFFFFFF  # writers leave anything in the upper half ([MS-CFB] 2.6.1)
        entry = Entry(
            number, (*folder, name), kind == _STREAM, start, size, created, modified, linked
        )
        return entry, left, right, child, kind

    def _once(self, flag: str, detail: str) -> None:
        trouble = Trouble(flag, detail)
        if trouble not in self.troubles:
            self.troubles.append(trouble)


def _numbers(data: bytes) -> array[int]:
    """Return little-endian 32-bit numbers; a rest of fewer than four bytes is left out."""
    numbers = array("I", data[: len(data) & ~3])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers

"""Directories of a TIFF-shaped block as they are stored: where previews and their strips lie.

Unlike ``media.tiff`` it reads no values but the few asked for, so that a raw photo of any size
costs microseconds. Layout: TIFF 6.0 section 2, BigTIFF; the tags of previews are those of Exif 3.0
4.6.4 and DNG 1.7. Offsets and counts are checked against the block; each directory is read once.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

MAX_DIRECTORIES = 128  # per block
_MAX_ENTRIES = 1024  # per directory
_MAX_NUMBERS = 1 << 16  # of one array: strips or tiles
_MAGIC = frozenset({0x2A, 0x2B, 0x4F52, 0x5352, 0x55})  # TIFF, BigTIFF, ORF (2), RW2
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
# types whose values are read as whole numbers, with struct's code
_WHOLE = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}
SUB_DIRECTORIES = 0x014A


@dataclass(frozen=True, slots=True)
class Entry:
    tag: int
    kind: int  # TIFF type
    count: int  # as claimed
    at: int  # offset of the value in the block


@dataclass(frozen=True, slots=True)
class Directory:
    name: str  # "IFD0", "IFD1", …; "SubIFD1" counted over the block
    offset: int
    entries: Mapping[int, Entry]


@dataclass(frozen=True, slots=True)
class Block:
    """The directories of one block: the chain first, then those below it."""

    data: bytes
    order: str  # "little" or "big"
    directories: tuple[Directory, ...]
    big: bool = False  # BigTIFF
    looped: bool = False  # a directory was named twice

    def numbers(self, directory: Directory, tag: int, limit: int = _MAX_NUMBERS) -> tuple[int, ...]:
        """Return up to ``limit`` of an entry's whole numbers, as many as are there."""
        entry = directory.entries.get(tag)
        if entry is None or entry.kind not in _WHOLE:
            return ()
        code = _WHOLE[entry.kind]
        size = _SIZES[entry.kind]
        count = min(entry.count, limit, max(0, len(self.data) - entry.at) // size)
        order = "<" if self.order == "little" else ">"
        return struct.unpack_from(f"{order}{count}{code}", self.data, entry.at)

    def number(self, directory: Directory, tag: int) -> int | None:
        """Return an entry's first whole number."""
        found = self.numbers(directory, tag, 1)
        return found[0] if found else None

    def raw(self, entry: Entry) -> bytes:
        """Return an entry's value as stored, as far as it is there."""
        return self.data[entry.at : entry.at + _SIZES.get(entry.kind, 1) * entry.count]


def read_block(data: bytes) -> Block | None:
    """Return the directories of a block that begins with a TIFF header; None without one."""
    order = {b"II": "little", b"MM": "big"}.get(data[:2])
    if order is None or len(data) < 8:
        return None
    magic = int.from_bytes(data[2:4], order)  # type: ignore[arg-type]
    if magic not in _MAGIC:
        return None
    return _Reader(data, order, magic == 0x2B).block()


@dataclass(slots=True)
class _Reader:
    data: bytes
    order: str
    big: bool

    def number(self, at: int, size: int) -> int:
        return int.from_bytes(self.data[at : at + size], self.order)  # type: ignore[arg-type]

    def block(self) -> Block:
        word = 8 if self.big else 4
        seen: set[int] = set()
        chain: list[Directory] = []
        below: list[Directory] = []
        looped = False
        at = self.number(8 if self.big else 4, word)
        while at and len(chain) < MAX_DIRECTORIES:
            if at in seen:
                looped = True
                break
            seen.add(at)
            directory, following = self._directory(at, f"IFD{len(chain)}")
            if directory is None:
                break
            chain.append(directory)
            at = following
        pending = deque(at for directory in chain for at in self._below(directory))
        while pending and len(chain) + len(below) < MAX_DIRECTORIES:
            at = pending.popleft()
            if at in seen:
                looped = True
                continue
            seen.add(at)
            directory, _ = self._directory(at, f"SubIFD{len(below) + 1}")
            if directory is not None:
                below.append(directory)
                pending += self._below(directory)
        return Block(self.data, self.order, (*chain, *below), self.big, looped)

    def _below(self, directory: Directory) -> tuple[int, ...]:
        block = Block(self.data, self.order, ())
        return tuple(at for at in block.numbers(directory, SUB_DIRECTORIES, 64) if at)

    def _directory(self, at: int, name: str) -> tuple[Directory | None, int]:
        """Read one directory; returns it and where the next one lies (0 = nowhere)."""
        width, step, word = (8, 20, 8) if self.big else (2, 12, 4)
        start = at + width
        if at < 8 or start > len(self.data):
            return None, 0
        count = self.number(at, width)
        fits = min(count, (len(self.data) - start) // step, _MAX_ENTRIES)
        entries: dict[int, Entry] = {}
        for index in range(fits):
            pos = start + index * step
            kind = self.number(pos + 2, 2)
            items = self.number(pos + 4, word)
            size = _SIZES.get(kind)
            if size is None:
                continue
            field = pos + step - word
            value_at = field if size * items <= word else self.number(field, word)
            tag = self.number(pos, 2)
            if value_at < len(self.data):
                entries.setdefault(tag, Entry(tag, kind, items, value_at))
        following = start + count * step
        inside = fits == count and following + word <= len(self.data)
        return Directory(name, at, entries), self.number(following, word) if inside else 0

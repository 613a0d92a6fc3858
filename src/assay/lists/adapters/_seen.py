"""Telling whether a key came before, in a file of millions, at 16 to 32 bytes a key."""

from __future__ import annotations

from array import array
from hashlib import blake2b

_START = 1 << 16  # slots
_LIMIT = 1 << 24  # keys after which no new ones are remembered: 256 MiB at most


class Seen:
    """A set of keys as 64-bit fingerprints in an open-addressed table; says yes wrongly at 1e-6.

    A wrong yes costs nothing: it lengthens an id and adds one to a count of repeated rows.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _START))
        self._count = 0

    @property
    def full(self) -> bool:
        return self._count >= _LIMIT

    def add(self, key: str) -> bool:
        """Remember a key; return whether it was there already."""
        mark = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little") or 1
        at = self._find(self._slots, mark)
        if self._slots[at] == mark:
            return True
        if self.full:
            return False
        self._slots[at] = mark
        self._count += 1
        if 2 * self._count > len(self._slots):
            self._grow()
        return False

    def _grow(self) -> None:
        old, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        for mark in old:
            if mark:
                self._slots[self._find(self._slots, mark)] = mark

    @staticmethod
    def _find(slots: array[int], mark: int) -> int:
        mask = len(slots) - 1
        at = mark & mask
        while slots[at] and slots[at] != mark:
            at = (at + 1) & mask
        return at

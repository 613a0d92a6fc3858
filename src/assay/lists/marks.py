"""Which records of a list are current: two bits for each record that was ever stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists.manifest import Manifest
from assay.lists.sealed import ListDamagedError, SealedFile

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(slots=True)
class Marks:
    """Two bits for each record: dead (not current) and repeat (says what its next version says)."""

    count: int
    dead: bytearray = field(default_factory=bytearray)
    repeat: bytearray = field(default_factory=bytearray)

    def grow(self, count: int) -> None:
        more = (count + 7) // 8 - len(self.dead)
        self.dead += bytes(more)
        self.repeat += bytes(more)
        self.count = count

    def is_dead(self, number: int) -> bool:
        return bool(self.dead[number >> 3] >> (number & 7) & 1)

    def is_repeat(self, number: int) -> bool:
        return bool(self.repeat[number >> 3] >> (number & 7) & 1)

    def are_dead(self, numbers: NDArray[np.uint32]) -> NDArray[np.bool_]:
        octets: NDArray[np.uint8] = np.frombuffer(self.dead, np.uint8)[numbers >> 3]
        masks: NDArray[np.uint8] = (1 << (numbers & 7)).astype(np.uint8)
        return (octets & masks).astype(np.bool_)

    def dead_count(self) -> int:
        return int(np.bitwise_count(np.frombuffer(self.dead, np.uint8)).sum())

    def kill(self, numbers: NDArray[np.uint32]) -> None:
        _set(self.dead, numbers)

    def repeats(self, numbers: NDArray[np.uint32]) -> None:
        _set(self.repeat, numbers)

    def live(self) -> int:
        return self.count - self.dead_count()


def _set(bits: bytearray, numbers: NDArray[np.uint32]) -> None:
    if len(numbers):
        masks = (1 << (numbers & 7)).astype(np.uint8)
        np.bitwise_or.at(np.frombuffer(bits, np.uint8), numbers >> 3, masks)


def read_marks(folder: Path, found: Manifest) -> Marks:
    marks = Marks(found.count)
    if found.dead is None:
        marks.grow(found.count)
        return marks
    file = SealedFile(folder / found.dead.file, found.dead.seal)
    half = (found.count + 7) // 8
    if file.size != 2 * half:
        raise ListDamagedError(file.path, f"{file.size} bytes instead of {2 * half}")
    data = bytes(file.read(0, file.size))
    marks.dead, marks.repeat = bytearray(data[:half]), bytearray(data[half:])
    return marks

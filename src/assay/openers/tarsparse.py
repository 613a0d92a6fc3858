"""Sparse files in tar archives: the three GNU ways to say where the data goes.

GNU tar manual, appendix "Storing Sparse Files": old GNU header, pax 0.0/0.1 map, pax 1.0 map that
stands before the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assay.core.errors import Malformed
from assay.openers.streams import PIECE

_MAX_RANGES = 1 << 16
_ZEROS = bytes(PIECE)


@dataclass(frozen=True, slots=True)
class Sparse:
    ranges: tuple[tuple[int, int], ...]  # (offset, bytes) in the file, in stored order
    size: int  # of the file with its holes
    inline: bool = False  # the map stands before the data (pax 1.0)

    def expand(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the file with its holes filled; the engine's ratio limit bounds them."""
        tape = _Queue(pieces)
        ranges = _inline_map(tape) if self.inline else self.ranges
        at = 0
        for offset, length in ranges:
            if offset < at or length < 0:
                raise Malformed("a sparse map that runs backwards")
            yield from _hole(offset - at)
            at = offset
            for piece in tape.take(length):
                at += len(piece)
                yield piece
            if at < offset + length:
                return  # truncated, and noted by whoever yields the pieces
        yield from _hole(self.size - at)


def _hole(size: int) -> Iterator[bytes]:
    while size > 0:
        yield _ZEROS[: min(size, PIECE)]
        size -= PIECE


class _Queue:
    """Pieces taken in amounts of our own choosing."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def take(self, size: int) -> Iterator[bytes]:
        while size > 0:
            if not self._rest:
                self._rest = next(self._pieces, b"")
                if not self._rest:
                    return
            piece, self._rest = self._rest[:size], self._rest[size:]
            size -= len(piece)
            yield piece


def _inline_map(tape: _Queue) -> list[tuple[int, int]]:
    """Read decimal lines (count, then offset and size of each range), padded to a block."""
    numbers: list[int] = []
    rest = b""
    wanted = 1
    while len(numbers) < wanted:
        block = b"".join(tape.take(512))
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if len(numbers) < wanted:
                numbers.append(_number(line))
                wanted = 1 + 2 * min(numbers[0], _MAX_RANGES)
        if len(numbers) < wanted and (not block or len(rest) > 32):
            raise Malformed("a sparse map that does not end")
    return list(zip(numbers[1::2], numbers[2::2], strict=True))


def sparse_of_pax(pax: dict[bytes, bytes]) -> Sparse:
    """Return the map of pax records (versions 0.0, 0.1 and 1.0)."""
    size = _number(pax.get(b"GNU.sparse.realsize") or pax.get(b"GNU.sparse.size") or b"0")
    if pax.get(b"GNU.sparse.major") == b"1":
        return Sparse((), size, inline=True)
    parts = pax.get(b"GNU.sparse.map", b"").split(b",")
    numbers = [_number(part) for part in parts[: 2 * _MAX_RANGES] if part]
    return Sparse(tuple(zip(numbers[::2], numbers[1::2], strict=False)), size)


def sparse_map(blocks: Sequence[bytes], realsize: bytes) -> Sparse:
    """Return the map of an old GNU header: 24-byte pairs in it and in the blocks behind it."""
    ranges = []
    for block in blocks:
        for at in range(0, len(block) - 23, 24):
            offset, length = _octal(block[at : at + 12]), _octal(block[at + 12 : at + 24])
            if offset is None or length is None:
                break
            ranges.append((offset, length))
    return Sparse(tuple(ranges), _octal(realsize) or 0)


def _octal(field: bytes) -> int | None:
    if field[:1] == b"\x80":  # base 256
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else None


def _number(value: bytes) -> int:
    return int(value) if value.isdigit() and len(value) < 19 else 0

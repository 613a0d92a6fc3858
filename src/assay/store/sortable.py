"""Sort keys as bytes whose order is the key's own, so that a database index keeps the queue.

Numbers take 9 bytes (a mark, then an IEEE 754 double whose sign is folded so that bytes compare as
numbers do), strings their UTF-8 with NUL doubled and a closing mark. Mixed tuples of one shape
compare element by element, as Python compares them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

Key = tuple[int | float | str, ...]

_NUMBER, _TEXT = b"\x01", b"\x02"
_END = b"\0\0"  # sorts below every continued string: a NUL inside is written NUL 0xFF
_NUL, _ESCAPED = b"\0", b"\0\xff"
_SIGN = 1 << 63
_ALL = (1 << 64) - 1


def sortable(key: Sequence[int | float | str]) -> bytes:
    """Return bytes that compare as ``key`` does. Integers beyond 2^53 lose their last digits."""
    return b"".join(
        _TEXT + part.encode("utf-8", "surrogatepass").replace(_NUL, _ESCAPED) + _END
        if isinstance(part, str)
        else _NUMBER + _folded(float(part))
        for part in key
    )


def unsorted_key(data: bytes) -> Key:
    """Return the key that ``sortable`` wrote; whole numbers come back as ``int``."""
    return tuple(_parts(data))


def _folded(value: float) -> bytes:
    (bits,) = struct.unpack(">Q", struct.pack(">d", value + 0.0))  # -0.0 is 0.0
    return struct.pack(">Q", bits ^ (_ALL if bits & _SIGN else _SIGN))


def _parts(data: bytes) -> Iterator[int | float | str]:
    at = 0
    while at < len(data):
        if data[at : at + 1] == _NUMBER:
            (bits,) = struct.unpack_from(">Q", data, at + 1)
            bits ^= _SIGN if bits & _SIGN else _ALL
            (value,) = struct.unpack(">d", struct.pack(">Q", bits))
            yield int(value) if value.is_integer() else value
            at += 9
        else:
            end = data.index(_END, at + 1)
            # NUL 0xFF inside a string may stand right before the closing mark
            yield data[at + 1 : end].replace(_ESCAPED, _NUL).decode("utf-8", "surrogatepass")
            at = end + 2

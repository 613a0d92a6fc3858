"""A small CBOR reader for COSE headers: bounded in depth and count, tags carried but not acted on.

``cbor2`` turns tags into dates, fractions and patterns, which a hostile file could abuse.
Source: RFC 8949. Map keys that are no text or integer are refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from assay.core.errors import Malformed

MAX_DEPTH = 16
MAX_VALUES = 20_000

Value = None | bool | int | float | str | bytes | list["Value"] | dict["int | str", "Value"]


@dataclass(slots=True)
class _Reader:
    data: bytes
    offset: int = 0
    values: int = 0

    def take(self, length: int) -> bytes:
        end = self.offset + length
        if end > len(self.data):
            raise Malformed("CBOR runs past its end", offset=self.offset)
        piece = self.data[self.offset : end]
        self.offset = end
        return piece

    def head(self) -> tuple[int, int, int]:
        first = self.take(1)[0]
        major, info = first >> 5, first & 0x1F
        if info < 24:
            return major, info, info
        if info > 27:
            raise Malformed("CBOR of indefinite length", offset=self.offset - 1)
        return major, info, int.from_bytes(self.take(1 << (info - 24)), "big")


def loads(data: bytes) -> Value:
    """Return the one value that ``data`` begins with; raises Malformed, never anything else."""
    return _value(_Reader(data), 0)


def _value(reader: _Reader, depth: int) -> Value:
    reader.values += 1
    if depth > MAX_DEPTH or reader.values > MAX_VALUES:
        raise Malformed("CBOR too deep or too long", offset=reader.offset)
    major, info, number = reader.head()
    if major == 0:
        return number
    if major == 1:
        return -1 - number
    if major == 2:
        return reader.take(number)
    if major == 3:
        return reader.take(number).decode("utf-8", "replace")
    if major == 4:
        return [_value(reader, depth + 1) for _ in range(_count(reader, number))]
    if major == 5:
        return _map(reader, _count(reader, number), depth + 1)
    if major == 6:  # a tag: the value itself is what COSE reads
        return _value(reader, depth + 1)
    return _simple(info, number)


def _count(reader: _Reader, number: int) -> int:
    if number > len(reader.data) - reader.offset:  # each value takes at least one byte
        raise Malformed("CBOR announces more values than bytes", offset=reader.offset)
    return number


def _map(reader: _Reader, count: int, depth: int) -> dict[int | str, Value]:
    found: dict[int | str, Value] = {}
    for _ in range(count):
        key = _value(reader, depth)
        if isinstance(key, bool) or not isinstance(key, int | str) or key in found:
            # two readers may pick different ones of a doubled key: neither is believed
            raise Malformed("CBOR map key is doubled or no text or integer", offset=reader.offset)
        found[key] = _value(reader, depth)
    return found


def _simple(info: int, number: int) -> Value:
    if info in (20, 21):
        return info == 21
    if info in (22, 23):
        return None
    if info == 25:
        half: float = struct.unpack(">e", struct.pack(">H", number))[0]
        return half
    if info == 26:
        single: float = struct.unpack(">f", struct.pack(">I", number))[0]
        return single
    if info == 27:
        double: float = struct.unpack(">d", struct.pack(">Q", number))[0]
        return double
    raise Malformed("CBOR simple value without meaning here")


def encode_bytes(data: bytes) -> bytes:
    """Return ``data`` as a CBOR byte string."""
    return _encode_head(2, len(data)) + data


def encode_text(text: str) -> bytes:
    """Return ``text`` as a CBOR text string."""
    data = text.encode()
    return _encode_head(3, len(data)) + data


def encode_array(*items: bytes) -> bytes:
    """Return a CBOR array of values that are encoded already."""
    return _encode_head(4, len(items)) + b"".join(items)


def _encode_head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise ValueError("a CBOR length beyond 64 bits")

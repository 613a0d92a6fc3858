"""Length-prefixed JSON frames, size-checked both ways, and descriptors beside them.

A frame is four bytes (big-endian length) and one JSON value in ASCII. Knows nothing of what the
frames mean, and trusts none that it reads.
"""

from __future__ import annotations

import array
import json
import math
import os
import socket
import struct
from collections.abc import Mapping, Sequence

from assay.core.jsonvalue import Json

MAX_FRAME = 64 << 20  # bytes
MAX_DESCRIPTORS = 4  # in one receive; the pool sends at most one with a frame
_LENGTH = struct.Struct(">I")
_ROOM_FOR_DESCRIPTORS = MAX_DESCRIPTORS * array.array("i").itemsize


class WireError(Exception):
    """The other side broke the protocol: too large, not JSON, lost descriptors."""


def _plain(value: object) -> object:
    """Turn the read-only mappings and sequences of frozen types into what json knows."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):  # 1e999 is a number to json and none to what stores it
        raise ValueError("a number beyond a float")
    return value


# Kept, because json.dumps and json.loads build a new one at every call with options.
_ENCODER = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"), default=_plain
)
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def encode(value: Json) -> bytes:
    """Return the frame of a value; raises WireError above MAX_FRAME, ValueError for NaN."""
    body = _ENCODER.encode(value).encode("ascii")
    if len(body) > MAX_FRAME:
        raise WireError(f"a frame of {len(body)} bytes; the limit is {MAX_FRAME}")
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Takes bytes as they come and gives back whole frames."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Json]:
        """Return the values that ``data`` completes; raises WireError."""
        buffer = self._buffer
        buffer += data
        values: list[Json] = []
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if length > MAX_FRAME:
                raise WireError(f"a frame of {length} bytes; the limit is {MAX_FRAME}")
            end = start + _LENGTH.size + length
            if len(buffer) < end:
                break
            values.append(_value(bytes(buffer[start + _LENGTH.size : end])))
            start = end
        del buffer[:start]
        return values


def _value(body: bytes) -> Json:
    try:
        value: Json = _DECODER.decode(body.decode("ascii"))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise WireError(f"not JSON: {type(error).__name__}") from None
    return value


def send(channel: socket.socket, data: bytes, descriptors: Sequence[int] = ()) -> int:
    """Send what fits now, descriptors with the first byte; returns how many bytes went."""
    if not descriptors:
        return channel.send(data)
    rights = array.array("i", descriptors)
    return channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def receive(channel: socket.socket, size: int, flags: int = 0) -> tuple[bytes, list[int]]:
    """Return some bytes (none at the end) and the descriptors that came with them."""
    room = socket.CMSG_SPACE(_ROOM_FOR_DESCRIPTORS)
    data, ancillary, flags, _ = channel.recvmsg(size, room, flags)
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    if flags & socket.MSG_CTRUNC:  # out of descriptors: which one is lost cannot be told
        for descriptor in descriptors:
            os.close(descriptor)
        raise WireError("descriptors were lost on the way")
    return data, list(descriptors)

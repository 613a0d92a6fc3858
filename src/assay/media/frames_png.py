"""An animated PNG reduced to what makes its frames, with a count that fits what is there.

Pillow shows as many frames as the header claims; frames beyond it, or without any header, are in
the file all the same. Source: PNG specification, third edition, §11.3.3 (acTL, fcTL, fdAT).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"fcTL", b"fdAT", b"IDAT", b"IEND"})


@dataclass(frozen=True, slots=True)
class Apng:
    data: bytes
    frames: int  # pictures in the file, the default one included
    declared: int | None  # as acTL claims; None without one
    hidden: bool  # the claim leaves frames out


def read_apng(data: bytes) -> Apng | None:
    """Return the animation of a PNG; None for a still one, and for anything but a PNG."""
    if not data.startswith(_SIGNATURE) or b"fcTL" not in data:
        return None
    parts: list[bytes] = []
    controls, declared, plays, own = 0, None, 0, False
    at, pixels = len(_SIGNATURE), False
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data) or not name.isalpha():
            if name in _KEPT:
                parts.append(data[at:])
            break
        if name == b"fcTL":
            controls += 1
        elif name == b"IDAT" and not pixels:
            pixels, own = True, controls == 0  # a default picture outside the animation
        elif name == b"acTL" and length >= 8:
            declared, plays = struct.unpack_from(">II", data, at + 8)
        if name in _KEPT:
            parts.append(data[at:end])
        at = end
        if name == b"IEND":
            break
    frames = controls + own
    if frames < 2 or not parts:
        return None
    body = struct.pack(">II", controls, plays)
    header = struct.pack(">I", 8) + b"acTL" + body + struct.pack(">I", zlib.crc32(b"acTL" + body))
    return Apng(
        b"".join([_SIGNATURE, parts[0], header, *parts[1:]]),
        frames,
        declared,
        hidden=declared is None or declared < controls,
    )

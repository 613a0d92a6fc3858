"""Text that a tool hid in the lowest bits of a picture, so that it survives a stripped file.

Written by sd_webui_stealth_pnginfo and its descendants, and by NovelAI: column after column from
the left, downwards; 15 letters that name the form, a length in bits (32 bits, big-endian), the
text in UTF-8, compressed with gzip in two of the four forms. Either one bit a pixel in alpha or
three a pixel in red, green, blue. Source: ashen-sensored/sd_webui_stealth_pnginfo and
NovelAI/novelai-image-metadata (nai_meta.py). Knows nothing of what the text says.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_TEXT = 16 << 20  # bytes of one text, unpacked
_FORMS = {
    "alpha": (b"stealth_pnginfo", b"stealth_pngcomp"),
    "RGB": (b"stealth_rgbinfo", b"stealth_rgbcomp"),
}
_HEAD = 15 + 4  # bytes before the text

Columns = Callable[[int], NDArray[np.uint8] | None]  # the first n columns, H×n×3 or H×n×4


@dataclass(frozen=True, slots=True)
class Hidden:
    """One text found in the pixels."""

    channel: str  # "alpha" or "RGB"
    form: str  # the 15 letters
    text: str
    complete: bool  # False where the picture or a limit ends before the text does


def hidden_texts(columns: Columns) -> Iterator[Hidden]:
    """Yield the texts that the lowest bits hold, at most one a channel.

    ``columns(n)`` gives the first ``n`` columns exactly as stored, or None where the kind stores
    no such pixels. Only as many columns are asked for as the text needs.
    """
    first = columns(1)
    if first is None or not first.size:
        return
    height, channels = first.shape[0], first.shape[2]
    for channel, forms in _FORMS.items():
        if channel == "alpha" and channels < 4:
            continue
        head = _bytes(columns, channel, height, _HEAD)
        form = head[:15]
        if form in forms and len(head) == _HEAD:
            yield _read(columns, channel, height, head)


def _read(columns: Columns, channel: str, height: int, head: bytes) -> Hidden:
    form, length = head[:15], int.from_bytes(head[15:], "big") // 8
    packed = form.endswith(b"comp")
    wanted = min(length, MAX_TEXT)
    data = _bytes(columns, channel, height, _HEAD + wanted)[_HEAD:]
    complete = len(data) == length
    if packed:
        data, ended = _unpack(data)
        complete = complete and ended
    text = data.decode("utf-8", "replace")
    return Hidden(channel, form.decode("ascii"), text, complete)


def _bytes(columns: Columns, channel: str, height: int, count: int) -> bytes:
    """Return the first ``count`` bytes of a channel; fewer where the picture ends before."""
    bits = 1 if channel == "alpha" else 3
    pixels = columns(-(-count * 8 // (height * bits)))
    if pixels is None:
        return b""
    values = pixels[..., 3:4] if channel == "alpha" else pixels[..., :3]
    stream = (values & 1).transpose(1, 0, 2).reshape(-1)
    return np.packbits(stream[: len(stream) // 8 * 8]).tobytes()[:count]


def _unpack(data: bytes) -> tuple[bytes, bool]:
    """Return what a gzip stream holds, as far as it can be read, and whether it ended."""
    unpacker, out = zlib.decompressobj(wbits=31), []
    size = 0
    try:
        for at in range(0, len(data), 1 << 16):
            piece = unpacker.decompress(data[at : at + (1 << 16)], MAX_TEXT - size)
            out.append(piece)
            size += len(piece)
            if unpacker.eof or size >= MAX_TEXT:
                break
    except zlib.error:
        return b"".join(out), False
    return b"".join(out), unpacker.eof

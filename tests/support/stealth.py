"""Hides a text in the lowest bits of a picture as sd_webui_stealth_pnginfo and NovelAI do."""

from __future__ import annotations

import gzip

import numpy as np
from numpy.typing import NDArray


def hide(
    pixels: NDArray[np.uint8], text: str, channel: str = "alpha", *, packed: bool = True
) -> NDArray[np.uint8]:
    """Return a copy with the text in ``channel`` ("alpha" or "RGB"), packed with gzip or plain."""
    body = gzip.compress(text.encode(), mtime=0) if packed else text.encode()
    form = f"stealth_{'png' if channel == 'alpha' else 'rgb'}{'comp' if packed else 'info'}"
    return write(pixels, form.encode() + (len(body) * 8).to_bytes(4, "big") + body, channel)


def write(pixels: NDArray[np.uint8], data: bytes, channel: str = "alpha") -> NDArray[np.uint8]:
    """Return a copy whose lowest bits begin with ``data``, column after column."""
    out = pixels.copy()
    part = out[..., 3:4] if channel == "alpha" else out[..., :3]
    order = part.transpose(1, 0, 2).copy()
    flat = order.reshape(-1)
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    flat[: len(bits)] = flat[: len(bits)] & 0xFE | bits
    part[...] = order.transpose(1, 0, 2)
    return out

"""Procedural and public-domain pictures by name, seed and size, for tests and vector scripts."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SKIMAGE = ("astronaut", "coffee", "chelsea", "rocket", "camera", "coins", "page")


def make(name: str, seed: int, width: int, height: int, channels: int) -> NDArray[np.uint8]:
    """Return H×W (channels 1) or H×W×3, 0–255. Integer arithmetic only: the same everywhere."""
    if name in SKIMAGE:
        return _tiled(name, seed, width, height, channels)
    rng = np.random.Generator(np.random.PCG64(seed))
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    layers = []
    for _ in range(channels):
        a, b, c = (int(v) for v in rng.integers(1, 97, 3))
        if name == "noise":
            layer = rng.integers(0, 256, (height, width))
        elif name == "flat":
            layer = np.full((height, width), a * 2)
        elif name == "ramp":
            layer = (x * 255 // max(width - 1, 1) * a + y * 255 // max(height - 1, 1) * b) // (
                a + b
            )
        elif name == "rings":
            layer = ((x - width // 2) ** 2 * a + (y - height // 2) ** 2 * b) // (c * 8 + 1) % 256
        elif name == "blocks":
            grid = rng.integers(0, 256, (9, 11))
            layer = grid[y * 9 // height, x * 11 // width]
        elif name == "edges":
            layer = ((x * a + y * b) // (width + height + 1) % 2) * 255
        else:
            raise ValueError(name)
        layers.append(layer)
    picture = np.stack(layers, -1).astype(np.uint8)
    return np.ascontiguousarray(picture[..., 0] if channels == 1 else picture)


def _tiled(name: str, seed: int, width: int, height: int, channels: int) -> NDArray[np.uint8]:
    """Cut a window from a picture of scikit-image, mirrored at its edges where it is too small."""
    from skimage import data

    picture: NDArray[np.uint8] = getattr(data, name)()
    if picture.ndim == 2 and channels == 3:
        picture = np.stack([picture, picture[::-1], 255 - picture], -1)
    if picture.ndim == 3 and channels == 1:
        picture = picture[..., 1]
    rows = _mirrored(np.arange(height) + seed, picture.shape[0])
    columns = _mirrored(np.arange(width) + seed, picture.shape[1])
    return np.ascontiguousarray(picture[rows][:, columns])


def _mirrored(index: NDArray[Any], length: int) -> NDArray[Any]:
    index = index % (2 * length)
    return np.where(index < length, index, 2 * length - 1 - index)


def encoded(picture: NDArray[np.uint8] | Image.Image, kind: str, **options: Any) -> bytes:
    """Return a picture as the bytes of a file of Pillow's format ``kind``."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()

"""What every decoder hands back: planes on demand, bounds on their size. Knows no file format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.contract import PictureInfo, Rendering
from assay.core.errors import LimitReached
from assay.core.slots import Trouble

PIXEL_LIMIT = 1 << 28  # pixels: above a 200-megapixel sensor and WebP's largest picture
_STRIP = 1 << 24  # pixels converted at a time


class Planes(Protocol):
    """The pixels of one decoded picture, as stored: orientation not applied."""

    def luma(self) -> NDArray[np.uint8]:
        """Return H×W, 0–255."""
        ...

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        """Return H×W×3, 0–255, no side longer than ``max_side``."""
        ...

    def pixels(self, columns: int | None = None) -> NDArray[np.uint8] | None:
        """Return H×W×3 or ×4 exactly as a lossless kind stores it; None for all others."""
        ...

    def variants(self) -> tuple[Rendering, ...]:
        """Return second luma renderings that differ from ``luma``."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture: how it decoded, what was wrong, and its planes."""

    info: PictureInfo
    troubles: tuple[Trouble, ...]
    planes: Planes

    def luma(self) -> NDArray[np.uint8]:
        """Return H×W, 0–255, as the known-hash lists were made."""
        return self.planes.luma()

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        """Return H×W×3, 0–255, stored orientation; no side longer than ``max_side`` (≥ 1)."""
        return self.planes.rgb(max_side)

    def pixels(self, columns: int | None = None) -> NDArray[np.uint8] | None:
        """Return H×W×3 (RGB) or ×4 (RGBA) exactly as stored, or None (see ``View.pixels``)."""
        return self.planes.pixels(columns)

    def variants(self) -> tuple[Rendering, ...]:
        """Return second luma renderings (alpha on white, full range) where they differ."""
        return self.planes.variants()


def check_size(width: int, height: int) -> None:
    """Raise LimitReached where a header promises more than PIXEL_LIMIT pixels."""
    if width * height > PIXEL_LIMIT:
        raise LimitReached(
            f"{width}×{height} = {width * height:,} pixels, limit {PIXEL_LIMIT:,}",
            flag="pixel_limit",
        )


def fit(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """Return the size scaled down so that no side exceeds ``max_side``; never below 1 pixel."""
    longest = max(width, height)
    if max_side is None or longest <= max_side:
        return width, height
    return (
        max(1, round(width * max_side / longest)),
        max(1, round(height * max_side / longest)),
    )


def scale_down(image: Image.Image, max_side: int | None) -> NDArray[np.uint8]:
    """Return a picture as RGB, area-averaged where it is too large."""
    size = fit(*image.size, max_side)
    if size == image.size:
        return gather(image, lambda strip: strip.convert("RGB"))
    image = image.convert("RGB").resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(image, dtype=np.uint8)


def gather(image: Image.Image, render: Callable[[Image.Image], Image.Image]) -> NDArray[np.uint8]:
    """Return ``render(image)`` as an array, by strips, so that a large picture is held once."""
    width, height = image.size
    rows = max(1, _STRIP // width)
    if rows >= height:
        return np.asarray(render(image), dtype=np.uint8)
    out: NDArray[np.uint8] | None = None
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        part = np.asarray(render(strip), dtype=np.uint8)
        if out is None:
            out = np.empty((height, *part.shape[1:]), np.uint8)
        out[top : top + part.shape[0]] = part
    assert out is not None
    return out

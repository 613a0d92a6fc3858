"""Photographs with a camera's data, made from the public-domain pictures of scikit-image."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image
from skimage import data as pictures

from tests.support.tiffs import ASCII, LONG, RATIONAL, SHORT, Row, block

MAKE, MODEL, SOFTWARE = 0x010F, 0x0110, 0x0131
EXPOSURE: tuple[Row, ...] = (
    (0x829A, RATIONAL, (1, 125)),
    (0x829D, RATIONAL, (28, 10)),
    (0x8827, SHORT, 200),
)
TAKEN: Row = (0x9003, ASCII, "2024:05:06 07:08:09")


@lru_cache
def scene(name: str = "astronaut", size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Return a named picture of scikit-image, resized to width and height in pixels."""
    grey = np.asarray(getattr(pictures, name)())
    return Image.fromarray(grey).convert("RGB").resize(size, Image.Resampling.LANCZOS)


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def exif_block(
    *,
    make: str = "Example Corp",
    model: str = "Model 7",
    software: str = "1.02",
    stated: tuple[int, int] | None = (400, 300),
    exposure: Sequence[Row] = EXPOSURE,
    taken: Sequence[Row] = (TAKEN,),
    thumbnail: Image.Image | None = None,
) -> bytes:
    """Return a TIFF block as a camera writes it; blank texts are left out."""
    texts = ((MAKE, make), (MODEL, model), (SOFTWARE, software))
    size: list[Row] = []
    if stated:
        size = [(0xA002, LONG, stated[0]), (0xA003, LONG, stated[1])]
    return block(
        [(tag, ASCII, text) for tag, text in texts if text],
        exif=[*exposure, *taken, *size],
        thumbnail=b"" if thumbnail is None else jpeg(thumbnail, 70),
    )


def photo(picture: Image.Image, exif: bytes, kind: str = "JPEG", comment: str = "") -> bytes:
    """Return a file of that kind with the block inside."""
    out = io.BytesIO()
    more = {"comment": comment} if comment else {}
    picture.save(out, kind, exif=b"Exif\0\0" + exif, **more)
    return out.getvalue()

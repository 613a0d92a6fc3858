"""Small, blurred, greyscale pictures made by us from decoded pixels; no byte of a file is kept."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIDE = 160  # pixels
_GAP = 4  # pixels between the frames of a strip
_BLUR = 40  # the blur's radius is a fortieth of the longer side


def strip(frames: Sequence[NDArray[np.uint8]], side: int = SIDE) -> bytes:
    """Return frames (H×W×3) side by side, each blurred and no side longer than ``side`` pixels."""
    images = [Image.open(io.BytesIO(blurred(rgb, side))) for rgb in frames]
    sheet = Image.new(
        "L",
        (sum(i.width for i in images) + _GAP * (len(images) - 1), max(i.height for i in images)),
        255,
    )
    across = 0
    for image in images:
        sheet.paste(image, (across, 0))
        across += image.width + _GAP
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def blurred(rgb: NDArray[np.uint8], side: int = SIDE) -> bytes:
    """Return a greyscale PNG of an H×W×3 picture, blurred, no side longer than ``side`` pixels."""
    image = Image.fromarray(np.ascontiguousarray(rgb)).convert("L")
    longest = max(image.size)
    if longest > side:
        width, height = (max(1, round(length * side / longest)) for length in image.size)
        image = image.resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)
    image = image.filter(ImageFilter.GaussianBlur(max(image.size) / _BLUR))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()

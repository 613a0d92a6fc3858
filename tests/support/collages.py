"""Pictures as people pass them on: with bars or a line of text, and several in one."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tests.support.planes import make

Grey = NDArray[np.uint8]
NAMES = ("astronaut", "coffee", "chelsea", "rocket", "coins", "camera")
_TEXT = "that moment when\nthe train is on time"


def photo(number: int, width: int = 300, height: int = 220) -> Grey:
    """Return H×W of a photograph; each of the numbers from 0 to 5 is another one."""
    return make(NAMES[number], 11 * number, width, height, 1)


def saved(grey: Grey, quality: int = 80) -> Grey:
    """Return what a JPEG of the quality leaves of a picture."""
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out))


def band(width: int, height: int, ground: int = 255, ink: int = 0) -> Grey:
    """Return a band of text."""
    image = Image.new("L", (width, height), ground)
    font = ImageFont.load_default(size=height // 4)
    at = (width / 2, height / 2)
    ImageDraw.Draw(image).multiline_text(at, _TEXT, ink, font, anchor="mm", align="center")
    return np.asarray(image)


def grid(cells: Sequence[Sequence[Grey]], gap: int = 0, ground: int = 255, frame: int = 0) -> Grey:
    """Return cells of one size in rows, with lines of ``gap`` pixels between and a frame around."""
    height, width = cells[0][0].shape
    size = (len(cells) * (height + gap) - gap, len(cells[0]) * (width + gap) - gap)
    out = np.full(size, ground, np.uint8)
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            y, x = row * (height + gap), column * (width + gap)
            out[y : y + height, x : x + width] = cell
    return np.pad(out, frame, constant_values=ground)

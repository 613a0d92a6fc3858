"""Thumbnails are small, blurred, grey, and made by us."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from assay.media.thumbnail import blurred
from tests.support.planes import make


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png), formats=("PNG",))


def test_a_thumbnail_is_a_small_grey_png_of_the_same_proportions() -> None:
    image = opened(blurred(make("astronaut", 0, 800, 400, 3)))
    assert (image.mode, image.size) == ("L", (160, 80))


def test_a_thumbnail_keeps_no_fine_detail() -> None:
    stripes = np.zeros((160, 160, 3), np.uint8)
    stripes[:, ::2] = 255
    inside = np.asarray(opened(blurred(stripes)))[20:-20, 20:-20]
    assert np.ptp(inside) < 16


def test_a_thin_picture_keeps_at_least_one_pixel() -> None:
    assert opened(blurred(np.zeros((1, 5000, 3), np.uint8))).size == (160, 1)


def test_a_small_picture_is_not_enlarged() -> None:
    assert opened(blurred(np.zeros((7, 5, 3), np.uint8))).size == (5, 7)


def test_the_same_pixels_give_the_same_bytes() -> None:
    pixels = make("rings", 1, 300, 200, 3)
    assert blurred(pixels, side=64) == blurred(pixels, side=64)

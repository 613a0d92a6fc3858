"""Thumbnails: the same picture is recognised however it was fitted; another one is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from assay.examiners._thumbnail import check_thumbnail, compare
from tests.support.photos import jpeg, scene

NAMES = ("astronaut", "camera", "coffee", "chelsea", "rocket", "coins", "moon")


def grey(picture: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(picture.convert("L"))


def wide(name: str = "astronaut") -> Image.Image:
    return scene(name, (640, 360))


def letterboxed(picture: Image.Image) -> Image.Image:
    return ImageOps.pad(picture, (160, 120), color="black")


def centre_cut(picture: Image.Image) -> Image.Image:
    return ImageOps.fit(picture, (160, 120))


def squeezed(picture: Image.Image) -> Image.Image:
    return picture.resize((160, 120))


def turned(picture: Image.Image) -> Image.Image:
    return picture.resize((160, 90)).rotate(90, expand=True)


def mirrored(picture: Image.Image) -> Image.Image:
    return ImageOps.mirror(picture.resize((160, 90)))


def brighter(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(picture.resize((160, 90))).enhance(1.4)


@pytest.mark.parametrize("fit", [letterboxed, centre_cut, squeezed, turned, mirrored, brighter])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_picture_agrees_however_it_was_fitted(name: str, fit: object) -> None:
    thumbnail = fit(wide(name))  # type: ignore[operator]
    assert compare(grey(thumbnail), grey(wide(name))).agrees is True


@pytest.mark.parametrize("name", NAMES)
def test_another_picture_never_agrees_and_most_are_told_apart(name: str) -> None:
    thumbnail = grey(wide(name).resize((160, 90)))
    answers = [compare(thumbnail, grey(wide(other))).agrees for other in NAMES if other != name]
    assert True not in answers
    assert answers.count(False) >= len(answers) // 2


@pytest.mark.parametrize("share", [0.97, 0.9, 0.8, 0.7])
@pytest.mark.parametrize("name", NAMES)
def test_a_crop_of_the_same_picture_is_not_called_another(name: str, share: float) -> None:
    whole = wide(name)
    left, top = round(640 * (1 - share) / 2), round(360 * (1 - share) / 2)
    crop = whole.crop((left, top, left + round(640 * share), top + round(360 * share)))
    assert compare(grey(whole.resize((160, 90))), grey(crop)).agrees is not False


def test_a_flat_or_tiny_picture_says_nothing() -> None:
    flat = Image.new("L", (160, 120), 20)
    assert compare(grey(flat), grey(wide())).agrees is None
    assert compare(grey(wide().resize((16, 12))), grey(wide())).agrees is None


@pytest.mark.parametrize("thumbnail", [b"", b"\xff\xd8\xff\xd9", jpeg(wide())[:400]])
def test_a_damaged_thumbnail_says_nothing(thumbnail: bytes) -> None:
    assert check_thumbnail(thumbnail, grey(wide())).agrees in (None, True)

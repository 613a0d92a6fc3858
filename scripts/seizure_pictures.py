"""Drawings for the generated seizure: soft fields and shapes, each scene unlike any other.

A scene is a number. At any size it shows the same, so that a thumbnail and its picture belong
together and two scenes never do.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw
from scripts import procedural_art as art
from scripts.example_camera import Shot, exif
from scripts.example_camera import jpeg as camera_jpeg

Size = tuple[int, int]  # width, height in pixels
THUMBNAIL = (160, 120)
_SKY = ((70, 130, 190), (150, 200, 225), (235, 240, 225))


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture file and what it shows."""

    data: bytes
    scene: int | None
    thumbnail: bytes = b""  # the one in its EXIF


def draw(scene: int, size: Size) -> Image.Image:
    """Return a scene at a size: fields of colour, five shapes and a little grain."""
    random = np.random.default_rng(scene)
    width, height = size

    def field(columns: int, rows: int) -> Image.Image:
        cells = random.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
        return Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)

    picture = Image.blend(field(5, 4), field(13, 10), 0.45)
    pen = ImageDraw.Draw(picture)
    for _ in range(5):
        x, y, across, down, radius = random.random(5)
        half = (0.06 + 0.14 * radius) * (0.5 + across), (0.06 + 0.14 * radius) * (0.5 + down)
        box = (
            (x - half[0]) * width,
            (y - half[1]) * height,
            (x + half[0]) * width,
            (y + half[1]) * height,
        )
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        (pen.ellipse if across < 0.5 else pen.rectangle)(box, fill=colour)
    return Image.blend(picture, _grain().resize(size, Image.Resampling.BILINEAR), 0.04)


def landscape(scene: int, size: Size) -> Image.Image:
    """Return a drawn landscape; slower, so only some files show one."""
    kinds = (art.dunes, art.night, art.lighthouse, art.fruit_bowl)
    small = (480, 480 * size[1] // size[0])
    seed, kind = scene % (1 << 32), scene % 5
    made = kinds[kind](seed, *small) if kind < 4 else art.mountains(seed, *small, _SKY)
    return made.resize(size, Image.Resampling.LANCZOS)


@cache
def _grain() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (96, 128, 3), dtype=np.uint8))


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpeg(scene: int, size: Size = (640, 480), quality: int = 82) -> Picture:
    """Return a JPEG without metadata."""
    return Picture(saved(draw(scene, size), "JPEG", quality=quality), scene)


def png(scene: int, size: Size = (320, 240)) -> Picture:
    return Picture(saved(draw(scene, size), "PNG", compress_level=3), scene)


def small_jpeg(scene: int, size: Size = THUMBNAIL) -> Picture:
    """Return a small copy of a scene, made from its picture as a cache makes it."""
    full = draw(scene, (size[0] * 4, size[1] * 4))
    return Picture(saved(full.resize(size, Image.Resampling.LANCZOS), "JPEG", quality=80), scene)


def photo(
    scene: int, size: Size, shot: Shot, *, drawn: Image.Image | None = None, quality: int = 85
) -> Picture:
    """Return a photograph as a camera writes it, with the thumbnail in its EXIF."""
    picture = drawn or draw(scene, size)
    small = picture.copy()
    small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    data = camera_jpeg(picture, quality, exif(picture, shot))
    thumbnail = camera_jpeg(small, 75)
    assert data.count(thumbnail) == 1
    return Picture(data, scene, thumbnail)


def shot_of(number: int, random: float = 0.5, place: tuple[float, float] | None = None) -> Shot:
    """Return the settings of exposure ``number``, all different and one a minute."""
    day, minute = divmod(number, 720)
    hour, minute = divmod(minute, 60)
    taken = f"2024:{1 + day // 28 % 12:02}:{1 + day % 28:02} {8 + hour:02}:{minute:02}:17"
    iso = (100, 200, 400, 800)[int(random * 4) % 4]
    return Shot(taken, (1, 60 + int(random * 400)), (28, 10), iso, place=place)

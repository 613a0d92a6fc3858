"""What is done to pictures in ``benchmarks/lists_rates.py``: each alteration once, by name.

A change gets the picture (RGB), random numbers of its own and a few other pictures of the set, and
gives the file that somebody would pass on. All but those of the first group are saved as JPEG of
quality 90, so what is measured is the alteration and one more saving.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Random = np.random.Generator
QUALITY = 90  # of the JPEG that a changed picture is saved as
_LONGEST = 1600  # pixels: a collage above this is made smaller, as programs do
_LINE = 0.02  # of a cell's shorter side: the line between the pictures of a collage
_TEXT = "the day we all went down to the lake and it rained again until late in the evening"


class Step(Protocol):
    """Return the changed picture. ``others`` are different pictures, for collages."""

    def __call__(
        self, image: Image.Image, random: Random, others: Sequence[Image.Image], /
    ) -> Image.Image: ...


@dataclass(frozen=True, slots=True)
class Change:
    """One alteration."""

    group: str
    name: str
    step: Step
    kind: str = "JPEG"  # what it is saved as
    quality: int = QUALITY
    above: int = 0  # pixels: only of pictures whose shorter side is longer
    others: int = 0  # how many other pictures it takes

    def file(self, image: Image.Image, random: Random, others: Sequence[Image.Image] = ()) -> bytes:
        """Return the changed picture as a file."""
        out = io.BytesIO()
        self.step(image, random, others).save(out, self.kind, quality=self.quality)
        return out.getvalue()

    @property
    def media_type(self) -> str:
        return f"image/{self.kind.lower()}"


def _plain(do: Callable[[Image.Image], Image.Image]) -> Step:
    return lambda image, _random, _others: do(image)


def _resized(factor: float) -> Step:
    return _plain(lambda image: _to(image, factor))


def _to(image: Image.Image, factor: float) -> Image.Image:
    size = [max(8, round(side * factor)) for side in image.size]
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS)


def _cropped(share: float, *, centred: bool) -> Step:
    """Take ``share`` off each dimension, on both sides alike or at a corner."""

    def step(image: Image.Image, random: Random, _others: Sequence[Image.Image]) -> Image.Image:
        width, height = image.size
        gone_x, gone_y = round(width * share), round(height * share)
        if centred:
            left, top = gone_x // 2, gone_y // 2
        else:
            left, top = gone_x * int(random.integers(2)), gone_y * int(random.integers(2))
        return image.crop((left, top, left + width - gone_x, top + height - gone_y))

    return step


def _light(kind: Callable[[Image.Image], ImageEnhance._Enhance], factor: float) -> Step:
    return _plain(lambda image: kind(image).enhance(factor))


def _blurred(share: float) -> Step:
    return _plain(lambda im: im.filter(ImageFilter.GaussianBlur(share * min(im.size))))


def _patched(share: float) -> Step:
    """Cover a rectangle of ``share`` of the area by what its edges suggest: smooth, no seam."""

    def step(image: Image.Image, random: Random, _others: Sequence[Image.Image]) -> Image.Image:
        pixels = np.asarray(image).astype(np.float32)
        height, width = pixels.shape[:2]
        h, w = (min(round(side * share**0.5), side - 2) for side in (height, width))
        y = int(random.integers(1, height - h)) if height - h > 1 else 1
        x = int(random.integers(1, width - w)) if width - w > 1 else 1
        down = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
        across = np.linspace(0, 1, w, dtype=np.float32)[None, :, None]
        above, below = pixels[y - 1, x : x + w][None], pixels[y + h, x : x + w][None]
        left, right = pixels[y : y + h, x - 1][:, None], pixels[y : y + h, x + w][:, None]
        fill = (above * (1 - down) + below * down + left * (1 - across) + right * across) / 2
        pixels[y : y + h, x : x + w] = fill
        return Image.fromarray(np.rint(pixels).astype(np.uint8))

    return step


def _barred(share: float, colour: str, *, sides: bool) -> Step:
    """Add bars of ``share`` of the height above and below, with ``sides`` a frame all round."""

    def do(image: Image.Image) -> Image.Image:
        width, height = image.size
        bar = round(height * share)
        side = bar if sides else 0
        out = Image.new("RGB", (width + 2 * side, height + 2 * bar), colour)
        out.paste(image, (side, bar))
        return out

    return _plain(do)


def _captioned(share: float, *, above: bool) -> Step:
    """Add a white band of ``share`` of the height with a line or two of black text."""

    def do(image: Image.Image) -> Image.Image:
        width, height = image.size
        band = Image.new("RGB", (width, max(12, round(height * share))), "white")
        size = max(8, band.height // 4)
        font = ImageFont.load_default(size=size)
        wide = max(1, int(0.9 * width / max(1.0, font.getlength("e"))))
        lines = [_TEXT[n : n + wide] for n in range(0, len(_TEXT), wide)]
        room = max(1, band.height // (size * 3 // 2))
        ImageDraw.Draw(band).multiline_text(
            (width // 20, band.height // 8), "\n".join(lines[:room]), fill="black", font=font
        )
        out = Image.new("RGB", (width, height + band.height), "white")
        out.paste(image, (0, band.height if above else 0))
        out.paste(band, (0, 0 if above else height))
        return out

    return _plain(do)


def _collage(across: int, down: int, *, lines: bool) -> Step:
    """Put the picture among others into a grid; they are cropped to its shape, it is whole."""

    def step(image: Image.Image, random: Random, others: Sequence[Image.Image]) -> Image.Image:
        cells = [ImageOps.fit(each, image.size) for each in others[: across * down - 1]]
        cells.insert(int(random.integers(len(cells) + 1)), image)
        width, height = image.size
        gap = max(2, round(_LINE * min(image.size))) if lines else 0
        size = (across * (width + gap) - gap, down * (height + gap) - gap)
        out = Image.new("RGB", size, "white")
        for n, cell in enumerate(cells):
            out.paste(cell, (n % across * (width + gap), n // across * (height + gap)))
        return _to(out, min(1.0, _LONGEST / max(out.size)))

    return step


def _after(first: Step, second: Step) -> Step:
    return lambda image, random, others: second(first(image, random, others), random, others)


_MIRROR = _plain(ImageOps.mirror)
_SAME = _plain(lambda image: image)
_GRIDS = {2: (2, 1), 4: (2, 2), 6: (3, 2), 9: (3, 3)}

CHANGES: tuple[Change, ...] = (
    *(Change("saved again", f"JPEG, quality {q}", _SAME, quality=q) for q in (90, 75, 50)),
    Change("saved again", "WebP, quality 80", _SAME, "WEBP", 80),
    Change("saved again", "PNG", _SAME, "PNG"),
    *(Change("resized", f"to {n} %", _resized(n / 100)) for n in (75, 50, 25)),
    Change(
        "resized", "to a short side of 256", _plain(lambda i: _to(i, 256 / min(i.size))), above=300
    ),
    *(Change("cropped", f"{n} %, centred", _cropped(n / 100, centred=True)) for n in (5, 10, 20)),
    *(Change("cropped", f"{n} %, corner", _cropped(n / 100, centred=False)) for n in (5, 10, 20)),
    Change("light", "brightness × 1.3", _light(ImageEnhance.Brightness, 1.3)),
    Change("light", "brightness × 0.7", _light(ImageEnhance.Brightness, 0.7)),
    Change("light", "contrast × 1.3", _light(ImageEnhance.Contrast, 1.3)),
    Change("light", "contrast × 0.7", _light(ImageEnhance.Contrast, 0.7)),
    Change("light", "grey", _plain(lambda image: image.convert("L").convert("RGB"))),
    *(Change("blurred", f"{n} % of the short side", _blurred(n / 100)) for n in (0.5, 1, 2)),
    *(Change("patched", f"{n} % of the area", _patched(n / 100)) for n in (5, 10, 25)),
    Change("turned", "mirrored", _MIRROR),
    Change("turned", "by 90°", _plain(lambda image: image.transpose(Image.Transpose.ROTATE_90))),
    Change("turned", "by 180°", _plain(lambda image: image.transpose(Image.Transpose.ROTATE_180))),
    *(
        Change("bars", f"{n} % above and below, {colour}", _barred(n / 100, colour, sides=False))
        for colour in ("black", "white")
        for n in (5, 10, 20)
    ),
    *(
        Change("bars", f"{n} % all round, {colour}", _barred(n / 100, colour, sides=True))
        for colour in ("black", "white")
        for n in (5, 10, 20)
    ),
    *(Change("caption", f"{n} % above", _captioned(n / 100, above=True)) for n in (10, 20, 30)),
    *(Change("caption", f"{n} % below", _captioned(n / 100, above=False)) for n in (10, 20, 30)),
    *(
        Change("collage", f"{n}, {word}", _collage(*_GRIDS[n], lines=lines), others=n - 1)
        for n in _GRIDS
        for lines, word in ((True, "white lines"), (False, "no lines"))
    ),
    Change(
        "both", "mirrored, 10 % black all round", _after(_MIRROR, _barred(0.1, "black", sides=True))
    ),
    Change(
        "both", "mirrored, in a collage of 4", _after(_MIRROR, _collage(2, 2, lines=True)), others=3
    ),
    Change(
        "both",
        "10 % cropped, caption 20 % below",
        _after(_cropped(0.1, centred=True), _captioned(0.2, above=False)),
    ),
)

"""Animations by Pillow, frame after frame as shown: GIF, WebP, APNG, AVIF sequences.

Composed frames build on the one before, so a reel only runs forwards.
"""

from __future__ import annotations

import io
import math
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Protocol

from PIL import AvifImagePlugin, Image

from assay.core.contract import Frame
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.slots import Trouble
from assay.media.decode_headers import gif_frames
from assay.media.decode_pillow import picture_of, quiet, words_of
from assay.media.decode_planes import Picture, check_size
from assay.media.frames_png import read_apng

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # one worker, one core


@dataclass(frozen=True, slots=True)
class Broken:
    """A frame that did not decode, and why."""

    frame: Frame
    why: str


class Reel(Protocol):
    """A file of several pictures; ``read`` goes through it once, in order."""

    @property
    def container(self) -> str: ...
    @property
    def count(self) -> int: ...  # pictures that the structure shows
    @property
    def declared(self) -> int | None: ...  # as a header claims
    @property
    def troubles(self) -> tuple[Trouble, ...]: ...
    @property
    def pages(self) -> bool: ...

    def read(
        self, wanted: Container[int] | None = None
    ) -> Iterator[tuple[Frame, Picture] | Broken]:
        """Yield the wanted frames, by default all; stops where nothing after can be decoded."""
        ...


@dataclass(frozen=True, slots=True)
class Animation:
    """Implements ``Reel`` for what Pillow animates."""

    data: bytes
    kind: str  # Pillow's name of the format
    count: int
    declared: int | None = None
    troubles: tuple[Trouble, ...] = ()
    pages: bool = False

    @property
    def container(self) -> str:
        return {"PNG": "apng"}.get(self.kind, self.kind.lower())

    def read(
        self, wanted: Container[int] | None = None
    ) -> Iterator[tuple[Frame, Picture] | Broken]:
        time = 0.0
        frame = Frame(0, time)
        try:
            with quiet():
                image = Image.open(io.BytesIO(self.data), formats=(self.kind,))
            check_size(*image.size)
            for index in range(self.count):
                frame = Frame(index, time)
                with quiet():
                    image.seek(index)
                    image.load()
                if wanted is None or index in wanted:
                    yield frame, picture_of(image.copy(), self.kind)
                time += _seconds(image)
        except EOFError:
            if frame.index < self.count:
                yield Broken(frame, f"{frame.index} of {self.count} frames are there")
        except (LimitReached, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise LimitReached(str(error), flag="pixel_limit") from error
        except Exception as error:  # Pillow's plugins raise almost anything on broken bytes
            yield Broken(frame, words_of(error))


def open_gif(data: bytes) -> Animation:
    """Raises NotApplicable for a still GIF."""
    count, ended = gif_frames(data)
    if count < 2:
        raise NotApplicable("a still GIF")
    troubles = () if ended else (Trouble("truncated", f"the GIF ends in frame {count - 1}"),)
    return Animation(data, "GIF", count, troubles=troubles)


def open_apng(data: bytes) -> Animation:
    """Raises NotApplicable for a still PNG."""
    png = read_apng(data)
    if png is None:
        raise NotApplicable("a still PNG")
    troubles: tuple[Trouble, ...] = ()
    if png.hidden or (png.declared or 0) > png.frames:
        claim = "no animation" if png.declared is None else f"{png.declared} frames"
        troubles = (Trouble("lying_header", f"{claim} claimed, {png.frames} pictures there"),)
    return Animation(png.data, "PNG", png.frames, png.declared, troubles)


def open_webp(data: bytes) -> Animation:
    """Raises NotApplicable for a still WebP (WebP container specification: VP8X, ANMF)."""
    if data[12:16] != b"VP8X" or len(data) < 30:
        raise NotApplicable("a still WebP")
    count, at = 0, 12
    while at + 8 <= len(data):
        count += data[at : at + 4] == b"ANMF"
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + (size & 1)
    if count < 2 and not (count and at > len(data)):
        raise NotApplicable("a still WebP")
    missing = at - len(data)
    troubles = () if missing <= 1 else (Trouble("truncated", f"{missing} bytes are missing"),)
    return Animation(data, "WEBP", count, troubles=troubles)


def open_avif(data: bytes) -> Animation:
    """Raises NotApplicable for a still AVIF, Malformed for one that cannot be opened."""
    try:
        with quiet():
            image = Image.open(io.BytesIO(data), formats=("AVIF",))
        check_size(*image.size)
        count = int(getattr(image, "n_frames", 1))
    except LimitReached:
        raise
    except Image.DecompressionBombError as error:
        raise LimitReached(str(error), flag="pixel_limit") from error
    except Exception as error:
        raise Malformed(f"AVIF: {words_of(error)}") from error
    if count < 2:
        raise NotApplicable("a still AVIF")
    return Animation(data, "AVIF", count, count)


def _seconds(image: Image.Image) -> float:
    """Return how long the frame at hand is shown; 0 where that is not a time."""
    duration = image.info.get("duration", 0)
    if not isinstance(duration, int | float) or not math.isfinite(duration):
        return 0.0
    return min(max(float(duration), 0.0), 1e9) / 1000

"""The public "dwtDct" watermark: which of the known payloads a picture carries, in NumPy alone.

Stable Diffusion's own scripts, diffusers (SDXL) and FLUX's embed a fixed payload with the library
ShieldMnt/invisible-watermark (imwatermark/maxDct.py): in the plane U = 0.492 (B − Y), halved by a
Haar transform, each block of 4×4 carries one bit. Of its 15 last coefficients the largest by size
is moved to a quarter (0) or three quarters (1) of a step of 36. Despite its name no cosine
transform is taken. Knows the payloads; what a match is worth is the examiner's business.

The callers differ, and the library's own reader follows only the first of each: they hand over
bytes (U lies around 128) or floating point (around 0.5), and BGR or RGB. All are read here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

STEP = 36
MIN_PIXELS = 256 * 256  # the library refuses smaller pictures
_STRIP = 1 << 20  # pixels at a time


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload that a generator's published code embeds."""

    name: str
    tool: str
    bits: tuple[int, ...]
    source: str


def _of_text(text: bytes) -> tuple[int, ...]:
    return tuple(int(bit) for byte in text for bit in f"{byte:08b}")


def _of_number(number: int) -> tuple[int, ...]:
    # as all callers do: leading zeros are lost, FLUX's 48 bits become 46
    return tuple(int(bit) for bit in f"{number:b}")


PAYLOADS = (
    Payload(
        "SDV1",
        "Stable Diffusion 1",
        _of_text(b"StableDiffusionV1"),
        "CompVis/stable-diffusion, scripts/txt2img.py",
    ),
    Payload(
        "SDV2",
        "Stable Diffusion 2",
        _of_text(b"SDV2"),
        "Stability-AI/stablediffusion, scripts/txt2img.py",
    ),
    Payload(
        "SDXL",
        "Stable Diffusion XL",
        _of_number(0b101100111110110010010000011110111011000110011110),
        "Stability-AI/generative-models, scripts/demo/streamlit_helpers.py; "
        "huggingface/diffusers, pipelines/stable_diffusion_xl/watermark.py",
    ),
    Payload(
        "FLUX",
        "FLUX",
        _of_number(0b001010101111111010000111100111001111010100101110),
        "black-forest-labs/flux, src/flux/util.py",
    ),
)


@dataclass(frozen=True, slots=True)
class Score:
    """How well a picture's bits agree with one payload, read in the way that agrees best."""

    payload: Payload
    agreeing: int  # bits, 0 to len(payload.bits)
    blocks: int  # of 8×8 pixels, each a vote for one bit
    reading: str  # how it was read: "bytes BGR by majority", …

    @property
    def share(self) -> float:
        return self.agreeing / len(self.payload.bits)


def scores(rgb: NDArray[np.uint8]) -> tuple[Score, ...]:
    """Return the best score of each payload for a picture H×W×3, 0–255; () where it is too small.

    All in whole numbers, so that every machine gives the same.
    """
    best: dict[str, Score] = {}
    for reading, votes in readings(rgb):
        for payload in PAYLOADS:
            count = agreeing(votes, payload.bits)
            if payload.name not in best or count > best[payload.name].agreeing:
                best[payload.name] = Score(payload, count, len(votes), reading)
    return tuple(best.values())


def agreeing(votes: NDArray[np.int32], bits: tuple[int, ...]) -> int:
    """Count the bits of a payload that the sum of their votes agrees with."""
    full = len(votes) // len(bits) * len(bits)
    sums = votes[:full].reshape(-1, len(bits)).sum(axis=0, dtype=np.int64)
    sums[: len(votes) - full] += votes[full:]
    return int(np.count_nonzero((sums >= 0) == (np.asarray(bits) == 1)))


# U of BGR in units of 1/1000 before the factor 0.492: B − Y with Y = 0.299 R + 0.587 G + 0.114 B;
# handed over as RGB, red stands where blue should.
_WEIGHTS = ((-299, -587, 886), (886, -587, -299))
_FACTOR = 492  # of 1/1000
_ONE = 2_000_000  # these units in a coefficient of 1: a sum of four, which the transform halves
_PLACES = 256  # told apart within a step
_SHARP = 15  # the higher, the less a block counts that lies off both marks; chosen by recall


def _sharp(place: int) -> int:
    """Return the vote of a place in the step: 1000 at three quarters, -1000 at one quarter."""
    return round(-1000 * math.sin(2 * math.pi * (place + 0.5) / _PLACES) ** _SHARP)


_BY_MAJORITY = np.asarray([-1] * (_PLACES // 2) + [1] * (_PLACES // 2), np.int32)
_BY_PLACE = np.asarray([_sharp(place) for place in range(_PLACES)], np.int32)


def readings(rgb: NDArray[np.uint8]) -> list[tuple[str, NDArray[np.int32]]]:
    """Return every way of reading with its votes, one a block in the order of rows.

    A vote is positive for a one. The library counts every block alike ("by majority"). Many
    blocks lost their mark while it was written, by rounding or because another coefficient became
    the largest; "by place" counts those alone that lie where a mark would put them. Nothing of a
    picture that is too small.
    """
    height, width = rgb.shape[0] // 8 * 8, rgb.shape[1] // 8 * 8
    if rgb.shape[0] * rgb.shape[1] < MIN_PIXELS or not height or not width:
        return []
    found = []
    for order, (high, low) in zip(("BGR", "RGB"), _extremes(rgb[:height, :width]), strict=True):
        high, low = high * _FACTOR, low * _FACTOR
        sizes = {
            "bytes": high + 256 * _ONE,  # around 2 · 128: never negative
            # around 2 · 0.5: the largest by size may be a negative one
            "floats": np.maximum(high + _ONE, -(low + _ONE)),
        }
        for form, size in sizes.items():
            place = size % (STEP * _ONE) // (STEP * _ONE // _PLACES)
            found.append((f"{form} {order} by majority", _BY_MAJORITY[place]))
            found.append((f"{form} {order} by place", _BY_PLACE[place]))
    return found


def _extremes(
    rgb: NDArray[np.uint8],
) -> tuple[tuple[NDArray[np.int32], NDArray[np.int32]], ...]:
    """Return for BGR and RGB the largest and smallest coefficient of each block, flat.

    The first coefficient of a block is never used by the library.
    """
    height, width, _ = rgb.shape
    rows = max(8, _STRIP // width // 8 * 8)
    parts: list[list[NDArray[np.int32]]] = [[], [], [], []]
    for top in range(0, height, rows):
        strip = rgb[top : top + rows]
        pairs = np.add(strip[0::2], strip[1::2], dtype=np.uint16)
        sums = [np.add(pairs[:, 0::2, c], pairs[:, 1::2, c], dtype=np.int32) for c in range(3)]
        for number, weights in enumerate(_WEIGHTS):
            plane = sums[0] * weights[0]
            plane += sums[1] * weights[1]
            plane += sums[2] * weights[2]
            high = plane[0::4, 1::4].copy()
            low = high.copy()
            for y, x in product(range(4), range(4)):
                if (y, x) not in ((0, 0), (0, 1)):
                    np.maximum(high, plane[y::4, x::4], out=high)
                    np.minimum(low, plane[y::4, x::4], out=low)
            parts[2 * number].append(high.ravel())
            parts[2 * number + 1].append(low.ravel())
    joined = [np.concatenate(part) for part in parts]
    return (joined[0], joined[1]), (joined[2], joined[3])

"""PDQ: a 256-bit fingerprint of a picture and its quality, 0–100. Knows pixels, no file formats.

Bit for bit what ``pdqhash`` 0.2.8 computes at full resolution, at a small part of its cost: the
downscaling is done by banded weights (``pdq_weights``), and where float rounding could decide a
bit, it is repeated in the reference's own order. Definition: facebook/ThreatExchange, ``pdq/``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from assay.media.pdq_weights import DCT, SIDE, Band, band, dct_matrix, mirrored, reach, samples

ALGORITHM = "pdq"
VERSION = "pdqhash-0.2.8"  # the implementation whose bits these are
SMALLEST = 5  # pixels per side; below it PDQ gives the zero hash and quality 0
DISTANCE = 31  # bits: the customary match threshold
QUALITY = 50  # the customary gate below which hashes are not matched

# Below this many pixels the reference's own order costs next to nothing.
_ALWAYS_EXACT = 1 << 16
_LUMA = (0.299, 0.587, 0.114)

# Safety margins per sqrt(pixel) of the longer side. Largest drift of the reference over 2,000
# pictures, luma and RGB, 0.3 to 12 megapixels: 8.3e-4 between two components, 5.8e-5 in a gradient.
_GAP = 1.2e-3
_SLACK = 1e-4
_FULL = 9000  # sum of gradients from which the quality is 100


@dataclass(frozen=True, slots=True)
class PdqHash:
    hex: str  # 64 hex digits, as the lists write it
    quality: int  # 0–100
    # hashes of the picture mirrored, flipped and turned by 180 degrees, 32 bytes each, for
    # ``pdq_turns.eight``; none of a picture too small to be hashed
    turned: bytes = field(default=b"", compare=False, repr=False)

    def distance(self, other: PdqHash) -> int:
        """Return the Hamming distance in bits, 0–256."""
        return (int(self.hex, 16) ^ int(other.hex, 16)).bit_count()


def pdq_hash(pixels: NDArray[np.uint8]) -> PdqHash:
    """Return the PDQ hash of a luma plane (H×W) or of an RGB picture (H×W×3), 0–255.

    RGB becomes luma as 0.299 R + 0.587 G + 0.114 B without rounding to whole numbers.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST:
        return PdqHash("0" * 64, 0)
    pixels = np.ascontiguousarray(pixels)
    upright = _rows(pixels, band(height))
    turned = _turned(pixels, upright)
    if height * width > _ALWAYS_EXACT:
        image = _columns(upright, band(width))
        spectrum = _spectrum(image)
        if _is_certain(image, spectrum, max(height, width) ** 0.5):
            return PdqHash(_bits(spectrum).hex(), _quality(image), turned)
    image = _downscale_exactly(pixels)
    return PdqHash(_bits(_spectrum(image)).hex(), _quality(image), turned)


def warm() -> None:
    """Compile the kernels; after the seal nothing may be compiled or written."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    for pixels in (noise, noise[..., 0], noise[:64, :64], np.zeros((300, 300), np.uint8)):
        pdq_hash(pixels)


@lru_cache(maxsize=1)
def _kernel() -> ModuleType:
    """Return the compiled kernels, or their numpy twins where numba is missing or disabled."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0"):
        try:
            from assay.media import pdq_kernel

            return pdq_kernel
        except ImportError:
            pass
    from assay.media import pdq_plain

    return pdq_plain


def _downscale(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the 64×64 image by banded weights: one multiplication per byte."""
    height, width = pixels.shape[:2]
    return _columns(_rows(pixels, band(height)), band(width))


def _rows(pixels: NDArray[np.uint8], axis: Band) -> NDArray[np.float32]:
    """Return 64 weighted sums of rows as luma, 64×W."""
    height, width = pixels.shape[:2]
    flat = pixels.reshape(height, -1)
    half = np.empty((SIDE, flat.shape[1]), np.float32)
    _kernel().sum_rows(flat, axis.starts, axis.counts, axis.weights, half)
    if pixels.ndim == 3:
        half = half.reshape(SIDE, width, 3) @ np.array(_LUMA, np.float32)
    return half


def _columns(half: NDArray[np.float32], axis: Band) -> NDArray[np.float32]:
    """Return the 64×64 image of 64×W sums of rows."""
    image = np.empty((SIDE, SIDE), np.float32)
    _kernel().sum_columns(half, axis.starts, axis.counts, axis.weights, image)
    return image


def _turned(pixels: NDArray[np.uint8], upright: NDArray[np.float32]) -> bytes:
    """Return ``PdqHash.turned``, made of the pixels from their other ends.

    Changing signs in the spectrum would be cheaper and not the same: PDQ samples beside the middle,
    which in a picture of 200 pixels moves two dozen bits. Rounding is not looked after as it is for
    the hash itself: no list is made of these.
    """
    height, width = pixels.shape[:2]
    flipped = _rows(pixels, mirrored(height))
    images = (
        _columns(upright, mirrored(width)),
        _columns(flipped, band(width)),
        _columns(flipped, mirrored(width)),
    )
    return b"".join(_bits(_spectrum(image)) for image in images)


def _downscale_exactly(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the 64×64 image in the reference's order of float32 operations."""
    height, width = pixels.shape[:2]
    if pixels.ndim == 3:
        plane = np.empty((height, width), np.float32)
        _kernel().luma(pixels, plane)
    else:
        plane = pixels.astype(np.float32)
    if (height, width) != (SIDE, SIDE):
        for _ in range(2):
            _kernel().box_rows(plane, *reach(width))
            _kernel().box_columns(plane, *reach(height))
    return np.ascontiguousarray(plane[np.ix_(samples(height), samples(width))])


def _spectrum(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the 16×16 low-frequency DCT of the 64×64 image."""
    half = np.empty((DCT, SIDE), np.float32)
    out = np.empty((DCT, DCT), np.float32)
    _kernel().transform(image, dct_matrix(), half, out)
    return out


def _bits(spectrum: NDArray[np.float32]) -> bytes:
    """Return the hash: bit 16 i + j is set where component (i, j) exceeds the lower median."""
    flat = spectrum.ravel()
    median = np.partition(flat, 127)[127]
    return np.packbits((flat > median)[::-1]).tobytes()


def _gradients(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return every neighbour difference as a percentage of 255, in float32 as the reference."""
    down = (image[:-1] - image[1:]).ravel()
    across = (image[:, :-1] - image[:, 1:]).ravel()
    return np.concatenate((down, across)) * np.float32(100) / np.float32(255)


def _quality(image: NDArray[np.float32]) -> int:
    """Return PDQ's quality: significant gradients, each truncated, their sum over 90."""
    total = int(np.abs(_gradients(image).astype(np.int32)).sum())
    return min(total // 90, 100)


def _is_certain(image: NDArray[np.float32], spectrum: NDArray[np.float32], steps: float) -> bool:
    """Tell whether rounding in the reference could change neither a bit nor the quality.

    Its running float32 sums drift with the square root of their number of steps; ``steps`` is it.
    """
    low, high = np.partition(spectrum.ravel(), (127, 128))[127:129]
    if high - low < _GAP * steps:
        return False
    size = np.abs(_gradients(image))
    slack = np.float32(_SLACK * steps)
    least = int(np.trunc(np.maximum(size - slack, 0)).sum())
    if least >= _FULL:
        return True
    most = int(np.trunc(size + slack).sum())
    return min(least // 90, 100) == min(most // 90, 100)

"""Does a preview show what the picture that carries it shows? PDQ of both, bars and turns aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.jsonvalue import Json
from assay.engine.view import Shared
from assay.media import decode, pdq
from assay.media.bars import trim_bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assay.media.decode import Picture

_NEAR = 31  # bits: no further look once a rendering is this near


def relation(carrier: Shared, preview: Shared) -> dict[str, Json] | None:
    """Return the least distance of the two, in bits of 256, and the lower of their qualities.

    A camera may fit a preview with bars and stores it unturned where the picture is turned, so the
    preview is compared as it is, without its bars, and turned. The carrier is hashed as it is and
    at the preview's size: fine detail that the smaller one lost would count as difference.
    None where either did not decode.
    """
    try:
        whole, small = _plane(carrier.picture()), _plane(preview.picture())
        best: tuple[int, int] | None = None
        for rendering in _renderings(small):
            made = pdq.pdq_hash(rendering)
            for target in _targets(whole, max(rendering.shape[:2])):
                found = (_distance(target, made), min(target.quality, made.quality))
                best = found if best is None else min(best, found)
                if best[0] <= _NEAR:
                    return {"member": preview.sha256, "distance": best[0], "quality": best[1]}
    except (NotApplicable, Malformed, LimitReached, MemoryError):
        return None
    assert best is not None
    return {"member": preview.sha256, "distance": best[0], "quality": best[1]}


def _targets(whole: NDArray[np.uint8], side: int) -> Iterator[pdq.PdqHash]:
    yield pdq.pdq_hash(whole)
    longest = max(whole.shape[:2])
    if side < longest:
        height, width = whole.shape[:2]
        size = (max(1, round(width * side / longest)), max(1, round(height * side / longest)))
        yield pdq.pdq_hash(np.asarray(Image.fromarray(whole).resize(size, Image.Resampling.BOX)))


def _plane(picture: Picture) -> NDArray[np.uint8]:
    return picture.luma() if decode.hash_plane(picture.info) == "Y" else picture.rgb()


def _renderings(plane: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    yield plane
    grey = plane if plane.ndim == 2 else plane.mean(axis=2).astype(np.uint8)
    trimmed = trim_bars(grey)
    if trimmed.shape != grey.shape and min(trimmed.shape) > 0:
        yield np.ascontiguousarray(trimmed)
    for turns in (1, 2, 3):
        yield np.ascontiguousarray(np.rot90(trimmed if min(trimmed.shape) > 0 else grey, turns))


def _distance(one: pdq.PdqHash, other: pdq.PdqHash) -> int:
    return (int(one.hex, 16) ^ int(other.hex, 16)).bit_count()

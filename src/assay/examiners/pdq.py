"""The PDQ fingerprint of a picture, made as the known-hash lists make it, and what else to ask for.

That is: other renderings, the picture mirrored and turned, and its parts. Knows which plane is
hashed; the arithmetic is in ``media.pdq``, the parts are found by ``media.parts``. Matching is the
engine's.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import CostClass, Need
from assay.media import decode, pdq
from assay.media.decode_samples import SAMPLES
from assay.media.parts import Part, parts


class PdqExaminer:
    """Yields one ``pdq``, a ``pdq_variant`` per rendering whose hash or quality differs, and a

    ``pdq_part`` per part that is detailed enough to be matched. Of a moving picture also those of
    each sampled frame; the locator names the frame.
    """

    info = ExaminerInfo(
        name="pdq",
        version="3",
        kinds=("pdq", "pdq_variant", "pdq_part"),
        media_types=("image/*", "video/*", "application/vnd.rn-realmedia"),
        needs=frozenset({Need.PLANES}),
        cost=CostClass.METADATA,
        place_check=True,
        frames=True,
    )

    def prepare(self, settings: Settings) -> None:
        """Compile the kernels and run every decoder once, before the seal."""
        pdq.warm()
        decode.warm()

    def examine(self, view: View) -> Iterable[Observation]:
        """Yield the hashes; raises what decoding raised, so that the check counts as failed."""
        info = view.picture()
        plane = decode.hash_plane(info)
        pixels = view.luma() if plane == "Y" else view.rgb()
        main = pdq.pdq_hash(pixels)
        yield view.observe("pdq", _value(main, info.decoder, plane))
        for rendering in view.variants():
            other = pdq.pdq_hash(rendering.luma)
            if other != main:
                value = {**_value(other, info.decoder, plane), "rendering": rendering.name}
                yield view.observe("pdq_variant", value)
        for part, found in _parts(pixels, main):
            region = ",".join(map(str, part.box))
            value = {**_value(found, info.decoder, plane), "part": part.name, "region": region}
            yield view.observe("pdq_part", value, locator=f"region {region}")

    def examples(self) -> Iterable[Sample]:
        """Yield a JPEG, a PNG, one whose alpha hides half of it and one between bars."""
        samples = dict(SAMPLES)
        for media_type in ("image/jpeg", "image/png"):
            yield Sample(media_type, samples[media_type], media_type, ("pdq",))
        yield Sample("alpha", _half_hidden(), "image/png", ("pdq", "pdq_variant"))
        yield Sample("bars", _between_bars(), "image/png", ("pdq", "pdq_part"))


def _parts(pixels: NDArray[np.uint8], main: pdq.PdqHash) -> Iterator[tuple[Part, pdq.PdqHash]]:
    """Yield the parts that can be matched, and not as the whole picture is."""
    known = {main.hex}
    # of RGB, green is near enough to luma to find them, and at hand
    for part in parts(pixels if pixels.ndim == 2 else pixels[..., 1]):
        x, y, width, height = part.box
        found = pdq.pdq_hash(pixels[y : y + height, x : x + width])
        if found.quality >= pdq.QUALITY and found.hex not in known:
            known.add(found.hex)
            yield part, found


def _value(result: pdq.PdqHash, decoder: str, plane: str) -> JsonObject:
    return {
        "hash": result.hex,
        "quality": result.quality,
        **({"turned": result.turned.hex()} if result.turned else {}),
        "algorithm": pdq.ALGORITHM,
        "version": pdq.VERSION,
        "decoder": decoder,
        "plane": plane,
    }


def _half_hidden() -> bytes:
    y, x = np.mgrid[0:32, 0:32]
    grey = (x * y % 256).astype(np.uint8)
    return _png(np.stack([grey, grey, grey, (x // 16 * 255).astype(np.uint8)], -1))


def _between_bars() -> bytes:
    y, x = np.mgrid[0:48, 0:64]
    return _png(np.pad((x * y % 256).astype(np.uint8), ((16, 16), (0, 0))))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()

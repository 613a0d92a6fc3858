"""The PDQ fingerprint of a picture, made as the known-hash lists make it, and of other renderings.

Knows which plane is hashed; the arithmetic is in ``media.pdq``. Matching is the engine's.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import CostClass, Need
from assay.media import decode, pdq
from assay.media.decode_samples import SAMPLES


class PdqExaminer:
    """Yields one ``pdq``, and a ``pdq_variant`` per rendering whose hash or quality differs.

    Of a moving picture also one of each sampled frame; the locator names the frame.
    """

    info = ExaminerInfo(
        name="pdq",
        version="2",
        kinds=("pdq", "pdq_variant"),
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
        main = pdq.pdq_hash(view.luma() if plane == "Y" else view.rgb())
        yield view.observe("pdq", _value(main, info.decoder, plane))
        for rendering in view.variants():
            other = pdq.pdq_hash(rendering.luma)
            if other != main:
                value = {**_value(other, info.decoder, plane), "rendering": rendering.name}
                yield view.observe("pdq_variant", value)

    def examples(self) -> Iterable[Sample]:
        """Yield a JPEG, a PNG and a PNG whose alpha hides half of it."""
        samples = dict(SAMPLES)
        for media_type in ("image/jpeg", "image/png"):
            yield Sample(media_type, samples[media_type], media_type, ("pdq",))
        yield Sample("alpha", _half_hidden(), "image/png", ("pdq", "pdq_variant"))


def _value(result: pdq.PdqHash, decoder: str, plane: str) -> JsonObject:
    return {
        "hash": result.hex,
        "quality": result.quality,
        "algorithm": pdq.ALGORITHM,
        "version": pdq.VERSION,
        "decoder": decoder,
        "plane": plane,
    }


def _half_hidden() -> bytes:
    y, x = np.mgrid[0:32, 0:32]
    grey = (x * y % 256).astype(np.uint8)
    picture = Image.fromarray(np.stack([grey, grey, grey, (x // 16 * 255).astype(np.uint8)], -1))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()

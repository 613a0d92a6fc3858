"""Public watermark payloads of generators in the pixels. Says only what it finds, never "none".

Thin: ``media.dwtdct`` reads the bits, this weighs them. A public library puts the same payload
into any picture, so it is a statement (S3), no proof, and beside camera evidence a conflict.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import CostClass, Level, Need, Polarity
from assay.media import decode
from assay.media.dwtdct import PAYLOADS, Score, scores

# Measured by benchmarks/watermark.py, stated in docs/methods/watermarks.md.
FOUND = 0.90  # of the bits, rounded up
NOTED = 0.80
ENOUGH_BITS = 46  # a payload of fewer bits agrees too easily by chance
NEARLY_ALL = 31 / 32  # of a short payload, which is only noted

_BASIS = (
    "An exact public watermark payload; a public library puts it into any picture "
    "(evidence policy, S3). Source: "
)


class WatermarkExaminer:
    """Yields ``watermark`` for each public payload that the pixels agree with."""

    info = ExaminerInfo(
        name="watermark",
        version="1",
        kinds=("watermark",),
        media_types=("image/*",),
        needs=frozenset({Need.PLANES}),
        cost=CostClass.MODEL,  # some 10 ms a megapixel: behind the checks that place a file
    )

    def prepare(self, settings: Settings) -> None:
        """Run every decoder once, before the seal."""
        decode.warm()

    def examine(self, view: View) -> Iterator[Observation]:
        """Yield S3 for a payload found, N for one that nearly agrees; raises as decoding does."""
        view.picture()
        for score in scores(view.rgb()):
            bits = len(score.payload.bits)
            if score.share >= FOUND and bits >= ENOUGH_BITS:
                yield view.observe(
                    "watermark",
                    _value(score, "carries the public watermark payload"),
                    level=Level.S3,
                    polarity=Polarity.SYNTHETIC,
                    basis=f"{_BASIS}{score.payload.source}.",
                    locator="pixels",
                )
            elif score.share >= (NOTED if bits >= ENOUGH_BITS else NEARLY_ALL):
                words = "agrees in part, too little to say so, with the public watermark payload"
                if bits < ENOUGH_BITS:
                    words = "agrees with the public watermark payload, too short to say more,"
                yield view.observe("watermark", _value(score, words), locator="pixels")

    def examples(self) -> Iterable[Sample]:
        """Yield a picture painted so that every block votes for one payload."""
        yield Sample("painted payload", painted(), "image/png", ("watermark",))


def _value(score: Score, words: str) -> JsonObject:
    payload, bits = score.payload, len(score.payload.bits)
    return {
        "payload": payload.name,
        "tool": payload.tool,
        "agreeing_bits": score.agreeing,
        "bits": bits,
        "blocks": score.blocks,
        "reading": score.reading,
        "text": f"the picture {words} of {payload.tool} ({score.agreeing} of {bits} bits)",
    }


def painted(name: str = "SDXL", side: int = 256) -> bytes:
    """Return a PNG of ``side`` pixels in flat squares of 8, blue enough for one bit each."""
    bits = next(p.bits for p in PAYLOADS if p.name == name)
    squares = np.arange((side // 8) ** 2)
    wanted = np.asarray(bits)[squares % len(bits)]  # coefficient 2 · 128 + 2 U = 36 k + 9 or 27
    blue = np.rint((36 * 8 + 9 + 18 * wanted - 256) / 2 / (0.492 * 0.886)).astype(np.uint8)
    grid = blue.reshape(side // 8, side // 8).repeat(8, axis=0).repeat(8, axis=1)
    picture = np.zeros((side, side, 3), np.uint8)
    picture[..., 2] = grid
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()

"""How a picture decoded, and everything that was wrong with decoding it.

The one examiner that reports decode troubles; whoever else needs planes only says that it failed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from PIL import Image

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.facts import Observation
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import CostClass, Need
from assay.media import decode
from assay.media.decode_samples import SAMPLES


class PictureExaminer:
    """Yields one ``picture`` per file and a ``finding`` per trouble."""

    info = ExaminerInfo(
        name="picture",
        version="2",
        kinds=("picture",),
        media_types=("image/*",),
        needs=frozenset({Need.PLANES, Need.SLOTS}),
        cost=CostClass.METADATA,
        place_check=True,
    )

    def prepare(self, settings: Settings) -> None:
        """Run every decoder once, before the seal."""
        decode.warm()

    def examine(self, view: View) -> Iterable[Observation]:
        """Yield how the picture decoded; raises NotApplicable, Malformed or LimitReached."""
        try:
            info = view.picture()
        except (Malformed, LimitReached):
            yield view.observe("picture", _undecoded(view))
            raise
        yield view.observe(
            "picture",
            {
                "format": info.format,
                "width": info.width,
                "height": info.height,
                "mode": info.mode,
                "bits": info.bits,
                "frames": info.frames,
                "orientation": info.orientation,
                "decoded": info.decoded,
                "decoder": info.decoder,
                "has_alpha": info.has_alpha,
            },
        )
        for trouble in view.picture_troubles():
            yield view.finding(trouble.flag, detail=trouble.detail)

    def examples(self) -> Iterable[Sample]:
        """Yield one picture per decoder, a cut one, and one with two frames."""
        for media_type, data in SAMPLES:
            yield Sample(media_type.partition("/")[2], data, media_type, ("picture",))
        jpeg = dict(SAMPLES)["image/jpeg"]
        yield Sample("cut jpeg", jpeg[:-20], "image/jpeg", ("picture", "finding"))
        yield Sample("two frames", _two_frames(), "image/gif", ("picture",))


def _undecoded(view: View) -> JsonObject:
    """Return what the container's own header says of a picture that was not decoded."""
    try:
        walk = view.walk()
        width, height = walk.width, walk.height
    except (NotApplicable, Malformed, LimitReached):
        width = height = None
    return {
        "format": view.media_type.partition("/")[2],
        "width": width,
        "height": height,
        "mode": None,
        "bits": None,
        "frames": None,
        "orientation": 1,
        "decoded": "none",
        "decoder": "",
        "has_alpha": False,
    }


def _two_frames() -> bytes:
    out = io.BytesIO()
    first, second = Image.new("L", (8, 8), 20), Image.new("L", (8, 8), 200)
    first.save(out, "GIF", save_all=True, append_images=[second])
    return out.getvalue()

"""Examiner ``recompression``: was a JPEG compressed before, on the same grid? A fact of level N.

Cameras save once; editors, messengers and sites save again, and so does whoever changed a picture.
A second compression says nothing about what was changed, and its absence nothing at all: most
pairs of qualities leave no trace (docs/methods/camera.md has the measured rates).
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.errors import NotApplicable
from assay.core.facts import Observation
from assay.core.vocab import CostClass, Need
from assay.media.jpeg_tables import read_tables
from assay.media.requantised import Requantised, requantised

_BASIS = (
    "A second quantisation leaves a pattern in the counts of DCT coefficients (Lukáš and Fridrich,"
    " DFRWS 2003); rates are in docs/methods/camera.md."
)
# Nats for each coefficient, and in all: a small picture needs a clearer pattern
SCORE = 0.05
TOTAL = 40.0


def is_double(found: Requantised) -> bool:
    """Tell whether a double compression explains the coefficients clearly better."""
    return found.score >= SCORE and found.score * found.blocks >= TOTAL


class RecompressionExaminer:
    """Yields one observation for a JPEG that was compressed before on the same grid."""

    info = ExaminerInfo(
        name="recompression",
        version="1",
        kinds=("recompression",),
        media_types=("image/jpeg", "image/mpo"),
        needs=frozenset({Need.BYTES, Need.PLANES}),
        cost=CostClass.COSTLY,
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load."""

    def examine(self, view: View) -> Iterable[Observation]:
        info = view.picture()
        # only there is the decoded luma what the file quantised
        if info.mode not in ("YCbCr", "L") or info.bits != 8 or info.decoded != "full":
            raise NotApplicable(f"no whole luma plane of 8 bits ({info.mode}, {info.decoded})")
        tables = read_tables(view.data())
        if tables.luma is None:
            raise NotApplicable("no quantisation table before the picture data")
        found = requantised(view.luma(), tables.luma)
        if found is None or not is_double(found):
            return
        before = f"quality {found.first_quality} (IJG)" if found.first_quality else "unknown tables"
        yield view.observe(
            "recompression",
            {
                "double": True,
                "score": round(found.score, 3),
                "first_quality": found.first_quality,
                "first_steps": list(found.steps),
                "last_quality": tables.ijg_quality,
                "blocks": found.blocks,
                "tool": "",
                "text": f"Compressed as JPEG at least twice on the same grid; before: {before}.",
            },
            basis=_BASIS,
        )

    def examples(self) -> Iterable[Sample]:
        yield Sample("a picture saved twice", _twice(), "image/jpeg", ("recompression",))


def _twice() -> bytes:
    from PIL import Image

    drawn = Image.effect_mandelbrot((256, 192), (-1.6, -0.9, 0.6, 0.9), 60)  # much fine texture
    first, last = io.BytesIO(), io.BytesIO()
    drawn.save(first, "JPEG", quality=60)
    Image.open(first).save(last, "JPEG", quality=92)
    return last.getvalue()

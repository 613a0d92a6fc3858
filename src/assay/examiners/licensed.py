"""A ready-made examiner for whoever has the licence of a perceptual hash (PhotoDNA and others).

Assay computes none by itself. A plug-in that holds the licence has a ``Hasher`` (see
``assay.lists.hashers``) and registers two entry points: the hasher under ``assay.hashers``, so that
its own distance counts, and this examiner around it under ``assay.examiners``:

    def examiner() -> LicensedHashExaminer:
        return LicensedHashExaminer(MyHasher())
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.vocab import CostClass, Need
from assay.media import decode
from assay.media.decode_samples import SAMPLES

if TYPE_CHECKING:
    from assay.lists.hashers import Hasher

KIND = "licensed_hash"


class LicensedHashExaminer:
    """Yields one ``licensed_hash`` of every picture and frame that the hasher has a value for."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self.info = ExaminerInfo(
            name=hasher.algorithm,
            version=hasher.version,
            kinds=(KIND,),
            media_types=("image/*", "video/*"),
            needs=frozenset({Need.PLANES}),
            cost=CostClass.METADATA,
            frames=True,
        )

    def prepare(self, settings: Settings) -> None:
        """Run every decoder once, before the seal."""
        decode.warm()

    def examine(self, view: View) -> Iterable[Observation]:
        """Yield the value in hex; raises what decoding raised."""
        view.picture()
        value = self._hasher.hash(view.rgb())
        if value is not None:
            yield view.observe(KIND, {"algorithm": self._hasher.algorithm, "value": value.hex()})

    def examples(self) -> Iterable[Sample]:
        """Yield a JPEG."""
        samples = dict(SAMPLES)
        yield Sample("image/jpeg", samples["image/jpeg"], "image/jpeg", (KIND,))

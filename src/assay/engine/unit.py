"""The pool's task: loads and warms everything before the seal, then does one file after another."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from assay.core.blob import Blob
from assay.core.contract import Examiner
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.facts import Failure, Observation
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import Reach
from assay.engine.giving import Giving
from assay.engine.job import Job, Place, Tools
from assay.engine.plan import WorkerPlan
from assay.engine.registry import installed
from assay.engine.unfold import Outcome
from assay.engine.view import Shared
from assay.engine.warm import warm_examiners, warm_modules
from assay.media import decode, frames, pdq, thumbnail
from assay.openers import stamps
from assay.openers.registry import all_openers
from assay.sandbox.task import Link

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMBNAIL_SIDE = 160  # pixels
STRIP = 8  # frames in a strip
STRIP_SIDE = 96  # pixels of each


class Unit:
    """Implements ``assay.sandbox.task.Task``."""

    def __init__(self) -> None:
        self.plan: WorkerPlan
        self.examiners: dict[str, Examiner] = {}

    def preload(self) -> None:
        """Load every examiner, warm every opener, decoder and kernel."""
        installed()
        warm_modules()
        decode.warm()
        pdq.warm()
        frames.warm()
        for opener in all_openers():
            opener.warm()

    def prepare(self, settings: JsonObject) -> None:
        """Prepare the examiners of the plan and run each once on its own examples."""
        self.plan = WorkerPlan.from_wire(settings)
        for examiner in installed():
            if examiner.info.name in self.plan.examiners:
                examiner.prepare(self.plan.settings)
                self.examiners[examiner.info.name] = examiner
        if self.plan.settings.timezone is not None:
            stamps.zone_of(self.plan.settings.timezone)
        warm_examiners(self.examiners)

    def handle(self, request: JsonObject, source: Blob | None, link: Link) -> None:
        """Examine one file; or hand over, or make blurred thumbnails of, named contents in it."""
        if source is None:
            raise Malformed("a request without a file")
        tools = Tools(self.plan, self.examiners)
        kind = next((k for name, k in _SECOND_WALKS.items() if name in request), Job)
        kind(tools, request, link).top(source)


def make() -> Unit:
    """Return the task, for the pool."""
    return Unit()


class Thumbnails(Job):
    """Walk the same file again, only to render blurred thumbnails of the contents asked for."""

    def report(self, shared: Shared, place: Place, digests: Observation) -> None:
        """Send the thumbnail of a content that was asked for."""
        wanted = self.request["thumbnails"]
        assert isinstance(wanted, list)
        if shared.sha256 not in wanted:
            return
        try:
            png = _rendered(shared)
            picture = base64.b64encode(png).decode("ascii")
            self.link.send({"op": "thumbnail", "sha256": shared.sha256, "png": picture})
        except (NotApplicable, Malformed, LimitReached, MemoryError):
            pass  # no picture to show; the report says so

    def container(
        self,
        shared: Shared,
        place: Place,
        outcome: Outcome,
        failures: list[Failure],
        reach: Reach,
    ) -> None:
        """Nothing to report: the facts are in the case already."""

    def unread(self, place: Place, detail: str, size: int) -> None:
        """Nothing to report."""


# What a request names beside the file, and how the file is walked for it.
_SECOND_WALKS: dict[str, type[Job]] = {"thumbnails": Thumbnails, "originals": Giving}


def _rendered(shared: Shared) -> bytes:
    """Return a blurred PNG: a strip of the sampled frames where the picture moves."""
    frames: list[NDArray[np.uint8]] = []
    try:
        moving = shared.moving()
        last = len(moving.info.frames) - 1
        shown = {round(place * last / (STRIP - 1)) for place in range(STRIP)}
        for number, (_, picture) in enumerate(moving.frames()):
            if number in shown:
                frames.append(picture.rgb(STRIP_SIDE))
    except (NotApplicable, Malformed, LimitReached):
        pass  # a still picture, or what was decoded until then
    if len(frames) > 1:
        return thumbnail.strip(frames, STRIP_SIDE)
    rgb = frames[0] if frames else shared.picture().rgb(THUMBNAIL_SIDE)
    return thumbnail.blurred(rgb, side=THUMBNAIL_SIDE)

"""What a moving picture is, which of its frames are looked at, and which could not be.

It reads no pixel: the pixel examiners do, once per frame, with the frame's time as locator.
"""

from __future__ import annotations

from collections.abc import Iterable

from assay.core.contract import ExaminerInfo, MotionInfo, Sample, Settings, View
from assay.core.errors import Malformed
from assay.core.facts import Observation
from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import CostClass, Need
from assay.media import frames
from assay.media.frames_samples import SAMPLES


class MotionExaminer:
    """Yields one ``motion`` per moving picture, and a ``finding`` per trouble; quiet for stills."""

    info = ExaminerInfo(
        name="motion",
        version="1",
        kinds=("motion",),
        media_types=frames.MEDIA_TYPES,
        needs=frozenset({Need.FRAMES}),
        cost=CostClass.METADATA,
        place_check=True,
    )

    def prepare(self, settings: Settings) -> None:
        """Run every decoder of moving pictures once, before the seal."""
        frames.warm()

    def examine(self, view: View) -> Iterable[Observation]:
        """Yield the facts; raises NotApplicable, Malformed where no frame decodes, LimitReached."""
        try:
            info = view.motion()
        except Malformed as error:
            yield view.finding("frames_unread", detail=str(error))
            raise
        yield view.observe("motion", _value(info))
        for trouble in view.motion_troubles():
            yield view.finding(trouble.flag, detail=trouble.detail)
        if not info.frames:
            yield view.finding("frames_sampled", detail="there is sound alone")
        elif not info.pages or not info.complete:
            yield view.finding("frames_sampled", detail=_share(info))

    def examples(self) -> Iterable[Sample]:
        """Yield a tiny moving picture per decoder."""
        for media_type, data in SAMPLES:
            yield Sample(media_type.partition("/")[2], data, media_type, ("motion",))


def _value(info: MotionInfo) -> JsonObject:
    sampled: list[Json] = [{"index": frame.index, "time": frame.time} for frame in info.frames]
    return {
        "container": info.container,
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "declared_frames": info.declared,
        "counted_frames": info.counted,
        "duration": info.duration,
        "sampled": sampled,
        "complete": info.complete,
        "pages": info.pages,
        "sound": info.sound,
        "sound_only": not info.frames and info.sound is True,
        "decoder": info.decoder,
    }


def _share(info: MotionInfo) -> str:
    """Return "16 of 412 frames", and why it is fewer where the rest shows the same."""
    what = "page" if info.pages else "frame"
    total = info.counted if info.counted is not None else info.declared
    known = "" if info.counted is not None else "about "
    count = len(info.frames)
    if total is None:
        return f"{count} {what}s"
    share = f"{count} of {known}{total} {what}{'' if total == 1 else 's'}"
    return f"{share}; the others equal them" if info.complete and count < total else share

"""Moving pictures: which frames are looked at, and their planes, one after another.

Runs inside the sealed worker; ``warm`` before the seal. Videos go to OpenCV's FFmpeg, animations
and files of several pictures to Pillow and libheif, AV1 always to the latter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from assay.core.blob import Blob, MemoryBlob
from assay.core.contract import Frame, MotionInfo
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.findings import INCOMPLETE
from assay.core.slots import Trouble
from assay.media.decode_planes import Picture
from assay.media.frames_headers import read_header
from assay.media.frames_pages import open_heif, open_icon, open_tiff
from assay.media.frames_reel import Reel, open_apng, open_avif, open_gif, open_webp
from assay.media.frames_samples import SAMPLES
from assay.media.frames_stills import choose_stills
from assay.media.frames_video import choose_video
from assay.media.kinds import is_video

FIRST_LOOK = 16  # frames sampled unless the operator asks for more
_WHOLE = 256 << 20  # bytes of an animation; videos are read in pieces
_AV1_BRANDS = 8  # offset of the major brand


class FrameReader(Protocol):
    """Decodes the sampled frames again, one at a time, in order."""

    def __call__(self) -> Iterator[tuple[Frame, Picture]]: ...


@dataclass(frozen=True, slots=True)
class Moving:
    """One moving picture: what it is, what was wrong, and a reader of its sampled frames."""

    info: MotionInfo
    troubles: tuple[Trouble, ...]
    frames: FrameReader


def open_moving(blob: Blob, media_type: str, limit: int = FIRST_LOOK) -> Moving:
    """Choose up to ``limit`` distinct frames of a moving picture.

    A file of sound alone in a video's container has no frames and ``info.sound`` set.
    Raises NotApplicable for a still picture or a kind without frames, Malformed where no frame
    decodes, LimitReached where the header promises more pixels than the limit.
    """
    if is_video(media_type):
        return _video(blob, media_type, limit)
    opener = _REELS.get(media_type)
    if opener is None:
        raise NotApplicable(f"no frames in {media_type}")
    if blob.size > _WHOLE:
        raise LimitReached(f"{blob.size} bytes; at most {_WHOLE} are held", flag="size_limit")
    data = blob.read(0, blob.size)
    sequence = media_type in _SEQUENCES and bool(read_header(blob, media_type).videos)
    try:
        info, troubles, frames = choose_stills(opener(data), limit, len(data))
    except (NotApplicable, Malformed):
        # a sequence behind one still or none, or in a coding that only FFmpeg decodes
        if not sequence:
            raise
        return _moving(*choose_video(blob, media_type, limit))
    if sequence and info.pages:
        troubles = (*troubles, Trouble("frames_unread", "the sequence beside its pictures"))
    return _moving(info, troubles, frames)


def _moving(info: MotionInfo, troubles: tuple[Trouble, ...], frames: FrameReader) -> Moving:
    """Never call complete what an incomplete finding is about."""
    missing = any(trouble.flag in INCOMPLETE for trouble in troubles)
    return Moving(replace(info, complete=info.complete and not missing), troubles, frames)


def _video(blob: Blob, media_type: str, limit: int) -> Moving:
    try:
        return _moving(*choose_video(blob, media_type, limit))
    except Malformed:
        header = read_header(blob, media_type)
        coded = {track.codec for track in header.videos}
        if coded != {"av01"} or not _has_brand(blob) or blob.size > _WHOLE:
            raise
        return _av1(blob, limit)


def _has_brand(blob: Blob) -> bool:
    return blob.read(4, 4) == b"ftyp"


def _av1(blob: Blob, limit: int) -> Moving:
    """Read AV1 in MP4 as the AVIF sequence that it is but for its brand (AV1 ISOBMFF, AVIF 1.1)."""
    data = blob.read(0, blob.size)
    branded = data[:_AV1_BRANDS] + b"avis" + data[_AV1_BRANDS + 4 :]
    try:
        reel: Reel = open_avif(branded)
    except NotApplicable as error:
        raise Malformed("an AV1 video of one frame was not decoded") from error
    info, troubles, frames = choose_stills(reel, limit, len(data))
    header = read_header(blob, "video/mp4")
    duration = header.videos[0].duration
    info = replace(
        info, container=header.container, codec="av01", sound=header.sound, duration=duration
    )
    return _moving(info, troubles, frames)


_REELS: dict[str, Callable[[bytes], Reel]] = {
    "image/gif": open_gif,
    "image/webp": open_webp,
    "image/png": open_apng,
    "image/apng": open_apng,
    "image/tiff": open_tiff,
    "image/x-icon": open_icon,
    "image/vnd.microsoft.icon": open_icon,
    "image/avif": open_avif,
    "image/avif-sequence": open_avif,
    "image/heic": open_heif,
    "image/heif": open_heif,
    "image/heic-sequence": open_heif,
    "image/heif-sequence": open_heif,
}
_SEQUENCES = frozenset(kind for kind in _REELS if kind.startswith(("image/hei", "image/avif")))
MEDIA_TYPES = ("video/*", "application/vnd.rn-realmedia", *_REELS)


def warm() -> None:
    """Decode tiny clips and animations, so that nothing is loaded after the seal."""
    for media_type, data in SAMPLES:
        for _, picture in open_moving(MemoryBlob(data), media_type).frames():
            picture.rgb(8)
            picture.luma()

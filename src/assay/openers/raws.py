"""Opens the previews of a raw photo: JPEGs that its directories name, then those that only show.

The sensor data is not decoded: the opener looks beside it, so the file stays a raw photo whose full
picture was not examined, and is said to be one (``media.kinds``), whatever is found here.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.blob import Blob
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.media.raw_heads import named_previews
from assay.openers.parts import Part, Parts, Source, members_of
from assay.openers.tiff_previews import tiff_parts

_TIFF_SHAPED = (
    "image/x-adobe-dng",
    "image/x-canon-cr2",
    "image/x-nikon-nef",
    "image/x-sony-arw",
    "image/x-pentax-pef",
    "image/x-samsung-srw",
    "image/x-olympus-orf",
    "image/x-panasonic-rw2",
)


class RawsOpener:
    name = "raws"
    version = "1"
    reach = Reach.BESIDE
    media_types: tuple[str, ...] = (
        *_TIFF_SHAPED,
        "image/x-canon-cr3",
        "image/x-canon-crw",
        "image/x-fuji-raf",
        "image/x-sigma-x3f",
    )

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the previews; raises NotApplicable where there are none."""
        yield from members_of(blob, context, self.media_types, _parts)

    def warm(self) -> None:
        """Nothing to load: the readers are code."""


def _parts(data: bytes, media_type: str, parts: Parts) -> Iterator[Part]:
    whole = Source(data, 0, (0, len(data)))
    if media_type in _TIFF_SHAPED:
        yield from tiff_parts(whole, parts, raw=True)
    for name, start, end in named_previews(data, media_type):
        yield whole.part(name, start, end)
    # maker notes name many more, each maker in its own way: their structure gives them away
    yield from whole.carved("preview", parts.taken, parts)

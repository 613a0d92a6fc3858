"""What an examiner is: the contract every installed one, ours or a third party's, keeps.

Register it under the entry-point group ``assay.examiners`` as a class or factory without
arguments. ``tests/conformance`` runs for every installed examiner. See docs/reference/examiner.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from assay.core.facts import Observation, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.slots import Trouble, Walk
from assay.core.vocab import CostClass, Level, Need, Polarity, Trust

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXAMINER_GROUP = "assay.examiners"
_FRAME = re.compile(r"frame (\d{1,18})(?:, time (\d{1,18}\.\d{1,18}) s)?(?:,|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ExaminerInfo:
    """What an examiner declares about itself."""

    name: str  # lower case, unique among installed examiners
    version: str  # a bump re-runs this examiner alone
    kinds: tuple[str, ...]  # kinds of observation it may yield; "finding" is always allowed
    media_types: tuple[str, ...]  # accepted types; "image/*" and "*/*" are patterns
    needs: frozenset[Need]
    cost: CostClass = CostClass.METADATA
    trust: Trust = Trust.SEALED
    after: tuple[str, ...] = ()  # examiners whose observations it reads through ``earlier``
    place_check: bool = False  # origin rule 4 (DESIGN §5) requires that it finished
    reads: tuple[str, ...] = ()  # case settings it uses: "evaluation_date", "timezone"
    # True: judges pixels alone; besides the file it is given each sampled frame of a moving
    # picture, as a view whose planes are the frame's and whose locators name it
    frames: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The case's configuration as examiners see it. No clock, no paths, no network."""

    evaluation_date: str  # ISO date; the only "today" an examiner may use
    timezone: str | None = None  # assumed zone for zoneless times; None = unknown
    options: Mapping[str, JsonObject] = field(default_factory=dict)  # per examiner name


@dataclass(frozen=True, slots=True)
class Sample:
    """A benign example of an examiner: bytes, what they are, and the kinds it must yield."""

    name: str
    data: bytes
    media_type: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """How the picture decoded. Sizes in pixels as stored, before orientation."""

    format: str  # "JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIC", "AVIF"
    width: int
    height: int
    mode: str  # Pillow's mode, or "YCbCr"/"L"/"CMYK" for JPEG
    bits: int  # per channel
    frames: int
    orientation: int  # EXIF 1–8; 1 where absent
    decoded: str  # "full", "partial", "none"
    decoder: str  # name and version
    has_alpha: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """Which frame of a moving picture a view or an observation is about."""

    index: int  # in the order of the file, from 0
    time: float | None  # seconds from the beginning; None for pages

    @property
    def locator(self) -> str:
        """Return "frame 12, time 3.200 s"; "frame 3" where the format has no times."""
        at = f", time {self.time:.3f} s" if self.time is not None else ""
        return f"frame {self.index}{at}"

    @classmethod
    def of(cls, locator: str) -> Frame | None:
        """Return the frame that a locator begins with; None where it names none."""
        found = _FRAME.match(locator)
        if found is None:
            return None
        return cls(int(found[1]), float(found[2]) if found[2] else None)


@dataclass(frozen=True, slots=True)
class MotionInfo:
    """What a moving picture is and which of its frames are looked at."""

    container: str  # "mp4", "gif", "tiff", …
    codec: str  # "h264", "gif", …; empty where unknown
    width: int  # pixels
    height: int
    declared: int | None  # frames as the file claims; may lie
    counted: int | None  # frames really met; None where not every frame was decoded
    duration: float | None  # seconds as the file claims
    frames: tuple[Frame, ...]  # the sampled ones, in order
    complete: bool  # True: every frame of the file is among ``frames`` or equals one of them
    decoder: str  # name and version
    sound: bool | None  # whether there is sound; None = not known
    pages: bool = False  # True: pages of a document, not moments in time


@dataclass(frozen=True, slots=True)
class Rendering:
    """A second luma rendering of a picture that ``luma`` and other viewers show differently."""

    name: str  # "alpha" (composited on white), "16-bit" (scaled from the full range)
    luma: NDArray[np.uint8]  # H×W, 0–255


class View(Protocol):
    """All an examiner sees of one file. It offers only what ``needs`` asked for."""

    @property
    def sha256(self) -> Sha256: ...
    @property
    def size(self) -> int: ...
    @property
    def media_type(self) -> str: ...

    def data(self) -> bytes:
        """Need.BYTES: the whole file; raises LimitReached where it exceeds the worker's limit."""
        ...

    def stream(self) -> Iterator[bytes]:
        """Need.BYTES: the file in pieces, in order, whatever its size."""
        ...

    def head(self) -> bytes:
        """Need.HEAD: the first 64 KiB."""
        ...

    def walk(self) -> Walk:
        """Need.SLOTS: metadata slots, computed once per file."""
        ...

    def picture(self) -> PictureInfo:
        """Need.PLANES: decode once; raises NotApplicable, Malformed or LimitReached."""
        ...

    def luma(self) -> NDArray[np.uint8]:
        """Need.PLANES: H×W, 0–255, as the known-hash lists were made (see media.decode)."""
        ...

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        """Need.PLANES: H×W×3, 0–255, stored orientation, scaled so that no side exceeds it."""
        ...

    def pixels(self, columns: int | None = None) -> NDArray[np.uint8] | None:
        """Need.PLANES: H×W×3 (RGB) or H×W×4 (RGBA), every value exactly as stored.

        Given for PNG of 8 bits a channel without palette and for lossless WebP; None for all
        else. ``columns`` (≥ 1): only the first columns from the left. Of a damaged file what was
        decoded. Raises as ``picture`` does.
        """
        ...

    def variants(self) -> tuple[Rendering, ...]:
        """Need.PLANES: second luma renderings (alpha on white, true 16-bit) where they differ."""
        ...

    def picture_troubles(self) -> tuple[Trouble, ...]:
        """Need.PLANES: what the decoder met (truncated, frames_limited, …)."""
        ...

    def motion(self) -> MotionInfo:
        """Need.FRAMES: which frames are sampled; raises NotApplicable for a still picture.

        Raises Malformed where no frame decodes, LimitReached where the header promises too much.
        """
        ...

    def motion_troubles(self) -> tuple[Trouble, ...]:
        """Need.FRAMES: what the sampler met (frames_sampled, frames_unread, lying_header, …)."""
        ...

    @property
    def frame(self) -> Frame | None:
        """The frame whose planes this view shows; None for the file itself."""
        ...

    def earlier(self, kind: str) -> tuple[Observation, ...]:
        """Need.EARLIER: observations of that kind by the examiners named in ``after``."""
        ...

    def observe(
        self,
        kind: str,
        value: JsonObject,
        *,
        level: Level = Level.N,
        polarity: Polarity = Polarity.NONE,
        basis: str = "",
        llr: float | None = None,
        locator: str = "",
        model: str = "",
    ) -> Observation:
        """Build an observation of this item by the examiner now running."""
        ...

    def finding(self, flag: str, *, locator: str = "", **params: Json) -> Observation:
        """Build an observation of kind ``finding`` with a word of ``core.findings``."""
        ...


@runtime_checkable
class Examiner(Protocol):
    """One check. Deterministic for the same bytes, version and settings."""

    @property
    def info(self) -> ExaminerInfo: ...

    def prepare(self, settings: Settings) -> None:
        """Load tables, warm caches and decoders; runs once per worker, before the seal."""
        ...

    def examine(self, view: View) -> Iterable[Observation]:
        """Yield observations; NotApplicable is quiet, Malformed is recorded as a Failure."""
        ...

    def examples(self) -> Iterable[Sample]:
        """Yield benign samples and the kinds they must give; the conformance suite runs them."""
        ...


def accepts(patterns: Iterable[str], media_type: str) -> bool:
    """Tell whether a media type is among the accepted patterns."""
    family = media_type.split("/", 1)[0] + "/*"
    return any(pattern in (media_type, family, "*/*") for pattern in patterns)

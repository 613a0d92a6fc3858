"""What an examiner is: the contract every installed one, ours or a third party's, keeps.

Register it under the entry-point group ``assay.examiners`` as a class or factory without
arguments. ``tests/conformance`` runs for every installed examiner. See docs/reference/examiner.md.
"""

from __future__ import annotations

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

    def variants(self) -> tuple[Rendering, ...]:
        """Need.PLANES: second luma renderings (alpha on white, true 16-bit) where they differ."""
        ...

    def picture_troubles(self) -> tuple[Trouble, ...]:
        """Need.PLANES: what the decoder met (truncated, frames_limited, …)."""
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

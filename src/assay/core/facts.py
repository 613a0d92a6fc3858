"""The facts of a case as frozen dataclasses; ids are derived from content.

Facts are append-only. Verdicts and placements are pure functions of facts and policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType

from assay.core.jsonvalue import JsonObject, digest_of
from assay.core.vocab import (
    Allocation,
    Band,
    EntryKind,
    FailureReason,
    Lane,
    Level,
    ListPolarity,
    Origin,
    Polarity,
    Role,
    SealLevel,
)

PARTS = ("without ", "panel ")  # how names of parts of a picture begin (``media.parts``)
Sha256 = NewType("Sha256", str)  # 64 lower-case hex digits
SourceId = NewType("SourceId", str)
ObservationId = NewType("ObservationId", str)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as it was recorded. The raw value is never altered; ``utc`` is a reading of it."""

    field: str  # where it was read: "mtime", "ZIP DOS time", "EXIF DateTimeOriginal", …
    raw: str
    zone: str  # "UTC", "+02:00", "assumed Europe/Amsterdam", "unknown"
    utc: str | None = None  # ISO 8601 with Z; None where the zone is unknown


@dataclass(frozen=True, slots=True)
class Source:
    id: SourceId
    kind: str  # "file", "folder"
    uri: str  # absolute path, display form
    opened_at: str  # ISO 8601 UTC
    operator: str
    read_only: bool = True
    note: str = ""  # for example "O_NOATIME refused: access times may change"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place where a content, link or special file was found."""

    source: SourceId
    chain: tuple[str, ...]  # path inside the source, then inner paths; surrogate-escaped bytes
    kind: EntryKind
    sha256: Sha256 | None = None  # None unless kind is FILE and it was read
    size: int | None = None  # bytes
    times: tuple[Stamp, ...] = ()
    mode: int | None = None  # st_mode or the archive's own
    state: Allocation = Allocation.ALLOCATED
    inode: str = ""  # "dev:inode" on disk, "offset:N" inside a container
    flags: tuple[str, ...] = ()  # finding words about the name or entry (see core.findings)
    role: Role = Role.MEMBER  # what it is to the container it lies in


@dataclass(frozen=True, slots=True)
class Item:
    """One content, however often it occurs."""

    sha256: Sha256
    md5: str
    sha1: str
    size: int
    media_type: str  # by content, never by extension; "application/octet-stream" = unidentified
    parent: Sha256 | None = None  # the container it was first found in


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing an examiner established about an item."""

    item: Sha256
    examiner: str
    version: str
    kind: str
    value: JsonObject
    level: Level = Level.N
    polarity: Polarity = Polarity.NONE
    basis: str = ""  # one sentence and its source (standard, paper, URL)
    config: str = ""  # digest of the examiner's settings
    llr: float | None = None  # log10 likelihood ratio, positive = synthetic; measured ones only
    locator: str = ""  # "bytes 20-1544", "time 3.2 s", "frame 4", "region x,y,w,h"
    model: str = ""  # digest of a model file
    seal: SealLevel = SealLevel.NONE

    @property
    def id(self) -> ObservationId:
        """Content-derived id; the seal level is how it was run, not what was seen."""
        return ObservationId(digest_of(self.content())[:32])

    def content(self) -> JsonObject:
        """Return every field but ``seal`` as JSON. (``dataclasses.asdict`` takes 6 × as long.)"""
        return {
            "item": self.item,
            "examiner": self.examiner,
            "version": self.version,
            "kind": self.kind,
            "value": self.value,
            "level": self.level.value,
            "polarity": self.polarity.value,
            "basis": self.basis,
            "config": self.config,
            "llr": self.llr,
            "locator": self.locator,
            "model": self.model,
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that did not finish. It never moves an item down."""

    item: Sha256
    examiner: str
    version: str
    stage: str  # "read", "decode", "examine", "open", …
    reason: FailureReason
    detail: str = ""
    attempts: int = 1
    config: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """An item met an entry of a known-hash list, and what that entry said at the time.

    ``edition`` is the digest of the list's row in the settings of the case: its version and
    everything else that changes a match or its meaning. Only matches of the edition that the case
    pins count; those of others are history.
    """

    item: Sha256
    list_id: str  # the list's name
    entry: str  # id of the record
    algorithm: str  # "sha256", "sha1", "md5", or of a perceptual hash: "pdq"
    distance: int  # 0 for a digest
    threshold: int
    list_version: str  # 64 hex digits
    record: JsonObject = field(default_factory=dict)  # every field of the source
    edition: str = ""  # 32 hex digits
    frame: int = -1  # of a moving picture; -1 = the file
    value: str = ""  # of the record's perceptual hash, hex; empty for a digest
    polarity: ListPolarity = ListPolarity.NONE
    identified: bool | None = None  # victim identified; None = not stated
    distributed: bool | None = None
    disputed: bool = False
    differs: tuple[str, ...] = ()  # statements of the record that are not the content's: a finding
    unread: str = ""  # why the record could not be read; then nothing else of it is known
    category: str | None = None  # as the source writes it
    namespace: str = ""  # of the category
    more: int = 0  # further records that the list has for it, at least, and that were not read
    # How the picture was looked at: "" as stored, else "mirrored", "turned 90", "without bars",
    # "panel 2, mirrored" (``media.pdq_turns``, ``media.parts``).
    variant: str = ""

    @property
    def exact(self) -> bool:
        """Tell whether every digest and the size that the record states are the content's."""
        return not self.value and not self.differs and not self.unread

    @property
    def near(self) -> bool:
        """Tell whether a perceptual hash of the record lies within the list's distance."""
        return bool(self.value) and not self.unread

    @property
    def part(self) -> bool:
        """Tell whether it was met by a part of the picture alone: then it may only raise it."""
        return self.variant.startswith(PARTS)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict or placement is what it is; rendered from the catalogue by its code."""

    code: str
    params: JsonObject = field(default_factory=dict)
    observation: str = ""  # ObservationId or failure key, empty where none


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the neighbour search found for an item that a statement says AI made.

    None in a field: the search ended and there is none. Without this row it did not run.
    """

    item: Sha256
    camera: Sha256 | None = None  # the nearest item of the case with a camera record (C2 or C3)
    camera_distance: int | None = None  # bits of 256
    possible: Sha256 | None = None  # of a synthetic item: the nearest one in lane 1
    possible_distance: int | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What a file that lies beside an item (a sidecar) says about it, or why that is not known."""

    path: str  # display form
    item: Sha256 | None = None  # the file's content; None where it was not read
    level: Level = Level.N  # S1 or E: the file does not carry it, so nothing beside it is more
    tool: str = ""
    text: str = ""
    trouble: str = ""  # why nothing is known; empty: it was read


@dataclass(frozen=True, slots=True)
class Stacked:
    """An item lies near the head of a stack of near-duplicates."""

    item: Sha256
    head: Sha256
    distance: int  # bits of 256


@dataclass(frozen=True, slots=True)
class Verdict:
    item: Sha256
    origin: Origin
    score: float | None  # sum of measured log10 likelihood ratios; None where nothing was measured
    reasons: tuple[Reason, ...]
    policy: str  # policy version


@dataclass(frozen=True, slots=True)
class Placement:
    item: Sha256
    lane: Lane | None  # None = inventory
    band: Band | None  # lane 1 only
    key: tuple[int | float | str, ...]  # sorts inside lane and band, smaller first
    reasons: tuple[Reason, ...]
    shown_with: Sha256 | None = None  # a preview stands with its picture and in no figure
    stack: Sha256 | None = None  # the head of its stack of near-duplicates, where another is


@dataclass(frozen=True, slots=True)
class Decision:
    item: Sha256
    actor: str
    scheme: str
    category: str | None  # None = a note or an undo
    note: str
    at: str  # ISO 8601 UTC
    undone: bool = False
    seen: tuple[str, ...] = ()  # codes of the reasons shown


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    seq: int
    at: str  # ISO 8601 UTC
    actor: str
    action: str
    subject: str
    detail: JsonObject
    prev: str  # 64 hex digits; of the first event: 64 zeros
    hash: str  # sha256 of the canonical event without this field

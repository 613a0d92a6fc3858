"""What a case keeps beside the facts of ``core.facts``: entries, ledger rows, ranks, bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from assay.core.facts import (
    Decision,
    Failure,
    Item,
    Match,
    Neighbours,
    Observation,
    Occurrence,
    Placement,
    Sha256,
    SourceId,
    Stacked,
    Verdict,
)
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import Band, EntryKind, Lane, Origin

Check = tuple[str, str, str]  # examiner, version, config digest


class EntryState(StrEnum):
    """How far a top-level path of a source has come."""

    DONE = "done"
    FAILED = "failed"
    EXCLUDED = "excluded"
    LINK = "link"


class LedgerState(StrEnum):
    """How a check of an item ended; either way it is not repeated."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One top-level path of a source as it was when last looked at; replaceable, no fact."""

    source: SourceId
    key: str  # path inside the source, surrogate-escaped
    kind: EntryKind
    state: EntryState
    size: int | None = None  # bytes
    mtime_ns: int | None = None
    inode: str = ""  # "dev:inode"
    mode: int | None = None  # st_mode
    sha256: Sha256 | None = None
    detail: str = ""  # why it was excluded or failed; a link's target
    plan: str = ""  # digests of the checks and openers it was last taken through


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A finished check: (item, examiner, version, config) is the work key (DESIGN §6)."""

    item: Sha256
    examiner: str
    version: str
    config: str
    state: LedgerState


@dataclass(frozen=True, slots=True)
class Found:
    """An occurrence and the container it lies in (None at the top of a source)."""

    occurrence: Occurrence
    container: Sha256 | None = None


@dataclass(frozen=True, slots=True)
class Hash:
    """A perceptual hash (PDQ) of a picture, or of one frame of a moving one."""

    item: Sha256
    hash: bytes  # 32 bytes
    quality: int  # 0-100; below the policy's bound it is never compared
    frame: int = -1  # -1 = the picture itself
    rendering: str = ""  # "" = as the known-hash lists were made
    pixels: int = 0  # of the picture; 0 = not known
    turned: bytes = b""  # 96 bytes: mirrored, flipped, turned by 180 degrees; or none


@dataclass(frozen=True, slots=True)
class Trace:
    """A small copy, and the full-size picture in the case that shows the same, if there is one."""

    item: Sha256
    original: Sha256 | None
    distance: int | None = None  # bits of 256


@dataclass(frozen=True, slots=True)
class Relocation:
    """A source that lies at another place now, and how that was proved."""

    source: SourceId
    path: str  # absolute, surrogate-escaped
    at: str  # ISO 8601 UTC
    proof: JsonObject  # files compared and found equal, sample size, seed


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything a case knows about one item."""

    item: Item
    occurrences: tuple[Found, ...] = ()
    observations: tuple[Observation, ...] = ()
    failures: tuple[Failure, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    decisions: tuple[Decision, ...] = ()  # all of them, oldest first; see ``standing``
    verdict: Verdict | None = None
    placement: Placement | None = None
    trace: Trace | None = None
    matches: tuple[Match, ...] = ()  # of every edition of every list that was ever met
    # The custody events that wrote ``decisions`` and ``matches``, in their order.
    decided_in: tuple[int, ...] = ()
    met_in: tuple[int, ...] = ()
    neighbours: Neighbours | None = None  # None: the neighbour search has not run for it
    stacked: Stacked | None = None  # near the head of a stack


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items stand where. Lane None is the inventory.

    A preview that is shown with its picture counts in ``items`` and ``shown_with`` alone.
    """

    items: int
    shown_with: int
    lanes: Mapping[Lane | None, int]
    bands: Mapping[Band, int]
    origins: Mapping[Origin, int]


def shown(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Return what a person should see of an item's decisions: those that stand, and all notes."""
    notes = [d for d in decisions if d.category is None and not d.undone and d.note]
    return tuple(sorted((*standing(decisions), *notes), key=lambda d: d.at))


def standing(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Return the decision of each actor that stands: the latest with a category, not undone.

    ``decisions`` are those of one item, oldest first. An undo takes back all that its actor
    decided before it; a note (no category) changes nothing.
    """
    latest: dict[str, Decision] = {}
    for decision in decisions:
        if decision.undone:
            latest.pop(decision.actor, None)
        elif decision.category is not None:
            latest[decision.actor] = decision
    return tuple(latest.values())

"""What the facts of one item say, summed up for the rules: levels present, checks finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assay.core.facts import Beside, Decision, Failure, Item, Match, Neighbours, Observation
from assay.core.findings import INCOMPLETE
from assay.core.vocab import Lane, Level, Polarity

CAMERA_ORDER = (Level.C1, Level.C2, Level.C3)
AI_ORDER = (Level.S1, Level.S2, Level.S3, Level.S4, Level.S5)
SIDECARS = "sidecars"  # the name under which reading the files beside an item is a check
_BORROWED = frozenset({Level.S1, Level.E})  # what a file beside it can say at most


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """All facts about one item that a verdict may use. Only current versions' observations."""

    item: Item
    observations: tuple[Observation, ...] = ()
    failures: tuple[Failure, ...] = ()
    pending: frozenset[str] = frozenset()  # applicable checks that have not run yet
    place_checks: frozenset[str] = frozenset()  # applicable checks that origin rule 4 rests on
    detectors: frozenset[str] = frozenset()  # applicable installed detectors
    flags: frozenset[str] = frozenset()  # finding words of its occurrences
    decisions: tuple[Decision, ...] = ()  # standing ones, one per actor
    lanes_of: Mapping[tuple[str, str], Lane] | None = None  # (scheme, category) -> lane
    path: str = ""  # display path of the first occurrence
    matches: tuple[Match, ...] = ()  # hits on the lists, in the editions that the case pins
    # Actors whose decision is older than a hit by digest on a positive record, and that hit.
    reopened: Mapping[str, Match] = field(default_factory=dict)
    neighbours: Neighbours | None = None  # what the neighbour search found; None: it did not run
    beside: tuple[Beside, ...] = ()  # what files beside it say: it only raises


@dataclass(frozen=True, slots=True)
class Signals:
    camera: Level | None
    ai: Level | None
    carries_ai: bool  # a statement that AI made it is in the file itself, not only beside it
    edited: bool
    contradiction: bool  # and no editor is named
    near_camera: bool  # a near copy of an item of the case that has a camera record
    detector_synthetic: bool
    shipped_synthetic: bool
    detectors_agree: bool  # every installed detector finished and none says camera-like
    checks_finished: bool
    searched: bool  # every check that origin rule 4 rests on ran to its end, whatever it found
    complete: bool  # nothing failed, limited, mislabelled or pending at all
    sampled: bool  # a moving picture of which not every frame was looked at
    unfinished: tuple[str, ...]  # what stands against ``checks_finished``, for the reasons


def read_signals(facts: ItemFacts, shipped_detectors: frozenset[str]) -> Signals:
    """Sum up the facts; pure."""
    observations = facts.observations
    own = {o.level for o in observations}
    levels = own | {b.level for b in facts.beside if b.level in _BORROWED}
    unread = any(b.trouble for b in facts.beside)
    detectors = [o for o in observations if o.kind == "detector"]
    synthetic = [o for o in detectors if o.polarity is Polarity.SYNTHETIC]
    silent = {o.examiner for o in detectors}
    incomplete = _incomplete(observations)
    failed = {f.examiner for f in facts.failures}
    blocking = tuple(
        sorted(
            {name for name in failed if name in facts.place_checks or _opens(name)}
            | {name for name in facts.pending if name in facts.place_checks}
            | {f"finding:{flag}" for flag in incomplete}
            | ({SIDECARS} if unread else set())
        )
    )
    sampled = any(o.kind == "motion" and o.value.get("complete") is not True for o in observations)
    return Signals(
        camera=_strongest(own, CAMERA_ORDER),
        ai=_strongest(levels, AI_ORDER),
        carries_ai=_strongest(own, AI_ORDER) is not None,
        edited=Level.E in levels,
        contradiction=_contradicted(observations),
        near_camera=facts.neighbours is not None and facts.neighbours.camera is not None,
        detector_synthetic=bool(synthetic),
        shipped_synthetic=any(o.examiner in shipped_detectors for o in synthetic),
        detectors_agree=(
            facts.detectors <= silent
            and not facts.detectors & (failed | facts.pending)
            and not any(o.polarity is Polarity.CAMERA for o in detectors)
        ),
        checks_finished=not blocking,
        searched=not (failed | facts.pending) & facts.place_checks,
        sampled=sampled,
        complete=(
            not facts.failures
            and not sampled
            and not incomplete
            and not unread
            and not facts.pending
            and not facts.flags & _UNTRUSTED_NAMES
        ),
        unfinished=blocking,
    )


_UNTRUSTED_NAMES = INCOMPLETE | {"type_mismatch"}


_NAMES_EDITOR = frozenset({"editor", "c2pa"})  # kinds whose level E names who changed the file


def _opens(name: str) -> bool:
    """Tell whether a failure is one of opening: "open", "open:zip", …"""
    return name.partition(":")[0] == "open"


def _incomplete(observations: Iterable[Observation]) -> set[str]:
    return {
        str(o.value.get("flag"))
        for o in observations
        if o.kind == "finding" and o.value.get("flag") in INCOMPLETE
    }


def _contradicted(observations: Iterable[Observation]) -> bool:
    rows = list(observations)
    if any(o.kind in _NAMES_EDITOR and o.level is Level.E for o in rows):
        return False
    return any(o.kind == "structure" and o.value.get("outcome") == "contradiction" for o in rows)


def _strongest(levels: set[Level], order: tuple[Level, ...]) -> Level | None:
    present = [level for level in order if level in levels]
    return present[-1] if present else None


def at_least(level: Level | None, wanted: Level) -> bool:
    """Tell whether a level reaches another of the same family."""
    order = CAMERA_ORDER if wanted in CAMERA_ORDER else AI_ORDER
    return level is not None and order.index(level) >= order.index(wanted)

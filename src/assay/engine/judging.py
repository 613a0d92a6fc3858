"""Judge stored facts: every item by its own, previews also by the pictures that carry them.

A near-duplicate also stands with the head of its stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assay.core.facts import Beside, Observation, Placement, Sha256, Verdict
from assay.core.vocab import EntryKind, Role
from assay.engine.checks import Pinned
from assay.engine.sidecars import Sidecars
from assay.store import queries
from assay.store.reader import Reader
from assay.store.records import Bundle
from assay.store.writer import Transaction
from assay.verdict.decide import (
    Carrier,
    Head,
    decide,
    is_decided,
    too_widely_carried,
    with_carriers,
    with_head,
)
from assay.verdict.policy import Policy
from assay.verdict.signals import ItemFacts

_LEVELS = 16  # previews inside previews that are followed, as deep as containers are opened
# Pictures that carry the same preview and are looked at; one that more of them carry is a maker's
# placeholder or a flood, and judging it with all of them would cost the square of their number.
_CARRIERS = 16


@dataclass(frozen=True, slots=True)
class Ruling:
    """What follows from the stored facts of one item, beside what is stored as following."""

    bundle: Bundle
    facts: ItemFacts
    verdict: Verdict
    placement: Placement


def put(tx: Transaction, rulings: Sequence[Ruling]) -> Sequence[Ruling]:
    """Store what follows; returns it."""
    tx.put_verdicts(r.verdict for r in rulings)
    tx.put_placements(r.placement for r in rulings)
    return rulings


class Judge:
    """Judges items of one case under one set of checks and one policy."""

    def __init__(self, reader: Reader, pinned: Pinned, policy: Policy) -> None:
        self._reader = reader
        self._pinned = pinned
        self._policy = policy

    def rulings(self, shas: Iterable[Sha256], *, spread: bool = True) -> list[Ruling]:
        """Judge these items; with ``spread`` also what takes its place from them.

        That are their previews and the near-duplicates in their stacks.
        """
        wanted = list(dict.fromkeys(shas))
        if spread:
            wanted = self._spread(wanted)
        court = _Court(self._reader, self._pinned, self._policy)
        court.load(wanted)
        return [ruling for sha in wanted if (ruling := court.ruling(sha)) is not None]

    def _spread(self, wanted: list[Sha256]) -> list[Sha256]:
        known = dict.fromkeys(wanted)
        newest: Sequence[Sha256] = wanted
        for _ in range(_LEVELS):
            found = queries.previews_of(self._reader.connection, newest)
            newest = [sha for sha in found if sha not in known]
            if not newest:
                break
            known.update(dict.fromkeys(newest))
        members = queries.near_heads(self._reader.connection, list(known))
        known.update(dict.fromkeys(members))
        return list(known)


class _Court:
    """One sitting: every bundle is read and every item judged at most once."""

    def __init__(self, reader: Reader, pinned: Pinned, policy: Policy) -> None:
        self._reader = reader
        self._pinned = pinned
        self._policy = policy
        self._sidecars = Sidecars(reader.connection, pinned)
        self._beside: dict[Sha256, tuple[Beside, ...]] = {}
        self._bundles: dict[Sha256, Bundle] = {}
        self._rulings: dict[Sha256, Ruling] = {}
        self._decided: set[Sha256] = set()  # placed by a person, or shown with what a person placed

    def load(self, shas: Sequence[Sha256]) -> None:
        """Read these items and, level by level, the pictures that carry them."""
        level = list(shas)
        for _ in range(_LEVELS + 2):  # the head of a stack may be as deep as what it heads
            missing = [sha for sha in level if sha not in self._bundles]
            if not missing:
                return
            found = self._reader.facts_of(missing)
            self._bundles |= found
            self._beside |= self._sidecars.of(found)
            level = sorted({c for bundle in found.values() for c in _needed(bundle)})

    def ruling(self, sha: Sha256) -> Ruling | None:
        """Return what follows for an item, with the stack that it lies in."""
        ruling = self._alone(sha)
        stacked = self._bundles[sha].stacked if ruling is not None else None
        if ruling is None or stacked is None or sha in self._decided:
            return ruling
        head = self._alone(stacked.head)
        if head is None or self._bundles[stacked.head].stacked is not None:
            return ruling
        stands = Head(
            head.placement, head.verdict.origin, stacked.head in self._decided, stacked.distance
        )
        return replace(ruling, placement=with_head(ruling.verdict, ruling.placement, stands))

    def _alone(self, sha: Sha256) -> Ruling | None:
        """Return what follows for an item by itself and the pictures that carry it."""
        if sha in self._rulings:
            return self._rulings[sha]
        bundle = self._bundles.get(sha)
        if bundle is None:
            return None
        facts = replace(self._pinned.facts(bundle), beside=self._beside.get(sha, ()))
        verdict, placement = decide(facts, self._policy)
        if is_decided(facts, placement):
            self._decided.add(sha)
        elif not _followed(bundle) or self._too_deep(sha):
            if _carriers(bundle):
                placement = too_widely_carried(placement)
        else:
            placement = self._with_carriers(facts, verdict, placement, _followed(bundle))
        ruling = Ruling(bundle, facts, verdict, placement)
        self._rulings[sha] = ruling
        return ruling

    def _with_carriers(
        self, facts: ItemFacts, verdict: Verdict, placement: Placement, shas: Sequence[Sha256]
    ) -> Placement:
        sha = facts.item.sha256
        carriers = [
            Carrier(c, there.placement, _relation(there.facts, sha), c in self._decided)
            for c in shas
            if (there := self._alone(c)) is not None
        ]
        placement = with_carriers(facts, verdict, placement, carriers, self._policy)
        if placement.shown_with is not None and all(c.decided for c in carriers):
            self._decided.add(sha)
        return placement

    def _too_deep(self, sha: Sha256) -> bool:
        """Tell whether a way up through the pictures that carry it is longer than is followed.

        Nothing contains itself; a case that says so was told it by a worker that lied.
        """
        level = {sha}
        for _ in range(_LEVELS + 1):
            level = {c for s in level if s in self._bundles for c in _followed(self._bundles[s])}
            if not level:
                return False
        return True


def _carriers(bundle: Bundle) -> tuple[Sha256, ...]:
    """Return the pictures that carry this item, where it occurs as a preview and nowhere else."""
    places = [f for f in bundle.occurrences if f.occurrence.kind is EntryKind.FILE]
    if not places or any(f.occurrence.role is not Role.PREVIEW for f in places):
        return ()
    return tuple(sorted({f.container for f in places if f.container is not None}))


def _needed(bundle: Bundle) -> tuple[Sha256, ...]:
    """Return the items without which this one cannot be judged."""
    head = (bundle.stacked.head,) if bundle.stacked is not None else ()
    return (*_followed(bundle), *head)


def _followed(bundle: Bundle) -> tuple[Sha256, ...]:
    """Return the pictures that it could stand with: none where there are too many of them."""
    carriers = _carriers(bundle)
    return carriers if len(carriers) <= _CARRIERS else ()


def _relation(carrier: ItemFacts, sha: Sha256) -> Observation | None:
    found = (
        o for o in carrier.observations if o.kind == "preview" and o.value.get("member") == sha
    )
    return next(found, None)

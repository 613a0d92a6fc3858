"""Judge stored facts: every item by its own, previews also by the pictures that carry them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.core.facts import Observation, Placement, Sha256, Verdict
from assay.core.vocab import EntryKind, Role
from assay.engine.checks import Pinned
from assay.store import queries
from assay.store.reader import Reader
from assay.store.records import Bundle
from assay.verdict.decide import Carrier, decide, with_carriers
from assay.verdict.policy import Policy
from assay.verdict.signals import ItemFacts

_LEVELS = 8  # previews inside previews that are looked up


@dataclass(frozen=True, slots=True)
class Ruling:
    """What follows from the stored facts of one item, beside what is stored as following."""

    bundle: Bundle
    facts: ItemFacts
    verdict: Verdict
    placement: Placement


class Judge:
    """Judges items of one case under one set of checks and one policy."""

    def __init__(self, reader: Reader, pinned: Pinned, policy: Policy) -> None:
        self._reader = reader
        self._pinned = pinned
        self._policy = policy

    def rulings(self, shas: Iterable[Sha256], *, spread: bool = True) -> list[Ruling]:
        """Judge these items; with ``spread`` also the previews whose place follows from theirs."""
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
        return list(known)


class _Court:
    """One sitting: every bundle is read and every item judged at most once."""

    def __init__(self, reader: Reader, pinned: Pinned, policy: Policy) -> None:
        self._reader = reader
        self._pinned = pinned
        self._policy = policy
        self._bundles: dict[Sha256, Bundle] = {}
        self._rulings: dict[Sha256, Ruling] = {}

    def load(self, shas: Sequence[Sha256]) -> None:
        self._bundles |= self._reader.facts_of(shas)
        carriers = {
            c for sha in shas if sha in self._bundles for c in _carriers(self._bundles[sha])
        }
        missing = sorted(carriers - self._bundles.keys())
        if missing:
            self.load(missing)

    def ruling(self, sha: Sha256, depth: int = 0) -> Ruling | None:
        if sha in self._rulings:
            return self._rulings[sha]
        bundle = self._bundles.get(sha)
        if bundle is None:
            return None
        facts = self._pinned.facts(bundle)
        verdict, placement = decide(facts, self._policy)
        if depth < _LEVELS:
            carriers = [
                Carrier(carrier, there.placement, _relation(there.facts, sha))
                for carrier in _carriers(bundle)
                if (there := self.ruling(carrier, depth + 1)) is not None
            ]
            placement = with_carriers(placement, carriers, self._policy)
        ruling = Ruling(bundle, facts, verdict, placement)
        self._rulings[sha] = ruling
        return ruling


def _carriers(bundle: Bundle) -> tuple[Sha256, ...]:
    """Return the pictures that carry this item, where it occurs as a preview and nowhere else."""
    places = [f for f in bundle.occurrences if f.occurrence.kind is EntryKind.FILE]
    if not places or any(f.occurrence.role is not Role.PREVIEW for f in places):
        return ()
    return tuple(sorted({f.container for f in places if f.container is not None}))


def _relation(carrier: ItemFacts, sha: Sha256) -> Observation | None:
    found = (
        o for o in carrier.observations if o.kind == "preview" and o.value.get("member") == sha
    )
    return next(found, None)

"""What a case pins about its checks, and from stored facts to the facts a verdict may use.

Verdicts are recomputed from the pinned table, never from what happens to be installed, so that a
newer Assay or a missing plug-in cannot re-order a case silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assay.core.contract import accepts
from assay.core.facts import Match
from assay.core.jsonvalue import Json, JsonObject
from assay.core.names import join_chain
from assay.core.vocab import Lane, ListPolarity
from assay.engine.plan import MOVING, STILL, Plan
from assay.media.kinds import can_move, is_video
from assay.store.records import Bundle, LedgerRow, LedgerState, standing
from assay.verdict.signals import ItemFacts

OPENER = "open"  # examiner names of openers: "open", "open:zip", …
DETECTOR = "detector"
_OPENED = frozenset({"container", "part"})  # kinds of observation that say a file was opened
Key = tuple[str, str, str]  # examiner, version, config


@dataclass(frozen=True, slots=True)
class Check:
    """One pinned examiner."""

    name: str
    version: str
    config: str
    moving_config: str  # for kinds that can hold several frames
    media_types: tuple[str, ...]
    cost: int
    place_check: bool
    detector: bool

    def key(self, media_type: str) -> Key:
        """Return the work key under which it runs on a kind of file."""
        config = self.moving_config if can_move(media_type) else self.config
        return (self.name, self.version, config)

    def to_wire(self) -> JsonObject:
        return {
            "name": self.name,
            "version": self.version,
            "config": self.config,
            "moving_config": self.moving_config,
            "media_types": list(self.media_types),
            "cost": self.cost,
            "place_check": self.place_check,
            "detector": self.detector,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Json]) -> Check:
        types = wire["media_types"]
        assert isinstance(types, Sequence)
        return cls(
            name=str(wire["name"]),
            version=str(wire["version"]),
            config=str(wire["config"]),
            moving_config=str(wire.get("moving_config", wire["config"])),
            media_types=tuple(str(t) for t in types),
            cost=int(str(wire["cost"])),
            place_check=bool(wire["place_check"]),
            detector=bool(wire["detector"]),
        )


def checks_of(plan: Plan) -> tuple[Check, ...]:
    """Return the table that a case made with this plan pins."""
    return tuple(
        Check(
            name=info.name,
            version=info.version,
            config=plan.config(info.name, STILL),
            moving_config=plan.config(info.name, MOVING),
            media_types=info.media_types,
            cost=int(info.cost),
            place_check=info.place_check,
            detector=DETECTOR in info.kinds,
        )
        for info in plan.examiners
    )


class Pinned:
    """The checks of a case, ready to turn stored facts into the facts of a verdict."""

    def __init__(
        self,
        checks: Iterable[Check],
        lanes_of: Mapping[tuple[str, str], Lane],
        editions: Mapping[str, str] | None = None,
    ) -> None:
        """``editions`` of known-hash lists, by name, are those whose matches count."""
        self.checks = {check.name: check for check in checks}
        self._editions = editions or {}
        self._lanes_of = lanes_of

    def applicable(self, media_type: str) -> list[Check]:
        return [c for c in self.checks.values() if accepts(c.media_types, media_type)]

    def facts(self, bundle: Bundle) -> ItemFacts:
        """Keep what the pinned versions and a successful opening say; the rest is history."""
        item, ledger = bundle.item, bundle.ledger
        kind = item.media_type
        opened = opened_by(ledger)
        done = {(r.examiner, r.version, r.config) for r in ledger}
        # a check that failed once and was repeated with success has failed no more
        ended = {(r.examiner, r.version, r.config) for r in ledger if r.state is LedgerState.DONE}
        applicable = self.applicable(kind)
        # "not opened yet", said before there was an opener for the kind, is history
        seen = {o.kind for o in bundle.observations}
        looked_into = bool(seen & _OPENED) or ("motion" in seen and is_video(kind))

        def is_current(examiner: str, version: str, config: str) -> bool:
            if examiner == OPENER:
                return not looked_into
            if examiner.partition(":")[0] == OPENER:
                key = (examiner, version, config)
                return opened.get(examiner, key) == key
            check = self.checks.get(examiner)
            return check is not None and check.key(kind) == (examiner, version, config)

        places = sorted(
            (found.occurrence for found in bundle.occurrences),
            key=lambda o: (o.source, o.chain),
        )
        return ItemFacts(
            item=item,
            observations=tuple(
                sorted(
                    (o for o in bundle.observations if is_current(o.examiner, o.version, o.config)),
                    key=lambda o: (o.examiner, o.kind, o.id),
                )
            ),
            failures=tuple(
                sorted(
                    (
                        f
                        for f in bundle.failures
                        if (f.examiner, f.version, f.config) not in ended
                        and is_current(f.examiner, f.version, f.config)
                    ),
                    key=lambda f: (f.examiner, f.stage, f.reason),
                )
            ),
            pending=frozenset(c.name for c in applicable if c.key(kind) not in done),
            place_checks=frozenset(c.name for c in applicable if c.place_check),
            detectors=frozenset(c.name for c in applicable if c.detector),
            flags=frozenset(flag for o in places for flag in o.flags),
            decisions=standing(bundle.decisions),
            lanes_of=self._lanes_of,
            path=join_chain(places[0].chain) if places else "",
            reopened=self._reopened(bundle),
            neighbours=bundle.neighbours,
            matches=tuple(
                sorted(
                    (m for m in bundle.matches if self._editions.get(m.list_id) == m.edition),
                    key=lambda m: (m.near, m.distance, m.list_id, m.entry, m.frame, m.value),
                )
            ),
        )

    def _reopened(self, bundle: Bundle) -> dict[str, Match]:
        """Return for each actor the newest exact positive hit that is later than the decision.

        A hit is as old as the first time that this record was met and was positive, in whatever
        edition.
        """
        if not bundle.decisions or not bundle.matches:
            return {}
        first: dict[tuple[str, str], int] = {}
        for m, seq in zip(bundle.matches, bundle.met_in, strict=True):
            if m.exact and m.polarity is ListPolarity.POSITIVE:
                first[(m.list_id, m.entry)] = min(seq, first.get((m.list_id, m.entry), seq))
        stands = standing(bundle.decisions)
        made = {
            d.actor: seq
            for d, seq in zip(bundle.decisions, bundle.decided_in, strict=True)
            if d in stands
        }
        found: dict[str, Match] = {}
        for m in bundle.matches:
            current = self._editions.get(m.list_id) == m.edition
            if current and m.exact and m.polarity is ListPolarity.POSITIVE:
                met = first[(m.list_id, m.entry)]
                found |= {actor: m for actor, seq in made.items() if met > seq}
        return found


def opened_by(ledger: Iterable[LedgerRow]) -> dict[str, Key]:
    """Return for each opener whose newest version once succeeded on an item, with which config.

    Its earlier failures (a password was missing) are history; while none succeeded all stand. An
    older version that succeeded where the newest failed proves nothing.
    """
    openers = [row for row in ledger if row.examiner.partition(":")[0] == OPENER]
    newest: dict[str, tuple[int, str]] = {}
    for row in openers:
        newest[row.examiner] = max(newest.get(row.examiner, (0, "")), _age(row.version))
    rows = sorted(
        (row.examiner, row.version, row.config)
        for row in openers
        if row.state is LedgerState.DONE and _age(row.version) == newest[row.examiner]
    )
    return {key[0]: key for key in reversed(rows)}


def _age(version: str) -> tuple[int, str]:
    """Return what orders the versions of an opener, which are whole numbers."""
    number = version.isascii() and version.isdigit() and len(version) < 10
    return (int(version) if number else 0, version)

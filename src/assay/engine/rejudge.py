"""Judge stored facts again: after a decision, for ``verify``, and to preview an upgrade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from assay.core.facts import Placement, Sha256, Verdict
from assay.core.jsonvalue import Json
from assay.engine.checks import Pinned
from assay.engine.judging import Judge, Ruling, put
from assay.engine.neighbours import Neighbourhood, settle_all
from assay.engine.session import Session
from assay.engine.stacks import restack
from assay.store.writer import Transaction
from assay.verdict.place import lane_number
from assay.verdict.policy import Policy

_PAGE = 500  # items


@dataclass(frozen=True, slots=True)
class Change:
    """An item whose verdict or placement would not stay as it is stored."""

    item: Sha256
    path: str
    old: Placement | None
    new: Placement
    old_verdict: Verdict | None
    new_verdict: Verdict

    @property
    def differs(self) -> bool:
        return (self.old, self.old_verdict) != (self.new, self.new_verdict)

    @property
    def moves(self) -> bool:
        """True where lane or band would change, not only a reason or sort key."""
        return self.old is None or (self.old.lane, self.old.band) != (self.new.lane, self.new.band)

    @property
    def lowers(self) -> bool:
        """True where the item would come later in the order of work."""
        return self.old is not None and lane_number(self.new.lane) > lane_number(self.old.lane)


def changes(
    session: Session, pinned: Pinned | None = None, policy: Policy | None = None
) -> Iterator[Change]:
    """Yield what judging every item anew would change, under the case's own pins or others."""
    judge = Judge(session.case.reader, pinned or session.pinned, policy or session.policy)
    shas = (item.sha256 for item in session.case.reader.items())
    while page := list(islice(shas, _PAGE)):
        yield from _changes_of(judge.rulings(page, spread=False))


def _changes_of(rulings: Iterable[Ruling]) -> Iterator[Change]:
    for ruling in rulings:
        bundle = ruling.bundle
        sha, path, old = bundle.item.sha256, ruling.facts.path, bundle.placement
        change = Change(sha, path, old, ruling.placement, bundle.verdict, ruling.verdict)
        if change.differs:
            yield change


def apply(session: Session, shas: Sequence[Sha256], operator: str, action: str) -> list[Change]:
    """Judge these items anew, and what follows from them, and store what changed."""
    judge = Judge(session.case.reader, session.pinned, session.policy)
    rulings = judge.rulings(shas)
    with session.case.transaction(operator, action, f"{len(rulings)} items") as tx:
        hood = Neighbourhood(session.case, judge, session.policy)
        made = Changes()
        made.take(put(tx, rulings))
        made.take(hood.settle(tx, rulings))
        found = made.all()
        tx.detail(moved=made.moves())
    return found


def carry_out(session: Session, pinned: Pinned, policy: Policy, tx: Transaction) -> list[Change]:
    """Judge every item under these pins, search and stack anew; store all and return what changed.

    The custody event of the transaction names every lane change.
    """
    judge = Judge(session.case.reader, pinned, policy)
    made = Changes()
    shas = (item.sha256 for item in session.case.reader.items())
    while page := list(islice(shas, _PAGE)):
        rulings = judge.rulings(page, spread=False)
        made.take(put(tx, rulings))
    made.take(settle_all(session.case, judge, policy, tx))
    made.take(restack(session.case, judge, policy, tx))
    found = made.all()
    tx.detail(moved=made.moves())
    return found


class Changes:
    """What changed in all, where items are judged more than once."""

    def __init__(self) -> None:
        self._found: dict[Sha256, Change] = {}

    def take(self, rulings: Iterable[Ruling]) -> None:
        for change in _changes_of(rulings):
            first = self._found.get(change.item)
            if first is not None:
                change = replace(change, old=first.old, old_verdict=first.old_verdict)
            self._found[change.item] = change

    def moves(self) -> list[Json]:
        """Return [item, lane before, lane now] of every lane change; 0 stands for no lane."""
        return [
            [c.item, _number(c.old), _number(c.new)]
            for c in self.all()
            if c.old is None or lane_number(c.old.lane) != lane_number(c.new.lane)
        ]

    def all(self) -> list[Change]:
        return [c for c in self._found.values() if c.differs]


def _number(placement: Placement | None) -> int:
    return int(placement.lane) if placement is not None and placement.lane else 0

"""Judge stored facts again: after a decision, for ``verify``, and to preview an upgrade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assay.core.facts import Placement, Sha256, Verdict
from assay.engine.checks import Pinned
from assay.engine.judging import Judge, Ruling
from assay.engine.session import Session
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
        old, now = bundle.placement, (ruling.placement, ruling.verdict)
        if (old, bundle.verdict) != now:
            sha, path = bundle.item.sha256, ruling.facts.path
            yield Change(sha, path, old, ruling.placement, bundle.verdict, ruling.verdict)


def apply(session: Session, shas: Sequence[Sha256], operator: str, action: str) -> list[Change]:
    """Judge these items anew, and what follows from them, and store what changed."""
    judge = Judge(session.case.reader, session.pinned, session.policy)
    found = list(_changes_of(judge.rulings(shas)))
    store(session, found, operator, action)
    return found


def store(session: Session, found: Sequence[Change], operator: str, action: str) -> None:
    """Write changed verdicts and placements with one custody event that names every lane change."""
    with session.case.transaction(operator, action, f"{len(found)} items") as tx:
        tx.put_verdicts(change.new_verdict for change in found)
        tx.put_placements(change.new for change in found)
        tx.detail(
            moved=[
                [
                    change.item,
                    int(change.old.lane) if change.old and change.old.lane else 0,
                    int(change.new.lane) if change.new.lane else 0,
                ]
                for change in found
                if change.moves
            ]
        )

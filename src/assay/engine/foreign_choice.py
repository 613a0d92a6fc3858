"""Which of the things that another tool says about an item is a decision, and a new one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assay.core.facts import Decision
from assay.core.vocab import Lane
from assay.engine.foreign_record import Told
from assay.store.records import Bundle, standing

Lanes = Mapping[tuple[str, str], Lane]  # (scheme, category) -> lane


def own_decision(decision: Decision) -> str:
    """Return the words by which Assay's own export marks the decision behind a category."""
    return f"{decision.scheme} {decision.category} by {decision.actor} at {decision.at}"


def is_own(told: Told, bundle: Bundle) -> bool:
    """Tell whether a record is a decision of this very case that went out and came back."""
    return bool(told.own) and any(
        told.own == own_decision(d)
        and (d.scheme, d.category) == (told.scheme, told.category)
        and instant(d.at) == instant(told.at)
        for d in bundle.decisions
    )


def is_of_a_list(told: Told, bundle: Bundle) -> bool:
    """Tell whether a list gave the category, and not a person.

    Where a list that the case met says another category than the record, a person changed it in
    the tool, which left the mark of the list where it was.
    """
    if not told.listed:
        return False
    said = {m.category for m in bundle.matches if m.exact and m.namespace == told.scheme}
    return not said or told.category in said


def chosen(rows: Sequence[Told], lanes: Lanes) -> Told:
    """Return what counts of what one actor says of one item: the latest, of equals the lowest lane.

    Where one of them has no time, none is the latest.
    """
    latest = max(instant(told.at) for told in rows)
    if all(told.at for told in rows):
        rows = [told for told in rows if instant(told.at) == latest]
    # of several that say the same, the last in the order of the files
    return min(reversed(rows), key=lambda told: _urgency(lanes.get((told.scheme, told.category))))


def _urgency(lane: Lane | None) -> float:
    """Order lanes, lower first; a category that places nothing leaves the item to its evidence."""
    return int(lane) if lane is not None else 1.5


def overtaken(decision: Decision, made: Sequence[Decision]) -> bool:
    """Tell whether the same actor decided something later; ``made`` is all that was decided."""
    return bool(decision.at) and any(
        instant(d.at) > instant(decision.at) for d in _of(decision.actor, made)
    )


def is_known(decision: Decision, made: Sequence[Decision]) -> bool:
    """Tell whether a decision was recorded before.

    Without a time only the actor's newest can be the same: categories may go to and fro.
    """
    own = _of(decision.actor, made)
    if decision.at:
        return any(replace(d, seen=()) == decision for d in own)
    return bool(own) and replace(own[-1], at="", seen=()) == dated(decision, "")


def _of(actor: str, made: Sequence[Decision]) -> list[Decision]:
    return [d for d in made if d.actor == actor and d.category is not None]


def dated(decision: Decision, now: str) -> Decision:
    """Return a decision with a time: that of the import where none is stated, which is said."""
    if decision.at:
        return decision
    remark = "its time is not stated: that of the import is given"
    note = f"{decision.note}; {remark}" if decision.note else remark
    return replace(decision, at=now, note=note)


def instant(at: str) -> str:
    """Return what orders times as ISO 8601 UTC whatever number of digits their seconds have."""
    whole, _, fraction = at.removesuffix("Z").partition(".")
    return f"{whole}.{fraction.rstrip('0')}"


def disagrees(found: Sequence[Decision], made: Sequence[Decision], lanes: Lanes) -> bool:
    """Tell whether new decisions and those of others that stand lead to several lanes."""
    actors = {d.actor for d in found}
    stand = [*found, *(d for d in standing(tuple(made)) if d.actor not in actors)]
    return len({lanes.get((d.scheme, d.category or "")) for d in stand} - {None}) > 1

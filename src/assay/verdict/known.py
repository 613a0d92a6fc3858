"""What the known-hash lists say about one item, as the conditions that a lane rule may name. Pure.

A hit that is a finding (another statement of the record differs) or of polarity "none" places
nothing. Where records disagree, the one that places higher wins: doubt moves up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from assay.core.facts import Match
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import ListPolarity


class Met(StrEnum):
    """How an item stands to the lists."""

    UNREAD = "unread"  # a list knows it by a record that cannot be read
    IDENTIFIED = "identified"  # exact, positive, victim identified, and nothing contradicts it
    POSITIVE = "positive"  # exact, positive
    GENERATED = "generated"  # exact, machine-made according to the list
    NEGATIVE = "negative"  # exact, of no use, and near no positive record
    NEAR = "near"  # the picture within the distance of a positive record
    NEAR_PART = "near_part"  # the picture or a part of it: such a hit may only raise a file


def met(matches: Sequence[Match], how: Met) -> Match | None:
    """Return the match that shows it, the nearest first; None where it does not hold."""
    found = [m for m in matches if _shows(m, how)]
    if how is Met.IDENTIFIED and any(_contradicts(m) for m in matches):
        return None
    if how is Met.NEGATIVE and any((m.near and _positive(m)) or _unseen(m) for m in matches):
        return None
    return min(found, key=_order, default=None)


def shown(match: Match) -> JsonObject:
    """Return what the sentence of a rule may name."""
    return {
        "list": match.list_id,
        "entry": match.entry,
        "algorithm": match.algorithm,
        "distance": match.distance,
        "threshold": match.threshold,
        "category": match.category or "none",
        **({"looked_at": match.variant} if match.variant else {}),
    }


def findings(matches: Iterable[Match]) -> list[tuple[str, JsonObject]]:
    """Return (code, parameters) of the hits that a person should look at for their own sake."""
    rows: list[tuple[str, JsonObject]] = []
    for m in sorted(matches, key=_order):
        if m.unread:
            rows.append(("list.unread", {**shown(m), "why": m.unread}))
        elif m.differs:
            rows.append(("list.differs", {**shown(m), "differs": list(m.differs)}))
    return rows


def circulated(matches: Iterable[Match]) -> bool:
    """Tell whether an exact positive record says that the content is widely distributed."""
    return any(m.exact and _positive(m) and m.distributed for m in matches)


def speaks_up(match: Match) -> bool:
    """Tell whether a match forbids that anything but a person lowers the item further."""
    return bool(match.unread) or (match.exact and _positive(match))


def near_positive(match: Match) -> bool:
    return match.near and _positive(match)


def _shows(m: Match, how: Met) -> bool:
    match how:
        case Met.UNREAD:
            return bool(m.unread)
        case Met.IDENTIFIED:
            return m.exact and _positive(m) and m.identified is True
        case Met.POSITIVE:
            return m.exact and _positive(m)
        case Met.GENERATED:
            return m.exact and m.polarity is ListPolarity.GENERATED and not m.disputed
        case Met.NEGATIVE:
            return m.exact and m.polarity is ListPolarity.NEGATIVE and not m.disputed
        case Met.NEAR:
            return near_positive(m) and not m.part
        case Met.NEAR_PART:
            return near_positive(m)


def _contradicts(m: Match) -> bool:
    """Tell whether a match speaks against "identified"; a finding is about another content."""
    if m.differs:
        return False
    negative = m.exact and m.polarity is ListPolarity.NEGATIVE
    return m.identified is False or m.disputed or negative or _unseen(m)


def _unseen(m: Match) -> bool:
    """Tell whether the list has so many records of this digest that not all were looked at."""
    return m.exact and m.more > 0


def _positive(m: Match) -> bool:
    return m.polarity is ListPolarity.POSITIVE


def _order(m: Match) -> tuple[int, str, str, str, int, str]:
    return (m.distance, m.list_id, m.entry, m.algorithm, m.frame, m.variant)

"""The category that a VICS record may state: a person's, else a list's, never Assay's own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assay.core.jsonvalue import Json
from assay.core.vocab import Lane

Row = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Category:
    """A category of one scheme, and whose it is."""

    code: str | None = None  # None = nobody gave one, or two that contradict each other
    decision: Row | None = None  # the person's, as ``items.jsonl`` has it
    lists: tuple[str, ...] = ()  # names of those that say so
    updated: str = ""  # when, ISO 8601; "" = not known
    contradicted: bool = False


def category_of(
    decisions: Sequence[Row],
    matches: Iterable[Row],
    scheme: str,
    lanes: Mapping[tuple[str, str], Lane],
) -> Category:
    """Return what people decided in a scheme, else what exact records of lists in it say.

    Of people who disagree, the category with the lower lane number counts, as in the case; where
    the case does not know what the categories mean, none of them does. Lists that contradict each
    other, or hold records that were not looked at, a disputed record and category 0 say nothing.
    """
    made = [d for d in decisions if d["scheme"] == scheme and d["category"] is not None]
    if made:
        return _of_people(made, scheme, lanes)
    said = [m for m in matches if m["namespace"] == scheme and is_exact(m) and _says(m)]
    codes = {str(m["category"]) for m in said}
    if len(codes) != 1 or any(m["more"] for m in said):
        return Category(contradicted=bool(codes))
    names = tuple(dict.fromkeys(str(m["list"]) for m in said))
    record = said[0]["record"]
    updated = record.get("DateUpdated") if isinstance(record, Mapping) else None
    return Category(codes.pop(), lists=names, updated=updated if isinstance(updated, str) else "")


def _of_people(made: Sequence[Row], scheme: str, lanes: Mapping[tuple[str, str], Lane]) -> Category:
    known = [lane for d in made if (lane := lanes.get((scheme, str(d["category"])))) is not None]
    if known:
        made = [d for d in made if lanes.get((scheme, str(d["category"]))) == min(known)]
    if len({d["category"] for d in made}) > 1:
        return Category(contradicted=True)
    latest = max(made, key=lambda d: str(d["at"]))
    return Category(str(latest["category"]), latest, updated=str(latest["at"]))


def is_exact(match: Row) -> bool:
    """Tell whether a match of ``items.jsonl`` is one by digest that nothing in it contradicts."""
    return not match["value"] and not match["differs"] and not match["unread"]


def _says(match: Row) -> bool:
    code = match["category"]
    return isinstance(code, str) and code.strip("0") != "" and match["disputed"] is not True

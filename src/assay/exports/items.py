"""``items.jsonl``: one JSON object per item, in the order of work, the inventory last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from assay.core.facts import Sha256
from assay.core.jsonvalue import Json
from assay.engine.links import carried
from assay.engine.ranking import Ranked, in_order, rank_of
from assay.engine.session import Session
from assay.exports.record import item_record
from assay.exports.selection import Selection
from assay.exports.whole import written_whole
from assay.store import queries
from assay.store.fingerprints import links_of
from assay.store.records import shown

_PAGE = 500  # items read at a time
_FIRST = 20  # of the first page: a person waits for it


def records(session: Session, selection: Selection) -> Iterator[dict[str, Json]]:
    """Yield the documented record of every selected item."""
    return selection.of(_all(session, selection.lane))


def records_of(session: Session, shas: list[Sha256]) -> Iterator[dict[str, Json]]:
    """Yield the records of named items."""
    placements = ((sha, session.case.reader.placement(sha)) for sha in shas)
    connection = session.case.connection
    ranked = [(sha, rank_of(connection, p) if p is not None else None) for sha, p in placements]
    return _records(session, ranked, queries.pairs(connection))


def _all(session: Session, lane: int | None) -> Iterator[dict[str, Json]]:
    ranked = in_order(session.case.connection, lane)
    size = _FIRST
    pairs = queries.pairs(session.case.connection)
    known: Mapping[str, int] | None = None
    while page := list(islice(ranked, size)):
        yield from _records(session, page, pairs, known)
        if known is None:  # for a person who waits for the first page each key is counted alone
            known = carried(session.case.connection)
        size = _PAGE


def _records(
    session: Session,
    page: list[Ranked],
    pairs: Mapping[str, list[Sha256]],
    known: Mapping[str, int] | None = None,
) -> Iterator[dict[str, Json]]:
    ranks = dict(page)
    met = session.priors.met(list(ranks))
    stacks = queries.stack_members(session.case.connection, list(ranks))
    links = links_of(session.case.connection, list(ranks), known)
    for judged in session.judged(list(ranks)):
        yield item_record(
            judged.facts,
            [found.occurrence for found in judged.bundle.occurrences],
            judged.verdict,
            judged.placement,
            ranks[judged.bundle.item.sha256],
            session.policy,
            shown(judged.bundle.decisions),
            judged.bundle.trace,
            pairs,
            met.get(judged.bundle.item.sha256, ()),
            stacks.get(judged.bundle.item.sha256, ()),
            links.get(judged.bundle.item.sha256, ()),
        )


def write_items(session: Session, selection: Selection, out: Path) -> int:
    """Write the selection, whole or not at all; returns the number of items. Raises CaseError."""
    count = 0
    with written_whole(out) as stream:
        for record in records(session, selection):
            stream.write(json.dumps(record, ensure_ascii=True).encode("ascii") + b"\n")
            count += 1
    return count

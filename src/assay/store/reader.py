"""Typed reads of a case. Every read is a bounded number of queries; long ones go page by page.

Pages follow a key (never OFFSET), so that a million items cost no more per page than ten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, func, select, tuple_

from assay.core.facts import (
    CustodyEvent,
    Decision,
    Failure,
    Item,
    Match,
    Observation,
    Placement,
    Sha256,
    Source,
    SourceId,
    Verdict,
)
from assay.core.jsonvalue import JsonObject
from assay.core.names import display
from assay.core.vocab import Band, Lane, Origin
from assay.store import rows, schema
from assay.store.errors import database_errors
from assay.store.records import (
    Bundle,
    Counts,
    Entry,
    EntryState,
    Found,
    LedgerRow,
    Relocation,
    standing,
)

_PAGE = 1000  # rows a page
_IN = 500  # values in one IN list; SQLite takes 32,766

T = TypeVar("T")


class Reader:
    """The read side of a case, open as long as the case is."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection = connection  # for the checks and accounts of this package
        self._folder = folder

    # ---- one item

    def item(self, sha256: Sha256) -> Item | None:
        return self._one(schema.items, "sha256", sha256, rows.item_from)

    def occurrences(self, sha256: Sha256) -> tuple[Found, ...]:
        """Return every place of a content, in the order they were found."""
        return self._of(schema.occurrences, "sha256", (sha256,), rows.occurrence_from)

    def members(self, container: Sha256) -> tuple[Found, ...]:
        """Return every place inside a container, links and devices too."""
        return self._of(schema.occurrences, "container", (container,), rows.occurrence_from)

    def observations(self, sha256: Sha256) -> tuple[Observation, ...]:
        return self._of(schema.observations, "item", (sha256,), rows.observation_from)

    def failures(self, sha256: Sha256) -> tuple[Failure, ...]:
        return self._of(schema.failures, "item", (sha256,), rows.failure_from)

    def matches(self, sha256: Sha256) -> tuple[Match, ...]:
        """Return its hits on known-hash lists, also on editions that count no more."""
        return self._of(schema.matches, "item", (sha256,), rows.match_from)

    def ledger(self, sha256: Sha256) -> tuple[LedgerRow, ...]:
        return self._of(schema.ledger, "item", (sha256,), rows.ledger_from)

    def decisions(self, sha256: Sha256) -> tuple[Decision, ...]:
        """Return all decisions, notes and undos on an item, oldest first."""
        return self._of(schema.decisions, "item", (sha256,), rows.decision_from)

    def standing(self, sha256: Sha256) -> tuple[Decision, ...]:
        """Return the decision of each actor that stands (``records.standing``)."""
        return standing(self.decisions(sha256))

    def verdict(self, sha256: Sha256) -> Verdict | None:
        return self._one(schema.verdicts, "item", sha256, rows.verdict_from)

    def placement(self, sha256: Sha256) -> Placement | None:
        return self._one(schema.placements, "item", sha256, rows.placement_from)

    # ---- many items

    def facts_of(self, shas: Sequence[Sha256]) -> dict[Sha256, Bundle]:
        """Return everything about many items in twelve queries per 500; unknown ones are left out.

        In the order of ``shas``.
        """
        bundles: dict[Sha256, Bundle] = {}
        for chunk in _chunks(shas, _IN):
            items = self._by_item(schema.items, "sha256", chunk, rows.item_from)
            places = self._by_item(schema.occurrences, "sha256", chunk, rows.occurrence_from)
            seen = self._by_item(schema.observations, "item", chunk, rows.observation_from)
            failed = self._by_item(schema.failures, "item", chunk, rows.failure_from)
            ended = self._by_item(schema.ledger, "item", chunk, rows.ledger_from)
            decided = self._by_item(schema.decisions, "item", chunk, _with_seq(rows.decision_from))
            verdicts = self._by_item(schema.verdicts, "item", chunk, rows.verdict_from)
            placed = self._by_item(schema.placements, "item", chunk, rows.placement_from)
            matched = self._by_item(schema.matches, "item", chunk, _with_seq(rows.match_from))
            traced = self._by_item(schema.traces, "item", chunk, rows.trace_from)
            near = self._by_item(schema.neighbours, "item", chunk, rows.neighbours_from)
            stacked = self._by_item(schema.stacks, "item", chunk, rows.stacked_from)
            for sha in chunk:
                if sha in items:
                    bundles[sha] = Bundle(
                        item=items[sha][0],
                        occurrences=tuple(places.get(sha, ())),
                        observations=tuple(seen.get(sha, ())),
                        failures=tuple(failed.get(sha, ())),
                        ledger=tuple(ended.get(sha, ())),
                        decisions=tuple(d for d, _ in decided.get(sha, ())),
                        decided_in=tuple(seq for _, seq in decided.get(sha, ())),
                        verdict=verdicts[sha][0] if sha in verdicts else None,
                        placement=placed[sha][0] if sha in placed else None,
                        trace=traced[sha][0] if sha in traced else None,
                        matches=tuple(m for m, _ in matched.get(sha, ())),
                        met_in=tuple(seq for _, seq in matched.get(sha, ())),
                        neighbours=near[sha][0] if sha in near else None,
                        stacked=stacked[sha][0] if sha in stacked else None,
                    )
        return bundles

    def items(self) -> Iterator[Item]:
        """Yield every item by SHA-256."""
        return map(rows.item_from, self._pages(schema.items, ("sha256",)))

    def sources(self) -> tuple[Source, ...]:
        return tuple(map(rows.source_from, self._all(select(schema.sources))))

    def relocations(self) -> dict[SourceId, Relocation]:
        """Return where each source that was moved lies now."""
        table = schema.relocations
        found = self._all(select(table).order_by(table.c.at, table.c.seq))
        return {r.source: r for r in map(rows.relocation_from, found)}

    def places_of_sources(self) -> dict[SourceId, str]:
        """Return the path at which each source is to be opened."""
        moved = self.relocations()
        return {s.id: moved[s.id].path if s.id in moved else s.uri for s in self.sources()}

    def count_done(self, source: SourceId) -> int:
        """Return how many files of a source were read."""
        c = schema.entries.c
        done = (c.source == source, c.state == EntryState.DONE.value, c.sha256.is_not(None))
        query = select(func.count()).select_from(schema.entries).where(*done)
        return int(self._all(query)[0][0])

    def entries(self, source: SourceId) -> Iterator[Entry]:
        """Yield the top-level paths of a source by key."""
        where = schema.entries.c.source == source
        return map(rows.entry_from, self._pages(schema.entries, ("source", "key"), where))

    def entry(self, source: SourceId, key: str) -> Entry | None:
        table = schema.entries
        stored = rows.entry_key(key)
        found = self._all(select(table).where(table.c.source == source, table.c.key == stored))
        return rows.entry_from(found[0]) if found else None

    # ---- the queue

    def placements(self) -> Iterator[Placement]:
        """Yield every placement by item."""
        return map(rows.placement_from, self._pages(schema.placements, ("item",)))

    def count_items(self) -> int:
        return int(self._all(select(func.count()).select_from(schema.items))[0][0])

    def counts(self) -> Counts:
        """Count items by lane, band and origin."""
        p, v = schema.placements.c, schema.verdicts.c
        lanes: dict[Lane | None, int] = {}
        bands: dict[Band, int] = {}
        alone = p.shown_with.is_(None)
        by_place = select(p.lane, p.band, func.count()).where(alone).group_by(p.lane, p.band)
        for lane, band, n in self._all(by_place):
            key = None if lane is None else Lane(lane)
            lanes[key] = lanes.get(key, 0) + n
            if band is not None:
                bands[Band(band)] = bands.get(Band(band), 0) + n
        by_origin = self._all(select(v.origin, func.count()).group_by(v.origin))
        return Counts(
            items=self.count_items(),
            shown_with=self._all(select(func.count()).where(p.shown_with.is_not(None)))[0][0],
            lanes=lanes,
            bands=bands,
            origins={Origin(origin): n for origin, n in by_origin},
        )

    # ---- finding an item

    def resolve(self, text: str) -> tuple[Sha256, ...]:
        """Return the items that a person may mean, by SHA-256.

        ``text`` is a SHA-256 or at least 4 digits of its beginning, an MD5, a SHA-1, a path as
        reports show it, or the absolute path of a file inside a source.
        """
        return self._by_digest(text.strip().lower()) or self._by_path(text)

    def _by_digest(self, digits: str) -> tuple[Sha256, ...]:
        if not 4 <= len(digits) <= 64 or set(digits) - set("0123456789abcdef"):
            return ()
        c = schema.items.c
        queries = [select(c.sha256).where(c.sha256 >= digits, c.sha256 < digits + "g")]
        if len(digits) in (32, 40):
            column = c.md5 if len(digits) == 32 else c.sha1
            queries.append(select(c.sha256).where(column == digits))
        return tuple(sorted({Sha256(row[0]) for query in queries for row in self._all(query)}))

    def _by_path(self, path: str) -> tuple[Sha256, ...]:
        c = schema.occurrences.c
        roots = {(s.id, s.uri) for s in self.sources()}
        roots |= {(r.source, display(r.path)) for r in self.relocations().values()}
        places = [(name, p) for name, uri in sorted(roots) for p in _inside(uri, path)]
        query = select(c.sha256).where(c.sha256.is_not(None)).distinct().order_by(c.sha256)
        exact = self._all(query.where(c.path == path)) or (
            # the path by itself as well: SQLite finds no index for pairs in a list
            self._all(
                query.where(
                    c.path.in_([p for _, p in places]), tuple_(c.source, c.path).in_(places)
                )
            )
            if places
            else []
        )
        return tuple(Sha256(row[0]) for row in exact)

    # ---- custody and meta

    def events(self) -> Iterator[CustodyEvent]:
        """Yield the custody chain from its beginning."""
        return map(event_from, self._pages(schema.custody, ("seq",)))

    def head(self) -> CustodyEvent | None:
        """Return the newest custody event."""
        table = schema.custody
        found = self._all(select(table).order_by(table.c.seq.desc()).limit(1))
        return event_from(found[0]) if found else None

    def meta(self, key: str) -> JsonObject | None:
        """Return an object kept beside the facts: "pins", "settings"."""
        found = self._all(select(schema.meta.c.value).where(schema.meta.c.key == key))
        return json.loads(found[0][0]) if found else None

    # ---- queries

    def _all(self, query: Any) -> Sequence[Any]:
        with database_errors(self._folder):
            return self.connection.execute(query).all()

    def _stream(self, query: Select[Any]) -> Iterator[Any]:
        with database_errors(self._folder):
            yield from self.connection.execute(query)

    def _one(self, table: Table, column: str, value: str, read: Callable[[Any], T]) -> T | None:
        found = self._of(table, column, (value,), read)
        return found[0] if found else None

    def _of(
        self, table: Table, column: str, values: Sequence[str], read: Callable[[Any], T]
    ) -> tuple[T, ...]:
        return tuple(map(read, self._all(_select(table, column, values))))

    def _by_item(
        self, table: Table, column: str, values: Sequence[str], read: Callable[[Any], T]
    ) -> dict[Sha256, list[T]]:
        position = list(table.columns.keys()).index(column)
        grouped: dict[Sha256, list[T]] = {}
        for row in self._all(_select(table, column, values)):
            grouped.setdefault(row[position], []).append(read(row))
        return grouped

    def _pages(self, table: Table, key: Sequence[str], where: Any = None) -> Iterator[Any]:
        columns = [table.c[name] for name in key]
        positions = [list(table.columns.keys()).index(name) for name in key]
        query = select(table).order_by(*columns).limit(_PAGE)
        if where is not None:
            query = query.where(where)
        page = self._all(query)
        while page:
            yield from page
            if len(page) < _PAGE:
                return
            last = [page[-1][p] for p in positions]
            page = self._all(query.where(tuple_(*columns) > tuple_(*last)))


def _with_seq(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, int]]:
    """Return a reader of rows that also gives the custody event which wrote them."""
    return lambda row: (read(row), row[-1])


# Rows of one item in the order they were written, except where the key gives the order.
_ORDER = {
    schema.observations: ("seq", "examiner", "id"),
    schema.matches: ("seq", "digest"),
    schema.failures: ("examiner", "version", "config", "stage"),
    schema.ledger: ("examiner", "version", "config"),
    schema.occurrences: ("seq", "id"),
    schema.decisions: ("id",),
}


def _select(table: Table, column: str, values: Sequence[str]) -> Select[Any]:
    order = [table.c[column], *(table.c[name] for name in _ORDER.get(table, ()))]
    return select(table).where(table.c[column].in_(values)).order_by(*order)


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _inside(uri: str, path: str) -> Iterator[str]:
    """Yield the display paths that an absolute path could have inside a source."""
    root = uri.rstrip("/\\")
    if path == uri:
        yield root.replace("\\", "/").rsplit("/", 1)[-1]
    elif path.startswith((root + "/", root + "\\")):
        yield path[len(root) + 1 :]


def event_from(row: rows.Row) -> CustodyEvent:
    """Return the event of a row of ``custody``; raises ValueError for a broken detail."""
    seq, at, actor, action, subject, detail, prev, hash_ = row
    return CustodyEvent(seq, at, actor, action, subject, json.loads(detail), prev, hash_)

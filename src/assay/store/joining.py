"""Takes the rows of other cases into one, so that no fact is lost.

A fact is known by its key: the same fact in two cases is one row. Where two cases say different
things under one key (another parent of a content, another detail of a failure), the first row
stands and the other is kept in full in the custody event of its batch. Rows are copied as they are
stored; only a source that would be taken for another one gets a new id, and its places with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import Table, select

from assay.core.facts import SourceId
from assay.core.jsonvalue import Json
from assay.store import contents, rows, schema
from assay.store.case import Case
from assay.store.records import LedgerState
from assay.store.stated import unseen_hits
from assay.store.values import Bound
from assay.store.writer import Transaction

_BATCH = 5000  # rows in one transaction
_IN = 300  # keys looked up at once
ACTION = "case.joined"

Row = tuple[Any, ...]  # as stored, without ``seq`` (and without a decision's id)


@dataclass(slots=True)
class Tally:
    """What became of the rows of one table."""

    read: int = 0
    added: int = 0
    same: int = 0  # there already
    apart: int = 0  # there already with other content: kept in the custody log


class Joiner:
    """Joins cases into ``target``, oldest first; decisions of all of them come at the end."""

    def __init__(self, target: Case, actor: str) -> None:
        self._target = target
        self._actor = actor
        self._empty = True  # while it is, no row can be there already
        self.differing: dict[str, set[str]] = {}  # item -> kinds of content that cases named
        self.tallies: dict[str, Tally] = {table.name: Tally() for table in _TABLES}
        self._unseen: set[Row] = set()  # item, list, entry of hits that somebody decided without

    def expect(self, cases: Sequence[Case]) -> None:
        """Look for hits that somebody who decided had not seen; call it before all else.

        They come after the decisions, so that they keep these open (DESIGN §5).
        """
        self._unseen = unseen_hits([case.connection for case in cases])

    def join(self, case: Case, case_id: str) -> dict[SourceId, SourceId]:
        """Take everything of a case but decisions; returns the sources that have new ids."""
        renamed = self._sources(case, case_id)
        for table in _TABLES:
            if table is schema.decisions or table is schema.sources:
                continue
            found = (_renamed(table, row, renamed) for row in _stored(case, table))
            if table is schema.matches and self._unseen:
                found = (row for row in found if _HIT(row) not in self._unseen)
            for batch in _batches(found):
                with self._transaction(case_id) as tx:
                    self._take(tx, table, batch)
        self._empty = False
        return renamed

    def decide(self, cases: Sequence[Case], case_ids: Sequence[str]) -> None:
        """Take the decisions of all cases in the order in which they were made, then late hits."""
        table = schema.decisions
        at = _position(table, "at")
        streams = [
            ((row[at], n, row) for row in _stored(case, table)) for n, case in enumerate(cases)
        ]
        ordered = (row for _, _, row in merge(*streams, key=lambda made: made[:2]))
        for batch in _batches(ordered):
            with self._transaction(", ".join(case_ids)) as tx:
                self._take(tx, table, batch)
        for case, case_id in zip(cases, case_ids, strict=True) if self._unseen else ():
            late = (r for r in _stored(case, schema.matches) if _HIT(r) in self._unseen)
            for batch in _batches(late):
                with self._transaction(case_id) as tx:
                    self._take(tx, schema.matches, batch)

    # -- one table -----------------------------------------------------------------------------

    def _sources(self, case: Case, case_id: str) -> dict[SourceId, SourceId]:
        """Add the sources of a case; one that is another machine's same path gets a new id."""
        table = schema.sources
        renamed: dict[SourceId, SourceId] = {}
        batch: list[Row] = []
        for row in _stored(case, table):
            source = rows.source_from(row)
            known = self._known(table, [row])
            if known and next(iter(known.values())) != row:
                new = SourceId(contents.short_digest(["merged", case_id, source.id]))
                renamed[source.id] = new
                row = rows.source_row(replace(source, id=new), 0)[:-1]
            batch.append(row)
        with self._transaction(case_id) as tx:
            self._take(tx, table, batch)
            tx.detail(renamed={str(old): str(new) for old, new in renamed.items()})
        return renamed

    def _take(self, tx: Transaction, table: Table, batch: Sequence[Row]) -> None:
        tally = self.tallies[table.name]
        known = {} if self._empty and table is not schema.decisions else self._known(table, batch)
        new: list[Row] = []
        apart: list[Json] = []
        key = _key_of(table)
        seen: set[Row] = set()
        for row in batch:
            there = known.get(key(row))
            tally.read += 1
            if there is None and key(row) not in seen:
                new.append(row)
                tally.added += 1
                seen.add(key(row))
            elif there is None or there == row:
                tally.same += 1
            else:
                tally.apart += 1
                apart.append(_content(table, row))
                self._differs(table, there, row)
                if _succeeds(table, there, row):
                    apart[-1] = _content(table, there)
                    new.append(row)
        if table in schema.FACTS:
            tx.add_rows(table, new)
        else:
            tx.put_rows(table, new)
        tx.detail(table=table.name, read=len(batch), apart=apart)

    def _known(self, table: Table, batch: Sequence[Row]) -> dict[Row, Row]:
        """Return the rows of the target that have the keys of a batch."""
        key = _key_of(table)
        found: dict[Row, Row] = {}
        keys = iter([key(row) for row in batch])
        while chunk := list(islice(keys, _IN)):
            bound = tuple(value for values in chunk for value in values)
            query = _lookup(table, len(chunk))
            for row in self._target.connection.exec_driver_sql(query, bound):
                found[key(tuple(row))] = tuple(row)
        return found

    def _differs(self, table: Table, there: Row, row: Row) -> None:
        if table is schema.items:
            kind = _position(table, "media_type")
            if there[kind] != row[kind]:
                named = self.differing.setdefault(str(row[0]), set())
                named.update((str(there[kind]), str(row[kind])))

    def _transaction(self, subject: str) -> Any:
        return self._target.transaction(self._actor, ACTION, subject)


_TABLES = (*schema.FACTS, schema.entries, schema.ledger, schema.hashes)
_KEYS = {"decisions": ["digest"]}
_AS_WRITTEN = (schema.sources, schema.occurrences, schema.decisions, schema.relocations)
_Key = Callable[[Row], Row]


def _stored(case: Case, table: Table) -> Iterator[Row]:
    """Yield the rows of a table: places, sources and decisions in the order they were written.

    The others come by their key, so that each batch goes into one place of the target's index.
    """
    order = list(table.primary_key.columns)
    if table in _AS_WRITTEN:
        order.insert(0, table.c.seq)
    for row in case.connection.execute(select(*_columns(table)).order_by(*order)):
        yield tuple(row)


@cache
def _lookup(table: Table, count: int) -> str:
    """Return the query for the rows with ``count`` keys: one look into the index for each.

    SQLite answers ``(a, b) IN (VALUES …)`` by reading the whole table.
    """
    names = _key_names(table)
    marks = ", ".join(["(" + ", ".join("?" * len(names)) + ")"] * count)
    wanted = ", ".join(f't."{column.name}"' for column in _columns(table))
    same = " AND ".join(f't."{name}" = k."{name}"' for name in names)
    keys = ", ".join(f'"{name}"' for name in names)
    return (
        f"WITH k({keys}) AS (VALUES {marks}) "  # noqa: S608 - names of our own tables
        f"SELECT {wanted} FROM k CROSS JOIN {table.name} t ON {same}"
    )


def _key_names(table: Table) -> list[str]:
    return _KEYS.get(table.name) or [column.name for column in table.primary_key.columns]


def _columns(table: Table) -> list[Any]:
    """Return all columns but ``seq`` and a decision's id, which each database gives anew."""
    left_out = {"seq", "id"} if table is schema.decisions else {"seq"}
    return [column for column in table.columns if column.name not in left_out]


def _position(table: Table, name: str) -> int:
    return [column.name for column in _columns(table)].index(name)


def _key_of(table: Table) -> _Key:
    return _picked(table, _key_names(table))


def _picked(table: Table, names: Sequence[str]) -> _Key:
    places = [_position(table, name) for name in names]
    return lambda row: tuple(row[place] for place in places)


_HIT = _picked(schema.matches, ("item", "list", "entry"))


def _renamed(table: Table, row: Row, renamed: Mapping[SourceId, SourceId]) -> Row:
    """Return a row with the new id of its source, where that has one."""
    if not renamed or table.name not in ("occurrences", "entries", "relocations"):
        return row
    new = renamed.get(SourceId(row[_position(table, "source")]))
    if new is None:
        return row
    made: tuple[Bound, ...]
    if table is schema.occurrences:
        found = rows.occurrence_from(row)
        place = replace(found.occurrence, source=new)
        made = rows.occurrence_row(replace(found, occurrence=place), 0)
    elif table is schema.entries:
        made = rows.entry_row(replace(rows.entry_from(row), source=new), 0)
    else:
        made = rows.relocation_row(replace(rows.relocation_from(row), source=new), 0)
    return made[:-1]


def _succeeds(table: Table, there: Row, row: Row) -> bool:
    """Tell whether a replaceable row takes the place of the one that is there.

    Entries: the later case looked later. Ledger: a check that ended well once has ended well, as
    when it is repeated in one case. Hashes: the one that knows the size of its picture.
    """
    if table is schema.entries:
        return True
    if table is schema.ledger:
        return bool(row[_position(table, "state")] == LedgerState.DONE)
    if table is schema.hashes:
        pixels = _position(table, "pixels")
        return bool(row[pixels] > there[pixels])
    return False


def _content(table: Table, row: Row) -> Json:
    """Return what a row says as JSON, for the custody log."""
    if table is schema.items:
        return contents.item_content(rows.item_from(row))
    if table is schema.occurrences:
        return contents.occurrence_content(rows.occurrence_from(row))
    if table is schema.failures:
        return contents.failure_content(rows.failure_from(row))
    if table is schema.observations:  # the same observation, made under another seal
        return {"id": row[1], "item": row[0], "seal": row[-1]}
    return [value.hex() if isinstance(value, bytes) else value for value in row]


def _batches(found: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(found)
    while batch := list(islice(iterator, _BATCH)):
        yield batch

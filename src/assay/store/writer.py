"""One transaction on a case: facts, ledger, verdicts and the custody event that records them.

Facts are added (adding one again changes nothing); entries, ledger rows, verdicts and placements
are replaced where they differ. When the transaction ends, one custody event is appended whose
detail holds the counts and the digest of the fact rows it wrote; on an error nothing remains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from sqlalchemy import Column, Connection, Table, bindparam, or_
from sqlalchemy.dialects.sqlite import dialect, insert

from assay.core.facts import (
    CustodyEvent,
    Decision,
    Failure,
    Item,
    Match,
    Neighbours,
    Observation,
    ObservationId,
    Occurrence,
    Placement,
    Sha256,
    Source,
    Stacked,
    Verdict,
)
from assay.core.jsonvalue import Json, JsonObject, canonical, digest_of
from assay.store import custody, rows, schema
from assay.store.errors import database_errors
from assay.store.pins import Pins
from assay.store.records import Entry, Found, Hash, LedgerRow, LedgerState, Relocation, Trace
from assay.store.values import Bound, dump

_CHUNK = 1000  # rows handed to the driver at once
_RESERVED = frozenset({"counts", "facts"})


class Transaction:
    """The write side of a case, valid inside ``Case.transaction`` only."""

    def __init__(
        self,
        connection: Connection,
        folder: Path,
        *,
        head: CustodyEvent | None,
        at: str,
        actor: str,
        action: str,
        subject: str,
    ) -> None:
        self.at = at  # ISO 8601 UTC: the one time of everything in this transaction
        self.actor = actor
        self.seq = head.seq + 1 if head else 1
        self._connection = connection
        self._folder = folder
        self._head = head
        self._action = action
        self._subject = subject
        self.repinned = False  # the pins or settings are new, and case.toml shows the old ones
        self._detail: dict[str, Json] = {}
        self._replaced: dict[str, int] = {}

    # ---- facts

    def add_source(self, source: Source) -> None:
        self._add(schema.sources, iter((rows.source_row(source, self.seq),)))

    def add_relocation(self, relocation: Relocation) -> None:
        """Record that a source lies at another place now."""
        self._add(schema.relocations, iter((rows.relocation_row(relocation, self.seq),)))

    def add_items(self, items: Iterable[Item]) -> None:
        self._add(schema.items, (rows.item_row(item, self.seq) for item in items))

    def add_occurrences(self, occurrences: Iterable[Occurrence | Found]) -> None:
        """Add places; a ``Found`` names the container as well."""
        found = (o if isinstance(o, Found) else Found(o) for o in occurrences)
        self._add(schema.occurrences, (rows.occurrence_row(f, self.seq) for f in found))

    def add_observations(
        self, observations: Iterable[Observation | tuple[Observation, ObservationId]]
    ) -> None:
        """Add observations; an id that is at hand already saves computing it.

        Hand over only ids computed on this side of the seal: a worker's word is not enough.
        """
        pairs = (o if isinstance(o, tuple) else (o, o.id) for o in observations)
        self._add(schema.observations, (rows.observation_row(o, oid, self.seq) for o, oid in pairs))

    def add_failures(self, failures: Iterable[Failure]) -> None:
        self._add(schema.failures, (rows.failure_row(f, self.seq) for f in failures))

    def add_matches(self, matches: Iterable[Match]) -> None:
        self._add(schema.matches, (rows.match_row(m, self.seq) for m in matches))

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        self._add(schema.decisions, (rows.decision_row(d, self.seq) for d in decisions))

    def add_decision(
        self,
        item: Sha256,
        *,
        scheme: str,
        category: str | None,
        note: str = "",
        undone: bool = False,
        seen: Sequence[str] = (),
    ) -> Decision:
        """Record a decision, note or undo of this transaction's actor, at its time."""
        decision = Decision(
            item=item,
            actor=self.actor,
            scheme=scheme,
            category=category,
            note=note,
            at=self.at,
            undone=undone,
            seen=tuple(seen),
        )
        self.add_decisions((decision,))
        return decision

    def add_rows(self, table: Table, given: Iterable[Sequence[Bound]]) -> None:
        """Add rows as another case stores them, all columns but ``seq`` (and a decision's id)."""
        self._add(table, ((*row, self.seq) for row in given))

    # ---- what may be replaced

    def put_rows(self, table: Table, given: Iterable[Sequence[Bound]]) -> None:
        """Store rows as another case stores them, all columns but ``seq``."""
        self._put(table, ((*row, self.seq) for row in given))

    def put_entry(self, entry: Entry) -> None:
        self.put_entries((entry,))

    def put_entries(self, entries: Iterable[Entry]) -> None:
        self._put(schema.entries, (rows.entry_row(entry, self.seq) for entry in entries))

    def mark(
        self, item: Sha256, examiner: str, version: str, config: str, state: LedgerState
    ) -> None:
        """Note that a check of an item has ended."""
        self.mark_all((LedgerRow(item, examiner, version, config, state),))

    def mark_all(self, ledger: Iterable[LedgerRow]) -> None:
        self._put(schema.ledger, (rows.ledger_row(row, self.seq) for row in ledger))

    def put_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        self._put(schema.verdicts, (rows.verdict_row(v, self.seq) for v in verdicts))

    def put_placements(self, placements: Iterable[Placement]) -> None:
        """Store placements; the queue is their index, so each moves to its place at once."""
        self._put(schema.placements, (rows.placement_row(p, self.seq) for p in placements))

    def put_hashes(self, hashes: Iterable[Hash]) -> None:
        self._put(schema.hashes, (rows.hash_row(h, self.seq) for h in hashes))

    def put_neighbours(self, found: Iterable[Neighbours]) -> None:
        self._put(schema.neighbours, (rows.neighbours_row(n, self.seq) for n in found))

    def put_stacks(self, stacked: Iterable[Stacked]) -> None:
        """Store the stacks of the case; items that lie in none any more are forgotten."""
        given = list(stacked)
        self._forget(schema.stacks, (s.item for s in given))
        self._put(schema.stacks, ((s.item, s.head, s.distance, self.seq) for s in given))

    def put_traces(self, traces: Iterable[Trace]) -> None:
        """Store the small copies of the case; those that are none any more are forgotten."""
        given = list(traces)
        self._forget(schema.traces, (t.item for t in given))
        self._put(schema.traces, ((t.item, t.original, t.distance, self.seq) for t in given))

    def _forget(self, table: Table, kept: Iterable[Sha256]) -> None:
        """Remove the rows of a replaceable table whose items are not among those kept."""
        self._connection.exec_driver_sql("CREATE TEMP TABLE IF NOT EXISTS kept (item PRIMARY KEY)")
        self._connection.exec_driver_sql("DELETE FROM temp.kept")
        self._run("INSERT INTO temp.kept VALUES (?)", ((item,) for item in kept), None)
        self._connection.exec_driver_sql(
            f"DELETE FROM {table.name} WHERE item NOT IN (SELECT item FROM temp.kept)"  # noqa: S608
        )

    def set_pins(self, pins: Pins, settings: JsonObject) -> None:
        """Pin the case anew; the event shows the pins before and after."""
        digest = digest_of(settings)
        self.repinned = True
        self._put(
            schema.meta,
            iter((("pins", dump(pins.to_json())), ("settings", dump(settings)))),
        )
        self.detail(pins=pins.to_json(), pins_digest=pins.digest, settings_digest=digest)

    # ---- the event

    def detail(self, **values: Json) -> None:
        """Add to the detail of the custody event."""
        if taken := _RESERVED & values.keys():
            raise ValueError(f"the store itself writes {', '.join(sorted(taken))}")
        canonical(values)  # what has no canonical form is refused here, with its caller
        self._detail.update(values)

    def finish(self) -> CustodyEvent:
        """Append the custody event; ``Case.transaction`` calls it and commits."""
        with database_errors(self._folder):
            facts = custody.facts_of_event(self._connection, self.seq)
            counts = {k: n for k, n in {**self._replaced, **facts.counts}.items() if n}
            event = custody.next_event(
                self._head,
                at=self.at,
                actor=self.actor,
                action=self._action,
                subject=self._subject,
                detail={**self._detail, "counts": counts, "facts": facts.hexdigest()},
            )
            self._connection.execute(
                schema.custody.insert(),
                {**custody.content(event), "detail": dump(event.detail), "hash": event.hash},
            )
        return event

    # ---- statements

    def _add(self, table: Table, values: Iterator[tuple[Bound, ...]]) -> None:
        self._run(_insert_new(table), values, None)

    def _put(self, table: Table, values: Iterator[tuple[Bound, ...]]) -> None:
        self._run(_insert_or_replace(table), values, table.name)

    def _run(self, sql: str, values: Iterator[tuple[Bound, ...]], counted: str | None) -> None:
        while chunk := list(islice(values, _CHUNK)):
            with database_errors(self._folder):
                result = self._connection.exec_driver_sql(sql, chunk)
            if counted:
                self._replaced[counted] = self._replaced.get(counted, 0) + max(result.rowcount, 0)


def _given(table: Table) -> list[Column[object]]:
    """Return the columns that rows fill: all but a number that the database gives."""
    return [c for c in table.columns if not (table is schema.decisions and c.name == "id")]


@cache
def _insert_new(table: Table) -> str:
    values = {c.name: bindparam(c.name, type_=c.type) for c in _given(table)}
    return str(insert(table).values(values).on_conflict_do_nothing().compile(dialect=dialect()))


@cache
def _insert_or_replace(table: Table) -> str:
    """Return an upsert that leaves a row alone where nothing but ``seq`` would differ."""
    statement = insert(table).values({c.name: bindparam(c.name) for c in _given(table)})
    rest = [c for c in _given(table) if not c.primary_key]
    compared = [c for c in rest if c.name != "seq"]
    upsert = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={c.name: statement.excluded[c.name] for c in rest},
        where=or_(*(c.is_distinct_from(statement.excluded[c.name]) for c in compared)),
    )
    return str(upsert.compile(dialect=dialect()))

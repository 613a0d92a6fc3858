"""Does a case agree with itself? Chain, facts of every event, every row's own digest, pins.

Streams the tables in the order of their events, so memory stays bounded whatever the case's size.
Whether verdicts and placements follow from the facts is the engine's to check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, func, select

from assay.core.errors import CaseError
from assay.core.facts import CustodyEvent
from assay.core.jsonvalue import digest_of
from assay.core.names import display
from assay.store import rows, schema
from assay.store.case import TOML, Case
from assay.store.custody import LINE_COLUMNS, ChainCheck, FactsDigest, Problem
from assay.store.errors import database_errors
from assay.store.pins import read_toml
from assay.store.reader import event_from
from assay.store.values import Bound

_NAMED = 1000  # problems kept in full; the rest are counted

Rebuild = Callable[[Any], tuple[Bound, ...]]  # a stored row as it must be, made from its own fact


@dataclass(slots=True)
class CaseReport:
    """What a check found; ``sound`` where nothing is wrong."""

    events: int = 0
    head: CustodyEvent | None = None
    rows: dict[str, int] = field(default_factory=dict)  # fact rows checked, by table
    problems: list[Problem] = field(default_factory=list)  # at most 1,000
    count: int = 0  # all problems

    @property
    def sound(self) -> bool:
        return self.count == 0

    def add(self, where: str, text: str) -> None:
        self.count += 1
        if len(self.problems) < _NAMED:
            self.problems.append(Problem(where, text))


def check_case(case: Case) -> CaseReport:
    """Check a whole case in one snapshot; damage becomes problems, not errors."""
    report = CaseReport()
    try:
        with case.snapshot() as reader, database_errors(case.folder):
            _check_file(reader.connection, report)
            _check_facts(reader.connection, report)
            _check_replaceable(reader.connection, report)
        _check_pins(case, report)
    except CaseError as error:
        report.add("case.db", error.message)
    return report


def _check_file(connection: Connection, report: CaseReport) -> None:
    """SQLite's own check of the file, and the triggers that keep facts append-only."""
    for (line,) in connection.exec_driver_sql(f"PRAGMA quick_check({_NAMED})"):
        if line != "ok":
            report.add("case.db", f"The database file is damaged: {line}.")
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for name in sorted(set(schema.TRIGGERS) - {row[0] for row in found}):
        report.add("case.db", f"The trigger {name} is gone: facts could be changed since.")


def _check_facts(connection: Connection, report: CaseReport) -> None:
    streams = [_FactStream(connection, table, report) for table in schema.FACTS]
    chain = ChainCheck()
    seq = 0
    for row in connection.execute(select(schema.custody).order_by(schema.custody.c.seq)):
        event = _event(row)
        for problem in chain.take(event):
            report.add(problem.where, problem.text)
        facts = FactsDigest()
        for stream in streams:
            stream.take(event.seq, facts)
        if event.detail.get("facts") != facts.hexdigest():
            report.add(
                f"custody event {event.seq}",
                f"The facts that it recorded ({event.action}) are not those in the tables: "
                f"{_difference(event, facts.counts)}.",
            )
        seq = event.seq
        report.events += 1
        report.head = event
    for stream in streams:
        stream.take(seq + 1, None)
        report.rows[stream.table.name] = stream.count


class _FactStream:
    """The rows of one table in the order of their events, each checked as it passes."""

    def __init__(self, connection: Connection, table: Table, report: CaseReport) -> None:
        self.table = table
        self.count = 0
        self._report = report
        self._names = list(table.columns.keys())
        self._line = [self._names.index(name) for name in LINE_COLUMNS[table.name]]
        order = [table.c.seq, *(table.c[name] for name in LINE_COLUMNS[table.name])]
        self._rows = iter(connection.execute(select(table).order_by(*order)))
        self._next: Any = next(self._rows, None)

    def take(self, seq: int, facts: FactsDigest | None) -> None:
        """Pass the rows of event ``seq``; those before it have no event. None takes all left."""
        stray: dict[object, int] = {}
        while self._next is not None:
            row, at = self._next, self._next[-1]
            if facts is not None and (not isinstance(at, int) or at > seq):
                break
            if facts is not None and at == seq:
                facts.add(self.table.name, *(str(row[i]) for i in self._line))
            else:
                stray[at] = stray.get(at, 0) + 1
            self._check_row(row)
            self._next = next(self._rows, None)
        for at, n in stray.items():
            self._report.add(
                self.table.name, f"{n} rows name the custody event {at}, which is not there."
            )

    def _check_row(self, row: Any) -> None:
        self.count += 1
        try:
            wanted = _REBUILD[self.table.name](row)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            self._report.add(self._name(row), f"It cannot be read: {display(str(error))[:200]}.")
            return
        unlike = [
            name
            for name, is_, should in zip(self._names, row, wanted, strict=True)
            if is_ != should
        ]
        if unlike:
            self._report.add(
                self._name(row),
                f"Its content does not give its {' and '.join(unlike)}: it was changed.",
            )

    def _name(self, row: Any) -> str:
        keys = [c.name for c in self.table.primary_key.columns]
        shown = (display(str(row[self._names.index(name)])) for name in keys)
        return f"{self.table.name} {' '.join(word for word in shown if word)}"


def _observation(row: Any) -> tuple[Bound, ...]:
    o = rows.observation_from(row)
    return rows.observation_row(o, o.id, row[-1])


_REBUILD: Mapping[str, Rebuild] = {
    "sources": lambda r: rows.source_row(rows.source_from(r), r[-1]),
    "items": lambda r: rows.item_row(rows.item_from(r), r[-1]),
    "occurrences": lambda r: rows.occurrence_row(rows.occurrence_from(r), r[-1]),
    "observations": _observation,
    "failures": lambda r: rows.failure_row(rows.failure_from(r), r[-1]),
    "matches": lambda r: rows.match_row(rows.match_from(r), r[-1]),
    "relocations": lambda r: rows.relocation_row(rows.relocation_from(r), r[-1]),
    "decisions": lambda r: (r[0], *rows.decision_row(rows.decision_from(r), r[-1])),
}


def _event(row: Any) -> CustodyEvent:
    try:
        return event_from(row)
    except ValueError:  # a detail that is no JSON any more: its hash will not agree either
        return event_from([*row[:5], "{}", *row[6:]])


def _difference(event: CustodyEvent, counted: Mapping[str, int]) -> str:
    """Say which tables hold more or fewer rows than the event counted."""
    noted = event.detail.get("counts")
    noted = noted if isinstance(noted, Mapping) else {}
    parts = [
        f"{table.name} {counted.get(table.name, 0)} instead of {noted.get(table.name, 0)}"
        for table in schema.FACTS
        if counted.get(table.name, 0) != noted.get(table.name, 0)
    ]
    return ", ".join(parts) or "as many rows, but with other content"


def _check_replaceable(connection: Connection, report: CaseReport) -> None:
    """Rows that may be replaced must still name an event that exists: a cut-off tail shows."""
    head = report.head.seq if report.head else 0
    for table in schema.REPLACED:
        newest = connection.execute(select(func.max(table.c.seq))).scalar()
        if newest is not None and newest > head:
            report.add(table.name, f"A row names the custody event {newest}, which is not there.")


def _check_pins(case: Case, report: CaseReport) -> None:
    """The pins in the database, in case.toml and in the custody chain must be the same."""
    pinned = settings = None
    for row in case.reader.connection.execute(
        select(schema.custody).order_by(schema.custody.c.seq)
    ):
        detail = _event(row).detail
        pinned = detail.get("pins_digest", pinned)
        settings = detail.get("settings_digest", settings)
    pins = case.pins
    if pins.digest != pinned:
        report.add("case.db", "The pins are not those that the custody chain records.")
    if digest_of(case.settings) != settings:
        report.add("case.db", "The settings are not those that the custody chain records.")
    try:
        shown, shown_settings = read_toml(case.folder / TOML)
    except (OSError, ValueError) as error:
        report.add(TOML, f"It cannot be read: {display(str(error))[:200]}.")
        return
    if shown.digest != pins.digest or shown_settings != digest_of(case.settings):
        report.add(TOML, "It was changed: it does not show what the case is pinned to.")

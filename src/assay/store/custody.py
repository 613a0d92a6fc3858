r"""The custody chain: how an event is hashed, what its facts digest covers, how it is exported.

An event's ``hash`` is the SHA-256 of its canonical JSON (``core.jsonvalue``) without the field
``hash``; ``prev`` is the hash of the event before it, 64 zeros for the first. Every event is
written in the same transaction as the facts it records.

**The facts digest** (``detail["facts"]``) can be rebuilt by anyone from the tables of case.db:

1. Take every row whose ``seq`` is the event's, from the tables in ``schema.FACTS``.
2. Make one ASCII line of each: ``<table> <digest>\n``; for an observation
   ``observations <id> <seal>\n`` (the id leaves the seal level out, so it stands beside it).
3. Sort the lines by their bytes; the SHA-256 of them joined is the facts digest.

A row's digest is the first 32 hex digits of the SHA-256 of the canonical JSON of its content:
all its fields (``store.contents``); an observation's id likewise (``Observation.content``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, select

from assay.core.facts import CustodyEvent
from assay.core.jsonvalue import JsonObject, canonical
from assay.core.names import display
from assay.store import schema
from assay.store.errors import file_errors

GENESIS = "0" * 64  # what the first event names as the hash before it


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a case that does not agree with the rest."""

    where: str  # "custody event 7", "observations 3fa9…"
    text: str  # one sentence


def content(event: CustodyEvent) -> JsonObject:
    """Return the event as JSON without its hash."""
    return {
        "seq": event.seq,
        "at": event.at,
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
        "prev": event.prev,
    }


def hash_of(event: CustodyEvent) -> str:
    return hashlib.sha256(canonical(content(event))).hexdigest()


def next_event(
    head: CustodyEvent | None,
    *,
    at: str,
    actor: str,
    action: str,
    subject: str,
    detail: JsonObject,
) -> CustodyEvent:
    """Return the event that follows ``head``, hashed."""
    event = CustodyEvent(
        seq=head.seq + 1 if head else 1,
        at=at,
        actor=display(actor),
        action=action,
        subject=display(subject),
        detail=detail,
        prev=head.hash if head else GENESIS,
        hash="",
    )
    return replace(event, hash=hash_of(event))


class FactsDigest:
    """Takes fact lines, tables by name and lines sorted within, and gives their digest."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.counts: dict[str, int] = {}

    def add(self, table: str, *words: str) -> None:
        line = " ".join((table, *words)) + "\n"
        self._hash.update(line.encode("ascii", "backslashreplace"))
        self.counts[table] = self.counts.get(table, 0) + 1

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def facts_of_event(connection: Connection, seq: int) -> FactsDigest:
    """Return the digest and counts of the fact rows that carry ``seq``."""
    digest = FactsDigest()
    for table in schema.FACTS:
        words = [table.c[name] for name in LINE_COLUMNS[table.name]]
        rows = connection.execute(select(*words).where(table.c.seq == seq).order_by(*words))
        for row in rows:
            digest.add(table.name, *row)
    return digest


LINE_COLUMNS = {
    table.name: ("id", "seal") if table is schema.observations else ("digest",)
    for table in schema.FACTS
}


class ChainCheck:
    """Takes the events of a chain one after the other and says what is wrong with each."""

    def __init__(self) -> None:
        self._expected, self._prev = 1, GENESIS

    def take(self, event: CustodyEvent) -> Iterator[Problem]:
        where = f"custody event {event.seq}"
        if event.seq != self._expected:
            yield Problem(where, f"Event {self._expected} should stand here: missing or moved.")
        elif event.prev != self._prev:
            yield Problem(where, "It does not follow the event before it: the chain is broken.")
        if not _hashes(event):
            yield Problem(where, "Its content does not give its hash: it was changed.")
        self._expected, self._prev = event.seq + 1, event.hash


def check(events: Iterable[CustodyEvent]) -> Iterator[Problem]:
    """Yield what is wrong with a chain; an intact one yields nothing.

    A chain cut off at its end is intact in itself: compare its head with one noted elsewhere.
    """
    chain = ChainCheck()
    for event in events:
        yield from chain.take(event)


def _hashes(event: CustodyEvent) -> bool:
    try:
        return hash_of(event) == event.hash
    except ValueError:  # NaN in a changed detail
        return False


def to_line(event: CustodyEvent) -> str:
    """Return the event as one line of ``custody.jsonl``, without the line's end."""
    return canonical({**content(event), "hash": event.hash}).decode("ascii")


def from_line(line: str) -> CustodyEvent:
    """Read back a line of ``custody.jsonl``; raises ValueError or KeyError where it is none."""
    fields = json.loads(line)
    names = ("seq", "at", "actor", "action", "subject", "detail", "prev", "hash")
    return CustodyEvent(**{name: fields[name] for name in names})


def export_jsonl(events: Iterable[CustodyEvent], path: Path) -> CustodyEvent | None:
    """Write the chain as JSON Lines, whole or not at all; return its head."""
    head = None
    partial = path.with_name(path.name + ".partial")
    with file_errors(path.parent):
        with partial.open("w", encoding="ascii", newline="\n") as out:
            for event in events:
                out.write(to_line(event) + "\n")
                head = event
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    return head

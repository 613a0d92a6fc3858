"""Reads for files that lie beside each other: which there are, what they say, what was opened.

Two places lie beside each other where source, container and folder are the same. All queries go by
the display path, which is indexed; the caller compares the names themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from assay.core.facts import Observation, Sha256, SourceId
from assay.core.names import join_chain
from assay.store import rows, schema
from assay.store.records import LedgerRow, LedgerState

_AT = """
SELECT chain, sha256 FROM occurrences INDEXED BY occurrences_path
WHERE path IN (SELECT value FROM json_each(?)) AND source = ? AND container IS ?
    AND seq < ?
LIMIT ?
"""
# "." and "/" follow each other, so that the range holds every name that begins so and no other.
_BEGUN = """
SELECT o.chain, o.sha256 FROM occurrences o INDEXED BY occurrences_path
JOIN items i ON i.sha256 = o.sha256
WHERE o.path >= ? AND o.path < ? AND o.source = ? AND o.container IS ?
    AND o.kind = 'file' AND o.role = '' AND instr(substr(o.path, ?), '.') = 0
    AND EXISTS (SELECT 1 FROM json_each(?) k WHERE i.media_type GLOB k.value)
"""
_CALLED = """
SELECT o.chain, o.sha256 FROM occurrences o INDEXED BY occurrences_path
JOIN items i ON i.sha256 = o.sha256
WHERE o.path = ? AND o.source = ? AND o.container IS ? AND o.kind = 'file' AND o.role = ''
    AND EXISTS (SELECT 1 FROM json_each(?) k WHERE i.media_type GLOB k.value)
"""
_ITEMS = """
SELECT i.sha256, i.media_type, i.size, EXISTS (
    SELECT 1 FROM ledger l WHERE l.item = i.sha256 AND l.examiner = :examiner
        AND l.version = :version AND l.config = :config AND l.state = 'done'
) FROM items i WHERE i.sha256 IN (SELECT value FROM json_each(:shas))
"""
_OPENED = """
SELECT item, examiner, version, config, state FROM ledger
WHERE item IN (SELECT value FROM json_each(:shas)) AND examiner LIKE 'open:%'
ORDER BY item, examiner, version, config
"""
# What a statement says AI made, or a list knows, among the members of containers.
_WAITING = """
SELECT DISTINCT o.sha256 FROM occurrences o
WHERE o.container IN (SELECT value FROM json_each(:shas)) AND o.kind = 'file' AND o.role = ''
    AND (EXISTS (
        SELECT 1 FROM observations s INDEXED BY observations_made
        WHERE s.item = o.sha256 AND s.level IN ('S1', 'S2', 'S3', 'S4', 'S5')
    ) OR EXISTS (SELECT 1 FROM matches m WHERE m.item = o.sha256))
"""
_EVER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, by what it shares with those beside it and the name in which they differ."""

    source: SourceId
    container: Sha256 | None
    chain: tuple[str, ...]

    def named(self, name: str) -> tuple[str, ...]:
        """Return the chain of another member of the same container."""
        return (*self.chain[:-1], name)


@dataclass(frozen=True, slots=True)
class Text:
    """A file that may describe others, in brief."""

    media_type: str
    size: int  # bytes
    read: bool  # the check has ended on it and did not fail
    observations: tuple[Observation, ...] = ()


Row = tuple[tuple[str, ...], Sha256 | None]  # chain, content


def at(
    connection: Connection, spot: Spot, names: Iterable[str], most: int, before: int = _EVER
) -> list[Row]:
    """Return at most ``most`` of what was found at these names, whether it was read or not.

    ``before``: only what was stored before that custody event.
    """
    wanted = {spot.named(name) for name in names}
    paths = json.dumps([join_chain(chain) for chain in wanted])
    given = (paths, spot.source, spot.container, before, most)
    found = connection.exec_driver_sql(_AT, given)
    return [row for chain, sha in found if (row := _row(chain, sha))[0] in wanted]


def begun(
    connection: Connection, spot: Spot, stem: str, kinds: Sequence[str]
) -> list[tuple[tuple[str, ...], Sha256]]:
    """Return the files of these kinds whose name is a stem and one ending."""
    path = join_chain(spot.named(stem))
    ends = (f"{path}.", f"{path}/")
    patterns = json.dumps(list(kinds))
    given = (*ends, spot.source, spot.container, len(path) + 2, patterns)
    return _chains(connection.exec_driver_sql(_BEGUN, given))


def called(
    connection: Connection, spot: Spot, name: str, kinds: Sequence[str]
) -> list[tuple[tuple[str, ...], Sha256]]:
    """Return the files of these kinds that have this very name."""
    given = (join_chain(spot.named(name)), spot.source, spot.container, json.dumps(list(kinds)))
    return _chains(connection.exec_driver_sql(_CALLED, given))


def _chains(found: Iterable[rows.Row]) -> list[tuple[tuple[str, ...], Sha256]]:
    return [(tuple(json.loads(chain)), Sha256(sha)) for chain, sha in found]


def texts(
    connection: Connection, shas: Sequence[Sha256], check: tuple[str, str, str]
) -> dict[Sha256, Text]:
    """Return what a check (examiner, version, config) has to say of these contents."""
    examiner, version, config = check
    key = {"examiner": examiner, "version": version, "config": config}
    given = json.dumps(list(shas))
    seen: dict[str, list[Observation]] = {}
    c = schema.observations.c
    mine = (c.examiner == examiner, c.version == version, c.config == config)
    query = schema.observations.select().where(
        text("item IN (SELECT value FROM json_each(:shas))"), *mine
    )
    for row in connection.execute(query.order_by(c.item, c.id), {"shas": given}):
        seen.setdefault(row[0], []).append(rows.observation_from(row))
    return {
        Sha256(sha): Text(media_type, size, bool(read), tuple(seen.get(sha, ())))
        for sha, media_type, size, read in connection.execute(text(_ITEMS), {**key, "shas": given})
    }


def openings(connection: Connection, shas: Sequence[Sha256]) -> dict[Sha256, list[LedgerRow]]:
    """Return how the opening of these containers ended, for each opener."""
    found: dict[Sha256, list[LedgerRow]] = {}
    for item, examiner, version, config, state in connection.execute(
        text(_OPENED), {"shas": json.dumps(list(shas))}
    ):
        row = LedgerRow(Sha256(item), examiner, version, config, LedgerState(state))
        found.setdefault(row.item, []).append(row)
    return found


def waiting(connection: Connection, containers: Sequence[Sha256]) -> list[Sha256]:
    """Return the members of containers whose place may rest on the container's other names."""
    found = connection.execute(text(_WAITING), {"shas": json.dumps(list(containers))})
    return [Sha256(row[0]) for row in found]


def _row(chain: str, sha: str | None) -> Row:
    return tuple(json.loads(chain)), Sha256(sha) if sha else None

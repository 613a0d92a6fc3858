"""Reads what items have in common: the keys of ``fingerprint`` observations, and who carries them.

Only what the pinned version of the examiner said counts; a case that does not pin it has no keys.
Every query is written for the index ``observations_fingerprints``, by key and item.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection, text

from assay.core.facts import Sha256
from assay.core.jsonvalue import JsonObject

EXAMINER = "fingerprint"
INVENTORY, UNPLACED = (
    0,
    -1,
)  # as _MEMBERS says it, for ``Members.lanes``: no lane, and not placed at all
_PAGE = 400  # keys a query

_CURRENT = """
SELECT json_extract(c.value, '$.version'), json_extract(c.value, '$.config'),
    json_extract(c.value, '$.moving_config')
FROM meta, json_each(json_extract(meta.value, '$.checks')) c
WHERE meta.key = 'settings' AND json_extract(c.value, '$.name') = :examiner
"""
# The expression and the condition of the index, word for word: else SQLite does not use it.
_KEY = "json_extract(value, '$.key')"
_THESE = "kind = 'fingerprint'"
_OURS = "examiner = :examiner AND version = :version AND config IN (:config, :moving)"
_COUNTS = f"""
SELECT {_KEY}, count(DISTINCT item) FROM observations
WHERE {_THESE} AND {_OURS} AND (:kind IS NULL OR json_extract(value, '$.kind') = :kind)
GROUP BY {_KEY} HAVING count(DISTINCT item) >= :least ORDER BY {_KEY}
"""  # noqa: S608 - constants
_OF_ITEMS = f"""
SELECT item, json_extract(value, '$.kind'), {_KEY} FROM observations
WHERE item IN (SELECT value FROM json_each(:shas)) AND {_THESE} AND {_OURS} ORDER BY item, id
"""  # noqa: S608
_CARRIERS = f"""
SELECT DISTINCT {_KEY} AS key, item FROM observations
WHERE {_THESE} AND {_KEY} IN (SELECT value FROM json_each(:keys)) AND {_OURS}
"""  # noqa: S608
_HOW_MANY = f"SELECT key, count(*) FROM ({_CARRIERS}) GROUP BY key"  # noqa: S608
# The same without a look at the rows, which lie all over the table: history is among them.
_EVERYONE = f"""
SELECT DISTINCT {_KEY} AS key, item FROM observations
WHERE {_THESE} AND {_KEY} IN (SELECT value FROM json_each(:keys))
"""  # noqa: S608
_HOW_MANY_EVER = f"SELECT key, count(*) FROM ({_EVERYONE}) GROUP BY key"  # noqa: S608
_MEMBERS = """
WITH placed AS MATERIALIZED (
    SELECT m.key AS key, m.item AS item,
        CASE WHEN p.item IS NULL THEN -1 ELSE coalesce(p.lane, 0) END AS lane,
        row_number() OVER (
            PARTITION BY m.key ORDER BY p.lane IS NULL, p.lane, p.band, p.sort, m.item) AS place
    FROM (%s) m LEFT JOIN placements p ON p.item = m.item
)
SELECT key, lane, count(*), NULL AS item, NULL AS path FROM placed GROUP BY key, lane
UNION ALL
SELECT key, lane, place, item, (SELECT min(path) FROM occurrences WHERE sha256 = item)
FROM placed WHERE place <= :first ORDER BY 1, 3
"""
_EVER = f"SELECT DISTINCT item FROM observations WHERE {_THESE} AND {_KEY} = :key"  # noqa: S608
_AMONG = f"""
SELECT item, {_KEY}, value FROM observations
WHERE item IN (SELECT value FROM json_each(:shas)) AND {_THESE} AND {_OURS}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Current:
    """Which observations count: those of the examiner as the case pins it."""

    version: str
    config: str
    moving: str  # config on kinds that can hold several frames

    def given(self) -> dict[str, str | int | None]:
        return {
            "examiner": EXAMINER,
            "version": self.version,
            "config": self.config,
            "moving": self.moving,
        }


@dataclass(frozen=True, slots=True)
class Said:
    """What a key stands for."""

    kind: str  # "generator", "camera_serial", "camera"
    text: str
    parts: JsonObject


@dataclass(slots=True)
class Members:
    """Who carries a key in one case."""

    lanes: dict[int, int] = field(default_factory=dict)  # lane, INVENTORY or UNPLACED -> items
    first: list[tuple[Sha256, str]] = field(default_factory=list)  # (item, path), order of work


def current(connection: Connection) -> Current | None:
    """Return which observations count; None where the case does not pin the examiner."""
    row = connection.execute(text(_CURRENT), {"examiner": EXAMINER}).first()
    return Current(str(row[0]), str(row[1]), str(row[2] or row[1])) if row else None


def counts(
    connection: Connection, now: Current, kind: str | None = None, least: int = 1
) -> Iterator[tuple[str, int]]:
    """Yield (key, items) of every key that ``least`` items carry, by key."""
    given = {**now.given(), "kind": kind, "least": least}
    for key, number in connection.execute(text(_COUNTS), given):
        yield str(key), int(number)


def ever(connection: Connection, key: str) -> set[Sha256]:
    """Return every item that carries a key, or did by another version: the index alone knows."""
    return {Sha256(row[0]) for row in connection.execute(text(_EVER), {"key": key})}


def among(connection: Connection, now: Current, key: str, shas: Iterable[Sha256]) -> set[Sha256]:
    """Return those of these items that carry a key."""
    given = {**now.given(), "shas": json.dumps(sorted(shas))}
    return {Sha256(row[0]) for row in connection.execute(text(_AMONG), given) if row[1] == key}


def said(
    connection: Connection, now: Current, carriers: Iterable[tuple[str, Sha256]]
) -> dict[str, Said]:
    """Return what keys stand for, each in the words of an item that carries it."""
    found: dict[str, Said] = {}
    rest = iter(carriers)
    while page := dict(islice(rest, _PAGE)):
        given = {**now.given(), "shas": json.dumps(list(page.values()))}
        for item, key, stored in connection.execute(text(_AMONG), given):
            if page.get(key) == item:
                value = json.loads(stored)
                found[key] = Said(str(value["kind"]), str(value["text"]), dict(value["parts"]))
    return found


def members(
    connection: Connection, now: Current, keys: Mapping[str, int], first: int = 3
) -> dict[str, Members]:
    """Return for each key how many items carry it by lane, and the ``first`` in order of work.

    ``keys`` come with the number of items that ``counts`` gave.
    """
    found: dict[str, Members] = {}
    for page in _pages(now, keys):
        ever = {row[0]: row[1] for row in connection.execute(text(_HOW_MANY_EVER), page)}
        # where as many carry a key as ever did, none of them is history
        plain = [key for key, number in ever.items() if keys[key] == number]
        mixed = [key for key in ever if keys[key] != ever[key]]
        for some, carriers in ((plain, _EVERYONE), (mixed, _CARRIERS)):
            given = {**page, "keys": json.dumps(some), "first": first}
            rows = connection.execute(text(_MEMBERS % carriers), given) if some else ()
            for key, lane, number, item, path in rows:
                carried = found.setdefault(key, Members())
                if item is None:
                    carried.lanes[lane] = number
                else:
                    carried.first.append((Sha256(item), str(path or item)))
    return found


def links_of(
    connection: Connection,
    shas: Sequence[Sha256],
    known: Mapping[str, int] | None = None,
) -> dict[Sha256, list[tuple[str, str, int]]]:
    """Return (kind, key, items of this case that carry it, this one included) for each item.

    ``known`` counts of all keys save the counting where page after page is asked.
    """
    now = current(connection)
    if now is None:
        return {}
    found: dict[Sha256, dict[str, str]] = {}
    given = {**now.given(), "shas": json.dumps(list(shas))}
    for item, kind, key in connection.execute(text(_OF_ITEMS), given):
        found.setdefault(Sha256(item), {})[str(key)] = str(kind)
    if known is None:
        keys = {key for carried in found.values() for key in carried}
        known = {
            str(key): int(number)
            for page in _pages(now, sorted(keys))
            for key, number in connection.execute(text(_HOW_MANY), page)
        }
    return {
        sha: [(kind, key, known.get(key, 1)) for key, kind in carried.items()]
        for sha, carried in found.items()
    }


def _pages(now: Current, keys: Iterable[str]) -> Iterator[dict[str, str | int | None]]:
    rest = iter(keys)
    while page := list(islice(rest, _PAGE)):
        yield {**now.given(), "keys": json.dumps(page)}

"""Reads for the comparison of a case's pictures with each other: hashes by what their items are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, literal_column, select, text

from assay.core.facts import Neighbours, Observation, Sha256
from assay.core.vocab import Lane
from assay.store import rows, schema

_PAGE = 500  # items
Row = tuple[str, bytes]  # an item and one of its hashes

_CAMERA = """
SELECT h.item, h.hash FROM (
    SELECT DISTINCT item FROM observations INDEXED BY observations_camera
    WHERE level IN ('C2', 'C3')
) c JOIN placements p ON p.item = c.item AND p.shown_with IS NULL
JOIN hashes h ON h.item = c.item AND h.quality >= :quality
"""
_IN_LANE = """
SELECT h.item, h.hash FROM placements p JOIN hashes h ON h.item = p.item
WHERE p.lane = :lane AND p.shown_with IS NULL AND h.quality >= :quality
"""
_LABELLED = """
SELECT h.item, h.hash FROM neighbours n JOIN hashes h ON h.item = n.item
WHERE n.camera IS NULL AND h.quality >= :quality
"""
_SYNTHETIC = """
SELECT h.item, h.hash FROM neighbours n JOIN placements p ON p.item = n.item
JOIN hashes h ON h.item = n.item
WHERE n.possible IS NULL AND (p.lane = :lane OR p.stack IS NOT NULL) AND h.quality >= :quality
"""
_MADE = """
SELECT DISTINCT item FROM observations INDEXED BY observations_made
WHERE level IN ('S1', 'S2', 'S3', 'S4', 'S5') AND item > :after ORDER BY item LIMIT :limit
"""
# What no longer stands in lane 1 is no reason any more.
_LEFT = """
SELECT n.item FROM neighbours n LEFT JOIN placements p ON p.item = n.possible
WHERE n.possible IS NOT NULL AND p.lane IS NOT 1 ORDER BY n.item
"""
_BESIDE = "SELECT item FROM neighbours WHERE possible IN (SELECT value FROM json_each(:shas))"
_LICENSED = (
    select(schema.observations)
    .where(
        schema.observations.c.kind == literal_column("'licensed_hash'"),  # as the index says it
        text("item IN (SELECT value FROM json_each(:shas))"),
    )
    .order_by(schema.observations.c.item, schema.observations.c.id)
)
# In the order of work. A member stands behind the head whose place it takes.
_STACKABLE = """
SELECT p.item, v.origin, h.hash FROM placements p JOIN verdicts v ON v.item = p.item
JOIN hashes h ON h.item = p.item AND h.frame = -1 AND h.rendering = '' AND h.quality >= :quality
WHERE p.lane IS NOT NULL AND p.shown_with IS NULL
ORDER BY p.lane, p.band, p.sort, p.stack IS NOT NULL, p.item
"""


def with_camera(connection: Connection, quality: int) -> Iterator[Row]:
    """Yield the hashes of every item that has a camera record and stands for itself."""
    yield from _rows(connection, _CAMERA, quality)


def in_lane(connection: Connection, lane: Lane, quality: int) -> Iterator[Row]:
    """Yield the hashes of every item of a lane that stands for itself."""
    yield from _rows(connection, _IN_LANE, quality, lane=int(lane))


def labelled(connection: Connection, quality: int) -> Iterator[Row]:
    """Yield the hashes of what a statement says AI made and is near no camera picture."""
    yield from _rows(connection, _LABELLED, quality)


def synthetic(connection: Connection, quality: int) -> Iterator[Row]:
    """Yield the hashes of what stands in lane 4, or with another, and is near nothing in lane 1."""
    yield from _rows(connection, _SYNTHETIC, quality, lane=int(Lane.SYNTHETIC))


def is_compared(connection: Connection) -> bool:
    """Tell whether the neighbour search has looked at anything in this case."""
    return connection.execute(text("SELECT 1 FROM neighbours LIMIT 1")).first() is not None


def made(connection: Connection) -> Iterator[list[Sha256]]:
    """Yield, page by page, the items with a statement that AI made them."""
    after = ""
    while True:
        given = {"after": after, "limit": _PAGE}
        page = [Sha256(row[0]) for row in connection.execute(text(_MADE), given)]
        if page:
            yield page
        if len(page) < _PAGE:
            return
        after = page[-1]


def left_behind(connection: Connection) -> list[Sha256]:
    """Return the items whose neighbour in lane 1 stands there no more."""
    return [Sha256(row[0]) for row in connection.execute(text(_LEFT))]


def beside(connection: Connection, shas: Sequence[Sha256]) -> list[Sha256]:
    """Return the items that have one of these as their neighbour in lane 1."""
    found = connection.execute(text(_BESIDE), {"shas": json.dumps(list(shas))})
    return [Sha256(row[0]) for row in found]


def neighbours_of(connection: Connection, shas: Sequence[Sha256]) -> dict[Sha256, Neighbours]:
    """Return what the search found for those of these items that it looked at."""
    query = text("SELECT * FROM neighbours WHERE item IN (SELECT value FROM json_each(:shas))")
    found = connection.execute(query, {"shas": json.dumps(list(shas))})
    return {n.item: n for n in map(rows.neighbours_from, found)}


def licensed(connection: Connection, shas: Sequence[Sha256]) -> list[Observation]:
    """Return the licensed hashes of these items, as plug-ins observed them."""
    found = connection.execute(_LICENSED, {"shas": json.dumps(list(shas))})
    return [rows.observation_from(row) for row in found]


def stackable(connection: Connection, quality: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield (item, origin, hash) of every picture that may lie in a stack, in the order of work."""
    for row in connection.execute(text(_STACKABLE), {"quality": quality}):
        yield row[0], row[1], row[2]


def decided(connection: Connection) -> set[Sha256]:
    """Return the items on which a person once decided."""
    query = text("SELECT DISTINCT item FROM decisions WHERE category IS NOT NULL")
    return {Sha256(row[0]) for row in connection.execute(query)}


def stacks(connection: Connection) -> Iterator[tuple[Sha256, Sha256, int]]:
    """Yield (item, head, distance) of all near-duplicates, by item."""
    for row in connection.execute(text("SELECT item, head, distance FROM stacks ORDER BY item")):
        yield Sha256(row[0]), Sha256(row[1]), int(row[2])


def _rows(connection: Connection, query: str, quality: int, **given: int) -> Iterator[Row]:
    for row in connection.execute(text(query), {"quality": quality, **given}):
        yield row[0], row[1]

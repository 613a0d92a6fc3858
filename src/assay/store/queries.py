"""Reads over a whole case that are no single fact: order of work, containment, what went unread."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import Connection, text

from assay.core.facts import Sha256

_IN_ORDER = """
SELECT item FROM placements WHERE lane IS NOT NULL AND (:lane IS NULL OR lane = :lane)
ORDER BY lane, rank IS NULL, rank, band, item
"""
_INVENTORY = "SELECT item FROM placements WHERE lane IS NULL ORDER BY item"

_DESCENDANTS = """
WITH RECURSIVE inside(sha) AS (
    SELECT sha256 FROM occurrences WHERE container = :sha AND sha256 IS NOT NULL
    UNION
    SELECT o.sha256 FROM occurrences o JOIN inside ON o.container = inside.sha
    WHERE o.sha256 IS NOT NULL
)
SELECT sha FROM inside
"""

# A place that was read later (a password was given, a disk came back) is no longer unread.
_UNREAD = """
SELECT o.path FROM occurrences o
WHERE o.kind IN ('unreadable', 'file') AND o.sha256 IS NULL AND NOT EXISTS (
    SELECT 1 FROM occurrences r
    WHERE r.path = o.path AND r.source = o.source AND r.chain = o.chain AND r.sha256 IS NOT NULL
)
ORDER BY o.source, o.path
"""


def in_order(connection: Connection, lane: int | None = None) -> Iterator[Sha256]:
    """Yield items in the order of work; the inventory comes last, unless a lane is named."""
    for row in connection.execute(text(_IN_ORDER), {"lane": lane}):
        yield Sha256(row[0])
    if lane is None:
        for row in connection.execute(text(_INVENTORY)):
            yield Sha256(row[0])


def descendants(connection: Connection, sha256: Sha256) -> set[Sha256]:
    """Return every content inside a container, at any depth."""
    return {Sha256(row[0]) for row in connection.execute(text(_DESCENDANTS), {"sha": sha256})}


def media_types(connection: Connection) -> dict[Sha256, str]:
    """Return the media type of every item; equal ones are shared."""
    shared: dict[str, str] = {}
    rows = connection.execute(text("SELECT sha256, media_type FROM items"))
    return {Sha256(sha): shared.setdefault(kind, kind) for sha, kind in rows}


def unread(connection: Connection) -> list[str]:
    """Return the display paths of files and members that could not be read at all."""
    return [str(row[0]) for row in connection.execute(text(_UNREAD))]


def with_failures(connection: Connection) -> list[Sha256]:
    """Return the items on which a check once did not finish, in the order of work."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT f.item, p.lane, p.rank FROM failures f "
            "LEFT JOIN placements p ON p.item = f.item ORDER BY p.lane, p.rank, f.item"
        )
    )
    return [Sha256(row[0]) for row in rows]


def seals(connection: Connection) -> list[str]:
    """Return the worker seal levels under which observations were made."""
    rows = connection.execute(text("SELECT DISTINCT seal FROM observations ORDER BY seal"))
    return [str(row[0]) for row in rows]


def with_findings(connection: Connection, flags: list[str]) -> Iterator[tuple[str, Sha256]]:
    """Yield (flag, item) once for each item with a finding of these flags, in the order of work."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT json_extract(o.value, '$.flag') AS flag, o.item, p.lane, p.rank "
            "FROM observations o LEFT JOIN placements p ON p.item = o.item "
            "WHERE o.kind = 'finding' AND flag IN (SELECT value FROM json_each(:flags)) "
            "ORDER BY flag, p.lane, p.rank, o.item"
        ),
        {"flags": json.dumps(flags)},
    )
    for row in rows.all():
        yield str(row[0]), Sha256(row[1])

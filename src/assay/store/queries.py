"""Reads over a whole case that are no single fact: order of work, containment, what went unread."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from assay.core.facts import Sha256
from assay.core.vocab import Band, Lane
from assay.store.records import Hash

_PAGE = 500  # rows

_BAND = """
SELECT item, sort, EXISTS (SELECT 1 FROM placements m WHERE m.stack = p.item) FROM placements p
WHERE lane = :lane AND band IS :band AND shown_with IS NULL AND stack IS NULL AND sort > :after
ORDER BY lane, band, sort LIMIT :limit
"""
_BEFORE = """
SELECT count(*) FROM placements
WHERE lane = :lane AND band IS :band AND shown_with IS NULL AND stack IS NULL AND sort < :sort
"""
_BANDS = """
SELECT band, count(*) FROM placements
WHERE lane = :lane AND shown_with IS NULL AND stack IS NULL GROUP BY band
"""
_APART = """
SELECT item FROM placements
WHERE item > :after AND (:lane IS NULL OR lane = :lane)
    AND ((:inventory AND lane IS NULL AND shown_with IS NULL)
        OR (NOT :inventory AND shown_with IS NOT NULL))
ORDER BY item LIMIT :limit
"""
_HASHES_OF = """
SELECT item, frame, rendering, hash, quality, pixels, turned FROM hashes
WHERE item IN (SELECT value FROM json_each(:shas)) ORDER BY item, frame, rendering
"""
_MET_LISTS = """
SELECT list, edition, count(DISTINCT item) FROM matches GROUP BY list, edition
"""
_PREVIEWS_OF = """
SELECT DISTINCT o.sha256 FROM occurrences o
WHERE o.container IN (SELECT value FROM json_each(:shas)) AND o.role = 'preview'
    AND o.sha256 IS NOT NULL
"""

_STACKED_WITH = """
SELECT p.stack, p.item, s.distance FROM placements p LEFT JOIN stacks s ON s.item = p.item
WHERE p.stack IN (SELECT value FROM json_each(:shas)) ORDER BY s.distance, p.item
"""
_NEAR_HEADS = """
SELECT item FROM stacks WHERE head IN (SELECT value FROM json_each(:shas)) ORDER BY item
"""

_HELD = """
SELECT i.sha256, v.origin, p.lane, min(o.path), count(o.id)
FROM items i LEFT JOIN verdicts v ON v.item = i.sha256 LEFT JOIN placements p ON p.item = i.sha256
LEFT JOIN occurrences o ON o.sha256 = i.sha256
WHERE i.sha256 IN (SELECT value FROM json_each(:shas))
GROUP BY i.sha256 ORDER BY i.sha256
"""
_DECIDED = """
SELECT DISTINCT item FROM decisions WHERE item IN (SELECT value FROM json_each(:shas))
"""

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


def band_page(
    connection: Connection, lane: Lane, band: Band | None, after: bytes = b"", limit: int = 200
) -> list[tuple[Sha256, bytes, bool]]:
    """Return (item, sort key, heads a stack) of one band of a lane, those after a sort key."""
    given = {"lane": int(lane), "band": band and band.value, "after": after, "limit": limit}
    rows = connection.execute(text(_BAND), given)
    return [(Sha256(item), sort, bool(heads)) for item, sort, heads in rows]


def count_before(connection: Connection, lane: Lane, band: Band | None, sort: bytes) -> int:
    """Return how many items and stacks of a band come before a sort key."""
    given = {"lane": int(lane), "band": band and band.value, "sort": sort}
    return int(connection.execute(text(_BEFORE), given).scalar_one())


def band_sizes(connection: Connection, lane: Lane) -> dict[Band | None, int]:
    """Return how many items and stacks stand in each band of a lane."""
    rows = connection.execute(text(_BANDS), {"lane": int(lane)})
    return {Band(band) if band else None: int(n) for band, n in rows}


def apart(connection: Connection, *, inventory: bool, lane: int | None = None) -> Iterator[Sha256]:
    """Yield what stands in no queue by item: the inventory, or previews shown with a picture."""
    after = ""
    while True:
        given = {"after": after, "inventory": inventory, "lane": lane, "limit": _PAGE}
        page = [str(row[0]) for row in connection.execute(text(_APART), given)]
        yield from map(Sha256, page)
        if len(page) < _PAGE:
            return
        after = page[-1]


def previews_of(connection: Connection, shas: Sequence[Sha256]) -> list[Sha256]:
    """Return the contents that occur as previews in any of these pictures."""
    rows = connection.execute(text(_PREVIEWS_OF), {"shas": json.dumps(list(shas))})
    return [Sha256(row[0]) for row in rows]


def stacked_with(connection: Connection, heads: Sequence[Sha256]) -> list[tuple[Sha256, int]]:
    """Return the members of these stacks, as placed now, with their distances, nearest first."""
    return [pair for pairs in stack_members(connection, heads).values() for pair in pairs]


def stack_members(
    connection: Connection, heads: Sequence[Sha256]
) -> dict[Sha256, list[tuple[Sha256, int]]]:
    """Return (member, distance) of each of these that heads a stack, nearest first."""
    found: dict[Sha256, list[tuple[Sha256, int]]] = {}
    for head, item, distance in connection.execute(
        text(_STACKED_WITH), {"shas": json.dumps(list(heads))}
    ):
        found.setdefault(Sha256(head), []).append((Sha256(item), int(distance or 0)))
    return found


def near_heads(connection: Connection, heads: Sequence[Sha256]) -> list[Sha256]:
    """Return the items that lie near these heads, whether they stand with them or not."""
    rows = connection.execute(text(_NEAR_HEADS), {"shas": json.dumps(list(heads))})
    return [Sha256(row[0]) for row in rows]


@dataclass(frozen=True, slots=True)
class Held:
    """One content that a case holds, in brief."""

    sha256: Sha256
    origin: str | None
    lane: int | None
    path: str  # its first place, display form
    places: int


def held(connection: Connection, shas: Sequence[Sha256]) -> list[Held]:
    """Return in brief those of these contents that the case holds."""
    rows = connection.execute(text(_HELD), {"shas": json.dumps(list(shas))})
    return [Held(Sha256(sha), origin, lane, path or "", n) for sha, origin, lane, path, n in rows]


def decided(connection: Connection, shas: Sequence[Sha256]) -> list[Sha256]:
    """Return those of these contents on which a person decided or noted something."""
    rows = connection.execute(text(_DECIDED), {"shas": json.dumps(list(shas))})
    return [Sha256(row[0]) for row in rows]


def descendants(connection: Connection, sha256: Sha256) -> set[Sha256]:
    """Return every content inside a container, at any depth."""
    return {Sha256(row[0]) for row in connection.execute(text(_DESCENDANTS), {"sha": sha256})}


def details_of(connection: Connection, flags: Sequence[str]) -> Iterator[tuple[str, Sha256, str]]:
    """Yield (flag, item, detail) of every finding of these flags, in the order of work."""
    rows = connection.execute(
        text(
            "SELECT json_extract(o.value, '$.flag') AS flag, o.item, "
            "coalesce(json_extract(o.value, '$.detail'), ''), p.lane, p.band, p.sort "
            "FROM observations o LEFT JOIN placements p ON p.item = o.item "
            "WHERE o.kind = 'finding' AND flag IN (SELECT value FROM json_each(:flags)) "
            "ORDER BY p.lane, p.band, p.sort, o.item, 3"
        ),
        {"flags": json.dumps(list(flags))},
    )
    for row in rows.all():
        yield str(row[0]), Sha256(row[1]), str(row[2])


def pairs(connection: Connection) -> dict[str, list[Sha256]]:
    """Return the items that state the same content identifier (the halves of a Live Photo)."""
    found: dict[str, list[Sha256]] = {}
    rows = connection.exec_driver_sql(
        "SELECT item, json_extract(value, '$.identifier') FROM observations "
        "INDEXED BY observations_pairs WHERE kind = 'pair' ORDER BY item"
    )
    for item, identifier in rows:
        if identifier:
            found.setdefault(str(identifier), []).append(Sha256(item))
    return {identifier: items for identifier, items in found.items() if len(items) > 1}


def shown_with(connection: Connection, sha256: Sha256) -> list[tuple[str, Sha256]]:
    """Return display path and digest of the previews that are shown with a picture."""
    rows = connection.execute(
        text(
            "SELECT min(o.path), p.item "
            "FROM placements p JOIN occurrences o ON o.sha256 = p.item "
            "WHERE p.shown_with = :sha GROUP BY p.item ORDER BY 1"
        ),
        {"sha": sha256},
    )
    return [(str(row[0]), Sha256(row[1])) for row in rows]


def lone_copies(connection: Connection) -> int:
    """Return how many small copies have no full-size original in the case."""
    query = text("SELECT count(*) FROM traces WHERE original IS NULL")
    return int(connection.execute(query).scalar_one())


def small_copies(
    connection: Connection, caches: Sequence[str], raws: Sequence[str], small: int
) -> dict[Sha256, Hash | None]:
    """Return the items that are small copies by where they occur, each with its hash if any.

    A preview in one of ``raws`` is none: its original is that very file, which nobody decoded.
    """
    rows = connection.execute(
        text(
            """
WITH copies AS (
    SELECT o.sha256 AS item FROM occurrences o LEFT JOIN items c ON c.sha256 = o.container
    WHERE o.sha256 IS NOT NULL AND o.kind = 'file' AND o.container IS NOT NULL
        AND ((o.role IN ('preview', 'thumbnail')
                AND c.media_type NOT IN (SELECT value FROM json_each(:raws)))
            OR c.media_type IN (SELECT value FROM json_each(:caches)))
    EXCEPT
    SELECT o.sha256 FROM occurrences o LEFT JOIN items c ON c.sha256 = o.container
    WHERE o.sha256 IS NOT NULL AND o.kind = 'file' AND (o.container IS NULL
        OR (o.role NOT IN ('preview', 'thumbnail')
            AND coalesce(c.media_type, '') NOT IN (SELECT value FROM json_each(:caches))))
)
SELECT k.item, h.hash, h.quality, h.pixels, max(o.role <> '') FROM copies k
JOIN placements p ON p.item = k.item AND p.shown_with IS NULL
JOIN items i ON i.sha256 = k.item AND i.media_type LIKE 'image/%'
JOIN occurrences o ON o.sha256 = k.item
LEFT JOIN hashes h ON h.item = k.item AND h.frame = -1 AND h.rendering = ''
GROUP BY k.item
HAVING max(o.role <> '') OR coalesce(h.pixels, 0) <= :small
"""
        ),
        {
            "caches": json.dumps(list(caches)),
            "raws": json.dumps(list(raws)),
            "small": small,
        },
    )
    return {
        Sha256(row[0]): Hash(Sha256(row[0]), row[1], row[2], pixels=row[3]) if row[1] else None
        for row in rows
    }


def hashes(connection: Connection) -> Iterator[tuple[Sha256, bytes, int, int]]:
    """Yield (item, hash, quality, pixels) of every picture and every frame of the case."""
    for row in connection.exec_driver_sql(
        "SELECT item, hash, quality, pixels FROM hashes WHERE rendering = ''"
    ):
        yield Sha256(row[0]), row[1], row[2], row[3]


def hashes_of(connection: Connection, shas: Sequence[Sha256]) -> list[Hash]:
    """Return every perceptual hash of these items."""
    rows = connection.execute(text(_HASHES_OF), {"shas": json.dumps(list(shas))})
    return [
        Hash(Sha256(item), value, quality, frame, rendering, pixels, turned)
        for item, frame, rendering, value, quality, pixels, turned in rows
    ]


def matched(connection: Connection) -> list[Sha256]:
    """Return the items that ever met a list, by SHA-256."""
    rows = connection.execute(text("SELECT DISTINCT item FROM matches ORDER BY item"))
    return [Sha256(row[0]) for row in rows]


def met_lists(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many items met each list, by its name and edition."""
    rows = connection.execute(text(_MET_LISTS))
    return {(name, edition): n for name, edition, n in rows}


def ledger_keys(connection: Connection, sha256: Sha256) -> list[tuple[str, str, str, str]]:
    """Return (examiner, version, config, state) of every check that has ended on an item."""
    rows = connection.exec_driver_sql(
        "SELECT examiner, version, config, state FROM ledger WHERE item = ?", (sha256,)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def settled_entries(
    connection: Connection, source: str, plan: str
) -> Iterator[tuple[str, int | None, int | None, Sha256]]:
    """Yield (stored key, size, mtime_ns, content) of files taken through a plan to the end."""
    rows = connection.exec_driver_sql(
        "SELECT key, size, mtime_ns, sha256 FROM entries "
        "WHERE source = ? AND state = 'done' AND plan = ?",
        (source, plan),
    )
    for row in rows:
        yield row[0], row[1], row[2], row[3]


def unfinished_tops(connection: Connection, *, openers_alone: bool) -> set[Sha256]:
    """Return the contents of top-level files on which, or inside which, a check has failed.

    With ``openers_alone`` only those where something could not be opened.
    """
    only = "AND (examiner = 'open' OR examiner LIKE 'open:%')" if openers_alone else ""
    rows = connection.exec_driver_sql(
        f"""
WITH RECURSIVE up(sha) AS (
    SELECT DISTINCT item FROM ledger WHERE state = 'failed' {only}
    UNION SELECT container FROM occurrences WHERE kind = 'unreadable' AND container IS NOT NULL
    UNION SELECT o.container FROM occurrences o JOIN up ON o.sha256 = up.sha
    WHERE o.container IS NOT NULL
)
SELECT DISTINCT up.sha FROM up JOIN occurrences o ON o.sha256 = up.sha WHERE o.container IS NULL
"""  # noqa: S608 - a constant
    )
    return {Sha256(row[0]) for row in rows}


def unread(connection: Connection) -> list[str]:
    """Return the display paths of files and members that could not be read at all."""
    return [str(row[0]) for row in connection.execute(text(_UNREAD))]


def with_failures(connection: Connection) -> list[Sha256]:
    """Return the items on which a check once did not finish, in the order of work."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT f.item, p.lane, p.band, p.sort FROM failures f "
            "LEFT JOIN placements p ON p.item = f.item ORDER BY p.lane, p.band, p.sort, f.item"
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
            "SELECT DISTINCT json_extract(o.value, '$.flag') AS flag, o.item, "
            "p.lane, p.band, p.sort FROM observations o LEFT JOIN placements p ON p.item = o.item "
            "WHERE o.kind = 'finding' AND flag IN (SELECT value FROM json_each(:flags)) "
            "ORDER BY flag, p.lane, p.band, p.sort, o.item"
        ),
        {"flags": json.dumps(flags)},
    )
    for row in rows.all():
        yield str(row[0]), Sha256(row[1])

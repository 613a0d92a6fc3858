"""The coverage account: per source, everything found is examined, duplicate, set aside or named.

``found`` is counted from the entries of the walk, with the members that openers reported; the
classes are counted from occurrences, placements and the ledger. ``assay verify`` compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, text

CLASSES = ("examined", "duplicate", "inventory", "excluded", "failed")


@dataclass(frozen=True, slots=True)
class Tally:
    files: int = 0
    size: int = 0  # bytes

    def plus(self, files: int, size: int) -> Tally:
        return Tally(self.files + files, self.size + size)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One source's account. Links and special entries hold no content and are counted apart."""

    source: str
    found: Tally
    classes: dict[str, Tally] = field(default_factory=dict)
    links: int = 0

    @property
    def adds_up(self) -> bool:
        rows = self.classes.values()
        return self.found == Tally(sum(t.files for t in rows), sum(t.size for t in rows))


# What stands there now: a file that changed since, or was unreadable once, has older occurrences,
# which stay facts but belong to no current entry. Members count where their container does.
_CURRENT = """
WITH RECURSIVE now(id, source, chain, kind, sha256, size) AS (
    SELECT o.id, o.source, o.chain, o.kind, o.sha256, o.size
    -- the order is forced: one look into the key of entries for each place, never the reverse
    FROM occurrences o
    CROSS JOIN entries e ON e.source = o.source
        AND e.key = substr(o.chain, 2, length(o.chain) - 2)
        AND o.sha256 IS e.sha256
        AND (e.state = 'done' OR o.kind <> 'file')
    UNION
    SELECT o.id, o.source, o.chain, o.kind, o.sha256, o.size
    FROM now
    JOIN occurrences o ON (o.sha256 IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM occurrences r
            WHERE r.path = o.path AND r.source = o.source AND r.chain = o.chain
                AND r.sha256 IS NOT NULL
        )) AND o.container = now.sha256 AND o.source = now.source
        AND substr(o.chain, 1, length(now.chain))
            = substr(now.chain, 1, length(now.chain) - 1) || ','
)
"""

# The first occurrence of a content, over all sources, counts as examined; the others as duplicates.
_CLASSES = (
    _CURRENT  # noqa: S608 - constants only
    + """, firsts AS (
    SELECT sha256, min(source || ' ' || chain || ' ' || id) AS first
    FROM now WHERE kind = 'file' AND sha256 IS NOT NULL GROUP BY sha256
), troubled AS (
    SELECT DISTINCT item FROM ledger WHERE state = 'failed'
)
SELECT o.source,
       CASE
           WHEN o.kind = 'excluded' THEN 'excluded'
           WHEN o.kind = 'unreadable' OR o.sha256 IS NULL THEN 'failed'
           WHEN o.source || ' ' || o.chain || ' ' || o.id <> f.first THEN 'duplicate'
           WHEN t.item IS NOT NULL THEN 'failed'
           WHEN p.item IS NOT NULL AND p.lane IS NULL THEN 'inventory'
           ELSE 'examined'
       END AS class,
       json_array_length(o.chain) > 1 AS inside,
       count(*), coalesce(sum(o.size), 0)
FROM now o
LEFT JOIN firsts f ON f.sha256 = o.sha256
LEFT JOIN troubled t ON t.item = o.sha256
LEFT JOIN placements p ON p.item = o.sha256
WHERE o.kind IN ('file', 'excluded', 'unreadable')
GROUP BY o.source, class, inside
"""
)

_FOUND = """
SELECT source, count(*), coalesce(sum(size), 0) FROM entries
WHERE kind IN ('file', 'excluded', 'unreadable') GROUP BY source
"""

_LINKS = """
SELECT source, count(*) FROM occurrences
WHERE kind IN ('symlink', 'hardlink', 'special') GROUP BY source
"""


def coverage(connection: Connection) -> tuple[Coverage, ...]:
    """Return the account of every source, in the order of their ids."""
    found = {row[0]: Tally(row[1], row[2]) for row in connection.execute(text(_FOUND))}
    links = {row[0]: int(row[1]) for row in connection.execute(text(_LINKS))}
    classes: dict[str, dict[str, Tally]] = {}
    for source, name, inside, files, size in connection.execute(text(_CLASSES)):
        rows = classes.setdefault(source, {})
        rows[name] = rows.get(name, Tally()).plus(files, size)
        if inside:
            found[source] = found.get(source, Tally()).plus(files, size)
    names = sorted({*found, *classes, *links})
    return tuple(
        Coverage(
            source=name,
            found=found.get(name, Tally()),
            classes={c: classes.get(name, {}).get(c, Tally()) for c in CLASSES},
            links=links.get(name, 0),
        )
        for name in names
    )

"""Which items of a case the records of others speak of, and which of these came as news."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, text

from assay.core.facts import Item, Sha256
from assay.store.rows import item_from

_PAGE = 500  # rows
_STATED = """
SELECT sha256, md5, sha1, size, media_type, parent FROM items
WHERE md5 IN (SELECT value FROM json_each(:md5))
UNION SELECT sha256, md5, sha1, size, media_type, parent FROM items
WHERE sha1 IN (SELECT value FROM json_each(:sha1))
UNION SELECT sha256, md5, sha1, size, media_type, parent FROM items
WHERE sha256 IN (SELECT value FROM json_each(:sha256))
"""
_DECIDED_IN = "SELECT DISTINCT item FROM decisions WHERE scheme = :scheme ORDER BY item"
# A note decides nothing; an undo takes back what its actor decided before.
_STANDING = """
SELECT item, max(seq) FROM decisions d WHERE category IS NOT NULL AND NOT undone
    AND NOT EXISTS (
        SELECT 1 FROM decisions u
        WHERE u.item = d.item AND u.actor = d.actor AND u.undone AND u.id > d.id
    )
GROUP BY item, actor
"""
_MET = """
SELECT item, list, entry, min(seq) FROM matches
WHERE item IN (SELECT value FROM json_each(:shas))
    AND polarity = 'positive' AND value = '' AND differs = '[]' AND unread = ''
GROUP BY item, list, entry
"""


def items_with(
    connection: Connection,
    md5: Collection[str] = (),
    sha1: Collection[str] = (),
    sha256: Collection[str] = (),
) -> list[Item]:
    """Return the items that have any of these digests (lower-case hex), each once."""
    given = {"md5": md5, "sha1": sha1, "sha256": sha256}
    bound = {name: json.dumps(sorted(values)) for name, values in given.items()}
    return [item_from(row) for row in connection.execute(text(_STATED), bound)]


def decided_in(connection: Connection, scheme: str) -> Iterator[list[Sha256]]:
    """Yield, by pages, the items on which somebody decided in a category scheme."""
    rows = connection.execute(text(_DECIDED_IN), {"scheme": scheme})
    found = iter([Sha256(row[0]) for row in rows])
    while page := list(islice(found, _PAGE)):
        yield page


def unseen_hits(cases: Sequence[Connection]) -> set[tuple[object, ...]]:
    """Return (item, list, entry) of the exact positive hits that somebody decided without.

    That is a standing decision in a case that had not met this record before, whenever another of
    the cases met it.
    """
    made = [[(s, seq) for s, seq in c.execute(text(_STANDING))] for c in cases]
    shas = sorted({sha for rows in made for sha, _ in rows})
    unseen: set[tuple[object, ...]] = set()
    for at in range(0, len(shas), _PAGE):
        page = json.dumps(shas[at : at + _PAGE])
        found = [{tuple(r[:3]): r[3] for r in c.execute(text(_MET), {"shas": page})} for c in cases]
        by_item: dict[str, set[tuple[object, ...]]] = {}
        for hit in {hit for met in found for hit in met}:
            by_item.setdefault(str(hit[0]), set()).add(hit)
        for met, rows in zip(found, made, strict=True):
            for sha, seq in rows:
                unseen |= {h for h in by_item.get(sha, ()) if h not in met or met[h] > seq}
    return unseen

"""Which items of a case the records of others speak of, by the digests that they state."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
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

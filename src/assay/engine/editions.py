"""What a case pins of each known-hash list: the row in its settings, and the digest of that row.

A match counts while its list's row gives the edition that it was made under.
"""

from __future__ import annotations

from collections.abc import Mapping

from assay.core.jsonvalue import JsonObject, digest_of

SETTING = "lists"  # name -> row
BEHIND = "lists_behind"  # true: some items were not matched with the lists that are pinned
_TOLD = ("owner", "handling", "records")  # for people: these change no match and no meaning
_DIGITS = 32


def rows_of(settings: JsonObject) -> dict[str, JsonObject]:
    """Return what a case pins of each list, by name."""
    rows = settings.get(SETTING)
    if not isinstance(rows, Mapping):
        return {}
    return {name: row for name, row in rows.items() if isinstance(row, Mapping)}


def editions_of(settings: JsonObject) -> dict[str, str]:
    """Return the edition of each list of a case, by name."""
    return {name: edition(row) for name, row in rows_of(settings).items()}


def edition(row: JsonObject) -> str:
    """Return 32 hex digits over everything in a row that changes a match or its meaning."""
    return digest_of({key: value for key, value in row.items() if key not in _TOLD})[:_DIGITS]


def is_behind(settings: JsonObject) -> bool:
    """Tell whether items are there that were not matched with the lists that are pinned."""
    return settings.get(BEHIND) is True

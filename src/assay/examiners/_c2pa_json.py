"""Reading what a reader printed: a sender's JSON, in which nothing has to be what it should be."""

from __future__ import annotations

from assay.core.jsonvalue import Json, JsonObject

MAX_TEXT = 300  # characters of one string
MAX_ITEMS = 200  # actions, ingredients or manifests kept


def clip(text: str) -> str:
    """Return at most ``MAX_TEXT`` characters, in one line."""
    return " ".join(text[: 2 * MAX_TEXT].split())[:MAX_TEXT]


def text_of(value: Json) -> str:
    """Return a string, clipped; "" for anything else."""
    return clip(value) if isinstance(value, str) else ""


def object_of(value: Json) -> JsonObject:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def array_of(value: Json) -> list[Json]:
    """Return the first ``MAX_ITEMS`` of a list; an empty one for anything else."""
    return value[:MAX_ITEMS] if isinstance(value, list) else []

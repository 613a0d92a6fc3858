"""Bounded reading of hostile JSON and text: size, depth and number limits, printable strings.

Knows nothing of any generator.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from assay.core.jsonvalue import Json, JsonObject

MAX_JSON = 8 << 20  # characters; a graph with a picture in base64 still fits
MAX_DEPTH = 100  # levels of nesting; real graphs stay under 20
MAX_PROMPT = 8000  # characters kept of a prompt
MAX_NAME = 300  # characters kept of a model, file or tool name
MAX_ITEMS = 64  # names kept of a list
MAX_INT = 1 << 64  # seeds are 64-bit


def json_object(text: str) -> JsonObject | None:
    """Return the JSON object that ``text`` holds, or None where it is anything else.

    NaN and infinities become None; text beyond MAX_JSON or MAX_DEPTH is refused.
    """
    text = text.strip(" \t\r\n\0\ufeff")
    if len(text) > MAX_JSON or not text.startswith("{"):
        return None
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):  # the C scanner recurses far beyond MAX_DEPTH
        return None
    return value if isinstance(value, dict) and not _too_deep(value) else None


def _too_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Json] = []
        for item in level:
            children = item.values() if isinstance(item, dict) else item
            if isinstance(children, str | int | float) or children is None:
                continue
            below += [child for child in children if isinstance(child, dict | list)]
        if not below:
            return False
        level = below
    return True


def as_object(value: Json) -> JsonObject:
    """Return ``value`` if it is an object (or text that holds one), else an empty one."""
    if isinstance(value, str):
        return json_object(value) or {}
    return value if isinstance(value, Mapping) else {}


def as_list(value: Json) -> tuple[Json, ...]:
    """Return the items of a list, at most MAX_ITEMS of them; nothing for any other value."""
    return tuple(value[:MAX_ITEMS]) if isinstance(value, list | tuple) else ()


def clean(value: Json, limit: int = MAX_NAME) -> str:
    """Return a string value without NULs and lone surrogates, cut to ``limit``; else ''."""
    if not isinstance(value, str):
        return ""
    text = value[: limit + 1].replace("\0", "").strip()
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def number(value: Json) -> float | None:
    """Return a finite number given as such or as text; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def integer(value: Json) -> int | None:
    """Return a whole number from 0 to 2⁶⁴-1 given as such or as text; None otherwise.

    Negative values are placeholders ("random") in every dialect read here.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or not text.isdigit() or len(text) > 20:
            return None
        value = int(text)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < MAX_INT else None

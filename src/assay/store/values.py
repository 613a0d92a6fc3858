"""How single values are bound to SQLite and read back equal, whatever hostile bytes they hold.

Text that is not valid Unicode (an undecodable file name in a message) and integers beyond 64 bits
(an archive's mode field) cannot be bound as they are; they are kept as BLOBs.
"""

from __future__ import annotations

import json
from typing import cast

from assay.core.jsonvalue import Json, canonical

Bound = str | bytes | int | float | None  # what may be bound to a parameter


def text(value: str) -> str | bytes:
    """Return what is bound for a string: itself, or its bytes where it is no valid Unicode."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def string(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def number(value: int | None) -> int | bytes | None:
    if value is None or -(1 << 63) <= value < 1 << 63:
        return value
    return b"%d" % value


def integer(value: int | bytes | None) -> int | None:
    return int(value) if isinstance(value, bytes) else value


def real(value: float | None) -> float | bytes | None:
    """Return what is bound for a number whose JSON form counts: ``3`` is not ``3.0``."""
    if value is None or (isinstance(value, float) and str(value) != "-0.0"):
        return value
    return canonical(value)


def measured(value: float | bytes | None) -> float | None:
    return cast(float, json.loads(value)) if isinstance(value, bytes) else value


def dump(value: Json) -> str:
    """Return canonical JSON as the text that is stored."""
    return canonical(value).decode("ascii")

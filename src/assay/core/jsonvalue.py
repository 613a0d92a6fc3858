"""Typed JSON and its one canonical byte form, on which every id and hash chain rests.

Canonical: UTF-8 restricted to ASCII escapes, keys sorted, no spaces, no NaN. A 30-line script
outside Assay can rebuild it with ``json.dumps(x, sort_keys=True, separators=(",", ":"))``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
JsonObject = Mapping[str, Json]


# Kept, because json.dumps with options builds an encoder for every call.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
).encode


def canonical(value: Json) -> bytes:
    """Return the canonical bytes of a JSON value; raises ValueError for NaN and infinities."""
    return _encode(value).encode("ascii")


def digest_of(value: Json) -> str:
    """Return the SHA-256 (64 hex digits) of a value's canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()

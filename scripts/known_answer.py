"""What a known answer is, and values that many of them share; see make_known_answers.py."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.jsonvalue import Json

VECTORS = Path(__file__).resolve().parents[1] / "tests" / "data" / "pdq_vectors.json"

Fields = Mapping[str, Json]
UNKNOWN: Fields = {"origin": "unknown", "lane": 1, "band": "b", "claims": [], "failures": []}
TEXT: Fields = {"media_type": "text/plain", "origin": "unknown", "lane": 1, "band": "e"}
INVENTORY: Fields = {"origin": "unknown", "lane": None, "band": None, "failures": []}
CONTAINER: Fields = {**INVENTORY, "findings": []}  # read to its last member


@dataclass(frozen=True, slots=True)
class Known:
    name: str
    area: str
    file: str
    data: bytes
    basis: str
    own: Fields  # of the file itself
    inside: Mapping[str, Fields] = field(default_factory=dict)  # of everything inside it


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def vector(name: str, width: int, height: int, channels: int) -> Mapping[str, Json]:
    """Return the line of the reference implementation for a picture of tests.support.planes."""
    rows: list[Mapping[str, Json]] = json.loads(VECTORS.read_text())["vectors"]
    wanted = (name, width, height, channels)
    return next(
        row for row in rows if (row["name"], row["width"], row["height"], row["channels"]) == wanted
    )

"""One trust list as facts and as JSON: what Assay ships, what an update keeps, what you added.

A list has one tier, one role and one date; its anchors inherit them, so they are written once.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assay.core.jsonvalue import Json, JsonObject
from assay.trust.anchors import Anchor, AnchorTable, Role

OFFICIAL, INTERIM, OPERATOR = "official", "interim", "operator"
FORMAT = 2
_OLD_FORMAT = 1  # operator lists alone, until tiers were shipped; every row complete


@dataclass(frozen=True, slots=True)
class TrustList:
    """One list as it was given: what a case pins and a report shows."""

    name: str
    tier: str  # "official", "interim", "operator": what its anchors make of a credential
    role: Role
    date: str  # ISO date of the list; of an operator's, the day it was added; may be empty
    source_sha256: str  # of the file it was read from
    count: int  # certificates
    source: str = ""  # where that file came from, for people
    forced: bool = False  # kept although it is older than what Assay ships


def to_json(entry: TrustList, anchors: Iterable[Anchor]) -> JsonObject:
    """Return a list with its anchors as typed JSON."""
    return {
        "format": FORMAT,
        "name": entry.name,
        "tier": entry.tier,
        "role": entry.role.value,
        "date": entry.date,
        "source": entry.source,
        "source_sha256": entry.source_sha256,
        "count": entry.count,
        "forced": entry.forced,
        "anchors": [_row(anchor) for anchor in AnchorTable.of(anchors).anchors],
    }


def from_json(value: Json) -> tuple[TrustList, tuple[Anchor, ...]]:
    """Read what ``to_json`` wrote; raises ValueError, KeyError, TypeError or PolicyError."""
    if not isinstance(value, dict):
        raise TypeError("not an object")
    if value["format"] == _OLD_FORMAT:
        value = {**value, "tier": OPERATOR, "date": value["added"]}
    elif value["format"] != FORMAT:
        raise ValueError(f"format {value['format']} is not known to this version")
    entry = TrustList(
        name=str(value["name"]),
        tier=str(value["tier"]),
        role=Role(str(value["role"])),
        date=str(value["date"]),
        source_sha256=str(value["source_sha256"]),
        count=int(str(value["count"])),
        source=str(value.get("source", "")),
        forced=value.get("forced") is True,
    )
    rows = value["anchors"]
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise TypeError("its anchors are no list")
    inherited = {"role": entry.role.value, "list": entry.tier, "list_date": entry.date}
    complete: list[Json] = [{**row, **inherited} for row in rows if isinstance(row, dict)]
    if len(complete) != len(rows) or len(rows) != entry.count:
        raise ValueError(f"{entry.count} certificates announced, {len(complete)} readable")
    return entry, AnchorTable.from_json(complete).anchors


def named(
    anchors: Sequence[Anchor],
    name: str,
    tier: str,
    role: Role,
    date: str,
    data: bytes,
    source: str = "",
) -> tuple[TrustList, tuple[Anchor, ...]]:
    """Return anchors as one list; ``data`` is the file that they were read from."""
    own = {a.sha256: replace(a, list=tier, role=role, list_date=date) for a in anchors}
    digest = hashlib.sha256(data).hexdigest()
    return TrustList(name, tier, role, date, digest, len(own), source), tuple(own.values())


def key_digest(anchor: Anchor) -> str:
    """Return the SHA-256 of an anchor's public key, "" for a leaf that is known by hash alone."""
    return hashlib.sha256(base64.b64decode(anchor.spki)).hexdigest() if anchor.spki else ""


def _row(anchor: Anchor) -> JsonObject:
    row = dict(anchor.to_json())
    for inherited in ("role", "list", "list_date"):
        del row[inherited]
    return row

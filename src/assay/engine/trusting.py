"""Which trust lists a case pins: those installed, those named for it, and what an upgrade keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.core.jsonvalue import Json, JsonObject
from assay.store.pins import TrustPin
from assay.trust.anchors import AnchorTable
from assay.trust.listfile import OPERATOR, TrustList
from assay.trust.lists import given_lists, lists_in_use, table

EXAMINER, ANCHORS = "c2pa", "anchors"  # where the pinned table lies in the settings' options


@dataclass(frozen=True, slots=True)
class Named:
    """PEM files that were named for one case."""

    signers: Sequence[Path] = ()
    timestamps: Sequence[Path] = ()

    def pairs(self) -> list[tuple[Path, str]]:
        """Return each file with the role that it was named for."""
        signers = [(path, "signer") for path in self.signers]
        return signers + [(path, "timestamp") for path in self.timestamps]


def trust_with(named: Named) -> tuple[dict[str, JsonObject], tuple[TrustPin, ...]]:
    """Return the examiner options and pins of the installed lists and those named.

    Installed are those that come with Assay or an update of them, and the operator's own.
    """
    extra = named.pairs()
    return _options(table(extra)), tuple(map(_pin, lists_in_use(extra)))


def upgraded(
    options: JsonObject, pins: Sequence[TrustPin], named: Named
) -> tuple[dict[str, JsonObject], tuple[TrustPin, ...]]:
    """Return what a case that has ``options`` and ``pins`` would trust with today's lists.

    Lists of the operator that the case has stay in it, whether they are installed here or not;
    those that come with Assay are replaced by today's.
    """
    now, today = trust_with(named)
    kept = [anchor for anchor in _table_of(options).anchors if anchor.list == OPERATOR]
    known = {(pin.role, pin.digest) for pin in today}
    own = [pin for pin in pins if pin.tier in ("", OPERATOR)]
    stay = tuple(pin for pin in own if (pin.role, pin.digest) not in known)
    merged = AnchorTable.of([*kept, *_table_of(now).anchors])
    return _options(merged), (*today, *stay)


def unknown_to(pins: Sequence[TrustPin], named: Named) -> tuple[TrustList, ...]:
    """Return the lists named that a case does not have. A list counts by its content."""
    pinned = {(pin.role, pin.digest) for pin in pins}
    given = given_lists(named.pairs())
    return tuple(row for row in given if (row.role.value, row.source_sha256) not in pinned)


def _options(anchors: AnchorTable) -> dict[str, JsonObject]:
    return {EXAMINER: {ANCHORS: anchors.to_json()}}


def _table_of(options: JsonObject) -> AnchorTable:
    own: Json = options.get(EXAMINER)
    rows = own.get(ANCHORS, []) if isinstance(own, Mapping) else []
    return AnchorTable.from_json(rows)


def _pin(row: TrustList) -> TrustPin:
    return TrustPin(
        name=row.name,
        role=row.role.value,
        digest=row.source_sha256,
        count=row.count,
        tier=row.tier,
        date=row.date,
    )

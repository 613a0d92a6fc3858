"""The known-hash lists that a case was matched with: versions, owners, handling, items met."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.names import display
from assay.engine import editions
from assay.engine.session import Session
from assay.store import queries


@dataclass(frozen=True, slots=True)
class Used:
    """One list as the case pins it."""

    name: str
    version: str  # 64 hex digits
    owner: str
    handling: str
    records: int
    distance: int  # bits: how near a PDQ hash must lie
    in_force: bool  # on the case's day of evaluation; else it places nothing
    met: int  # items


def lists_used(session: Session) -> list[Used]:
    """Return the lists of a case by name."""
    rows = editions.rows_of(session.settings)
    met = queries.met_lists(session.case.connection) if rows else {}
    return [
        Used(
            name=name,
            version=str(row.get("version", "")),
            owner=display(str(row.get("owner", ""))),
            handling=display(str(row.get("handling", ""))),
            records=int(str(row.get("records", 0))),
            distance=int(str(row.get("distance", 0))),
            in_force=row.get("in_force") is True,
            met=met.get((name, editions.edition(row)), 0),
        )
        for name, row in sorted(rows.items())
    ]

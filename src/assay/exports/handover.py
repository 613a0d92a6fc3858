"""What all that leaves a case has in common: where it may go, and its custody event."""

from __future__ import annotations

import hashlib
from pathlib import Path

from assay.core.errors import UsageError
from assay.core.names import display
from assay.engine.session import Session


def require_new(session: Session, out: Path) -> None:
    """Raise UsageError where a file is there already, or would lie inside the evidence."""
    if out.exists() or out.is_symlink():
        raise UsageError(
            f"{display(str(out))} is there already: nothing is ever written over",
            hint="choose another place with -o",
        )
    require_outside(session, out)


def require_outside(session: Session, out: Path) -> None:
    """Raise UsageError where a place lies inside a source, which is only read."""
    place = out.resolve()
    for path in session.case.reader.places_of_sources().values():
        root = Path(path).resolve()
        if place == root or root in place.parents:
            raise UsageError(
                f"{display(str(out))} lies inside the source {display(path)}, which is only read",
                hint="choose a place outside every source",
            )


def record_export(session: Session, action: str, path: Path, operator: str, **detail: int) -> str:
    """Record a written file in the custody log; returns its SHA-256."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with session.case.transaction(operator, action, str(path)) as tx:
        tx.detail(sha256=digest, size=path.stat().st_size, **detail)
        if session.priors:
            tx.detail(prior=session.priors.to_json())
    return digest

"""The custody event of everything that leaves a case: what, where to, and its SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

from assay.engine.session import Session


def record_export(session: Session, action: str, path: Path, operator: str, **detail: int) -> str:
    """Record a written file in the custody log; returns its SHA-256."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with session.case.transaction(operator, action, str(path)) as tx:
        tx.detail(sha256=digest, size=path.stat().st_size, **detail)
        if session.priors:
            tx.detail(prior=session.priors.to_json())
    return digest

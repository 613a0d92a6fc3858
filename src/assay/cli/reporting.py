"""Making the report file, with thumbnails where they were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.core.errors import UsageError

if TYPE_CHECKING:
    from assay.engine.session import Session
    from assay.exports.selection import Selection

THUMBNAILS = ("none", "blurred")


def make_report(
    session: Session,
    out: Path | None,
    *,
    top: int | None,
    thumbnails: str = "none",
    selection: Selection | None = None,
    workers: int = 0,
) -> Path:
    """Write the report of a case; returns its path. Raises UsageError, CaseError."""
    from dataclasses import replace

    from assay.engine.thumbnails import blurred
    from assay.exports.items import records
    from assay.exports.report import ReportOptions, write_report
    from assay.exports.selection import Selection as Chosen

    if thumbnails not in THUMBNAILS:
        raise UsageError(f"--thumbnails {thumbnails!r} is not known", hint="none or blurred")
    target = out or session.case.exports / "report.html"
    chosen = replace(selection or Chosen(), top=top)
    pictures = None
    if thumbnails == "blurred":
        shown = [str(row["sha256"]) for row in records(session, chosen)]
        pictures = blurred(session, shown, workers=workers)
    command = f"assay report --case {session.case.folder.name}"
    write_report(session, target, ReportOptions(chosen, pictures, command))
    return target

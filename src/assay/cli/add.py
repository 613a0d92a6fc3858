"""``assay add``: name the sources of a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def add(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    case: opt.CaseOption,
    *,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Add sources to a case without examining them yet."""
    from assay.cli.output import emit, plain
    from assay.engine import triage as engine
    from assay.engine.session import default_operator, open_session

    with open_session(case, write=True) as session:
        sources = engine.open_sources(session, paths)
        new = engine.add_sources(session, sources, operator or default_operator())
        total = len(session.case.reader.sources())
        if json:
            emit({"added": new, "sources": total})
        else:
            plain(f"{new} added, {total} in the case; next: assay run --case {case}")

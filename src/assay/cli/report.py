"""``assay report``: write the HTML report of a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def report(
    case: opt.CaseOption,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="The file to write.", show_default="CASE/exports/report.html"
        ),
    ] = None,
    top: Annotated[
        int, typer.Option("--top", min=1, help="Items shown; the rest is counted.")
    ] = 50,
    lane: opt.LaneOption = None,
    origin: opt.OriginOption = None,
    where: opt.WhereOption = None,
    thumbnails: Annotated[
        str, typer.Option("--thumbnails", help="Pictures in the report: none, or blurred.")
    ] = "none",
    prior: opt.PriorOption = [],  # noqa: B006 - Typer copies it
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Write one self-contained HTML file to hand over: facts, lanes, account, evidence, custody."""
    from assay.cli import casework
    from assay.cli.output import emit, plain
    from assay.cli.reporting import make_report
    from assay.engine.session import default_operator, open_session
    from assay.exports.handover import record_export
    from assay.exports.selection import parse_selection

    chosen = parse_selection(lane=lane, origin=origin, where=where)
    with open_session(case, write=True) as session:
        casework.show_priors(session, prior)
        path = make_report(session, out, top=top, thumbnails=thumbnails, selection=chosen)
        record_export(session, "report.written", path, operator or default_operator())
    if json:
        emit({"report": str(path)})
    else:
        plain(str(path))

"""``assay merge``: join cases of several devices or people into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def merge(
    cases: Annotated[list[Path], typer.Argument(help="The case folders; they are only read.")],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="NEWCASE", help="The new case.", show_default=False),
    ],
    *,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Join cases into a new one that holds every fact and decision of each.

    Needs the same checks, policy and settings in all of them; refuses, and leaves nothing, where
    they differ. The custody logs of the cases are kept in NEWCASE/exports/merged.
    """
    from assay.cli.output import emit, plain
    from assay.engine.merging import merge_cases
    from assay.engine.session import default_operator

    merged = merge_cases(cases, out, operator or default_operator())
    tables = {
        name: {"read": t.read, "added": t.added, "same": t.same, "apart": t.apart}
        for name, t in merged.tables.items()
    }
    if json:
        emit(
            {
                "case": str(out),
                "id": merged.case_id,
                "items": merged.items,
                "inputs": merged.inputs,
                "tables": tables,
                "renamed_sources": merged.renamed,
                "filters_differ": merged.filters_differ,
            }
        )
        raise typer.Exit(0)
    plain(f"case {merged.case_id} made in {out} from {len(merged.inputs)} cases")
    for name, t in merged.tables.items():
        more = f", {t.same} in several of them" if t.same else ""
        more += f", {t.apart} that differ (in the custody log)" if t.apart else ""
        plain(f"  {name:<13} {t.added:>9}{more}")
    for case_id, renamed in merged.renamed.items():
        plain(f"  {len(renamed)} sources of case {case_id} have new ids: another machine's path")
    if merged.filters_differ:
        plain("  the cases left out different files: the new one leaves out nothing")
    plain(f"{merged.items} items placed; next: assay verify --case {out}")
    raise typer.Exit(0)

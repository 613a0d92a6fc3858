"""``assay decide``: record what a person decided."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def decide(
    items: Annotated[
        list[str], typer.Argument(help="SHA-256 (or its beginning), MD5, SHA-1 or path.")
    ] = [],  # noqa: B006 - Typer copies it
    *,
    case: opt.CaseOption,
    category: Annotated[
        str | None,
        typer.Option("--category", help="A category of the case's scheme, for example 1."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="A note, with or without a category.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take back your standing decision.")] = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="A CSV with columns item, category and, if wanted, note."),
    ] = None,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Record a category, a note or an undo for items; actor and time go to the custody log.

    The lane of a category comes from the scheme (shipped: "neutral", categories 1 to 5). Where
    two people disagree, the lower lane number counts. A decision stands until its actor undoes it.
    """
    from assay.cli.output import emit, plain
    from assay.engine.deciding import Wish, record_decisions, wishes_from_csv
    from assay.engine.session import default_operator, open_session

    wishes = [Wish(item, category, note, undo=undo) for item in items]
    if csv is not None:
        wishes += wishes_from_csv(csv)
    with open_session(case, write=True) as session:
        changes = record_decisions(session, wishes, operator or default_operator())
        if json:
            emit(
                {
                    "decided": len(wishes),
                    "moved": [
                        {"item": c.item, "path": c.path, "lane": c.new.lane}
                        for c in changes
                        if c.moves
                    ],
                }
            )
        else:
            plain(f"{len(wishes)} recorded, {sum(c.moves for c in changes)} moved")
            for change in changes:
                if change.moves:
                    lane = f"lane {int(change.new.lane)}" if change.new.lane else "inventory"
                    plain(f"  {lane}  {change.path}")

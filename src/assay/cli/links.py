"""``assay links``: what has the same tooling or the same camera behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt

if TYPE_CHECKING:
    from assay.engine.links import Group, Share


def links(
    case: opt.CaseOption,
    *,
    with_: Annotated[
        list[Path],
        typer.Option(
            "--with",
            metavar="CASE",
            help="Another case to search with it; it is only read (repeatable).",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - Typer copies it
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Only this kind: generator, camera_serial, camera."),
    ] = None,
    least: Annotated[
        int, typer.Option("--min", min=1, metavar="N", help="Only threads of at least N items.")
    ] = 2,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="At most this many threads.")
    ] = None,
    json: opt.JsonOption = False,
) -> None:
    """List what items have in common: the same generator setup, or the same camera.

    Threads over several cases come first, then the largest. They are leads: no item moves.
    """
    from assay.cli.casework import warn
    from assay.cli.output import emit_lines, plain, stderr
    from assay.engine.links import described, looked, ranked
    from assay.engine.prior import open_priors
    from assay.engine.session import open_session

    with open_session(case) as session:
        others = open_priors(with_, own=case)
        try:
            cases, without = looked(session, others)
            warn(without)
            rows = ranked(cases, kind=kind, least=least)
            groups = described(cases, rows[:top])
            if json:
                emit_lines(group.to_json() for group in groups)
            else:
                for group in groups:
                    plain(lines(group))
                left = f", {len(rows) - top} not shown" if top and len(rows) > top else ""
                stderr.print(f"{len(rows)} threads{left}", markup=False)
        finally:
            others.close()
    raise typer.Exit(0)


def lines(group: Group) -> str:
    """Return a thread in a few lines: size, what it is, its key, then a line for each case."""
    from assay.core.names import display

    head = f"{group.items:>6}  {group.kind}: {display(group.text)}"
    return "\n".join([head, f"{'':>6}  key {group.key}", *map(_case, group.shares)])


def _case(share: Share) -> str:
    from assay.core.names import display

    lanes = ", ".join(
        f"{'lane ' if lane.isdigit() else ''}{lane}: {number}"
        for lane, number in share.lanes.items()
    )
    paths = [display(path) for _, path in share.first]
    more = f" and {share.items - len(paths)} more" if share.items > len(paths) else ""
    return f"{'':>6}  {share.name}: {share.items} ({lanes})  {', '.join(paths)}{more}"

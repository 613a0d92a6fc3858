"""``assay queue``: the order of work."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Annotated

import typer

from assay.cli import options as opt
from assay.core.jsonvalue import Json


def queue(
    case: opt.CaseOption,
    *,
    lane: opt.LaneOption = None,
    top: opt.TopOption = None,
    origin: opt.OriginOption = None,
    where: opt.WhereOption = None,
    prior: opt.PriorOption = [],  # noqa: B006 - Typer copies it
    members: Annotated[
        bool, typer.Option("--members", help="List the near-duplicates of each stack, too.")
    ] = False,
    json: opt.JsonOption = False,
) -> None:
    """List items in the order of work, lane 1 first. All of them, unless --top says how many.

    Near-duplicates stand in one stack, by the one of them that comes first.
    """
    from assay.cli import casework
    from assay.cli.output import emit_lines, plain
    from assay.engine.session import open_session
    from assay.exports.items import records
    from assay.exports.selection import parse_selection, stands_alone

    chosen = parse_selection(lane=lane, origin=origin, where=where)
    with open_session(case) as session:
        casework.show_priors(session, prior)
        found = (row for row in records(session, chosen) if lane is None or row["lane"] == lane)
        alone = (
            row for row in found if (members and row["shown_with"] is None) or stands_alone(row)
        )
        rows = islice(alone, top)
        if json:
            emit_lines(rows)
            raise typer.Exit(0)
        for row in rows:
            if row["lane"] is None:
                continue
            plain(line(row))


def line(row: Mapping[str, Json]) -> str:
    """Return two lines: place, origin, digest and path; then the strongest evidence.

    Another one where a list knows it, and where prior cases hold the same content.
    """
    from assay.exports.record import first_path, in_stack, met_before, on_lists, strongest

    said = (in_stack(row), on_lists(row), met_before(row))
    below = "".join(f"\n{'':>14}  {text}" for text in said if text)
    place = f"lane {row['lane']}{row['band'] or ' '}" if row["lane"] else "inventory"
    rank = f"{row['rank']:>5}" if row["rank"] else "    -"
    pair = row["pair"]
    other = pair["with"] if isinstance(pair, Mapping) else []
    together = (
        f"\n{'':>14}  Live Photo with {str(other[0])[:12]}"
        if isinstance(other, list) and other
        else ""
    )
    return (
        f"{place} {rank}  {row['origin']!s:<9} {str(row['sha256'])[:12]}  {first_path(row)}"
        f"\n{'':>14}  {strongest(row)}{together}{below}"
    )

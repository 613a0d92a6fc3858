"""``assay trust``: the certificate lists that you decided to trust."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt

app = typer.Typer(no_args_is_help=True, help="List and add certificate lists that new cases trust.")


@app.command("ls")
def ls(*, json: opt.JsonOption = False) -> None:
    """List the installed trust lists: name, role, date, number of certificates, digest."""
    from assay.cli.output import emit_lines, plain
    from assay.trust.lists import installed

    rows = installed()
    if json:
        emit_lines(
            {
                "name": row.name,
                "role": row.role.value,
                "added": row.added,
                "count": row.count,
                "sha256": row.source_sha256,
            }
            for row in rows
        )
        return
    if not rows:
        plain("no list is installed: signatures are trusted only with --trust FILE")
    for row in rows:
        name, role = f"{row.name:<30}", f"{row.role.value:<9}"
        plain(f"{name} {role} {row.added}  {row.count:>4}  {row.source_sha256[:16]}")


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="A PEM file with one or more certificates.")],
    *,
    role: Annotated[
        str, typer.Option("--role", help="What they vouch for: signer or timestamp.")
    ] = "signer",
    json: opt.JsonOption = False,
) -> None:
    """Install a list for new cases. Cases that exist keep theirs (see assay run --upgrade)."""
    from assay.cli.output import emit, plain
    from assay.trust.lists import add_list

    row = add_list(file, role)
    if json:
        emit({"name": row.name, "role": row.role.value, "count": row.count})
    else:
        plain(f"{row.name}: {row.count} certificates added as {row.role.value}")

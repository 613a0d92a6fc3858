"""``assay trust``: the certificate lists that new cases trust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt
from assay.cli.learn_camera import learn_camera
from assay.core.errors import PolicyError, UsageError

if TYPE_CHECKING:
    from assay.core.jsonvalue import JsonObject
    from assay.trust.anchors import Role
    from assay.trust.listfile import TrustList
    from assay.trust.update import Update

app = typer.Typer(
    no_args_is_help=True, help="List, add and update the certificate lists that new cases trust."
)


@app.command("ls")
def ls(*, json: opt.JsonOption = False) -> None:
    """List what new cases trust: list, tier, role, date, number of certificates, digest."""
    from assay.cli.output import emit_lines, plain
    from assay.trust.lists import installed, is_shipped

    rows = installed()
    if json:
        emit_lines({**_row(row), "shipped": is_shipped(row)} for row in rows)
        return
    for row in rows:
        words = f"{row.name:<24} {row.tier:<8} {row.role.value:<9} {row.date:<10}"
        plain(f"{words}  {row.count:>4}  {row.source_sha256[:16]}")


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="A PEM file with one or more certificates.")],
    *,
    role: Annotated[
        str, typer.Option("--role", help="What they vouch for: signer or timestamp.")
    ] = "signer",
    json: opt.JsonOption = False,
) -> None:
    """Install a list of your own for new cases, as tier operator.

    Cases that exist keep theirs (see assay run --upgrade).
    """
    from assay.cli.output import emit, plain
    from assay.trust.lists import add_list

    row = add_list(file, role)
    if json:
        emit({"name": row.name, "role": row.role.value, "count": row.count})
    else:
        plain(f"{row.name}: {row.count} certificates added as {row.role.value}")


@app.command("update")
def update(
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="FILE|URL",
            help="Read one official list from here: the published JSON, or PEM.",
            show_default=False,
        ),
    ] = "",
    download: Annotated[
        bool, typer.Option("--download", help="Fetch both official lists where the C2PA puts them.")
    ] = False,
    role: Annotated[
        str | None,
        typer.Option("--role", help="With PEM: signer or timestamp.", show_default="signer"),
    ] = None,
    date: Annotated[
        str, typer.Option("--date", metavar="YYYY-MM-DD", help="With PEM: the day of the list.")
    ] = "",
    sha256: Annotated[
        str, typer.Option("--sha256", metavar="HEX", help="Refuse any other file.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Also take an older list, or one that lost much.")
    ] = False,
    json: opt.JsonOption = False,
) -> None:
    """Replace the official lists for new cases. Fetches nothing unless an option says so.

    Shows what comes and goes. Cases that exist keep their lists (see assay run --upgrade).
    """
    from assay.cli.output import emit_lines, plain
    from assay.trust.lists import role_of
    from assay.trust.update import PUBLISHED, apply, compare, read_list, require_digest

    if bool(source) == download:
        raise UsageError(
            "name one source", hint="give --from FILE, --from URL or, to go online, --download"
        )
    if download and (role or date or sha256):
        raise UsageError(
            "--role, --date and --sha256 are for one list", hint="leave them out, or give --from"
        )
    wanted: Role | None = role_of(role) if role is not None else None
    found = []
    for origin in PUBLISHED if download else (source,):
        data = _bytes_of(origin)
        require_digest(data, origin, sha256)
        found.append(compare(read_list(data, origin, role=wanted, day=date), force=force))
    for one in found:  # only when every one of them could be read
        if one.changes or one.new.date > one.old.date:
            apply(one)
    if json:
        emit_lines(_change(one) for one in found)
        return
    for one in found:
        for line in _words(one):
            plain(line)


app.command("learn-camera")(learn_camera)


def _bytes_of(origin: str) -> bytes:
    if "://" in origin:
        from assay.trust.fetch import download

        return download(origin)
    from assay.trust.anchors import MAX_FILE

    try:
        with Path(origin).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise PolicyError(
            f"{origin}: cannot be read: {error.strerror}", hint="give the path of a list"
        ) from error
    if len(data) > MAX_FILE:
        raise PolicyError(f"{origin}: larger than {MAX_FILE >> 20} MiB", hint="give a list alone")
    return data


def _row(row: TrustList) -> JsonObject:
    return {
        "name": row.name,
        "tier": row.tier,
        "role": row.role.value,
        "date": row.date,
        "count": row.count,
        "sha256": row.source_sha256,
        "source": row.source,
    }


def _change(one: Update) -> JsonObject:
    return {
        "old": _row(one.old),
        "new": _row(one.new),
        "added": list(one.added),
        "removed": list(one.removed),
    }


def _words(one: Update) -> list[str]:
    from assay.core.names import display

    old, new = one.old, one.new
    if not one.changes:
        return [f"{new.name}: the same {old.count} certificates ({old.date}, now {new.date})"]
    return [
        f"{new.name}: {old.date} {old.source_sha256[:16]} -> {new.date} {new.source_sha256[:16]}",
        *(f"  + {display(name)}" for name in one.added),
        *(f"  - {display(name)}" for name in one.removed),
    ]

"""``assay export``: hand over items and the custody log as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt

app = typer.Typer(
    no_args_is_help=True, help="Hand over items, a VICS case, a table, the custody log or media."
)

OutOption = Annotated[Path, typer.Option("-o", "--out", help="The file to write.")]


@app.command("items")
def items(
    case: opt.CaseOption,
    out: OutOption,
    *,
    lane: opt.LaneOption = None,
    top: opt.TopOption = None,
    origin: opt.OriginOption = None,
    where: opt.WhereOption = None,
    prior: opt.PriorOption = [],  # noqa: B006 - Typer copies it
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Write one JSON object per item, in the order of work (docs/reference/items.md)."""
    from assay.cli import casework
    from assay.cli.output import emit, plain
    from assay.engine.session import default_operator, open_session
    from assay.exports.handover import record_export
    from assay.exports.items import write_items
    from assay.exports.selection import parse_selection

    chosen = parse_selection(lane=lane, top=top, origin=origin, where=where)
    casework.check_writable(out)
    with open_session(case, write=True) as session:
        casework.show_priors(session, prior)
        count = write_items(session, chosen, out)
        digest = record_export(
            session, "items.exported", out, operator or default_operator(), items=count
        )
    if json:
        emit({"items": count, "path": str(out), "sha256": digest})
    else:
        plain(f"{count} items written to {out} (SHA-256 {digest})")


@app.command("vics")
def vics(
    case: opt.CaseOption,
    out: OutOption,
    *,
    lane: opt.LaneOption = None,
    top: opt.TopOption = None,
    origin: opt.OriginOption = None,
    where: opt.WhereOption = None,
    context: Annotated[
        str,
        typer.Option("--context", help="Whose categories: US, UK, Default or CUSTOM."),
    ] = "Default",
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Write a VICS 2.0 case for a review tool; its categories come back with decide --from vics.

    A category is a person's decision in the scheme of the context (vics:US, …), else what an exact
    record of a list in it says, marked as precategorised. Assay gives none itself: what it found
    stands in MediaMetadata, Tags and Comments.
    """
    from assay.cli import casework
    from assay.cli.output import emit, plain
    from assay.engine.session import default_operator, open_session
    from assay.exports.handover import record_export
    from assay.exports.selection import parse_selection
    from assay.exports.vics import write_case

    chosen = parse_selection(lane=lane, top=top, origin=origin, where=where)
    casework.check_writable(out)
    with open_session(case, write=True) as session:
        told = write_case(session, chosen, out, context, operator)
        digest = record_export(
            session,
            "vics.exported",
            out,
            operator or default_operator(),
            items=told.items,
            decided=told.decided,
            precategorized=told.listed,
        )
    casework.warn(
        [
            f"{out} holds {count} records of the list {name} ({told.handling[name]})"
            for name, count in told.lists.items()
        ]
    )
    if json:
        emit(
            {
                "items": told.items,
                "decided": told.decided,
                "precategorized": told.listed,
                "contradicted": told.contradicted,
                "elsewhere": dict(told.elsewhere),
                "lists": dict(told.lists),
                "path": str(out),
                "sha256": digest,
            }
        )
        return
    plain(f"{told.items} items written to {out} (SHA-256 {digest})")
    plain(
        f"  {told.decided} with a person's category of vics:{context}, {told.listed} with a list's"
    )
    if told.contradicted:
        plain(f"  {told.contradicted} without one: people, or lists, contradict each other")
    for scheme, count in sorted(told.elsewhere.items()):
        plain(
            f"  {count} decided in {scheme}, not written as a category: "
            f"--context {scheme.removeprefix('vics:')} writes those"
        )


@app.command("csv")
def table(
    case: opt.CaseOption,
    out: OutOption,
    *,
    lane: opt.LaneOption = None,
    top: opt.TopOption = None,
    origin: opt.OriginOption = None,
    where: opt.WhereOption = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin with a byte order mark, for spreadsheets.")
    ] = False,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Write a table with one row per item, in the order of work.

    A cell that a spreadsheet would compute (it begins with = + - @, a tab or a line end) gets an
    apostrophe before it.
    """
    from assay.cli import casework
    from assay.cli.output import emit, plain
    from assay.engine.session import default_operator, open_session
    from assay.exports.csv_ import write_table
    from assay.exports.handover import record_export
    from assay.exports.selection import parse_selection

    chosen = parse_selection(lane=lane, top=top, origin=origin, where=where)
    casework.check_writable(out)
    with open_session(case, write=True) as session:
        count = write_table(session, chosen, out, bom=bom)
        digest = record_export(
            session, "csv.exported", out, operator or default_operator(), items=count
        )
    if json:
        emit({"items": count, "path": str(out), "sha256": digest})
    else:
        plain(f"{count} items written to {out} (SHA-256 {digest})")


@app.command("custody")
def custody(
    case: opt.CaseOption,
    *,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The file.", show_default="CASE/exports/custody.jsonl"),
    ] = None,
    json: opt.JsonOption = False,
) -> None:
    """Write the hash-chained custody log as JSON Lines."""
    from assay.cli import casework
    from assay.cli.output import emit, plain
    from assay.engine.session import open_session
    from assay.store.custody import export_jsonl

    with open_session(case) as session:
        path = out or session.case.exports / "custody.jsonl"
        casework.check_writable(path)
        head = export_jsonl(session.case.reader.events(), path)
    digest = head.hash if head is not None else ""
    if json:
        emit({"path": str(path), "head": digest, "events": head.seq if head else 0})
    else:
        plain(f"{path}: {head.seq if head else 0} events, head {digest}")


@app.command("media")
def media(
    case: opt.CaseOption,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="A new or empty folder.")],
    *,
    lane: opt.LaneOption = None,
    top: opt.TopOption = None,
    origin: opt.OriginOption = None,
    where: opt.WhereOption = None,
    passwords: opt.PasswordsOption = None,
    workers: opt.WorkersOption = 0,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Copy ORIGINAL files of a selection, with digests that sha256sum -c checks and a manifest.

    Exit 3 where something selected could not be copied; it is named here and in manifest.jsonl.
    """
    from assay.cli import casework
    from assay.cli.output import emit, plain
    from assay.core.errors import ExitCode
    from assay.engine.session import default_operator, open_session, passwords_from
    from assay.exports.media import export_media
    from assay.exports.selection import parse_selection

    chosen = parse_selection(lane=lane, top=top, origin=origin, where=where)
    secrets = passwords_from(passwords)
    casework.warn([f"{out} will hold original material: keep it as the evidence itself."])
    with open_session(case, write=True) as session:
        handed = export_media(
            session,
            chosen,
            out,
            operator or default_operator(),
            passwords=secrets,
            workers=workers,
        )
    if json:
        emit(
            {
                "files": handed.files,
                "bytes": handed.size,
                "missing": handed.missing,
                "missing_named": [{"path": path, "why": why} for path, why in handed.named],
                "path": str(out),
                "sha256": handed.digest,
            }
        )
    else:
        plain(f"{handed.files} files, {handed.size} bytes, copied to {out} and proved by SHA-256")
        plain(f"SHA256SUMS: {handed.digest}")
        for path, why in handed.named[:20]:
            plain(f"  not copied: {path}: {why}")
        if handed.missing > len(handed.named[:20]):
            plain(f"  and {handed.missing - 20} more not copied: see manifest.jsonl")
    raise typer.Exit(int(ExitCode.PARTIAL if handed.missing else ExitCode.DONE))

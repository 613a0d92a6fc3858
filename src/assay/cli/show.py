"""``assay show``: one item of a case with all its evidence."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli import options as opt


def show(
    items: Annotated[list[str], typer.Argument(help="SHA-256 (or its beginning), MD5, or path.")],
    case: opt.CaseOption,
    *,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Show prompt texts of generation records.")
    ] = False,
    prior: opt.PriorOption = [],  # noqa: B006 - Typer copies it
    json: opt.JsonOption = False,
) -> None:
    """Show everything that is known about items: verdict, reasons, evidence, places."""
    from assay.cli import casework
    from assay.cli.evidence import show_record
    from assay.cli.output import emit_lines
    from assay.core.errors import UsageError
    from assay.core.facts import Sha256
    from assay.engine.session import open_session
    from assay.exports.items import records_of
    from assay.exports.provenance import quiet_texts

    with open_session(case) as session:
        casework.show_priors(session, prior)
        for text in items:
            shas = session.case.reader.resolve(text)
            if not shas:
                raise UsageError(
                    f"no item matches {text!r}", hint="give a SHA-256, its beginning, or a path"
                )
            rows = list(records_of(session, list(shas)))
            if json:
                emit_lines(rows)
            else:
                for row in rows:
                    judged = session.judged([Sha256(str(row["sha256"]))]) if prompts else ()
                    texts = (text for j in judged for text in quiet_texts(j.facts.observations))
                    show_record(row, session.policy, prompts=prompts, texts=texts)
    raise typer.Exit(0)

"""``assay inspect``: examine files without a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def inspect(
    files: Annotated[list[Path], typer.Argument(help="Files to examine.")],
    *,
    trust: opt.TrustOption = [],  # noqa: B006 - Typer copies it
    trust_timestamp: opt.TimestampTrustOption = [],  # noqa: B006
    passwords: opt.PasswordsOption = None,
    timezone: opt.TimezoneOption = None,
    evaluation_date: opt.DateOption = None,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Show prompt texts of generation records.")
    ] = False,
    json: opt.JsonOption = False,
) -> None:
    """Examine files and what is inside them, and print the evidence. Nothing is kept.

    It does not look at files beside them, nor for near copies: that takes a case.
    """
    from assay.engine.ahead import head_start

    with head_start() as ahead:
        from assay.cli.evidence import show_record
        from assay.cli.output import emit_lines
        from assay.engine.inspection import inspect_files
        from assay.engine.session import CaseOptions, passwords_from
        from assay.exports.provenance import quiet_texts
        from assay.exports.record import item_record

        chosen = CaseOptions(
            timezone=timezone,
            evaluation_date=evaluation_date,
            trust=tuple(trust),
            trust_timestamp=tuple(trust_timestamp),
        )
        result = inspect_files(files, chosen, passwords_from(passwords), ahead=ahead)
    partial = False
    for item in result.items:
        row = item_record(
            item.facts,
            [found.occurrence for found in item.bundle.occurrences],
            item.verdict,
            item.placement,
            None,
            result.policy,
        )
        partial = partial or bool(item.facts.failures)
        if json:
            emit_lines([row])
        else:
            texts = quiet_texts(item.facts.observations)
            show_record(row, result.policy, prompts=prompts, texts=texts)
    raise typer.Exit(3 if partial or result.unread else 0)

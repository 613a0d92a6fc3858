"""``assay verify``: does a case agree with itself, and with its sources?"""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli import options as opt


def verify(
    case: opt.CaseOption,
    *,
    sources: Annotated[
        bool, typer.Option("--sources", help="Also read every source file again and compare.")
    ] = False,
    json: opt.JsonOption = False,
) -> None:
    """Check the custody chain, every fact, every verdict and rank recomputed, and the account.

    Exit 0 where everything agrees, 1 where something does not; each difference is named.
    """
    from assay.cli import casework
    from assay.cli.output import emit, emit_lines, plain
    from assay.engine.session import open_session
    from assay.engine.verify import verify as check

    with open_session(case) as session:
        casework.show_note(session)
        findings = list(check(session, sources=sources))
        head = session.case.reader.head()
        items = session.case.reader.counts().items
    if json:
        emit_lines({"part": f.part, "text": f.text} for f in findings)
        emit({"intact": not findings, "items": items, "head": head.hash if head else ""})
    else:
        for finding in findings:
            plain(f"{finding.part}: {finding.text}")
        state = (
            "intact"
            if not findings
            else f"NOT intact: {len(findings)} difference{'' if len(findings) == 1 else 's'}"
        )
        plain(
            f"{state}; {items} items judged again, {head.seq if head else 0} custody events, "
            f"head {head.hash if head else 'none'}"
        )
    raise typer.Exit(1 if findings else 0)

"""``assay relocate``: a source lies at another place now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def relocate(
    case: Annotated[Path, typer.Argument(help="The case folder.")],
    source: Annotated[str, typer.Argument(help="The source: its path in the case, or its id.")],
    path: Annotated[Path, typer.Argument(metavar="NEWPATH", help="Where it lies now.")],
    *,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample", metavar="N", min=1, help="Compare the SHA-256 of N files drawn by lot."
        ),
    ] = None,
    all_files: Annotated[
        bool, typer.Option("--all", help="Compare the SHA-256 of every file.")
    ] = False,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Open a source at another place from now on, once that place is proved to hold it.

    Every file must have its size there, and its SHA-256: all files below 2,000, else 300 drawn by
    lot, unless --all or --sample says otherwise. Refused where anything differs. Exit 3 where files
    are missing.
    """
    from assay.cli.output import emit, plain
    from assay.core.errors import ExitCode, UsageError
    from assay.engine import relocation
    from assay.engine.session import default_operator, open_session

    if all_files and sample is not None:
        raise UsageError("--all and --sample exclude each other")
    with open_session(case, write=True) as session:
        known = relocation.find_source(session, source)
        proof = relocation.relocate(
            session,
            known,
            path,
            operator or default_operator(),
            sample=0 if all_files else sample,
        )
    if json:
        emit(
            {
                "source": known.id,
                "before": proof.before,
                "now": proof.now,
                "accepted": proof.accepted,
                **proof.to_json(),
                "named": [{"path": key, "what": what} for key, what in proof.named],
            }
        )
    else:
        plain(f"{proof.files} files read from {proof.before}; at {proof.now}:")
        rest = " (drawn by lot), all others by size" if proof.sample is not None else ""
        plain(f"  {proof.hashed} compared by SHA-256{rest}")
        if proof.sample is not None and not proof.different:
            plain(
                f"  with 0 of {proof.hashed} different, at most {100 * proof.bound:.2g} % of all "
                f"files differ (95 % confidence; seed {proof.seed})"
            )
        for key, what in proof.named[:20]:
            plain(f"  {key}: {what}")
        plain(f"  {proof.missing} missing, {proof.different} different")
        plain(
            f"the source is opened at {proof.now} from now on"
            if proof.accepted
            else "refused: this is not proved to be the source; nothing was changed"
        )
    if not proof.accepted:
        raise typer.Exit(int(ExitCode.FAILED))
    raise typer.Exit(int(ExitCode.PARTIAL if proof.missing else ExitCode.DONE))

"""Options that several commands share, so that each means the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CaseOption = Annotated[
    Path, typer.Option("--case", "-c", help="The case folder.", show_default=False)
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Machine-readable output on stdout, progress on stderr.")
]
OperatorOption = Annotated[
    str, typer.Option("--operator", help="Your name for the custody log.", show_default="user@host")
]
LaneOption = Annotated[
    int | None, typer.Option("--lane", min=1, max=5, help="Only items of this lane.")
]
TopOption = Annotated[int | None, typer.Option("--top", min=1, help="At most this many items.")]
OriginOption = Annotated[
    str | None,
    typer.Option(
        "--origin", help="Only this origin: camera, synthetic, edited, conflict, unknown."
    ),
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="FIELD=VALUE[,…]",
        help="Only items whose fields (of items.jsonl, dots for inner ones) have these values.",
    ),
]
ListOption = Annotated[
    list[Path],
    typer.Option("--list", metavar="FILE", help="A known-hash list for this case alone."),
]
TrustOption = Annotated[
    list[Path],
    typer.Option(
        "--trust",
        metavar="FILE",
        help="PEM list of certificates to trust as signers in this case (fixed when it is made).",
        show_default=False,
    ),
]
TimestampTrustOption = Annotated[
    list[Path],
    typer.Option(
        "--trust-timestamp",
        metavar="FILE",
        help="PEM list of time-stamp authorities to trust in this case.",
        show_default=False,
    ),
]
TimezoneOption = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="Zone assumed for times that name none, for example Europe/Amsterdam.",
        show_default="unknown",
    ),
]
DateOption = Annotated[
    str | None,
    typer.Option(
        "--evaluation-date",
        metavar="YYYY-MM-DD",
        help="The day at which certificates are judged.",
        show_default="today",
    ),
]
IncludeOption = Annotated[
    list[str],
    typer.Option(
        "--include", metavar="GLOB", help="Only paths that match (repeatable).", show_default=False
    ),
]
ExcludeOption = Annotated[
    list[str],
    typer.Option(
        "--exclude",
        metavar="GLOB",
        help="Leave out paths that match; they are counted in the report.",
        show_default=False,
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="YYYY-MM-DD", help="Leave out files not changed since; counted too."
    ),
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", help="An own policy file instead of the shipped one.")
]
SchemeOption = Annotated[
    Path | None,
    typer.Option(
        "--scheme", help="An own category scheme for decisions, instead of the neutral one."
    ),
]
PasswordsOption = Annotated[
    Path | None,
    typer.Option("--passwords", metavar="FILE", help="Passwords to try on archives, one a line."),
]
PriorOption = Annotated[
    list[Path],
    typer.Option(
        "--prior",
        metavar="CASE",
        help="Show what another case found and decided about the same contents (repeatable).",
        show_default=False,
    ),
]
PassesOption = Annotated[
    str,
    typer.Option("--passes", metavar="N[-M]", help="Which passes to run; the rest stays pending."),
]
FramesOption = Annotated[
    int | None,
    typer.Option(
        "--frames",
        metavar="N",
        min=1,
        max=4096,
        help="Frames looked at in a moving picture.",
        show_default="16",
    ),
]
RetryFailedOption = Annotated[
    bool,
    typer.Option(
        "--retry-failed", help="Repeat what failed before: damaged reads, crashed checks."
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.1,
        help="Wall time for one file, plus 2 s per MiB; a check that takes longer is recorded.",
    ),
]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=0, help="Sealed workers; 0 = one a core.")
]
WaitOption = Annotated[
    float,
    typer.Option(
        "--wait-for-source",
        metavar="SECONDS",
        min=0.0,
        help="How long to wait for a source that went away before stopping.",
    ),
]

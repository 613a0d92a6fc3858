"""``assay triage``: from a folder to a ranked, explained queue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def triage(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to triage.")],
    case: opt.CaseOption,
    *,
    trust: opt.TrustOption = [],  # noqa: B006 - Typer copies it
    trust_timestamp: opt.TimestampTrustOption = [],  # noqa: B006
    passwords: opt.PasswordsOption = None,
    lists: opt.ListOption = [],  # noqa: B006
    timezone: opt.TimezoneOption = None,
    evaluation_date: opt.DateOption = None,
    include: opt.IncludeOption = [],  # noqa: B006
    exclude: opt.ExcludeOption = [],  # noqa: B006
    since: opt.SinceOption = None,
    policy: opt.PolicyOption = None,
    frames: opt.FramesOption = None,
    scheme: opt.SchemeOption = None,
    prior: opt.PriorOption = [],  # noqa: B006
    passes: opt.PassesOption = "0-3",
    thumbnails: Annotated[
        str, typer.Option("--thumbnails", help="Pictures in the report: none, or blurred.")
    ] = "none",
    top: Annotated[int, typer.Option("--top", min=1, help="Items shown in the report.")] = 50,
    retry_failed: opt.RetryFailedOption = False,
    timeout: opt.TimeoutOption = 20.0,
    workers: opt.WorkersOption = 0,
    wait_for_source: opt.WaitOption = 3600.0,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Turn files and folders into a ranked queue with a report; run again to continue.

    Makes the case folder or continues it. Sources are only read, nothing leaves this machine.
    The report is CASE/exports/report.html.
    """
    from assay.engine.ahead import head_start

    with head_start(case) as ahead:
        from assay.cli import casework
        from assay.cli.reporting import make_report
        from assay.cli.watch import Watch
        from assay.engine import triage as engine
        from assay.engine.run import RunOptions
        from assay.engine.session import CaseOptions, default_operator, passwords_from

        who = operator or default_operator()
        chosen = CaseOptions(
            timezone=timezone,
            evaluation_date=evaluation_date,
            include=tuple(include),
            exclude=tuple(exclude),
            since=since,
            trust=tuple(trust),
            trust_timestamp=tuple(trust_timestamp),
            policy=policy,
            frames=frames,
            scheme=scheme,
        )
        secrets = passwords_from(passwords)
        wanted = casework.passes_of(passes)
        engine.check_paths(paths)
        casework.check_priors(prior)
        with casework.open_or_create(case, chosen, who) as session:
            plan = session.plan(wanted, secrets, timeout)
            session.require_no_drift(plan)
            casework.show_priors(session, prior, who)
            casework.keep_lists(session, lists, who)
            sources = engine.open_sources(session, paths)
            engine.add_sources(session, sources, who)
            run_options = RunOptions(
                workers=workers,
                wait_for_source=wait_for_source,
                retry_locked=bool(secrets),
                retry_failed=retry_failed,
            )
            with Watch(quiet=json) as watch:
                summary = engine.run_case(
                    session,
                    sources,
                    plan,
                    operator=who,
                    options=run_options,
                    watcher=watch,
                    ahead=ahead,
                )
            report = make_report(session, None, top=top, thumbnails=thumbnails, workers=workers)
            casework.show_summary(session, summary, as_json=json, report=report)
            raise typer.Exit(int(casework.exit_code(session, summary)))

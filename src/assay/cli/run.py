"""``assay run``: examine what is pending; ``--upgrade`` moves a case to what is installed now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt

if TYPE_CHECKING:
    from assay.engine.rejudge import Change


def run(
    case: opt.CaseOption,
    *,
    passes: opt.PassesOption = "0-3",
    passwords: opt.PasswordsOption = None,
    upgrade: Annotated[
        bool,
        typer.Option(
            "--upgrade", help="Run what is new in this installation and show every lane change."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --upgrade: accept the changes without asking.")
    ] = False,
    trust: opt.TrustOption = [],  # noqa: B006 - Typer copies it
    trust_timestamp: opt.TimestampTrustOption = [],  # noqa: B006
    evaluation_date: opt.DateOption = None,
    policy: opt.PolicyOption = None,
    frames: opt.FramesOption = None,
    prior: opt.PriorOption = [],  # noqa: B006
    lists: opt.ListOption = [],  # noqa: B006
    retry_failed: opt.RetryFailedOption = False,
    timeout: opt.TimeoutOption = 20.0,
    workers: opt.WorkersOption = 0,
    wait_for_source: opt.WaitOption = 3600.0,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Examine what is pending in the sources of a case.

    --trust, --trust-timestamp, --evaluation-date and --policy change a case, so they go with
    --upgrade, which shows every lane change before anything moves.
    """
    from assay.cli import casework
    from assay.cli.watch import Watch
    from assay.core.errors import UsageError
    from assay.engine import triage as engine
    from assay.engine import upgrade as upgrades
    from assay.engine.run import RunOptions
    from assay.engine.session import CaseOptions, default_operator, open_session, passwords_from

    who = operator or default_operator()
    chosen = CaseOptions(
        evaluation_date=evaluation_date,
        trust=tuple(trust),
        trust_timestamp=tuple(trust_timestamp),
        policy=policy,
        frames=frames,
    )
    if chosen != CaseOptions() and not upgrade:
        raise UsageError(
            "these settings are fixed in a case", hint="add --upgrade to see what would move"
        )
    secrets = passwords_from(passwords)
    with open_session(case, write=True) as session:
        casework.show_note(session)
        target = upgrades.target_of(session, chosen, secrets) if upgrade else None
        plan = target.plan if target else session.plan(casework.passes_of(passes), secrets, timeout)
        if target is None:
            session.require_no_drift(plan)
        casework.show_priors(session, prior, who)
        casework.keep_lists(session, lists, who)
        sources = engine.stored_sources(session)
        run_options = RunOptions(
            workers=workers,
            wait_for_source=wait_for_source,
            retry_locked=bool(secrets),
            retry_failed=retry_failed,
        )
        with Watch(quiet=json) as watch:
            summary = engine.run_case(
                session, sources, plan, operator=who, options=run_options, watcher=watch
            )
        if target is not None:
            found = upgrades.preview(session, target, who)
            if _accepted(found, yes=yes, as_json=json):
                upgrades.accept(session, target, who)
        casework.show_summary(session, summary, as_json=json, report=None)
        raise typer.Exit(int(casework.exit_code(session, summary)))


def _accepted(found: list[Change], *, yes: bool, as_json: bool) -> bool:
    """Show every lane change and ask; without a terminal only --yes accepts."""
    import sys

    from assay.cli.output import emit, plain

    moves = [change for change in found if change.moves]
    for change in moves:
        old, new = _lane(change.old), _lane(change.new)
        if as_json:
            emit({"change": change.item, "path": change.path, "old": old, "new": new})
        else:
            mark = "LATER " if change.lowers else ""
            plain(f"  {mark}{old} -> {new}  {change.path}")
    if not as_json:
        plain(f"{len(moves)} lane changes, {len(found) - len(moves)} other changes")
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        plain("nothing was changed; run again with --yes to accept") if not as_json else None
        return False
    return typer.confirm("Pin this version and apply the changes?", default=False)


def _lane(placement: object) -> str:
    from assay.core.facts import Placement

    if not isinstance(placement, Placement):
        return "new"
    if placement.lane is None:
        return "inventory"
    return f"lane {int(placement.lane)}{placement.band.value if placement.band else ''}"

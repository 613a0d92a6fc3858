"""``assay init``: make an empty case."""

from __future__ import annotations

import typer

from assay.cli import options as opt


def init(
    case: opt.CaseOption,
    *,
    trust: opt.TrustOption = [],  # noqa: B006 - Typer copies it
    trust_timestamp: opt.TimestampTrustOption = [],  # noqa: B006
    timezone: opt.TimezoneOption = None,
    evaluation_date: opt.DateOption = None,
    include: opt.IncludeOption = [],  # noqa: B006
    exclude: opt.ExcludeOption = [],  # noqa: B006
    since: opt.SinceOption = None,
    policy: opt.PolicyOption = None,
    frames: opt.FramesOption = None,
    scheme: opt.SchemeOption = None,
    prior: opt.PriorOption = [],  # noqa: B006
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Make an empty case and fix its settings: dates, zone, trust lists, policy, filters."""
    from assay.cli import casework
    from assay.cli.output import emit, plain
    from assay.engine.session import CaseOptions, create, default_operator

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
    who = operator or default_operator()
    casework.check_priors(prior)
    with create(case, chosen, who) as session:
        casework.show_priors(session, prior, who)
        pins = session.case.pins
        if json:
            emit({"case": str(case), "id": pins.case_id, "evaluation_date": pins.evaluation_date})
        else:
            plain(f"case {pins.case_id} made in {case}")
            plain(f"next: assay add PATH… --case {case}, then assay run --case {case}")
    raise typer.Exit(0)

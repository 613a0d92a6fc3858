"""Move a case to what is installed now: run what is new, show every lane change, then pin it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from assay import __version__
from assay.core.contract import Settings
from assay.core.jsonvalue import Json
from assay.core.opening import Limits
from assay.engine import editions, trusting
from assay.engine.cameras import camera_options
from assay.engine.checks import Pinned, checks_of
from assay.engine.matching import lists_here
from assay.engine.plan import Plan, make_plan
from assay.engine.registry import installed
from assay.engine.rejudge import Change, carry_out
from assay.engine.session import CaseOptions, Session, policy_of
from assay.store.pins import Pins
from assay.verdict.policy import Policy, parse_policy

_CHANGED = ("options", "frames", "policy", "checks")  # settings that an upgrade may change


@dataclass(frozen=True, slots=True)
class Target:
    """What the case would be pinned to."""

    plan: Plan
    pins: Pins
    settings: Mapping[str, Json]
    policy: Policy
    pinned: Pinned


def target_of(session: Session, options: CaseOptions, passwords: tuple[bytes, ...] = ()) -> Target:
    """Return the pins that today's installation gives.

    Lists of signers and tables of cameras that the operator gave the case stay in it; those that
    come with Assay, and tables learned here, are today's.
    """
    old = session.case.pins
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    evaluation_date = options.evaluation_date or today
    settings = dict(session.settings)
    before = settings["options"]
    assert isinstance(before, Mapping)
    named = trusting.Named(options.trust, options.trust_timestamp)
    trusted, trust = trusting.upgraded(before, old.trust, named)
    examiner_options: dict[str, Json] = {**before, **trusted, **camera_options()}
    settings["options"] = examiner_options
    policy_bytes = policy_of(options)
    policy = parse_policy(policy_bytes, "the policy")
    plan = make_plan(
        installed(),
        Settings(
            evaluation_date=evaluation_date,
            timezone=old.timezone,
            options={str(k): v for k, v in examiner_options.items() if isinstance(v, Mapping)},
        ),
        limits=Limits(**dict(old.limits)),
        passwords=passwords,
        attempt=session.attempt(passwords),
        frames=options.frames or session.frames,
    )
    settings["frames"] = plan.frames
    checks = checks_of(plan)
    settings["policy"] = policy_bytes.decode("utf-8")
    settings["checks"] = [check.to_wire() for check in checks]
    pins = replace(
        old,
        assay_version=__version__,
        policy_version=policy.version,
        policy_digest=policy.digest,
        evaluation_date=evaluation_date,
        examiners={c.name: c.version for c in checks},
        configs={c.name: c.config for c in checks},
        trust=trust,
    )
    return Target(plan, pins, settings, policy, Pinned(checks, session.lanes_of))


def preview(session: Session, target: Target, operator: str) -> list[Change]:
    """Return what every item's placement would become under the target; nothing is kept."""
    target = _with_lists(session, target)
    found: list[Change] = []
    with suppress(_OnlyAsked), session.case.transaction(operator, "case.upgraded") as tx:
        found = carry_out(session, target.pinned, target.policy, tx)
        raise _OnlyAsked
    return found


def accept(session: Session, target: Target, operator: str) -> None:
    """Pin the target and place every item under it."""
    target = _with_lists(session, target)
    before = session.case.pins
    with session.case.transaction(operator, "case.upgraded", before.case_id) as tx:
        tx.detail(pins_before=before.digest)
        tx.set_pins(target.pins, target.settings)  # with what follows from them, or not at all
        carry_out(session, target.pinned, target.policy, tx)


class _OnlyAsked(Exception):  # noqa: N818 - rolls a transaction back; no error
    """Nobody has accepted yet."""


def _with_lists(session: Session, target: Target) -> Target:
    """Return the target with the lists as the case has them now, without those that are gone.

    Settings that an upgrade does not change are those of now: the run before it may have set some.
    Items that were added while one was missing are matched by the next run.
    """
    settings = {**session.case.settings, **{n: target.settings[n] for n in _CHANGED}}
    before = editions.rows_of(settings)
    if not before:
        return replace(target, settings=settings)
    rows = lists_here(session)
    settings[editions.SETTING] = rows
    if rows.keys() != before.keys():
        settings[editions.BEHIND] = True
    pinned = Pinned(target.pinned.checks.values(), session.lanes_of, editions.editions_of(settings))
    return replace(target, settings=settings, pinned=pinned)

"""From facts and policy to an explained verdict (origin and score). Pure; no clock, no state."""

from __future__ import annotations

from assay.core.facts import Beside, Failure, Observation, Reason, Verdict
from assay.core.jsonvalue import Json
from assay.core.vocab import Level, Origin
from assay.verdict.policy import OriginRule, Policy
from assay.verdict.signals import ItemFacts, Signals, at_least, read_signals

_ORDER = tuple(Level)
_BESIDE = 16  # files beside an item that are named among its reasons


def judge(facts: ItemFacts, policy: Policy) -> Verdict:
    """Return exactly one origin with its reasons: the rule, the evidence, what did not finish."""
    signals = read_signals(facts, policy.shipped_detectors)
    rule = next(rule for rule in policy.origins if holds(rule, signals))
    reasons = [Reason(f"origin.{rule.code}", _near(facts) if rule.near_camera else {})]
    if rule.origin is Origin.UNKNOWN and signals.ai and signals.unfinished:
        held = _held_back(policy, signals)
        if held is not None:
            reasons.append(
                Reason("held_back", {"rule": held.code, "unfinished": list(signals.unfinished)})
            )
    reasons += [_evidence(o) for o in evidence(facts)]
    reasons += [_beside(b) for b in facts.beside[:_BESIDE]]
    reasons += [_failed(f) for f in facts.failures]
    reasons += [Reason("pending", {"examiner": name}) for name in sorted(facts.pending)]
    return Verdict(
        item=facts.item.sha256,
        origin=rule.origin,
        score=score(facts, policy),
        reasons=tuple(reasons),
        policy=policy.version,
    )


def _near(facts: ItemFacts) -> dict[str, Json]:
    found = facts.neighbours
    assert found is not None  # the rule held
    return {"neighbour": found.camera, "distance": found.camera_distance}


def holds(rule: OriginRule, signals: Signals) -> bool:
    """Tell whether every condition that the rule names is met."""
    return (
        (rule.camera is None or at_least(signals.camera, rule.camera))
        and (rule.ai is None or at_least(signals.ai, rule.ai))
        and (not rule.edited or signals.edited)
        and (not rule.contradiction or signals.contradiction)
        and (not rule.near_camera or signals.near_camera)
        and (not rule.detector or signals.detector_synthetic)
        # a detector speaks for the frames that it saw; the others could show anything
        and (not rule.shipped_detector or (signals.shipped_synthetic and not signals.sampled))
        and (not rule.no_camera_detector or signals.detectors_agree)
        and (not rule.checks_finished or signals.checks_finished)
    )


def score(facts: ItemFacts, policy: Policy) -> float | None:
    """Sum the measured log10 likelihood ratios, the strongest of each kind; None if none.

    Kinds stand for the independent groups of DESIGN §5: two detectors look at the same pixels and
    count once.
    """
    strongest: dict[str, float] = {}
    for o in facts.observations:
        if o.llr is None:
            continue
        value = o.llr
        if o.kind == "detector":
            value = max(-policy.detector_cap, min(policy.detector_cap, value))
        if o.kind not in strongest or abs(value) > abs(strongest[o.kind]):
            strongest[o.kind] = value
    return round(sum(strongest.values()), 6) if strongest else None


def evidence(facts: ItemFacts) -> list[Observation]:
    """Return the observations that speak about the origin, strongest level first."""
    rows = [
        o
        for o in facts.observations
        if o.level is not Level.N or o.kind == "detector" or _is_contradiction(o)
    ]
    return sorted(rows, key=lambda o: (_ORDER.index(o.level), o.kind, o.examiner, o.id))


def _is_contradiction(o: Observation) -> bool:
    return o.kind == "structure" and o.value.get("outcome") == "contradiction"


def _held_back(policy: Policy, signals: Signals) -> OriginRule | None:
    """Return the rule that would have decided, had every check finished."""
    for rule in policy.origins:
        if rule.origin is Origin.UNKNOWN:
            return None
        if rule.checks_finished and rule.ai and at_least(signals.ai, rule.ai):
            if rule.shipped_detector and not signals.shipped_synthetic:
                continue
            return rule
    return None


def _evidence(o: Observation) -> Reason:
    params: dict[str, Json] = {
        "level": o.level.value,
        "kind": o.kind,
        "examiner": o.examiner,
        "version": o.version,
        "text": str(o.value.get("text", ""))[:300],
        "tool": str(o.value.get("tool", ""))[:200],
    }
    if o.llr is not None:
        params["llr"] = o.llr
    return Reason("evidence", params, o.id)


def _beside(b: Beside) -> Reason:
    place: dict[str, Json] = {"path": b.path, "item": b.item}
    if b.trouble:
        return Reason("sidecar.unread", {**place, "why": b.trouble})
    said: dict[str, Json] = {"level": b.level.value, "text": b.text[:300], "tool": b.tool[:200]}
    return Reason("sidecar.says", {**place, **said})


def _failed(f: Failure) -> Reason:
    return Reason(
        "check_failed",
        {"examiner": f.examiner, "stage": f.stage, "reason": f.reason.value, "detail": f.detail},
    )

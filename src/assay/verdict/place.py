"""From facts and verdict to a lane, a band and a sort key. Pure.

Lanes are an order of work and no statement on legality. The law of failure (DESIGN §5): with a
failure an item is never placed later than with the same facts and without it.
"""

from __future__ import annotations

from datetime import datetime

from assay.core.facts import Decision, Placement, Reason, Verdict
from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import Band, Lane, Origin
from assay.verdict.known import circulated, findings, met, shown
from assay.verdict.policy import LaneRule, Policy
from assay.verdict.signals import CAMERA_ORDER, ItemFacts, Signals, read_signals

_BAND_A = frozenset({Origin.CONFLICT, Origin.CAMERA, Origin.EDITED})
_INVENTORY_LAST = 9
_FINDINGS = 10  # of list records that are told among the reasons of one item


def place(facts: ItemFacts, verdict: Verdict, policy: Policy) -> Placement:
    """Return the placement of one item: the first lane rule that holds."""
    signals = read_signals(facts, policy.shipped_detectors)
    rule, params, lane = _first(facts, verdict, signals, policy)
    band = _band(facts, verdict) if lane is Lane.POSSIBLE_NEW_VICTIM else None
    reasons = [Reason(rule.code, params)]
    if band is not None:
        reasons.append(
            Reason(f"band.{band.value}", {"cause": _cause(facts)} if band == "e" else {})
        )
    reasons += [Reason(code, said) for code, said in findings(facts.matches)[:_FINDINGS]]
    last = rule.met is not None and lane is Lane.KNOWN_NOT_IDENTIFIED and circulated(facts.matches)
    return Placement(
        item=facts.item.sha256,
        lane=lane,
        band=band,
        key=_key(facts, verdict, signals, band, last=last),
        reasons=tuple(reasons),
    )


def _first(
    facts: ItemFacts, verdict: Verdict, signals: Signals, policy: Policy
) -> tuple[LaneRule, JsonObject, Lane | None]:
    for rule in policy.lanes:
        if rule.origins and verdict.origin not in rule.origins:
            continue
        if rule.complete and not signals.complete:
            continue
        if not _checked(rule, signals):
            continue
        params: dict[str, Json] = {}
        if rule.met is not None:
            match = met(facts.matches, rule.met)
            if match is None:
                continue
            params |= shown(match)
        if rule.near_possible:
            near = facts.neighbours
            if near is None or near.possible is None:
                continue
            params |= {"neighbour": near.possible, "distance": near.possible_distance}
        if rule.decided:
            decision = _decision(facts)
            if decision is None:
                continue
            lane, made = decision
            params = {
                "actor": made.actor,
                "scheme": made.scheme,
                "category": made.category or "",
            }
            return rule, params, lane
        if rule.no_pictures:
            kind = _no_pictures(facts)
            if kind is None:
                continue
            params["kind"] = kind
        if rule.container_read:
            members = _members_read(facts)
            if members is None:
                continue
            params["members"] = members
        return rule, params, rule.lane
    raise AssertionError("a policy's last lane rule takes everything")  # checked at load


def _checked(rule: LaneRule, signals: Signals) -> bool:
    """Tell whether the checks that a rule rests on allow it."""
    return (
        (not rule.checks_finished or signals.checks_finished)
        and (not rule.searched or signals.searched)
        and (not rule.every_frame or not signals.sampled)
        and (not rule.no_camera or signals.camera is None)
    )


def decided(facts: ItemFacts) -> bool:
    """Tell whether a person's standing decision places the item."""
    return _decision(facts) is not None


def _decision(facts: ItemFacts) -> tuple[Lane, Decision] | None:
    """Return the standing decision; of two that disagree, the lower lane number."""
    table = facts.lanes_of or {}
    found = [
        (table[(d.scheme, d.category)], d)
        for d in facts.decisions
        if d.category is not None and (d.scheme, d.category) in table
    ]
    return min(found, key=lambda pair: (pair[0], pair[1].at)) if found else None


def _no_pictures(facts: ItemFacts) -> str | None:
    """Return the label of a kind that can hold nothing, where nothing was found in it.

    The same bytes may be pixels elsewhere (an uncompressed picture of a PDF): then they show one.
    """
    if picture_seen(facts):
        return None
    for o in facts.observations:
        if o.kind == "content":
            label = o.value.get("no_pictures")
            return label if isinstance(label, str) and label else None
    return None


def _members_read(facts: ItemFacts) -> int | None:
    """Return the number of members of a container that was read to its last one.

    What decodes as a picture itself is no mere container, whatever an opener said about it.
    """
    if picture_seen(facts):
        return None
    for o in facts.observations:
        if o.kind == "container" and o.value.get("complete") is True:
            members = o.value.get("members")
            return members if isinstance(members, int) else None
    return None


def _band(facts: ItemFacts, verdict: Verdict) -> Band:
    if verdict.origin in _BAND_A:
        return Band.A
    if facts.item.media_type.startswith("audio/") or _sound_alone(facts):
        return Band.F
    # Band (e) rests on what was seen, not on failures: a failure alone never moves an item back.
    return Band.B if picture_seen(facts) else Band.E


def picture_seen(facts: ItemFacts) -> bool:
    """Tell whether pixels of this item were decoded, at least in part."""
    return any(
        (o.kind == "picture" and o.value.get("decoded") in ("full", "partial"))
        or (o.kind == "motion" and o.value.get("sampled"))
        for o in facts.observations
    )


def _sound_alone(facts: ItemFacts) -> bool:
    """Tell whether a video container was found to hold no moving picture at all."""
    return any(o.kind == "motion" and o.value.get("sound_only") is True for o in facts.observations)


def _cause(facts: ItemFacts) -> str:
    """Name why nothing in an item could be examined: a failure, or else its kind."""
    if facts.failures:
        return min(f"{f.reason.value} at {f.examiner}" for f in facts.failures)
    return f"no check looks into {facts.item.media_type}"


def _key(
    facts: ItemFacts, verdict: Verdict, signals: Signals, band: Band | None, *, last: bool
) -> tuple[int | float | str, ...]:
    """Order inside lane and band, smaller first (DESIGN §5).

    Conflict before the rest, the widely circulated (``last``) after it; no AI statement before one;
    stronger camera evidence; local production; recency by a trusted time; for band (e) the cause,
    items with a failure first; path.
    """
    camera = CAMERA_ORDER.index(signals.camera) + 1 if signals.camera else 0
    cause = f"{0 if facts.failures else 1} {_cause(facts)}" if band is Band.E else ""
    return (
        2 if last else 0 if verdict.origin is Origin.CONFLICT else 1,
        1 if signals.carries_ai and band is not Band.A else 0,
        cause,
        -camera,
        0 if _made_locally(facts) else 1,
        -_trusted_time(facts),
        facts.path,
        str(facts.item.sha256),
    )


def _made_locally(facts: ItemFacts) -> bool:
    return any(o.kind == "camera" and o.value.get("gps") for o in facts.observations)


def _trusted_time(facts: ItemFacts) -> float:
    """Return the signing time that a verified time-stamp proves, in Unix seconds; 0 if none."""
    for o in facts.observations:
        if o.kind == "c2pa" and o.value.get("time_from") == "token":
            try:
                return datetime.fromisoformat(str(o.value.get("signed_at"))).timestamp()
            except ValueError:
                return 0.0
    return 0.0


def lane_number(lane: Lane | None) -> int:
    """Return a lane's place in the order of work; the inventory comes after every lane."""
    return int(lane) if lane is not None else _INVENTORY_LAST


def earliest(placement: Placement) -> tuple[int, str, tuple[int | float | str, ...]]:
    """Return the total order of placements: lane, band, key."""
    band = placement.band.value if placement.band else ""
    return (lane_number(placement.lane), band, placement.key)

"""From facts to verdict and placement, frame by frame and with the pictures that carry a preview.

The one entry for whoever judges: a moving picture is placed by the frame that places highest, a
preview stands with its picture where it matches it. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.core.contract import Frame
from assay.core.facts import Observation, Placement, Reason, Sha256, Verdict
from assay.core.jsonvalue import Json
from assay.core.vocab import Lane, Origin
from assay.verdict.judge import judge
from assay.verdict.known import near_positive, shown, speaks_up
from assay.verdict.place import decided, earliest, lane_number, place
from assay.verdict.policy import Policy
from assay.verdict.signals import AI_ORDER, ItemFacts, read_signals

REOPENED = "decision.reopened"  # a reason that such a decision does not place the item
SEARCH = "neighbours"  # the name under which the neighbour search is a check
HASHES = ("pdq", "pdq_variant", "pdq_part")  # kinds of observation that it compares


@dataclass(frozen=True, slots=True)
class Carrier:
    """A picture that carries this item as a preview, where that stands, and how alike they are."""

    item: Sha256
    placement: Placement
    relation: Observation | None  # kind "preview"; None: never compared
    decided: bool = False  # a person placed it, and what is shown with it


def decide(facts: ItemFacts, policy: Policy) -> tuple[Verdict, Placement]:
    """Judge and place one item; of a moving picture, by the frame that places highest.

    A decision that is older than an exact positive hit lowers the item no more (DESIGN §5).
    """
    if facts.reopened:
        return _reopened(facts, policy)
    facts = with_search(facts, policy)
    frames = _frames(facts.observations)
    if not frames:
        return _decide(facts, policy)
    whole = tuple(o for o in facts.observations if Frame.of(o.locator) is None)
    known = {frame.index for frame in frames}
    rows = [
        (frame, *_decide(_in_frame(facts, frame, (*whole, *seen), known), policy))
        for frame, seen in frames.items()
    ]
    frame, verdict, placement = min(rows, key=lambda row: (earliest(row[2]), row[0].index))
    if all(row[1].origin == verdict.origin and row[2].lane == placement.lane for row in rows):
        return verdict, placement
    reason = Reason("frame", {"frame": frame.index, "time": frame.time})
    return replace(verdict, reasons=(*verdict.reasons, reason)), placement


def _reopened(facts: ItemFacts, policy: Policy) -> tuple[Verdict, Placement]:
    standing = tuple(d for d in facts.decisions if d.actor not in facts.reopened)
    decided = decide(replace(facts, reopened={}), policy)
    again, placement = decide(replace(facts, reopened={}, decisions=standing), policy)
    if earliest(placement) >= earliest(decided[1]):
        return decided
    reasons = [
        Reason(REOPENED, {"actor": d.actor, "category": d.category or "", **shown(match)})
        for d in facts.decisions
        if (match := facts.reopened.get(d.actor)) is not None
    ]
    return again, replace(placement, reasons=(*placement.reasons, *reasons))


def with_search(facts: ItemFacts, policy: Policy) -> ItemFacts:
    """Return the facts with the neighbour search as a check that is pending where it must run."""
    if facts.neighbours is not None or not policy.compares or not is_compared(facts, policy):
        return facts
    return replace(
        facts,
        pending=facts.pending | {SEARCH},
        place_checks=facts.place_checks | {SEARCH},
    )


def is_compared(facts: ItemFacts, policy: Policy) -> bool:
    """Tell whether the neighbour search applies: a statement that AI made it, and a usable hash."""
    return any(o.level in AI_ORDER for o in facts.observations) and any(
        o.kind in HASHES and _usable(o.value.get("quality"), policy) for o in facts.observations
    )


def _usable(quality: Json, policy: Policy) -> bool:
    return isinstance(quality, int) and quality >= policy.near_quality


def _decide(facts: ItemFacts, policy: Policy) -> tuple[Verdict, Placement]:
    verdict = judge(facts, policy)
    return verdict, place(facts, verdict, policy)


def _in_frame(
    facts: ItemFacts, frame: Frame, observations: tuple[Observation, ...], known: set[int]
) -> ItemFacts:
    """Return what is known of one frame; a hit in a frame not looked at now counts for all."""
    matches = tuple(m for m in facts.matches if m.frame == frame.index or m.frame not in known)
    return replace(facts, observations=observations, matches=matches)


def _frames(observations: Sequence[Observation]) -> dict[Frame, list[Observation]]:
    frames: dict[Frame, list[Observation]] = {}
    for o in observations:
        frame = Frame.of(o.locator)
        if frame is not None:
            frames.setdefault(frame, []).append(o)
    return frames


def with_carriers(
    facts: ItemFacts,
    verdict: Verdict,
    placement: Placement,
    carriers: Sequence[Carrier],
    policy: Policy,
) -> Placement:
    """Return where a preview stands: with its picture where it matches every one that carries it.

    ``carriers`` are empty for an item that also occurs as a file of its own. A preview that does
    not match, or could not be compared, is an item of its own and says so (DESIGN §5). So is one
    that a person decided, and one that its picture would lower although a check of the preview did
    not finish or something in it speaks for a camera or a change.
    """
    if not carriers or is_decided(facts, placement):
        return placement
    unlike = [c for c in carriers if not _matches(c.relation, policy)]
    if unlike:
        reasons = [_unlike(c) for c in sorted(unlike, key=lambda c: c.item)]
        # A comparison that failed must not place a preview later than one that had succeeded.
        failed = [c.placement for c in unlike if not _distance(c)]
        return replace(
            min([placement, *failed], key=earliest),
            item=placement.item,
            reasons=(*placement.reasons, *reasons),
            shown_with=None,
        )
    first = min(carriers, key=lambda c: (earliest(c.placement), c.item))
    lower = lane_number(first.placement.lane) > lane_number(placement.lane)
    known = lane_number(first.placement.lane) <= Lane.KNOWN_IDENTIFIED
    near = not known and any(map(near_positive, facts.matches))
    if lower and not first.decided and (near or _speaks_up(facts, verdict, policy)):
        reason = Reason("preview.kept", {"picture": first.item, **_distance(first)})
        return replace(placement, reasons=(*placement.reasons, reason))
    return replace(
        first.placement,
        item=placement.item,
        reasons=(Reason("preview.shown_with", {"picture": first.item, **_distance(first)}),),
        shown_with=first.placement.shown_with or first.item,
    )


def is_decided(facts: ItemFacts, placement: Placement) -> bool:
    """Tell whether a person's decision gave an item its place."""
    return decided(facts) and not any(r.code == REOPENED for r in placement.reasons)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a stack that an item lies in, as it stands by itself."""

    placement: Placement
    origin: Origin
    decided: bool
    distance: int  # bits of 256


def with_head(verdict: Verdict, placement: Placement, head: Head) -> Placement:
    """Return where a near-duplicate stands: with the head of its stack, never later than alone.

    A stack holds items of one origin and takes the lowest lane number among them (DESIGN §5). What
    a person decided, what is shown with another picture and what stands outside the lanes is in no
    stack, and a head that stands later than the item is none for it.
    """
    there = head.placement
    alone = (
        head.decided
        or head.origin is not verdict.origin
        or None in (placement.lane, there.lane)
        or placement.shown_with is not None
        or there.shown_with is not None
        or earliest(there) > earliest(placement)
    )
    if alone:
        return placement
    said: dict[str, Json] = {"head": there.item, "distance": head.distance}
    if there.lane is placement.lane:
        reason = Reason("stack.member", said)
        return replace(placement, reasons=(*placement.reasons, reason), stack=there.item)
    reason = Reason("stack.raised", {**said, "lane": lane_number(placement.lane)})
    return replace(
        there, item=placement.item, reasons=(*placement.reasons, reason), stack=there.item
    )


def too_widely_carried(placement: Placement) -> Placement:
    """Return the placement of a preview that so many pictures carry that it shows none of them."""
    return replace(placement, reasons=(*placement.reasons, Reason("preview.of_many")))


def _speaks_up(facts: ItemFacts, verdict: Verdict, policy: Policy) -> bool:
    """Tell whether an item's own facts forbid that anything but a person lowers it."""
    own = (Origin.CONFLICT, Origin.CAMERA, Origin.EDITED)
    if any(map(speaks_up, facts.matches)):
        return True
    return verdict.origin in own or not read_signals(facts, policy.shipped_detectors).complete


def _matches(relation: Observation | None, policy: Policy) -> bool:
    if relation is None:
        return False
    distance, quality = relation.value.get("distance"), relation.value.get("quality")
    return (
        isinstance(distance, int)
        and isinstance(quality, int)
        and distance <= policy.near_distance
        and quality >= policy.near_quality
    )


def _unlike(carrier: Carrier) -> Reason:
    distance = _distance(carrier)
    code = "preview.differs" if distance else "preview.not_compared"
    return Reason(code, {"picture": carrier.item, **distance})


def _distance(carrier: Carrier) -> dict[str, Json]:
    value = carrier.relation.value if carrier.relation is not None else {}
    if not isinstance(value.get("distance"), int):
        return {}
    return {"distance": value["distance"], "quality": value.get("quality")}

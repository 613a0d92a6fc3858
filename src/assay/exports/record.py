"""One item as the JSON object that ``items.jsonl``, the report and ``show`` have in common.

The shape is fixed by docs/reference/items.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assay.core.contract import Frame
from assay.core.facts import (
    Decision,
    Failure,
    Match,
    Neighbours,
    Observation,
    Occurrence,
    Placement,
    Reason,
    Sha256,
    Stamp,
    Verdict,
)
from assay.core.findings import finding_text
from assay.core.jsonvalue import Json
from assay.core.names import display, join_chain
from assay.engine.prior import Met
from assay.engine.stack_mark import stack_mark
from assay.exports.provenance import claim, provenance
from assay.media.sniff import disagrees
from assay.store.records import Trace
from assay.verdict.catalogue import render
from assay.verdict.judge import evidence
from assay.verdict.policy import Policy
from assay.verdict.signals import ItemFacts

_LINES = 3  # hits on lists in one line
_MOTION = (
    "container", "codec", "width", "height", "duration", "declared_frames", "counted_frames",
    "complete", "pages", "sound", "sound_only", "decoder",
)  # fmt: skip


def item_record(
    facts: ItemFacts,
    occurrences: Iterable[Occurrence],
    verdict: Verdict,
    placement: Placement,
    rank: int | None,
    policy: Policy,
    decisions: Iterable[Decision] = (),
    trace: Trace | None = None,
    pairs: Mapping[str, Sequence[Sha256]] | None = None,
    prior: Iterable[Met] = (),
    members: Sequence[tuple[Sha256, int]] = (),
    links: Sequence[tuple[str, str, int]] = (),
) -> dict[str, Json]:
    """Return the documented object of one item; ``members`` are those of the stack it heads."""
    item = facts.item
    places = sorted(occurrences, key=lambda o: (str(o.source), o.chain))
    return {
        "sha256": item.sha256,
        "md5": item.md5,
        "sha1": item.sha1,
        "size": item.size,
        "media_type": item.media_type,
        "parent": item.parent,
        "occurrences": [_occurrence(o) for o in places],
        "pdq": _pdq(facts.observations, "pdq"),
        "pdq_variants": [
            {"rendering": str(o.value.get("rendering", "")), **_hash(o)}
            for o in facts.observations
            if o.kind == "pdq_variant" and Frame.of(o.locator) is None
        ],
        "pdq_parts": [
            {"part": str(o.value.get("part", "")), "region": o.value.get("region"), **_hash(o)}
            for o in facts.observations
            if o.kind == "pdq_part" and Frame.of(o.locator) is None
        ],
        "picture": _values(facts.observations, "picture"),
        "motion": _motion(facts.observations),
        "frames": _frames(facts.observations),
        "shown_with": placement.shown_with,
        "stack": _stack(item.sha256, placement, members),
        "neighbours": _neighbours(facts.neighbours),
        "small_copy": _trace(trace),
        "pair": _pair(item.sha256, facts.observations, pairs or {}),
        "origin": verdict.origin.value,
        "score": verdict.score,
        "lane": int(placement.lane) if placement.lane is not None else None,
        "band": placement.band.value if placement.band is not None else None,
        "rank": rank,
        **provenance(facts.observations),
        "claims": [claim(o, policy) for o in evidence(facts)],
        "matches": [_match(m) for m in facts.matches],
        "failures": [_failure(f) for f in facts.failures],
        "pending": sorted(facts.pending),
        "findings": _findings(facts.observations, places, item.media_type, trace),
        "reasons": [_reason(reason, policy) for reason in (*verdict.reasons, *placement.reasons)],
        "decisions": [
            {
                "actor": d.actor,
                "scheme": d.scheme,
                "category": d.category,
                "note": d.note,
                "at": d.at,
            }
            for d in decisions
        ],
        "links": [{"kind": kind, "key": key, "items": count} for kind, key, count in links],
        "prior": [met.to_json() for met in prior],
        "policy": verdict.policy,
    }


def first_path(record: Mapping[str, Json]) -> str:
    """Return the first place of a record, or its digest where it has none."""
    places = record["occurrences"]
    if isinstance(places, list) and places and isinstance(places[0], Mapping):
        return str(places[0]["path"])
    return str(record["sha256"])


def strongest(record: Mapping[str, Json]) -> str:
    """Return the evidence of a record in one line: its strongest statements, then what failed."""
    claims, failures = record["claims"], record["failures"]
    parts = [
        f"{c['level']} {display(str(c['text']))[:110]}"
        for c in (claims if isinstance(claims, list) else [])
        if isinstance(c, Mapping)
    ][:2]
    parts += [
        f"{f['examiner']} did not finish ({f['reason']})"
        for f in (failures if isinstance(failures, list) else [])
        if isinstance(f, Mapping)
    ][:2]
    return "; ".join(parts) or "nothing in the file speaks about its origin"


def in_stack(record: Mapping[str, Json]) -> str:
    """Return in one line how many near-duplicates stand with a record; empty for none."""
    stack = record["stack"]
    if not isinstance(stack, Mapping):
        return ""
    members = stack["members"]
    bits = (
        [m["distance"] for m in members if isinstance(m, Mapping)]
        if isinstance(members, list)
        else []
    )
    if not bits:
        return ""
    far = [int(str(n)) for n in bits]
    many = "1 near-duplicate stands" if len(far) == 1 else f"{len(far)} near-duplicates stand"
    return f"stack {stack['mark']}: {many} with it, {min(far)} to {max(far)} bits apart"


def met_before(record: Mapping[str, Json]) -> str:
    """Return in one line what prior cases say of a record's content; empty where none holds it."""
    rows = record["prior"]
    met = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return "met before: " + "; ".join(map(_met, met)) if met else ""


def on_lists(record: Mapping[str, Json]) -> str:
    """Return in one line what known-hash lists say of a record's content; empty for nothing."""
    rows = record["matches"]
    hits = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    said = list(dict.fromkeys(map(match_line, hits)))
    more = f"; and {len(said) - _LINES} more" if len(said) > _LINES else ""
    return "on lists: " + "; ".join(said[:_LINES]) + more if said else ""


def match_line(row: Mapping[str, Json]) -> str:
    """Return a match in a few words: list, entry, how near, and what the list says."""
    if row["unread"]:
        said = "record cannot be read"
    elif row["differs"]:
        differs = row["differs"]
        names = ", ".join(map(str, differs)) if isinstance(differs, list) else ""
        said = f"no match: another {names}"
    else:
        known = {"True": ", identified", "False": ", not identified"}
        said = f"{row['polarity']}{known.get(str(row['identified']), '')}"
        said += ", disputed" if row["disputed"] else ""
    near = f" {row['distance']} of at most {row['threshold']} bits" if row["value"] else ""
    frame = row["frame"]
    place = f" in frame {frame}" if frame is not None else ""
    place += f", {row['variant']}" if row["variant"] else ""
    category = f", category {row['category']}" if row["category"] is not None else ""
    return display(
        f"{row['list']} {row['entry']} ({row['algorithm']}{near}{place}{category}): {said}"
    )


def _met(row: Mapping[str, Json]) -> str:
    place = f"lane {row['lane']}" if row["lane"] is not None else "inventory or not placed"
    decisions = row["decisions"]
    made = [
        f"category {d['category']} by {display(str(d['actor']))}"
        for d in (decisions if isinstance(decisions, list) else [])
        if isinstance(d, Mapping) and d["category"] is not None
    ]
    return ", ".join([f"{row['name']}: {row['origin'] or 'not judged'}, {place}", *made])


def _occurrence(o: Occurrence) -> dict[str, Json]:
    return {
        "source": o.source,
        "path": join_chain(o.chain),
        "state": o.state.value,
        "role": o.role.value or "member" if len(o.chain) > 1 else "file",
        "times": [_stamp(s) for s in o.times],
        "mode": f"{o.mode:o}" if o.mode is not None else None,
        "inode": o.inode,
        "flags": list(o.flags),
    }


def _stamp(stamp: Stamp) -> dict[str, Json]:
    return {"field": stamp.field, "raw": stamp.raw, "zone": stamp.zone, "utc": stamp.utc}


def _values(observations: Iterable[Observation], kind: str) -> dict[str, Json] | None:
    return next((dict(o.value) for o in observations if o.kind == kind), None)


def _hash(o: Observation) -> dict[str, Json]:
    return {"hash": o.value.get("hash"), "quality": o.value.get("quality")}


def _pdq(observations: Iterable[Observation], kind: str) -> dict[str, Json] | None:
    whole = (o for o in observations if o.kind == kind and Frame.of(o.locator) is None)
    return next((_hash(o) for o in whole), None)


def _motion(observations: Iterable[Observation]) -> dict[str, Json] | None:
    value = _values(observations, "motion")
    return {name: value.get(name) for name in _MOTION} if value is not None else None


def _frames(observations: Iterable[Observation]) -> list[Json]:
    """Return the frames that were looked at, in order, each with its hash where it has one."""
    found: dict[Frame, Json] = {}
    for o in observations:
        frame = Frame.of(o.locator)
        if frame is None:
            continue
        found.setdefault(frame, None)
        if o.kind == "pdq":
            found[frame] = _hash(o)
    return [
        {"time": frame.time, "index": frame.index, "pdq": found[frame]}
        for frame in sorted(found, key=lambda f: f.index)
    ]


def _stack(
    sha256: Sha256, placement: Placement, members: Sequence[tuple[Sha256, int]]
) -> dict[str, Json] | None:
    """Return the stack of near-duplicates that an item lies in; only its head names them all."""
    if placement.stack is not None:
        return {"head": placement.stack, "mark": None, "members": []}
    if not members:
        return None
    named: list[Json] = [{"item": item, "distance": bits} for item, bits in members]
    mark = stack_mark(sha256, [item for item, _ in members])
    return {"head": sha256, "mark": mark, "members": named}


def _neighbours(found: Neighbours | None) -> dict[str, Json] | None:
    """Return what the neighbour search found; None where it did not run or need not."""
    if found is None:
        return None
    return {
        "camera": _near(found.camera, found.camera_distance),
        "possible": _near(found.possible, found.possible_distance),
    }


def _near(item: Sha256 | None, distance: int | None) -> dict[str, Json] | None:
    return None if item is None else {"item": item, "distance": distance}


def _trace(trace: Trace | None) -> dict[str, Json] | None:
    """Return the full-size picture that a small copy was made from; null in it = none is here."""
    if trace is None:
        return None
    return {"original": trace.original, "distance": trace.distance}


def _pair(
    sha256: Sha256, observations: Iterable[Observation], pairs: Mapping[str, Sequence[Sha256]]
) -> dict[str, Json] | None:
    value = _values(observations, "pair")
    if value is None:
        return None
    together = pairs.get(str(value.get("identifier")), ())
    return {
        **{name: value.get(name) for name in ("identifier", "part", "burst")},
        "with": [sha for sha in together if sha != sha256],
    }


def _match(m: Match) -> dict[str, Json]:
    return {
        "list": m.list_id,
        "list_version": m.list_version,
        "entry": m.entry,
        "algorithm": m.algorithm,
        "distance": m.distance,
        "threshold": m.threshold,
        "frame": m.frame if m.frame >= 0 else None,
        "value": m.value,
        "polarity": m.polarity.value,
        "namespace": m.namespace,
        "category": m.category,
        "identified": m.identified,
        "distributed": m.distributed,
        "disputed": m.disputed,
        "differs": list(m.differs),
        "unread": m.unread,
        "variant": m.variant,
        "more": m.more,
        "record": m.record,
    }


def _failure(f: Failure) -> dict[str, Json]:
    return {
        "examiner": f.examiner,
        "stage": f.stage,
        "reason": f.reason.value,
        "detail": f.detail,
        "attempts": f.attempts,
    }


def _findings(
    observations: Iterable[Observation],
    places: Iterable[Occurrence],
    media_type: str,
    trace: Trace | None,
) -> list[Json]:
    found: dict[tuple[str, str], None] = {}
    for o in observations:
        if o.kind == "finding":
            flag = str(o.value.get("flag", ""))
            found[(flag, display(finding_text(flag, o.value)))] = None
    said = {flag for flag, _ in found}  # the content's own finding says it with more detail
    for place in places:
        for flag in place.flags:
            if flag in said:
                continue
            params: Mapping[str, Json] = {"detail": _flag_detail(flag, place, media_type)}
            found[(flag, display(finding_text(flag, params)))] = None
    if trace is not None and trace.original is None:
        found[("only_trace", finding_text("only_trace", {}))] = None
    return [{"kind": flag, "text": text} for flag, text in found]


def _flag_detail(flag: str, place: Occurrence, media_type: str) -> str:
    if flag == "type_mismatch":
        return disagrees(place.chain[-1], media_type) or media_type
    return join_chain(place.chain)


def _reason(reason: Reason, policy: Policy) -> dict[str, Json]:
    return {
        "code": reason.code,
        "params": dict(reason.params),
        "observation": reason.observation,
        "text": display(render(reason, policy)),
    }

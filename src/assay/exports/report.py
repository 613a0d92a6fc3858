"""The report: one self-contained HTML file that a person can hand over. No script, all escaped."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from itertools import islice
from pathlib import Path

import jinja2

from assay import __version__
from assay.core.errors import CaseError
from assay.core.facts import Sha256
from assay.core.findings import INCOMPLETE, KINDS
from assay.core.jsonvalue import Json
from assay.core.names import display, join_chain
from assay.core.vocab import Band, Level, Origin
from assay.engine import editions
from assay.engine.links import Group, top_groups
from assay.engine.session import Session
from assay.exports import unopened, words
from assay.exports.items import records
from assay.exports.lists_used import lists_used
from assay.exports.record import in_stack, match_line
from assay.exports.selection import Selection, stands_alone
from assay.exports.sizes import readable_size
from assay.store import queries
from assay.store.coverage import CLASSES, coverage
from assay.verdict.policy import Policy

DEFAULT_TOP = 50
_PLACES = 8  # occurrences shown of one item
# Codes that say something about this very item; the others are explained once in section 2.
_SPECIFIC = frozenset({"held_back", "check_failed", "pending"})
_THREADS = 20  # threads shown
_EVENTS = 40  # custody events printed: the first and the last ones


@dataclass(frozen=True, slots=True)
class ReportOptions:
    selection: Selection = field(default_factory=lambda: Selection(top=DEFAULT_TOP))
    thumbnails: Mapping[str, str] | None = (
        None  # sha256 -> base64 PNG; None = no pictures asked for
    )
    command: str = "assay report"


def write_report(session: Session, out: Path, options: ReportOptions) -> int:
    """Write the report, whole or not at all; returns the number of items shown."""
    # a preview that is shown with its picture, or a near-duplicate, is named there
    chosen = records(session, replace(options.selection, top=None))
    rows = list(islice(filter(stands_alone, chosen), options.selection.top))
    page = _environment().get_template("report.html").render(_context(session, rows, options))
    partial = out.with_name(out.name + ".partial")
    try:
        partial.write_text(page, encoding="utf-8", errors="backslashreplace")
        partial.replace(out)
    except OSError as error:
        raise CaseError(f"{out}: {error.strerror}", hint="choose another place with -o") from None
    return len(rows)


def _environment() -> jinja2.Environment:
    folder = resources.files("assay.exports").joinpath("templates")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["bytes"] = readable_size
    return environment


def _context(
    session: Session, rows: Sequence[dict[str, Json]], options: ReportOptions
) -> dict[str, object]:
    reader, pins = session.case.reader, session.case.pins
    counts = reader.counts()
    sources = reader.sources()
    uris: dict[str, str] = {s.id: s.uri for s in sources}
    events = list(reader.events())
    locked = unopened.locked(session)
    return {
        "case": {
            "name": display(session.case.folder.name),
            "id": pins.case_id,
            "created": pins.created,
            "assay": __version__,
            "made_at": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M"),
            "evaluation_date": pins.evaluation_date,
            "timezone": pins.timezone,
            "filters": words.filters(pins.include, pins.exclude, pins.since),
            "seals": ", ".join(queries.seals(session.case.connection)),
        },
        "sources": sources,
        "prior": session.priors.overlap(reader),
        "threads": [_thread(group) for group in top_groups(session, _THREADS)],
        "lists": lists_used(session),
        "lists_behind": editions.is_behind(session.settings),
        "lanes": [
            {"name": name, "meaning": meaning, "count": counts.lanes.get(lane, 0)}
            for lane, name, meaning in words.LANES
        ],
        "bands": [
            {"name": band.value, "meaning": words.BANDS[band], "count": counts.bands.get(band, 0)}
            for band in Band
        ],
        "origins": [
            {"name": o.value, "meaning": words.ORIGINS[o], "count": counts.origins.get(o, 0)}
            for o in Origin
        ],
        "levels": [
            {
                "name": level.value,
                "words": row.words,
                "forge": row.forge,
                "strengthen": row.strengthen,
            }
            for level, row in session.policy.levels.items()
            if level is not Level.N
        ],
        "classes": CLASSES,
        "coverage": [
            {
                "uri": uris.get(c.source, c.source),
                "found": c.found,
                "tallies": [c.classes[name] for name in CLASSES],
                "adds_up": c.adds_up,
                "links": c.links,
            }
            for c in coverage(session.case.connection)
        ],
        "items": [_item(session, row, options.thumbnails) for row in rows],
        "shown": len(rows),
        "total": counts.items,
        "selection": words.selection(options.selection),
        "thumbnails": options.thumbnails is not None,
        "causes": _causes(session),
        "partial": _partial(session),
        "locked": locked[: unopened.LISTED],
        "locked_count": len(locked),
        "not_opened": unopened.not_opened(session),
        "shown_with": counts.shown_with,
        "lone_copies": queries.lone_copies(session.case.connection),
        "unread": [display(path) for path in queries.unread(session.case.connection)],
        "checks": [
            {
                "name": c.name,
                "version": c.version,
                "config": c.config,
                "looks": ", ".join(c.media_types),
            }
            for c in session.checks
        ],
        "policy": session.policy,
        "trust": pins.trust,
        "limits": words.LIMITS,
        "custody": {
            "count": len(events),
            "head": events[-1].hash if events else "",
            "events": events
            if len(events) <= _EVENTS
            else [*events[: _EVENTS // 2], *events[-_EVENTS // 2 :]],
            "left_out": max(0, len(events) - _EVENTS),
        },
        "command": options.command,
    }


def _item(
    session: Session, row: Mapping[str, Json], thumbnails: Mapping[str, str] | None
) -> dict[str, object]:
    places = _rows(row["occurrences"])
    reasons = _rows(row["reasons"])
    claims = _rows(row["claims"])
    texts = [(str(r["code"]), str(r["text"])) for r in reasons]
    first = ("origin.", "lane.list_") if row["lane"] is not None else ("lane.",)
    headline = [text for code, text in reversed(texts) if code.startswith(first)]
    told = ("lane.decision", "list.", "sidecar.", "decision.", "stack.")
    other = [text for code, text in texts if code in _SPECIFIC or code.startswith(told)]
    return {
        **row,
        "path": str(places[0]["path"]) if places else str(row["sha256"]),
        "why": " ".join(headline),
        "reasons": other,
        "claims": [_claim(c, session.policy) for c in claims],
        "matches": [match_line(m) for m in _rows(row["matches"])],
        "occurrences": [_place(p) for p in places[:_PLACES]],
        "camera_rows": _camera_rows(row["camera"]),
        "moving": _moving(row["motion"], _rows(row["frames"])),
        "stack": _stack(session, row),
        "previews": queries.shown_with(session.case.connection, Sha256(str(row["sha256"]))),
        "more_places": max(0, len(places) - _PLACES),
        "thumbnail": (thumbnails or {}).get(str(row["sha256"]), ""),
    }


def _thread(group: Group) -> dict[str, object]:
    (share,) = group.shares
    lanes = ", ".join(f"{n} in lane {lane}" for lane, n in share.lanes.items())
    first = [path for _, path in share.first]
    return {
        "kind": group.kind.replace("_", " "),
        "key": group.key,
        "text": display(group.text),
        "files": group.items,
        "lanes": lanes,
        "first": first,
    }


def _stack(session: Session, row: Mapping[str, Json]) -> dict[str, object] | None:
    """Return the near-duplicates that stand with an item: path, digest and distance of each."""
    stack = row["stack"]
    members = _rows(stack["members"]) if isinstance(stack, Mapping) else []
    if not members:
        return None
    shown = members[:_PLACES]
    items = {Sha256(str(m["item"])): int(str(m["distance"])) for m in shown}
    held = queries.held(session.case.connection, list(items))
    rows = sorted((items[h.sha256], h.path, h.sha256) for h in held)
    return {"line": in_stack(row), "rows": rows, "more": len(members) - len(shown)}


def _claim(claim: Mapping[str, Json], policy: Policy) -> dict[str, object]:
    forge = policy.levels[Level(str(claim["level"]))].forge
    return {"forge": forge, **{key: display(str(value)) for key, value in claim.items()}}


def _camera_rows(camera: Json) -> list[dict[str, str]]:
    """Return what the camera text says, as rows for a person; levels stand in the claims."""
    if not isinstance(camera, Mapping):
        return []
    rows = []
    device = " ".join(str(camera[key]) for key in ("make", "model") if camera.get(key))
    zone = camera.get("zone") or "zone unknown"
    taken = f"{camera['taken_at']} ({zone})" if camera.get("taken_at") else ""
    for name, value in (
        ("Camera", device),
        ("Serial · lens", " · ".join(str(camera[k]) for k in ("serial", "lens") if camera.get(k))),
        ("Taken at (camera clock)", taken),
        ("Exposure", _flat(camera.get("exposure"))),
        ("GPS", _flat(camera.get("gps"))),
    ):
        if value:
            rows.append({"name": name, "text": display(value)[:300]})
    return rows


def _moving(motion: Json, frames: Sequence[Mapping[str, Json]]) -> str:
    """Say what a moving picture is and which frames were looked at; empty for a still."""
    if not isinstance(motion, Mapping):
        return ""
    what = " ".join(str(motion[k]) for k in ("container", "codec") if motion.get(k))
    size = f"{motion.get('width')}×{motion.get('height')}"
    if motion.get("sound_only"):
        return f"{what}: sound alone, no moving picture; sound was not examined"
    length = f", {float(str(motion['duration'])):.1f} s" if motion.get("duration") else ""
    places = ", ".join(
        f"{f['index']}" + (f" ({float(str(f['time'])):.1f} s)" if f["time"] is not None else "")
        for f in frames
    )
    unit = "Pages" if motion.get("pages") else "Frames"
    rest = "" if motion.get("pages") else " Frames only: motion and sound were not examined."
    return display(f"{what} {size}{length}. {unit} looked at: {places or 'none'}.{rest}")


def _flat(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(part)}" for key, part in value.items() if part is not None)
    if isinstance(value, list):
        return ", ".join(map(_flat, value))
    return "" if value is None else str(value)


def _place(place: Mapping[str, Json]) -> dict[str, object]:
    times = [
        {"field": t["field"], "shown": f"{_whole(str(t['utc'] or t['raw']))} ({t['zone']})"}
        for t in _rows(place["times"])
    ]
    return {"path": place["path"], "times": times}


def _whole(time: str) -> str:
    """Leave out fractions of a second for people; items.jsonl has them."""
    return re.sub(r"\.\d+(?=Z|$)", "", time)


def _rows(value: Json) -> list[Mapping[str, Json]]:
    assert isinstance(value, list)
    return [row for row in value if isinstance(row, Mapping)]


def _causes(session: Session) -> list[dict[str, object]]:
    """Group what could not be examined by check and reason."""
    items: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], list[str]] = {}
    for examiner, reason, path in _failed(session):
        key = (examiner, reason)
        items[key] += 1
        if len(first.setdefault(key, [])) < 5:
            first[key].append(path)
    return [
        {"examiner": key[0], "reason": key[1], "count": count, "first": first[key]}
        for key, count in items.most_common()
    ]


def _partial(session: Session) -> list[dict[str, object]]:
    """Group items by findings that say something in them was not read."""
    first: dict[str, list[str]] = {}
    count: Counter[str] = Counter()
    for flag, sha in queries.with_findings(session.case.connection, sorted(INCOMPLETE)):
        count[flag] += 1
        if len(first.setdefault(flag, [])) < 5:
            first[flag].extend(
                join_chain(place.occurrence.chain)
                for place in session.case.reader.occurrences(sha)[:1]
            )
    return [
        {"flag": flag, "text": KINDS[flag].text.partition(":")[0], "count": n, "first": first[flag]}
        for flag, n in count.most_common()
    ]


def _failed(session: Session) -> Iterable[tuple[str, str, str]]:
    shas = queries.with_failures(session.case.connection)
    for start in range(0, len(shas), 500):
        for judged in session.judged(shas[start : start + 500]):
            for key in sorted({(f.examiner, f.reason.value) for f in judged.facts.failures}):
                yield (*key, judged.facts.path)

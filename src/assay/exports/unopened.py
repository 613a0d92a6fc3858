"""What the case could not look into: locked things by name, kinds that nothing opens yet."""

from __future__ import annotations

import re
from collections import Counter

from assay.core.names import display, join_chain
from assay.engine.session import Session
from assay.store import queries

LISTED = 200  # names printed; all of them are in items.jsonl
_LOCKED = ("encrypted", "high_entropy")
_NUMBERS = re.compile(r"\d+")


def locked(session: Session) -> list[dict[str, str]]:
    """Return every locked file or member with what is known of its lock, in the order of work."""
    rows = []
    for flag, sha, detail in queries.details_of(session.case.connection, _LOCKED):
        places = session.case.reader.occurrences(sha)[:1]
        path = join_chain(places[0].occurrence.chain) if places else sha
        what = detail if flag == "encrypted" else f"looks random throughout: {detail}"
        rows.append({"path": path, "what": display(what)})
    return rows


def not_opened(session: Session) -> list[dict[str, object]]:
    """Return the kinds that can hold pictures and are not opened yet, with counts, most first."""
    seen: set[tuple[str, str]] = set()
    counts: Counter[str] = Counter()
    for _, sha, detail in queries.details_of(session.case.connection, ("not_opened",)):
        kind = display(_NUMBERS.sub("…", detail)[:120])
        if (sha, kind) not in seen:
            seen.add((sha, kind))
            counts[kind] += 1
    return [{"kind": kind, "count": count} for kind, count in counts.most_common()]

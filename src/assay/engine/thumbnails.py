"""Small blurred renderings for reports, made anew from the evidence inside sealed workers."""

from __future__ import annotations

import os
from collections.abc import Sequence

from assay.core.errors import SourceError, SourceVanishedError
from assay.core.facts import Sha256
from assay.core.medium import let_go
from assay.engine.ahead import TASK
from assay.engine.feed import path_of
from assay.engine.plan import seconds_for
from assay.engine.session import Session
from assay.engine.triage import stored_sources
from assay.sandbox.platform import WorkerLimits
from assay.sandbox.pool import Pool
from assay.sandbox.task import Asked, Died, Finished, Message, OpenSource
from assay.sources.folder import FolderSource
from assay.sources.found import Found


def blurred(session: Session, shas: Sequence[str], *, workers: int = 0) -> dict[str, str]:
    """Return base64 PNGs by SHA-256; contents that are gone or no pictures are left out."""
    targets = _targets(session, shas)
    made: dict[str, str] = {}
    if not targets:
        return made
    plan = session.plan()
    limits = WorkerLimits(seconds=seconds_for(0))
    count = min(len(targets), workers or os.cpu_count() or 1)
    with Pool(TASK, plan.to_wire(), workers=count, limits=limits) as pool:
        waiting = list(targets.values())
        while waiting or pool.in_flight:
            while waiting and pool.capacity() > 0:
                source, found, wanted = waiting.pop()
                try:
                    fd = source.open_entry(found)
                except (OSError, SourceVanishedError):
                    continue
                try:
                    request = {"chain": [found.key], "thumbnails": wanted}
                    pool.submit(request, OpenSource(fd, path_of(source, found)))
                finally:
                    let_go(fd)
            for event in pool.poll(0.1):
                if isinstance(event, Message) and event.body.get("op") == "thumbnail":
                    made[str(event.body["sha256"])] = str(event.body["png"])
                elif isinstance(event, Asked):
                    pool.reply(event.ticket, {"run": []})
                elif isinstance(event, Finished | Died):
                    continue
    return made


def _targets(
    session: Session, shas: Sequence[str]
) -> dict[tuple[str, str], tuple[FolderSource, Found, list[str]]]:
    """Group the wanted contents by the top-level file that holds them."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for sha in shas:
        for place in session.case.reader.occurrences(Sha256(sha))[:1]:
            occurrence = place.occurrence
            wanted.setdefault((occurrence.source, occurrence.chain[0]), []).append(sha)
    try:
        sources = {source.id: source for source in stored_sources(session)}
    except SourceError:
        return {}
    targets = {}
    for (source_id, key), contents in wanted.items():
        source = next((s for i, s in sources.items() if i == source_id), None)
        entry = session.case.reader.entry(source.id, key) if source is not None else None
        if source is not None and entry is not None:
            found = Found(key, entry.kind, entry.size, entry.mtime_ns)
            targets[(source_id, key)] = (source, found, contents)
    return targets

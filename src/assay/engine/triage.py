"""The main job on an open case: take in sources, run what is pending, record it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import SourceError
from assay.core.facts import Source
from assay.core.jsonvalue import Json
from assay.core.names import display
from assay.engine import matching
from assay.engine.batch import Committer
from assay.engine.interrupt import held_interrupt
from assay.engine.judging import Judge
from assay.engine.ledger import Ledger
from assay.engine.matching import Matcher
from assay.engine.plan import Plan
from assay.engine.progress import Progress, Silent, Watcher
from assay.engine.relocation import opened_at
from assay.engine.run import Run, RunOptions
from assay.engine.session import Session
from assay.engine.stacks import restack
from assay.engine.traces import find_traces
from assay.sandbox.headstart import HeadStart
from assay.sources.folder import FolderSource
from assay.store.coverage import coverage
from assay.verdict.place import lane_number


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended. ``seconds`` of wall time."""

    examined: int
    skipped: int
    failed: int
    unread: int
    seconds: float
    first_item: float | None
    finished: bool
    lists: tuple[str, ...] = ()  # what a person should know about the known-hash lists


def check_paths(paths: Sequence[Path]) -> None:
    """Refuse a missing path before a case folder is made for it; raises SourceError."""
    for path in paths:
        FolderSource.open(path).close()


def open_sources(session: Session, paths: Sequence[Path]) -> list[FolderSource]:
    """Open files and folders read-only, leaving out the case itself; raises SourceError."""
    return [opened_at(session, path) for path in paths]


def add_sources(session: Session, sources: Sequence[FolderSource], operator: str) -> int:
    """Record sources that the case does not know yet; returns how many were new."""
    known = {source.id for source in session.case.reader.sources()}
    new = [source for source in sources if source.id not in known]
    for source in new:
        with session.case.transaction(operator, "source.added", source.uri) as tx:
            record = source.record(opened_at=tx.at, operator=operator)
            tx.add_source(record)
            tx.detail(kind=record.kind, note=record.note)
    return len(new)


def stored_sources(session: Session) -> list[FolderSource]:
    """Open again every source that the case knows; raises SourceError where one is gone."""
    return [open_stored(session, source) for source in session.case.reader.sources()]


def open_stored(session: Session, source: Source) -> FolderSource:
    """Open again a source that the case knows, where it lies now; raises SourceError."""
    place = session.case.reader.places_of_sources()[source.id]
    try:
        return FolderSource.open(
            place,
            filters=session.filters(),
            exclude_paths=(session.case.folder,),
            known_as=source.id,
        )
    except SourceError as error:
        moved = f"assay relocate {display(str(session.case.folder))} {display(place)} NEWPATH"
        raise SourceError(
            error.message, hint=f"{error.hint}; where it lies elsewhere now: {moved}"
        ) from error


def run_case(
    session: Session,
    sources: Sequence[FolderSource],
    plan: Plan,
    *,
    operator: str,
    options: RunOptions | None = None,
    watcher: Watcher | None = None,
    action: str = "run.finished",
    ahead: HeadStart | None = None,
) -> Summary:
    """Examine what is pending in the sources and place it; one custody event closes the run.

    ``ahead`` are workers that are being prepared already.
    """
    matcher = matching.start(session, operator)
    counts = session.case.reader.counts()
    progress = Progress(lanes=Counter({lane_number(lane): n for lane, n in counts.lanes.items()}))
    chosen = options or RunOptions()
    committer = Committer(session.case, session.pinned, session.policy, progress, operator, matcher)
    ledger = Ledger(session.case, retry=chosen.retry_failed)
    finished = False
    with held_interrupt() as check:
        run = Run(committer, ledger, plan, chosen, watcher or Silent(), ahead, check)
        try:
            run.go(sources)
            finished = True
        finally:
            summary = _summary(progress, matcher, finished=finished)
            _close(session, sources, plan, summary, operator, action, matcher)
        check()
    return summary


def _close(
    session: Session,
    sources: Sequence[FolderSource],
    plan: Plan,
    summary: Summary,
    operator: str,
    action: str,
    matcher: Matcher | None,
) -> None:
    """Write the one event that every run adds."""
    uris = ", ".join(source.uri for source in sources)
    pins = session.case.pins
    with session.case.transaction(operator, action, uris) as tx:
        if summary.examined:
            tx.put_traces(find_traces(session.case.connection, session.policy))
        if summary.examined or (matcher is not None and matcher.matched_again):
            judge = Judge(session.case.reader, session.pinned, session.policy)
            restack(session.case, judge, session.policy, tx)
        account: list[Json] = [
            {
                "source": c.source,
                "files": c.found.files,
                "bytes": c.found.size,
                "adds_up": c.adds_up,
            }
            for c in coverage(session.case.connection)
        ]
        tx.detail(
            assay=pins.assay_version,
            policy=pins.policy_digest,
            trust=[t.digest for t in pins.trust],
            passes=list(plan.passes),
            passwords=len(plan.passwords),
            examined=summary.examined,
            skipped=summary.skipped,
            failed=summary.failed,
            unread=summary.unread,
            finished=summary.finished,
            coverage=account,
            notes={source.uri: source.note for source in sources if source.note},
        )
        if matcher is not None:
            tx.detail(lists=matcher.to_json())
        if session.priors:
            tx.detail(prior=session.priors.to_json())


def _summary(progress: Progress, matcher: Matcher | None, *, finished: bool) -> Summary:
    notes = matcher.notes if matcher is not None else ()
    if matcher is not None and matcher.problem:
        notes = (*notes, f"known-hash lists were not used: {matcher.problem}")
    return Summary(
        lists=notes,
        examined=progress.examined,
        skipped=progress.skipped,
        failed=progress.failed,
        unread=progress.unread,
        seconds=progress.seconds,
        first_item=progress.first_item,
        finished=finished,
    )

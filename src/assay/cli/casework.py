"""What triage, init, add and run have in common: make or open the case, run, sum up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.output import emit, plain, stderr
from assay.core.errors import CaseError, ExitCode, UsageError

if TYPE_CHECKING:
    from assay.engine.session import CaseOptions, Session
    from assay.engine.triage import Summary

LAST_PASS = 3


def passes_of(text: str) -> tuple[int, int]:
    """Read ``0-1`` or ``1`` as a range of passes; raises UsageError."""
    first, dash, last = text.partition("-")
    try:
        low, high = int(first), int(last) if dash else int(first)
    except ValueError:
        low, high = 1, 0
    if not 0 <= low <= high <= LAST_PASS:
        raise UsageError(f"--passes {text!r} is no range of passes", hint="for example 0-1, or 0-3")
    return low, high


def open_or_create(folder: Path, options: CaseOptions, operator: str) -> Session:
    """Open a case for work, or make it; options that a case has fixed must not differ."""
    from assay.engine import session as sessions

    if not sessions.is_case(folder):
        session = sessions.create(folder, options, operator)
        show_note(session)
        return session
    session = sessions.open_session(folder, write=True)
    show_note(session)
    try:
        sessions.require_same(session, options)
    except BaseException:
        session.case.close()
        raise
    return session


def show_priors(session: Session, given: Sequence[Path], keep_for: str = "") -> None:
    """Open prior cases for showing, and say which ones cannot be shown."""
    warn(session.use_priors(given, keep_for=keep_for))


def keep_lists(session: Session, files: Sequence[Path], operator: str) -> None:
    """Import known-hash lists of this case alone, and say what in them could not be read."""
    from assay.engine.matching import keep_lists

    warn(keep_lists(session, files, operator))


def check_priors(given: Sequence[Path]) -> None:
    """Refuse a prior case that cannot be read before a case folder is made; raises CaseError."""
    from assay.engine.prior import open_priors

    open_priors(given).close()


def show_note(session: Session) -> None:
    """Say what a person should know about how a case was opened: from a network drive, …"""
    if session.case.note:
        warn([session.case.note])


def summary_json(session: Session, summary: Summary) -> dict[str, object]:
    """Return what ``--json`` ends with."""
    counts = session.case.reader.counts()
    return {
        "examined": summary.examined,
        "skipped": summary.skipped,
        "failed": summary.failed,
        "unread": summary.unread,
        "items": counts.items,
        "lanes": {
            ("inventory" if lane is None else str(int(lane))): count
            for lane, count in sorted(counts.lanes.items(), key=lambda pair: pair[0] or 9)
        },
        "origins": {origin.value: count for origin, count in sorted(counts.origins.items())},
        "seconds": round(summary.seconds, 3),
        "first_item_seconds": summary.first_item and round(summary.first_item, 3),
        "finished": summary.finished,
        "case": str(session.case.folder),
        "lists": list(summary.lists),
        "prior": [
            {
                "case": row.case_id,
                "name": row.name,
                "met": row.met,
                "decided": row.decided,
                "categories": {f"{s} {c}": n for (s, c), n in sorted(row.categories.items())},
            }
            for row in session.priors.overlap(session.case.reader)
        ],
    }


def show_summary(session: Session, summary: Summary, *, as_json: bool, report: Path | None) -> None:
    """Print how the case stands after a run."""
    if as_json:
        emit({**summary_json(session, summary), "report": str(report) if report else None})
        return
    from assay.core.vocab import Band, Lane
    from assay.exports import words
    from assay.exports.lists_used import lists_used

    warn(summary.lists)
    counts = session.case.reader.counts()
    plain(
        f"{summary.examined} items examined, {summary.skipped} skipped (nothing new), "
        f"in {summary.seconds:.1f} s"
    )
    plain("")
    for lane, name, meaning in words.LANES:
        plain(f"  {name:<10} {counts.lanes.get(lane, 0):>7}  {meaning}")
        if lane is Lane.POSSIBLE_NEW_VICTIM:
            for band in Band:
                if counts.bands.get(band):
                    plain(f"    band {band.value}   {counts.bands[band]:>7}  {words.BANDS[band]}")
    plain("")
    origins = ", ".join(f"{o.value} {n}" for o, n in sorted(counts.origins.items()))
    plain(f"  origins: {origins or 'none'}")
    for listed in lists_used(session):
        plain(f"  on the list {listed.name}: {listed.met} item{'' if listed.met == 1 else 's'}")
    for row in session.priors.overlap(session.case.reader):
        plain(f"  met before in {row.name}: {row.met} items, {row.decided} of them decided there")
    show_unexamined(session)
    if report is not None:
        plain(f"  report: {report}")


def show_unexamined(session: Session, limit: int = 10) -> None:
    """List what could not be examined, so that exit code 3 is never a riddle."""
    from assay.store import queries

    unread = queries.unread(session.case.connection)
    lines = [f"{path}: unreadable" for path in unread]
    count = len(lines)
    for path, why in unexamined(session):
        count += 1
        if len(lines) < limit:
            lines.append(f"{path}: {why}")
    if not count:
        return
    plain("")
    plain(f"  {count} could not be examined in full (placed early, never late):")
    for line in lines[:limit]:
        plain(f"    {line}")
    if count > limit:
        plain(f"    … and {count - limit} more: see the report, section 5")


def unexamined(session: Session) -> Iterator[tuple[str, str]]:
    """Yield (path, why) of items on which a current check did not finish, in the order of work."""
    from assay.store import queries

    shas = queries.with_failures(session.case.connection)
    for start in range(0, len(shas), 500):
        for judged in session.judged(shas[start : start + 500]):
            if judged.facts.failures:
                whys = dict.fromkeys(
                    f"{f.examiner} {f.reason.value}" for f in judged.facts.failures
                )
                yield judged.facts.path, ", ".join(whys)


def exit_code(session: Session, summary: Summary) -> ExitCode:
    """Return 3 where something in the case could not be examined, else 0."""
    if summary.unread or next(unexamined(session), None) is not None:
        return ExitCode.PARTIAL
    return ExitCode.DONE


def check_writable(out: Path) -> None:
    """Refuse an output path in a folder that is not there, before any work is done."""
    if not out.parent.is_dir():
        raise CaseError(f"{out.parent}: no such folder", hint="make it first, or choose another -o")


def warn(lines: Sequence[str]) -> None:
    for line in lines:
        stderr.print(line, markup=False)

"""Join cases into a new one: every fact of each, one order of work over all of them.

The new case is built in a folder beside its place and renamed at the end, so that a merge that
fails leaves nothing. The inputs are only read.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from assay import __version__
from assay.core.errors import CaseError, UsageError
from assay.core.facts import CustodyEvent, Failure, Sha256
from assay.core.jsonvalue import Json, digest_of
from assay.core.names import display
from assay.core.vocab import FailureReason
from assay.engine import editions
from assay.engine.judging import Judge
from assay.engine.neighbours import settle_all
from assay.engine.prior import SETTING, remembered
from assay.engine.session import Session
from assay.engine.stacks import restack
from assay.engine.traces import find_traces
from assay.lists import library
from assay.store.case import Case, is_case
from assay.store.check import check_case
from assay.store.custody import export_jsonl
from assay.store.database import DATABASE
from assay.store.joining import Joiner, Tally
from assay.store.pins import Pins
from assay.verdict.scheme import parse_scheme

MERGED = "merged"  # folder below ``exports`` that keeps the custody logs of the inputs
_PAGE = 500  # items judged at a time
_ROOM = 2.5  # times the size of the databases: what the new one and its log may need
_ASIDE = "open:merge"  # the check that says that cases disagree on what a content is


@dataclass(frozen=True, slots=True)
class Input:
    """One case that is joined."""

    folder: Path
    case: Case
    pins: Pins
    head: CustodyEvent


@dataclass(slots=True)
class Merged:
    """What a merge came to."""

    case_id: str = ""
    inputs: list[dict[str, Json]] = field(default_factory=list)
    tables: dict[str, Tally] = field(default_factory=dict)
    renamed: dict[str, dict[str, str]] = field(default_factory=dict)  # case id -> old to new source
    filters_differ: bool = False
    items: int = 0


def merge_cases(folders: Sequence[Path], target: Path, operator: str) -> Merged:
    """Join cases into a new folder; raises UsageError and CaseError, and then leaves nothing."""
    _check_target(folders, target)
    with ExitStack() as stack:
        inputs = _opened(folders, stack)
        _check_alike(inputs)
        _check_room(inputs, target)
        with _beside(target) as place:
            merged = _build(inputs, place, operator)
    return merged


def _build(inputs: Sequence[Input], place: Path, operator: str) -> Merged:
    pins, settings, filters_differ = _pins_of(inputs)
    case = Case.create(place, pins, actor=operator, settings=settings)
    # Nobody sees the folder before it is renamed, and then all of it is on the disk at once.
    case.connection.exec_driver_sql("PRAGMA synchronous = OFF")
    with Session(case) as session:
        merged = Merged(case_id=pins.case_id, filters_differ=filters_differ)
        logs = _Logs(case.exports / MERGED)
        for one in inputs:
            merged.inputs.append(_record(case, one, logs, operator))
        _copy_lists(case, inputs)
        joiner = Joiner(case, operator)
        joiner.expect([one.case for one in inputs])
        for one in inputs:
            renamed = joiner.join(one.case, one.pins.case_id)
            if renamed:
                merged.renamed[one.pins.case_id] = {str(a): str(b) for a, b in renamed.items()}
        joiner.decide([one.case for one in inputs], [one.pins.case_id for one in inputs])
        _set_aside(case, joiner.differing, operator)
        merged.items = _judge(session, operator)
        merged.tables = joiner.tallies
        with case.transaction(operator, "case.merged", pins.case_id) as tx:
            tx.put_traces(find_traces(case.connection, session.policy))
            judge = Judge(case.reader, session.pinned, session.policy)
            settle_all(case, judge, session.policy, tx)
            restack(case, judge, session.policy, tx)
            tx.detail(
                cases=[one.pins.case_id for one in inputs],
                tables={name: _counts(tally) for name, tally in merged.tables.items()},
                filters_differ=filters_differ,
            )
    return merged


def _copy_lists(case: Case, inputs: Sequence[Input]) -> None:
    """Take over the known-hash lists that the cases have for themselves."""
    for one in inputs:
        for name in library.names(one.case.folder):
            there = library.folder_of(case.folder, name)
            if not there.exists():
                shutil.copytree(library.folder_of(one.case.folder, name), there)


def _record(case: Case, one: Input, logs: _Logs, operator: str) -> dict[str, Json]:
    """Keep the custody log of an input, and those that it kept itself, with an event of its own."""
    name, digest = logs.write(one)
    kept: list[Json] = [list(pair) for pair in logs.copy(one.case.exports / MERGED)]
    said: dict[str, Json] = {
        "case_id": one.pins.case_id,
        "folder": display(str(one.folder)),
        "events": one.head.seq,
        "head": one.head.hash,
        "its_pins": one.pins.digest,
        "custody": name,
        "custody_sha256": digest,
        "kept_from_it": kept,
    }
    with case.transaction(operator, "case.merged.input", one.pins.case_id) as tx:
        tx.detail(**said)
    return said


def _set_aside(case: Case, differing: Mapping[str, set[str]], operator: str) -> None:
    """Let doubt about what a content is move it up: its kind counts as not established."""
    if not differing:
        return
    with case.transaction(operator, "case.merged.kinds", f"{len(differing)} items") as tx:
        tx.add_failures(
            Failure(
                item=Sha256(item),
                examiner=_ASIDE,
                version="1",
                stage="merge",
                reason=FailureReason.UNSUPPORTED,
                detail="the cases name different kinds: " + ", ".join(sorted(kinds)),
            )
            for item, kinds in sorted(differing.items())
        )


def _judge(session: Session, operator: str) -> int:
    """Judge every item on all that the cases know about it; returns how many."""
    case = session.case
    judge = Judge(case.reader, session.pinned, session.policy)
    shas = (item.sha256 for item in case.reader.items())
    count = 0
    with case.transaction(operator, "case.placed", case.pins.case_id) as tx:
        while page := list(islice(shas, _PAGE)):
            rulings = judge.rulings(page, spread=False)
            tx.put_verdicts(ruling.verdict for ruling in rulings)
            tx.put_placements(ruling.placement for ruling in rulings)
            count += len(rulings)
    return count


# ---- before anything is written


def _check_target(folders: Sequence[Path], target: Path) -> None:
    shown = display(str(target))
    if len(folders) < 2:
        raise UsageError("one case alone is nothing to merge", hint="name two or more cases")
    if target.exists() and (not target.is_dir() or next(target.iterdir(), None) is not None):
        raise UsageError(f"{shown} is not empty", hint="give the new case a folder of its own")
    if not target.absolute().parent.is_dir():
        raise UsageError(f"{display(str(target.parent))}: no such folder", hint="make it first")
    inside = next((up for up in target.absolute().parents if is_case(up)), None)
    if inside is not None:
        raise UsageError(f"{shown} lies inside the case {display(str(inside))}")
    places = [folder.resolve() for folder in folders]
    if len(set(places)) < len(places):
        raise UsageError("a case is named twice", hint="name each case once")


def _opened(folders: Sequence[Path], stack: ExitStack) -> list[Input]:
    """Open every input in one unchanging state, checked, oldest first by its last event."""
    inputs = []
    for folder in folders:
        case = stack.enter_context(Case.open(folder, write=False))
        problems = check_case(case).problems
        if problems:
            raise CaseError(
                f"{display(str(folder))} does not agree with itself: "
                f"{problems[0].where}: {problems[0].text}",
                hint="see everything with: assay verify --case " + display(str(folder)),
            )
        stack.enter_context(case.snapshot())
        head = case.reader.head()
        if head is None:
            raise CaseError(f"{display(str(folder))} has no custody event")
        inputs.append(Input(folder, case, case.pins, head))
    return sorted(inputs, key=lambda one: (one.head.at, one.head.hash))


def _check_alike(inputs: Sequence[Input]) -> None:
    """Refuse cases whose verdicts do not follow from the same checks and rules."""
    first = inputs[0]
    for one in inputs[1:]:
        for name, of in _ALIKE.items():
            if of(one) != of(first):
                raise CaseError(
                    f"{display(str(one.folder))} and {display(str(first.folder))} have another "
                    f"{name}: one order of work cannot follow from both",
                    hint=_HINTS.get(name, _UPGRADE),
                )


def _setting(name: str, one: Input) -> str:
    return digest_of(one.case.settings.get(name))


_UPGRADE = (
    "bring both to the same with: assay run --upgrade --case CASE "
    "(and the same --evaluation-date, --policy, --trust), then merge"
)
_ALIKE: Mapping[str, Callable[[Input], object]] = {
    "policy": lambda one: one.pins.policy_digest,
    "day of evaluation": lambda one: one.pins.evaluation_date,
    "list of trusted certificates": lambda one: _setting("options", one),
    "number of frames": lambda one: _setting("frames", one),
    "time zone": lambda one: one.pins.timezone,
    "table of limits": lambda one: dict(one.pins.limits),
    "table of checks": lambda one: _setting("checks", one),
    "set of known-hash lists": lambda one: editions.editions_of(one.case.settings),
}
_HINTS = {
    "set of known-hash lists": "match both with the lists of this machine: assay run --case CASE",
    "time zone": "the zone is fixed when a case is made: make one of them again with the other's",
    "table of limits": "limits are fixed when a case is made: make one of them again",
}


def _check_room(inputs: Sequence[Input], target: Path) -> None:
    need = int(_ROOM * sum((one.folder / DATABASE).stat().st_size for one in inputs))
    free = shutil.disk_usage(target.absolute().parent).free
    if need > free:
        raise CaseError(
            f"{display(str(target))}: up to {need} bytes are needed, {free} are free there",
            hint="free some space, or choose another place with -o",
        )


def _pins_of(inputs: Sequence[Input]) -> tuple[Pins, dict[str, Json], bool]:
    """Return the pins and settings of the new case, and whether filters had to be left out."""
    pins = [one.pins for one in inputs]
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    made = replace(
        pins[0],
        case_id=str(uuid.uuid4()),
        created=now.replace("+00:00", "Z"),
        assay_version=__version__,
    )
    # What one case left out and another did not is examined when the new case is run: never later.
    differ = any(
        (p.include, p.exclude, p.since) != (pins[0].include, pins[0].exclude, pins[0].since)
        for p in pins
    )
    if differ:
        made = replace(made, include=(), exclude=(), since=None)
    settings = dict(inputs[0].case.settings)
    settings["schemes"] = _schemes_of(inputs)
    # A prior case that is joined itself has nothing to say about itself any more.
    before = {case_id: path for one in inputs for path, case_id in remembered(one.case.settings)}
    joined = {p.case_id for p in pins}
    kept: list[Json] = [
        {"path": path, "case_id": case_id}
        for case_id, path in sorted(before.items())
        if case_id not in joined
    ]
    if any(editions.is_behind(one.case.settings) for one in inputs):
        settings[editions.BEHIND] = True
    settings.pop(SETTING, None)
    if kept:
        settings[SETTING] = kept
    return made, settings, differ


def _schemes_of(inputs: Sequence[Input]) -> list[Json]:
    """Unite the category schemes; raises CaseError where two have one name and other content."""
    texts: dict[str, None] = {}
    for one in inputs:
        schemes = one.case.settings["schemes"]
        assert isinstance(schemes, Sequence)
        texts.update(dict.fromkeys(str(text) for text in schemes))
    named: dict[str, str] = {}
    for text in texts:
        name = parse_scheme(text.encode(), "a case's scheme").name
        if named.setdefault(name, text) != text:
            raise CaseError(
                f"two of the cases have a scheme {name!r} with different content",
                hint="decisions of one cannot be read with the other; give one another name",
            )
    return list(texts)


# ---- places


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a folder beside the target; it takes the target's place, or vanishes on an error."""
    place = target.absolute().with_name(f".{target.name}.merging-{os.getpid()}")
    try:
        yield place
        for path in place.rglob("*"):
            if path.is_file():
                _sync(path)
        if target.exists():
            target.rmdir()
        place.rename(target)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class _Logs:
    """The custody logs of the inputs in the new case, by names that are never taken twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def write(self, one: Input) -> tuple[str, str]:
        """Export the chain of an input; returns the file's name and its SHA-256."""
        path = self._free(f"{one.pins.case_id}-custody")
        export_jsonl(one.case.reader.events(), path)
        return path.name, _digest(path)

    def copy(self, folder: Path) -> Iterator[tuple[str, str]]:
        """Copy the logs that an input kept of its own inputs; yields names and SHA-256."""
        for old in sorted(folder.glob("*-custody*.jsonl")):
            path = self._free(old.stem)
            shutil.copyfile(old, path)
            yield path.name, _digest(path)

    def _free(self, stem: str) -> Path:
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in stem)[:200]
        path, number = self._folder / f"{safe}.jsonl", 1
        while path.exists():
            number += 1
            path = self._folder / f"{safe}-{number}.jsonl"
        return path


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _counts(tally: Tally) -> dict[str, Json]:
    return {"read": tally.read, "added": tally.added, "same": tally.same, "apart": tally.apart}

"""Decisions that people made in another tool: recorded as that tool's, with the times it states.

A record of a review tool is a decision only where it has a category that a person gave, and where
every digest and the size that it states are those of exactly one item. What a category means is
what a scheme of the case says; without one it is recorded and places nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from assay.core.errors import UsageError
from assay.core.facts import Decision, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.names import join_chain
from assay.core.vocab import Lane
from assay.engine.foreign_choice import (
    Lanes,
    chosen,
    dated,
    disagrees,
    is_known,
    is_of_a_list,
    is_own,
    overtaken,
)
from assay.engine.foreign_record import ForeignFile, Speaker, Told
from assay.engine.foreign_rows import Gathered, Named
from assay.engine.judging import Judge, put
from assay.engine.neighbours import Neighbourhood
from assay.engine.rejudge import Changes
from assay.engine.session import Session
from assay.store.records import Bundle
from assay.store.stated import decided_in
from assay.store.writer import Transaction
from assay.verdict.scheme import load_scheme

IMPORTED = "decisions.imported"
_PAGE = 500  # items judged at a time
_MOVES = 10_000  # changes of lane that are named; all are counted
_ACTOR = 200  # characters of a name
_OURS = "assay"  # a file that Assay wrote names Assay, which decides nothing


@dataclass(frozen=True, slots=True)
class Options:
    """How the files are to be read."""

    actor: str = ""  # instead of what the files name
    namespace: str = ""  # whose categories VICS 1.x uses, which does not say it
    scheme: Path | None = None  # a scheme file that becomes one of the case's
    listed: bool = False  # take also what a list categorised, according to the record


@dataclass(frozen=True, slots=True)
class Move:
    """An item that stands in another lane now."""

    item: Sha256
    path: str
    old: Lane | None  # None = inventory
    new: Lane | None


@dataclass(frozen=True, slots=True)
class Several:
    """An item to which one actor gave several categories."""

    item: Sha256
    path: str
    actor: str
    counts: str  # the category that counts
    said: tuple[tuple[str, str, str], ...]  # category, time ("" = not stated), place in the file


@dataclass(slots=True)
class Taken:
    """What some files came to. Every record counts in exactly one number, ``records`` aside."""

    files: list[ForeignFile] = field(default_factory=list)
    actors: Counter[str] = field(default_factory=Counter)  # decisions recorded, by actor
    records: int = 0
    recorded: int = 0
    already: int = 0  # recorded before
    unchanged: int = 0  # the case's own decision, come back
    older: int = 0  # than what the same actor decided since
    outdone: int = 0  # by a later record of the same actor on the same item, in these files
    repeated: int = 0  # the same category once more
    uncategorised: int = 0
    listed: int = 0  # by a list, not a person
    unmet: int = 0
    differs: Named[JsonObject] = field(default_factory=Named)
    refused: Named[JsonObject] = field(default_factory=Named)
    several: Named[Several] = field(default_factory=Named)
    disagree: int = 0  # items on which another actor's decision leads to another lane
    unplaced: Counter[tuple[str, str]] = field(default_factory=Counter)  # (scheme, category)
    added: str = ""  # the scheme that the case was given
    moves: int = 0
    moved: list[Move] = field(default_factory=list)  # the first of them

    def counts(self) -> dict[str, Json]:
        return {
            "records": self.records,
            "recorded": self.recorded,
            "already": self.already,
            "unchanged": self.unchanged,
            "older": self.older,
            "outdone": self.outdone,
            "repeated": self.repeated,
            "uncategorised": self.uncategorised,
            "listed": self.listed,
            "unmet": self.unmet,
            "differs": self.differs.count,
        }


def take(session: Session, paths: Sequence[Path], options: Options, operator: str) -> Taken:
    """Record the categories of VICS files as decisions of the tools that wrote them.

    All in one transaction, or nothing. Raises UsageError, SourceError, PolicyError.
    """
    case = session.case
    with Gathered(case.connection, case.pins.timezone) as gathered:
        for path in paths:
            gathered.read(path, options.namespace)
        taken = Taken(
            files=gathered.files,
            records=gathered.records,
            uncategorised=gathered.uncategorised,
            unmet=gathered.unmet,
            differs=gathered.differs,
            refused=gathered.refused,
        )
        names = ", ".join(file.name for file in gathered.files)
        with case.transaction(operator, IMPORTED, names) as tx:
            if options.scheme is not None:
                taken.added = _add_scheme(session, tx, options.scheme, gathered.files)
            touched = _record(session, tx, gathered, options, taken)
            _place(session, tx, touched, taken)
            tx.detail(**_told(taken))
    return taken


# ---- the scheme


def _add_scheme(session: Session, tx: Transaction, path: Path, files: Sequence[ForeignFile]) -> str:
    """Make a scheme file one of the case's; returns its name, "" where the case has it already."""
    scheme = load_scheme(path)
    used = sorted({file.scheme for file in files})
    if scheme.name not in used:
        raise UsageError(
            f"{path}: is the scheme {scheme.name!r}; the categories read are of {', '.join(used)}",
            hint=f'the scheme file needs name = "{used[0]}"' if used else "",
        )
    text = path.read_bytes().decode("utf-8")
    if text in session.schemes_text:
        return ""
    if scheme.name in session.schemes:
        raise UsageError(
            f"the case has another scheme {scheme.name!r} already",
            hint="what a category means is fixed in a case: leave out --scheme",
        )
    settings: dict[str, Json] = {
        **session.case.settings,
        "schemes": [*session.schemes_text, text],
    }
    tx.set_pins(session.case.pins, settings)
    session.schemes_pinned()
    return scheme.name


# ---- what is recorded


def _record(
    session: Session, tx: Transaction, gathered: Gathered, options: Options, taken: Taken
) -> list[Sha256]:
    """Record what was told; returns the items on which something is new."""
    touched: list[Sha256] = []
    lanes = session.lanes_of
    for page in gathered.by_item():
        bundles = session.case.reader.facts_of([told[0].item for told in page])
        for told in page:
            bundle = bundles[told[0].item]
            new = _decisions(told, bundle, lanes, options, taken)
            if not new:
                continue
            touched.append(bundle.item.sha256)
            taken.disagree += disagrees(new, bundle.decisions, lanes)
            taken.recorded += len(new)
            taken.actors.update(decision.actor for decision in new)
            tx.add_decisions(dated(decision, tx.at) for decision in new)
    return touched


def _decisions(
    told: Sequence[Told], bundle: Bundle, lanes: Lanes, options: Options, taken: Taken
) -> list[Decision]:
    """Return what is new of what the tools say of one item, and count the rest."""
    by_actor: dict[str, list[Told]] = {}
    for one in told:
        if is_own(one, bundle):
            taken.unchanged += 1
        elif not options.listed and is_of_a_list(one, bundle):
            taken.listed += 1
        else:
            by_actor.setdefault(_actor(one.speaker, options), []).append(one)
    new = []
    for actor, rows in by_actor.items():
        one = chosen(rows, lanes)
        same = sum((t.scheme, t.category) == (one.scheme, one.category) for t in rows)
        taken.repeated += same - 1
        taken.outdone += len(rows) - same
        if same < len(rows):
            places = [found.occurrence.chain for found in bundle.occurrences]
            path = join_chain(min(places)) if places else one.item
            said = tuple((t.category, t.at, t.place) for t in rows)
            taken.several.add(Several(one.item, path, actor, one.category, said))
        if (one.scheme, one.category) not in lanes:
            taken.unplaced[one.scheme, one.category] += 1
        decision = Decision(one.item, actor, one.scheme, one.category, one.note, one.at)
        if is_known(decision, bundle.decisions):
            taken.already += 1
        elif overtaken(decision, bundle.decisions):
            taken.older += 1
        else:
            new.append(decision)
    return new


def _actor(speaker: Speaker, options: Options) -> str:
    if options.actor:
        return options.actor
    if not speaker.name:
        raise UsageError(
            f"{speaker.file.name}: does not say which tool or person gave its categories",
            hint="say it with --actor NAME",
        )
    if speaker.tool.casefold() == _OURS:
        raise UsageError(
            f"{speaker.file.name}: was written by Assay, which gives no category itself",
            hint="say who categorised with --actor NAME",
        )
    return speaker.name[:_ACTOR]


# ---- what follows


def _place(session: Session, tx: Transaction, touched: list[Sha256], taken: Taken) -> None:
    """Judge anew what was decided, and with a new scheme all that was ever decided in it."""
    judge = Judge(session.case.reader, session.pinned, session.policy)
    hood = Neighbourhood(session.case, judge, session.policy)
    pages = (touched[at : at + _PAGE] for at in range(0, len(touched), _PAGE))
    done = set(touched) if taken.added else set()
    decided = decided_in(session.case.connection, taken.added) if taken.added else ()
    others = ([sha for sha in page if sha not in done] for page in decided)
    changes = Changes()
    for page in chain(pages, others):
        rulings = put(tx, judge.rulings(page))
        changes.take(rulings)
        changes.take(hood.settle(tx, rulings))
    for change in changes.all():
        was = change.old.lane if change.old is not None else None
        if was != change.new.lane:
            taken.moves += 1
            if len(taken.moved) < _MOVES:
                taken.moved.append(Move(change.item, change.path, was, change.new.lane))


def _told(taken: Taken) -> dict[str, Json]:
    """Return what the custody event holds."""
    return {
        "files": [
            {"name": f.name, "sha256": f.sha256, "size": f.size, "scheme": f.scheme}
            for f in taken.files
        ],
        "actors": dict(sorted(taken.actors.items())),
        "records": taken.counts(),
        "refused": taken.refused.count,
        "differs": taken.differs.first,
        "scheme_added": taken.added,
        "moves": taken.moves,
        "moved": [[m.item, int(m.old or 0), int(m.new or 0)] for m in taken.moved],
    }

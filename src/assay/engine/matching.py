"""Meets the items of a case with the known-hash lists of this user; the coordinator's work alone.

The case pins what its lists were (``editions``). Every item is matched in the transaction that
stores it, before it is judged. When the lists are others than the pinned ones, all items are
matched again from what the case holds, without the evidence. Where a list cannot be opened, or a
pinned one is not installed here, nothing new is matched: a list places nothing while another one,
which might contradict it, was not asked.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from assay.core.contract import Frame
from assay.core.errors import AssayError, UsageError
from assay.core.facts import PARTS, Item, Match, Observation, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import ListPolarity
from assay.engine import editions
from assay.engine.judging import Judge, put
from assay.engine.looks import expand, fold
from assay.engine.neighbours import settle_all
from assay.engine.rejudge import Changes
from assay.engine.session import Session
from assay.store import near, queries
from assay.store.case import Case
from assay.store.records import Hash
from assay.store.writer import Transaction
from assay.trust.lists import home

if TYPE_CHECKING:
    from assay.lists.library import Library
    from assay.lists.matching import Hit

T = TypeVar("T")

PINNED = "lists.matched"
LICENSED = "licensed_hash"  # kind of observation: algorithm, value (hex); see lists.hashers
KEPT = "lists.kept"
UNAVAILABLE = "lists.unavailable"
_PAGE = 500  # items read, matched or judged at a time
_KEEP = 4  # records kept of one list for one picture that say the same; others are counted no more
_MOVES = 10_000  # changes of lane that one custody event names; all are counted
_NAME = 64  # characters of a list's name, as ``assay.lists.library`` has it
_FOLDER = "lists"  # in Assay's data folder, as ``assay.lists.library`` has it


@dataclass(slots=True)
class Matcher:
    """The lists of one run. Without a library it matches nothing and ``problem`` says why."""

    library: Library | None = None
    rows: Mapping[str, JsonObject] = field(default_factory=dict)  # what the case pins, by name
    problem: str = ""
    notes: tuple[str, ...] = ()  # for people
    matched_again: bool = False  # all items, because lists had changed

    @property
    def editions(self) -> dict[str, str]:
        return {name: editions.edition(row) for name, row in self.rows.items()}

    def to_json(self) -> JsonObject:
        """Return what the custody event of a run says about the lists."""
        versions: dict[str, Json] = {n: str(row["version"]) for n, row in self.rows.items()}
        return {"versions": versions, "problem": self.problem, "notes": list(self.notes)}

    def matches(
        self,
        items: Iterable[Item],
        hashes: Iterable[Hash],
        observations: Iterable[Observation] = (),
    ) -> list[Match]:
        """Return what the lists say of new items and hashes; [] once a list has failed.

        Of the observations, licensed hashes count: what a plug-in with a licence computed.
        """
        if self.library is None:
            return []
        try:
            return [
                *self._exact(items),
                *self._near(list(hashes)),
                *self._licensed(observations),
            ]
        except (AssayError, OSError) as error:
            self.fail(error)
            return []

    def fail(self, error: Exception) -> None:
        """Match nothing more in this run."""
        self.library = None
        self.problem = str(error)

    def _exact(self, items: Iterable[Item]) -> Iterator[Match]:
        assert self.library is not None
        for item in {item.sha256: item for item in items}.values():
            hits = self.library.match_exact(item.md5, item.sha1, item.sha256, item.size)
            yield from self._facts(item.sha256, -1, hits)

    def _near(self, hashes: Sequence[Hash]) -> Iterator[Match]:
        import numpy as np

        assert self.library is not None
        if not hashes:
            return
        values = np.frombuffer(b"".join(h.hash for h in hashes), np.uint8).reshape(-1, 32)
        parts = [h.rendering if h.rendering.startswith(PARTS) else "" for h in hashes]
        asked, owner, names = expand(values, [h.turned for h in hashes], parts)
        qualities = np.array([h.quality for h in hashes], np.int64)[owner]
        found = self.library.match_pdq(asked, qualities, threads=os.cpu_count() or 1)
        # A frame is one picture, with its renderings: each record counts once for it, and once for
        # all its parts where the whole did not meet it.
        places = {place: at for at, place in enumerate(dict.fromkeys(map(_place, hashes)))}
        whose = [places[_place(hashes[at])] for at in owner.tolist()]
        folded = fold(whose, names, found, len(places))
        for (item, frame, part), hits in zip(places, folded, strict=True):
            if part and (whole := places.get((item, frame, False))) is not None:
                met = {(hit.list, hit.number, hit.value) for hit in folded[whole]}
                hits = [hit for hit in hits if (hit.list, hit.number, hit.value) not in met]
            yield from self._facts(item, frame, hits)

    def _licensed(self, observations: Iterable[Observation]) -> Iterator[Match]:
        import numpy as np

        assert self.library is not None
        for o in observations:
            if o.kind != LICENSED:
                continue
            algorithm, digits = o.value.get("algorithm"), o.value.get("value")
            if not isinstance(algorithm, str) or not isinstance(digits, str):
                continue
            with suppress(ValueError):  # no hex, or not as wide as the list's: nothing to compare
                value = np.frombuffer(bytes.fromhex(digits), np.uint8)[None]
                (hits,) = self.library.match_other(algorithm, value)
                frame = Frame.of(o.locator)
                yield from self._facts(o.item, -1 if frame is None else frame.index, hits)

    def _facts(self, item: Sha256, frame: int, hits: Iterable[Hit]) -> Iterator[Match]:
        alike: Counter[tuple[object, ...]] = Counter()
        for hit in hits:
            row = self.rows[hit.list]
            fact = hit.fact(
                item,
                edition=editions.edition(row),
                frame=frame,
                in_force=row["in_force"] is True,
            )
            if row["one_polarity"] == ListPolarity.NEGATIVE.value:
                fact = replace(fact, more=0)  # what was not read says nothing else
            said = (
                fact.list_id, fact.near, fact.polarity, fact.identified, fact.distributed,
                fact.disputed, bool(fact.differs), bool(fact.unread), fact.part,
            )  # fmt: skip
            alike[said] += 1
            if alike[said] <= _KEEP:
                yield fact


def _place(h: Hash) -> tuple[Sha256, int, bool]:
    return (h.item, h.frame, h.rendering.startswith(PARTS))


def start(session: Session, operator: str) -> Matcher | None:
    """Open the lists for a run and bring the case in step with them; None where there are none.

    Matches all items again where the lists are not those that the case pins, in one transaction
    with one custody event.
    """
    pinned = editions.rows_of(session.settings)
    homes = homes_of(session.case)
    if not pinned and not any(map(_any_there, homes)):
        return None
    matcher = _opened(homes, session.case.pins.evaluation_date, pinned)
    if matcher.library is None:
        _note_unavailable(session, matcher, operator)
    elif editions.is_behind(session.settings) or matcher.editions != editions.editions_of(
        session.settings
    ):
        _match_again(session, matcher, operator)
    elif matcher.rows != pinned:
        settings = {**session.case.settings, editions.SETTING: matcher.rows}
        session.case.repin(session.case.pins, actor=operator, settings=settings, action=PINNED)
        session.lists_pinned()
    return matcher


def homes_of(case: Case) -> tuple[Path, ...]:
    """Return the folders with the lists that meet a case: the user's, and its own."""
    return (home(), case.folder)


def keep_lists(session: Session, files: Sequence[Path], operator: str) -> list[str]:
    """Import files as lists of this case alone, each named as its file; returns what to tell.

    They lie in the case's folder and meet no other case. Raises UsageError, PolicyError.
    """
    from assay.lists import changing, library

    notes: list[str] = []
    own = library.names(home())
    for path in files:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such list", hint="give a readable file")
        if (name := _list_name(path.stem)) in own:
            raise UsageError(
                f"{path}: your own list {name!r} meets this case already",
                hint=f"rename the file, or update that one: assay lists add {name} FILE",
            )
        done = changing.add(library.folder_of(session.case.folder, name), path)
        if refused := done.refused.total():
            notes.append(f"{path}: {refused} records could not be read and are put aside")
        if not done.unchanged:
            with session.case.transaction(operator, KEPT, name) as tx:
                tx.detail(file=str(path.name), summary=done.to_json())
    return notes


def _list_name(stem: str) -> str:
    """Return the name of the list that a file becomes: always the same, and another for others."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in stem)
    plain = plain.lstrip("._-")
    if plain and stem.isascii() and len(plain) <= _NAME:
        return plain
    mark = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain[: _NAME - 9] or 'list'}-{mark}"


def fall_behind(tx: Transaction, case: Case) -> None:
    """Pin, in the transaction that adds items, that they were not matched with the case's lists."""
    tx.set_pins(case.pins, {**case.settings, editions.BEHIND: True})


def lists_here(session: Session) -> dict[str, JsonObject]:
    """Return those rows that a case pins whose lists are installed here (``run --upgrade``)."""
    there = {n for h in homes_of(session.case) if _any_there(h) for n in _names(h)}
    return {n: row for n, row in editions.rows_of(session.settings).items() if n in there}


def _any_there(folder: Path) -> bool:
    """Tell, without importing what reads lists, whether there may be one."""
    try:
        return any((folder / _FOLDER).iterdir())
    except OSError:
        return False


def _names(folder: Path) -> tuple[str, ...]:
    from assay.lists import library

    return library.names(folder)


def _opened(homes: Sequence[Path], day: str, pinned: Mapping[str, JsonObject]) -> Matcher:
    from assay.lists.index_files import HammingIndexError
    from assay.lists.library import Library

    try:
        library = Library.open(*homes)
    except (AssayError, HammingIndexError, OSError) as error:
        return Matcher(problem=str(error))
    missing = sorted(pinned.keys() - set(library.names))
    if missing:
        return Matcher(
            problem=f"not installed here: the list {', '.join(missing)} that the case was matched "
            "with; install it, or leave it out with: assay run --upgrade"
        )
    rows: dict[str, JsonObject] = {}
    for name, row in library.digest().items():
        assert isinstance(row, Mapping)
        properties = library.get(name).properties
        kinds = {c.polarity for table in properties.categories.values() for c in table.values()}
        rows[name] = {
            **row,
            "in_force": properties.in_force(day),
            "one_polarity": kinds.pop().value if len(kinds) == 1 else "",
        }
    return Matcher(library, rows, notes=library.notes)


def _note_unavailable(session: Session, matcher: Matcher, operator: str) -> None:
    """Record once that items may be added that are not matched with what the case pins."""
    case = session.case
    if not editions.rows_of(session.settings) or editions.is_behind(session.settings):
        return
    with case.transaction(operator, UNAVAILABLE, case.pins.case_id) as tx:
        fall_behind(tx, case)
        tx.detail(problem=matcher.problem)
    session.lists_pinned()


def _match_again(session: Session, matcher: Matcher, operator: str) -> None:
    case = session.case
    before = editions.editions_of(session.settings)
    settings: dict[str, Json] = {**case.settings, editions.SETTING: dict(matcher.rows)}
    settings.pop(editions.BEHIND, None)
    found = 0
    with case.transaction(operator, PINNED, case.pins.case_id) as tx:
        for page in _pages(case.reader.items()):
            hashes = queries.hashes_of(case.connection, [item.sha256 for item in page])
            licensed = near.licensed(case.connection, [item.sha256 for item in page])
            matches = matcher.matches(page, hashes, licensed)
            if matcher.library is None:
                break
            found += len(matches)
            tx.add_matches(matches)
        if matcher.library is None:  # a list failed meanwhile: what was pinned stays
            settings = {**case.settings, editions.BEHIND: True}
        tx.set_pins(case.pins, settings)
        judge = Judge(case.reader, session.pinned_with(settings), session.policy)
        changes = Changes()
        for shas in _pages(iter(queries.matched(case.connection))):
            changes.take(put(tx, judge.rulings(shas)))
        changes.take(settle_all(case, judge, session.policy, tx))
        moves = changes.moves()
        tx.detail(
            editions_before=before,
            lists=matcher.to_json(),
            matches=found,
            moved=moves[:_MOVES],
            moves=len(moves),
        )
    matcher.matched_again = True
    session.lists_pinned()


def _pages(values: Iterator[T]) -> Iterator[list[T]]:
    while page := list(islice(values, _PAGE)):
        yield page

"""Prior cases: what was found and decided about the same contents before. Shown, never applied.

Another case had another version and other settings, so nothing of it saves an examination or moves
an item: lane and rank are what they are without it. A prior case is opened for reading only: no
lock, no migration, and a read-only folder will do.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from assay.core.errors import AssayError, CaseError, UsageError
from assay.core.facts import Decision, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.names import display
from assay.store import queries
from assay.store.case import Case
from assay.store.reader import Reader
from assay.store.records import shown, standing

SETTING = "prior"
_PAGE = 500  # items


@dataclass(frozen=True, slots=True)
class Met:
    """One content as a prior case holds it."""

    case_id: str
    name: str  # of the case's folder
    origin: str | None  # None = it was not judged there
    lane: int | None  # None = inventory, or not placed
    path: str  # first place there, display form
    places: int
    decisions: tuple[Decision, ...]  # those that stand, and notes

    def to_json(self) -> dict[str, Json]:
        return {
            "case": self.case_id,
            "name": self.name,
            "origin": self.origin,
            "lane": self.lane,
            "path": self.path,
            "places": self.places,
            "decisions": [
                {
                    "actor": d.actor,
                    "scheme": d.scheme,
                    "category": d.category,
                    "note": d.note,
                    "at": d.at,
                }
                for d in self.decisions
            ],
        }


@dataclass(slots=True)
class Overlap:
    """How much of a case was met in one prior case."""

    case_id: str
    name: str
    folder: str
    head: str
    met: int = 0  # contents
    decided: int = 0  # contents with a decision that stands there
    categories: Counter[tuple[str, str]] = field(default_factory=Counter)  # (scheme, category)


@dataclass(frozen=True, slots=True)
class Prior:
    """An open prior case."""

    folder: Path
    case: Case
    case_id: str
    head: str  # of its custody chain when it was opened

    @property
    def name(self) -> str:
        return display(self.folder.name)

    def met(self, shas: Sequence[Sha256]) -> dict[Sha256, Met]:
        """Return what the case says of those contents that it holds."""
        connection = self.case.connection
        decided = set(queries.decided(connection, shas))
        return {
            row.sha256: Met(
                self.case_id,
                self.name,
                row.origin,
                row.lane,
                row.path,
                row.places,
                shown(self.case.reader.decisions(row.sha256)) if row.sha256 in decided else (),
            )
            for row in queries.held(connection, shas)
        }


class Priors:
    """The prior cases of a session, in the order in which they were named."""

    def __init__(self, cases: Sequence[Prior] = (), notices: Sequence[str] = ()) -> None:
        self.cases = list(cases)
        self.notices = list(notices)  # remembered cases that cannot be shown, one sentence each

    def __bool__(self) -> bool:
        return bool(self.cases)

    def close(self) -> None:
        for prior in self.cases:
            prior.case.close()
        self.cases.clear()

    def met(self, shas: Sequence[Sha256]) -> dict[Sha256, tuple[Met, ...]]:
        """Return what every prior case says of these contents; unknown ones are left out."""
        found: dict[Sha256, tuple[Met, ...]] = {}
        for prior in self.cases:
            for sha, met in prior.met(shas).items():
                found[sha] = (*found.get(sha, ()), met)
        return found

    def overlap(self, reader: Reader) -> list[Overlap]:
        """Count, for each prior case, the contents of this one that it holds, page by page."""
        rows = [Overlap(p.case_id, p.name, display(str(p.folder)), p.head) for p in self.cases]
        if not rows:
            return []
        shas = (item.sha256 for item in reader.items())
        while page := list(islice(shas, _PAGE)):
            for prior, row in zip(self.cases, rows, strict=True):
                for met in prior.met(page).values():
                    row.met += 1
                    stand = [d for d in standing_of(met) if d.category is not None]
                    row.decided += bool(stand)
                    row.categories.update({(d.scheme, str(d.category)) for d in stand})
        return rows

    def to_json(self) -> list[Json]:
        """Return which cases, in which state, were shown: for the custody log."""
        return [{"case_id": prior.case_id, "head": prior.head} for prior in self.cases]


def standing_of(met: Met) -> tuple[Decision, ...]:
    return standing(met.decisions)


def open_priors(
    given: Sequence[Path], settings: JsonObject | None = None, own: Path | None = None
) -> Priors:
    """Open the cases given, and those that ``settings`` remember.

    One that was given must be there: raises CaseError, UsageError. One that is only remembered
    becomes a notice where it is gone, or is another case by now.
    """
    priors = Priors()
    try:
        for folder in given:
            if own is not None and folder.resolve() == own.resolve():
                raise UsageError("a case is no prior case of itself", hint="name another case")
            _add(priors, _open(folder))
        known = {prior.case_id for prior in priors.cases}
        for path, case_id in remembered(settings or {}):
            if case_id not in known:
                _add_remembered(priors, Path(path), case_id)
    except BaseException:
        priors.close()
        raise
    return priors


def remembered(settings: JsonObject) -> list[tuple[str, str]]:
    """Return (path, case id) of the prior cases that a case remembers."""
    rows = settings.get(SETTING, [])
    rows = rows if isinstance(rows, Sequence) and not isinstance(rows, str) else []
    return [(str(r["path"]), str(r["case_id"])) for r in rows if isinstance(r, Mapping)]


def remember(case: Case, priors: Priors, operator: str) -> None:
    """Keep the path and id of open prior cases in the settings of a case, with a custody event."""
    settings = case.settings
    before = {case_id: path for path, case_id in remembered(settings)}
    now = {**before, **{p.case_id: os.path.abspath(p.folder) for p in priors.cases}}
    if now == before:
        return
    rows: list[Json] = [{"path": path, "case_id": case_id} for case_id, path in now.items()]
    case.repin(
        case.pins, actor=operator, settings={**settings, SETTING: rows}, action="prior.named"
    )


def _open(folder: Path) -> Prior:
    try:
        case = Case.open(folder, write=False)
    except CaseError as error:
        raise CaseError(
            f"prior case: {error.message}",
            hint="A prior case is only read. " + error.hint,
        ) from error
    try:
        head = case.reader.head()
        return Prior(folder, case, case.pins.case_id, head.hash if head else "")
    except BaseException:
        case.close()
        raise


def _add(priors: Priors, prior: Prior) -> None:
    if any(other.case_id == prior.case_id for other in priors.cases):
        prior.case.close()
        return
    priors.cases.append(prior)


def _add_remembered(priors: Priors, folder: Path, case_id: str) -> None:
    shown_path = display(str(folder))
    try:
        prior = _open(folder)
    except AssayError as error:
        priors.notices.append(f"prior case {case_id} is not shown: {error.message}")
        return
    if prior.case_id != case_id:
        prior.case.close()
        priors.notices.append(
            f"prior case {case_id} is not shown: at {shown_path} lies the case {prior.case_id}"
        )
        return
    _add(priors, prior)

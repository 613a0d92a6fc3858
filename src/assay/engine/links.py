"""Threads: the items of a case, and of others beside it, that carry the same fingerprint.

A thread is a lead for people. It moves no item and changes no verdict; other cases are opened for
reading only, as ``prior`` opens them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from sqlalchemy import Connection

from assay.core.errors import UsageError
from assay.core.facts import Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.names import display
from assay.engine.prior import Priors
from assay.engine.session import Session
from assay.store import fingerprints

KINDS = ("camera_serial", "generator", "camera")  # the most telling first
FIRST = 3  # places named of each case
_PAGE = 200  # groups described at a time


@dataclass(frozen=True, slots=True)
class Looked:
    """A case that is searched for threads."""

    case_id: str
    name: str  # of its folder
    connection: Connection
    now: fingerprints.Current


@dataclass(frozen=True, slots=True)
class Share:
    """What one case holds of a thread."""

    case_id: str
    name: str
    items: int
    lanes: dict[str, int]  # "1"-"5", "inventory", "not placed" -> items
    first: tuple[tuple[Sha256, str], ...]  # (item, path), in the order of work

    def to_json(self) -> dict[str, Json]:
        return {
            "case": self.case_id,
            "name": self.name,
            "items": self.items,
            "lanes": dict(self.lanes),
            "first": [{"sha256": sha, "path": path} for sha, path in self.first],
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A thread: contents that carry one key."""

    kind: str  # one of KINDS
    key: str  # 32 hex digits
    text: str  # what it stands for
    parts: JsonObject
    items: int  # contents, each once however many cases hold it
    shares: tuple[Share, ...]  # in the order of the cases

    def to_json(self) -> dict[str, Json]:
        return {
            "kind": self.kind,
            "key": self.key,
            "text": self.text,
            "parts": self.parts,
            "items": self.items,
            "cases": [share.to_json() for share in self.shares],
        }


@dataclass(frozen=True, slots=True)
class Ranked:
    """A key with how many items of which cases carry it, not yet described."""

    key: str
    items: int
    in_cases: dict[int, int]  # position in the list of cases -> items there


def looked(session: Session, others: Priors | None = None) -> tuple[list[Looked], list[str]]:
    """Return the cases to search, this one first, and a sentence for each that has no keys."""
    cases = [(session.case.pins.case_id, display(session.case.folder.name), session.case)]
    cases += [(p.case_id, p.name, p.case) for p in (others.cases if others else ())]
    found, without = [], []
    for case_id, name, case in cases:
        now = fingerprints.current(case.connection)
        if now is None:
            without.append(
                f"{name} was made before there were fingerprints: nothing of it is linked; "
                f"assay run --upgrade --case {name} adds them"
            )
        else:
            found.append(Looked(case_id, name, case.connection, now))
    return found, without


def ranked(cases: Sequence[Looked], *, kind: str | None = None, least: int = 2) -> list[Ranked]:
    """Return the keys that ``least`` contents carry: those of several cases first, then by size.

    Raises UsageError for a kind that is none.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind!r} is no kind of link", hint="one of " + ", ".join(KINDS))
    found = [row for row in _counted(cases, kind, least) if row.items >= least]
    return sorted(found, key=lambda row: (-len(row.in_cases), -row.items, row.key))


def described(cases: Sequence[Looked], rows: Sequence[Ranked]) -> Iterator[Group]:
    """Yield the groups of these keys, in their order."""
    keys = iter(rows)
    while page := list(islice(keys, _PAGE)):
        members = [
            fingerprints.members(
                case.connection,
                case.now,
                {r.key: r.in_cases[at] for r in page if at in r.in_cases},
                FIRST,
            )
            for at, case in enumerate(cases)
        ]
        said: dict[str, fingerprints.Said] = {}
        for at, case in enumerate(cases):
            own = [r.key for r in page if next(iter(r.in_cases)) == at]
            carriers = [(key, members[at][key].first[0][0]) for key in own]
            said |= fingerprints.said(case.connection, case.now, carriers)
        for row in page:
            what = said[row.key]
            shares = tuple(_share(cases[at], members[at][row.key]) for at in row.in_cases)
            yield Group(what.kind, row.key, what.text, what.parts, row.items, shares)


def top_groups(session: Session, n: int, *, least: int = 2) -> list[Group]:
    """Return the ``n`` largest threads of a case."""
    cases, _ = looked(session)
    return list(described(cases, ranked(cases, least=least)[:n]))


def carried(connection: Connection) -> dict[str, int]:
    """Return every key that several items of a case carry, with how many: ``links_of`` takes it."""
    now = fingerprints.current(connection)
    return dict(fingerprints.counts(connection, now, least=2)) if now is not None else {}


def _counted(cases: Sequence[Looked], kind: str | None, least: int) -> Iterator[Ranked]:
    """Count key by key. The cases yield in the order of keys, so nothing is held but one."""
    alone = least if len(cases) == 1 else 1
    counted = (_of_case(case, at, kind, alone) for at, case in enumerate(cases))
    for key, rows in groupby(heapq.merge(*counted), key=lambda row: row[0]):
        met = list(rows)
        in_cases = {at: number for _, at, number in met}
        if len(met) == 1:
            yield Ranked(key, met[0][2], in_cases)
        elif sum(number for _, _, number in met) >= least:
            holders = [cases[at] for at in in_cases]
            items = sum(number for _, _, number in met) - _twice(holders, key)
            yield Ranked(key, items, in_cases)


def _twice(holders: Sequence[Looked], key: str) -> int:
    """Return how many of the items of a key are contents that an earlier case counts already."""
    sets = [fingerprints.ever(case.connection, key) for case in holders]
    met: Counter[Sha256] = Counter(sha for contents in sets for sha in contents)
    common = [sha for sha, number in met.items() if number > 1]
    if not common:
        return 0
    carry: Counter[Sha256] = Counter()
    for case in holders:
        carry.update(fingerprints.among(case.connection, case.now, key, common))
    return sum(number - 1 for number in carry.values())


def _of_case(case: Looked, at: int, kind: str | None, least: int) -> Iterator[tuple[str, int, int]]:
    for key, number in fingerprints.counts(case.connection, case.now, kind, least):
        yield key, at, number


def _share(case: Looked, members: fingerprints.Members) -> Share:
    named = {fingerprints.INVENTORY: "inventory", fingerprints.UNPLACED: "not placed"}
    lanes = sorted(members.lanes.items(), key=lambda pair: pair[0] if pair[0] > 0 else 9 - pair[0])
    return Share(
        case_id=case.case_id,
        name=case.name,
        items=sum(members.lanes.values()),
        lanes={named.get(lane, str(lane)): number for lane, number in lanes},
        first=tuple(members.first),
    )

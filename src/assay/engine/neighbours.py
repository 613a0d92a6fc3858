"""The neighbour search: does a picture that is said to be made by AI look like a possibly real one?

A statement that AI made it, in a near copy of a picture with a camera record, is a conflict; a
synthetic file near one in lane 1 goes to lane 2 (DESIGN §5). What was found lies in the case
(``facts.Neighbours``), and a file that was not searched for counts as unfinished. The search is
exact, in all eight turns of a picture, its frames and parts; it works in the transaction that
places what is new, so that no file waits in a low lane for it. A case without such statements
pays nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assay.core.facts import Neighbours, Placement, Sha256
from assay.core.vocab import Lane, Level
from assay.engine.judging import Judge, Ruling, put
from assay.engine.looks import expand
from assay.lists.gathering import Gathering
from assay.store import near, queries
from assay.store.case import Case
from assay.store.writer import Transaction
from assay.verdict.decide import is_compared
from assay.verdict.policy import Policy
from assay.verdict.signals import AI_ORDER

_PAGE = 4096  # hashes read at a time
_MANY = 64  # hits of a query taken at once; then those are done with, and the rest follow
_PHOTO = (Level.C2, Level.C3)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Hit:
    other: Sha256
    distance: int


class _Wanted:
    """The queries of some items: all hashes, in all turns."""

    def __init__(self, case: Case, shas: Sequence[Sha256], quality: int) -> None:
        hashes = [h for h in queries.hashes_of(case.connection, shas) if h.quality >= quality]
        stored = np.frombuffer(b"".join(h.hash for h in hashes), np.uint8).reshape(-1, 32)
        self.queries, owner, _ = expand(stored, [h.turned for h in hashes])
        self._items = [hashes[at].item for at in owner.tolist()]

    def nearest(self, among: Gathering, radius: int) -> dict[Sha256, _Hit]:
        """Return the nearest other item for each item that has one."""
        found: dict[Sha256, _Hit] = {}
        if not len(self.queries) or not len(among):
            return found
        hits = among.search(self.queries, radius, 2)  # it may find itself
        for query, place, bits in zip(
            hits.query.tolist(), hits.place.tolist(), hits.distance.tolist(), strict=True
        ):
            item, other = self._items[query], Sha256(among.item(place).hex())
            if other != item and (item not in found or bits < found[item].distance):
                found[item] = _Hit(other, bits)
        return found

    def around(self, among: Gathering, radius: int) -> dict[Sha256, _Hit]:
        """Return every item near one of these, with the nearest of these; it is found no more."""
        found: dict[Sha256, _Hit] = {}
        while len(self.queries) and len(among):
            hits = among.search(self.queries, radius, _MANY)
            names: list[bytes] = []
            for query, place, bits in zip(
                hits.query.tolist(), hits.place.tolist(), hits.distance.tolist(), strict=True
            ):
                names.append(among.item(place))
                item, other = Sha256(names[-1].hex()), self._items[query]
                if other != item and (item not in found or bits < found[item].distance):
                    found[item] = _Hit(other, bits)
            among.remove(list(dict.fromkeys(names)))
            if not hits.capped.any():
                break
        return found


class Neighbourhood:
    """The pictures of one case as they are compared with each other."""

    def __init__(self, case: Case, judge: Judge, policy: Policy) -> None:
        self._case = case
        self._judge = judge
        self._radius = policy.near_distance
        self._quality = policy.near_quality
        self._policy = policy
        self._camera: Gathering | None = None  # with a camera record
        self._labelled: Gathering | None = None  # said to be made, near no camera picture so far
        self._possible: Gathering | None = None  # in lane 1
        self._synthetic: Gathering | None = None  # in lane 4, near nothing in lane 1 so far

    def settle(
        self, tx: Transaction, rulings: Sequence[Ruling], fresh: Collection[Sha256] = ()
    ) -> list[Ruling]:
        """Search for what was just placed, place again what that changes; store and return it.

        ``rulings`` are stored already, in the same transaction. All searches are made for those
        that are ``fresh``: what has a new hash was never compared by it, wherever it stands.
        """
        if not self._policy.compares:
            return []
        if not any(map(_is_made, rulings)) and not self._is_at_work():
            return []
        more = _Places(rulings, fresh)
        self._again(tx, self._by_camera(tx, rulings, fresh), more)
        self._again(tx, self._by_lane(tx, more), more)
        return more.later

    def _is_at_work(self) -> bool:
        return self._labelled is not None or near.is_compared(self._case.connection)

    def _again(self, tx: Transaction, shas: Sequence[Sha256], more: _Places) -> None:
        for page in _pages(iter(shas), _PAGE):
            more.take(put(tx, self._judge.rulings(page)))

    def _by_camera(
        self, tx: Transaction, rulings: Sequence[Ruling], fresh: Collection[Sha256]
    ) -> list[Sha256]:
        """Search among pictures with a camera record; returns the items that learned of one."""
        connection = self._case.connection
        photos = [r.verdict.item for r in rulings if _is_new_photo(r, fresh)]
        if self._camera is None or self._labelled is None:
            self._camera = self._filled(near.with_camera(connection, self._quality))
            self._labelled = self._filled(near.labelled(connection, self._quality))
        else:
            self._add(self._camera, photos)
        made = {r.verdict.item: r for r in rulings if _is_made(r)}
        asking = [s for s, r in made.items() if _asks(r, self._policy, fresh)]
        found = self._wanted(asking).nearest(self._camera, self._radius)
        rows = {s: _row(s, found.get(s)) for s in asking}
        around = self._wanted(photos).around(self._labelled, self._radius)
        known = near.neighbours_of(connection, list(around))
        for sha, hit in around.items():
            if sha in known and known[sha].camera is None:
                rows[sha] = replace(known[sha], camera=hit.other, camera_distance=hit.distance)
        tx.put_neighbours(rows.values())
        self._add(self._labelled, [s for s in asking if rows[s].camera is None])
        return list(rows)

    def _by_lane(self, tx: Transaction, more: _Places) -> list[Sha256]:
        """Search among lane 1 for what stands in lane 4; returns the items that learned of one."""
        connection = self._case.connection
        left = more.left(Lane.POSSIBLE_NEW_VICTIM)
        gone = near.beside(connection, left) if left else []
        known = near.neighbours_of(connection, gone)
        tx.put_neighbours(replace(known[s], possible=None, possible_distance=None) for s in known)
        if self._possible is None or self._synthetic is None:
            self._possible = self._filled(
                near.in_lane(connection, Lane.POSSIBLE_NEW_VICTIM, self._quality)
            )
            self._synthetic = self._filled(near.synthetic(connection, self._quality))
            entered: list[Sha256] = more.entered(Lane.POSSIBLE_NEW_VICTIM)
        else:
            entered = more.entered(Lane.POSSIBLE_NEW_VICTIM)
            self._possible.remove([bytes.fromhex(s) for s in left])
            self._add(self._possible, entered)
        asking = [*more.entered(Lane.SYNTHETIC), *gone]
        found = self._wanted(asking).nearest(self._possible, self._radius)
        around = {**self._wanted(entered).around(self._synthetic, self._radius), **found}
        known = near.neighbours_of(connection, list(around))
        rows = [
            replace(known[s], possible=hit.other, possible_distance=hit.distance)
            for s, hit in around.items()
            if s in known and known[s].possible is None
        ]
        tx.put_neighbours(rows)
        self._add(self._synthetic, [s for s in asking if s not in found])
        return list(dict.fromkeys([*gone, *(row.item for row in rows)]))

    def _wanted(self, shas: Sequence[Sha256]) -> _Wanted:
        return _Wanted(self._case, shas, self._quality)

    def _filled(self, rows: Iterator[near.Row]) -> Gathering:
        made = Gathering(self._case.folder)
        for page in _pages(rows, _PAGE):
            hashes = np.frombuffer(b"".join(h for _, h in page), np.uint8).reshape(-1, 32)
            made.add(hashes, _names(sha for sha, _ in page))
        return made

    def _add(self, gathering: Gathering, shas: Sequence[Sha256]) -> None:
        hashes = queries.hashes_of(self._case.connection, shas) if shas else []
        good = [h for h in hashes if h.quality >= self._quality]
        if good:
            stored = np.frombuffer(b"".join(h.hash for h in good), np.uint8).reshape(-1, 32)
            gathering.add(stored, _names(h.item for h in good))


class _Places:
    """Where items stood before a transaction and where they stand now."""

    def __init__(self, rulings: Iterable[Ruling], fresh: Collection[Sha256]) -> None:
        self._fresh = fresh
        self._before: dict[Sha256, Placement | None] = {}
        self._now: dict[Sha256, Placement] = {}
        self.later: list[Ruling] = []
        self._note(rulings)

    def take(self, rulings: Sequence[Ruling]) -> None:
        self.later += rulings
        self._note(rulings)

    def _note(self, rulings: Iterable[Ruling]) -> None:
        for r in rulings:
            self._before.setdefault(r.verdict.item, r.bundle.placement)
            self._now[r.verdict.item] = r.placement

    def entered(self, lane: Lane) -> list[Sha256]:
        """Return what stands in a lane for itself now and did not before, or is fresh."""
        there = (s for s, p in self._now.items() if _in(p, lane))
        return [s for s in there if s in self._fresh or not _in(self._before[s], lane)]

    def left(self, lane: Lane) -> list[Sha256]:
        return [s for s, p in self._before.items() if _in(p, lane) and not _in(self._now[s], lane)]


def settle_all(case: Case, judge: Judge, policy: Policy, tx: Transaction) -> list[Ruling]:
    """Search for everything that a statement says AI made, after much was placed anew.

    What stands in lane 1 no more is forgotten first. Returns every item that was judged again.
    """
    if not policy.compares:
        return []
    left = near.left_behind(case.connection)
    known = near.neighbours_of(case.connection, left)
    tx.put_neighbours(replace(n, possible=None, possible_distance=None) for n in known.values())
    hood = Neighbourhood(case, judge, policy)
    later: list[Ruling] = []
    for page in list(near.made(case.connection)):
        rulings = put(tx, judge.rulings(page))
        later += [*rulings, *hood.settle(tx, rulings, {r.verdict.item for r in rulings})]
    return later


def _in(placement: Placement | None, lane: Lane) -> bool:
    """Tell whether an item stands in a lane for itself.

    What stands with the head of a stack may fall to lane 4 with it, so it is searched for as well.
    """
    if placement is None or placement.shown_with is not None:
        return False
    return placement.lane is lane or (lane is Lane.SYNTHETIC and placement.stack is not None)


def _is_made(r: Ruling) -> bool:
    return any(o.level in AI_ORDER for o in r.facts.observations)


def _is_new_photo(r: Ruling, fresh: Collection[Sha256]) -> bool:
    """Tell whether an item has a camera record, as it had not for itself when last judged."""
    if r.placement.shown_with is not None or not any(
        o.level in _PHOTO for o in r.facts.observations
    ):
        return False
    before, stood = r.bundle.verdict, r.bundle.placement
    known = before is not None and any(s.params.get("level") in _PHOTO for s in before.reasons)
    return r.verdict.item in fresh or not known or stood is None or stood.shown_with is not None


def _asks(r: Ruling, policy: Policy, fresh: Collection[Sha256]) -> bool:
    """Tell whether a search among camera pictures is due for an item."""
    due = r.facts.neighbours is None or r.bundle.verdict is None or r.verdict.item in fresh
    return due and r.placement.shown_with is None and is_compared(r.facts, policy)


def _row(item: Sha256, hit: _Hit | None) -> Neighbours:
    return Neighbours(item) if hit is None else Neighbours(item, hit.other, hit.distance)


def _names(shas: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(map(bytes.fromhex, shas)), np.uint8).reshape(-1, 32)


def _pages(values: Iterator[T], size: int) -> Iterator[list[T]]:
    while page := list(islice(values, size)):
        yield page

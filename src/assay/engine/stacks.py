"""Stacks of near-duplicates: one review for many files that look alike.

Going through the order of work, each picture that lies in no stack yet becomes the head of one and
takes every later picture of the same origin that is within the distance of the head itself. So no
chain joins pictures that are farther apart than that from their head, and the head is what stands
first: the stack has the lowest lane number of its files by construction. Exact, but for one limit:
a head takes the nearest ``MOST``; what remains forms further stacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from assay.core.facts import Sha256, Stacked
from assay.engine.judging import Judge, Ruling, put
from assay.lists.gathering import Gathering
from assay.store import near
from assay.store.case import Case
from assay.store.writer import Transaction
from assay.verdict.policy import Policy

MOST = 1000  # members of a stack
_BLOCK = 256  # pictures asked for at once
_MANY = 4096  # pictures from which on an index pays
_PAGE = 500  # items judged at a time


def restack(case: Case, judge: Judge, policy: Policy, tx: Transaction) -> list[Ruling]:
    """Form the stacks of the case anew and place what that changes; returns what was judged."""
    if not policy.compares:
        return []
    before = {item: (head, bits) for item, head, bits in near.stacks(case.connection)}
    now = {s.item: (s.head, s.distance) for s in find_stacks(case, policy)}
    tx.put_stacks(Stacked(item, head, bits) for item, (head, bits) in now.items())
    changed = iter(sorted(s for s in {**before, **now} if before.get(s) != now.get(s)))
    later: list[Ruling] = []
    while page := list(islice(changed, _PAGE)):
        later += put(tx, judge.rulings(page))
    return later


def find_stacks(case: Case, policy: Policy) -> Iterator[Stacked]:
    """Yield every picture that lies near the head of a stack, and that head."""
    apart = near.decided(case.connection)
    pictures = Gathering(case.folder)
    kinds: dict[str, int] = {}
    origins: list[int] = []
    rows = near.stackable(case.connection, policy.near_quality)
    while page := list(islice(rows, 4096)):
        kept = [r for r in page if r[0] not in apart]
        origins += [kinds.setdefault(origin, len(kinds)) for _, origin, _ in kept]
        if kept:
            pictures.add(
                np.frombuffer(b"".join(h for *_, h in kept), np.uint8).reshape(-1, 32),
                np.frombuffer(b"".join(bytes.fromhex(s) for s, *_ in kept), np.uint8).reshape(
                    -1, 32
                ),
            )
    if len(origins) > _MANY:
        pictures.seal()
    origin = np.array(origins, np.int8)
    stacked = np.zeros(len(origin), np.bool_)
    for start in range(0, len(origin), _BLOCK):
        asking = np.arange(start, min(start + _BLOCK, len(origin)))
        asking = asking[~stacked[asking]]
        found = pictures.search(pictures.hashes(asking), policy.near_distance, MOST)
        firsts = np.searchsorted(found.query, np.arange(len(asking) + 1))
        for at, head in enumerate(asking.tolist()):
            if stacked[head]:
                continue  # it went to an earlier one of this block
            hits = slice(firsts[at], firsts[at + 1])
            places, bits = found.place[hits], found.distance[hits]
            mine = (places > head) & (origin[places] == origin[head]) & ~stacked[places]
            name = Sha256(pictures.item(head).hex())
            for place, distance in zip(places[mine].tolist(), bits[mine].tolist(), strict=True):
                yield Stacked(Sha256(pictures.item(place).hex()), name, int(distance))
            stacked[places[mine]] = True
            pictures.remove_places(places[mine])
        pictures.remove_places(asking)  # all that follow are later: nobody asks for these

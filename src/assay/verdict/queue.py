"""The order of work over many placements, and the interleave that keeps nothing buried.

``order`` is the definition. A case never sorts as a whole: it reads the bands from an index and
merges them with ``merge`` and ``in_turn``; the rank of one item follows from counts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from assay.core.facts import Placement, Sha256
from assay.core.vocab import Band, Lane

SHARE = 10  # one place in ten of lane 1 is taken from bands (c)-(f) (DESIGN §5)
FRONT = (Band.A, Band.B)
BACK = tuple(band for band in Band if band not in FRONT)
T = TypeVar("T")


def order(placements: Iterable[Placement]) -> Iterator[tuple[Sha256, Lane, int]]:
    """Yield (item, lane, rank) for every lane, ranks from 1.

    The inventory has no rank, nor has a preview that is shown with its picture, nor a member of a
    stack: its head has one for all.
    """
    by_lane: dict[Lane, list[Placement]] = {lane: [] for lane in Lane}
    for placement in placements:
        alone = placement.shown_with is None and placement.stack is None
        if placement.lane is not None and alone:
            by_lane[placement.lane].append(placement)
    for lane, rows in by_lane.items():
        rows.sort(key=_sort_key)
        ranked = _interleave(rows) if lane is Lane.POSSIBLE_NEW_VICTIM else iter(rows)
        for rank, placement in enumerate(ranked, start=1):
            yield placement.item, lane, rank


def _sort_key(placement: Placement) -> tuple[str, tuple[int | float | str, ...]]:
    return (placement.band.value if placement.band else "", placement.key)


def _interleave(rows: list[Placement]) -> Iterator[Placement]:
    front = (row for row in rows if row.band in FRONT)
    return merge(front, in_turn([iter([r for r in rows if r.band is band]) for band in BACK]))


def merge(front: Iterator[T], back: Iterator[T]) -> Iterator[T]:
    """Give every tenth place to the later bands, so that none is starved; reads lazily."""
    taken = 0
    for entry in front:
        taken += 1
        if taken % SHARE == 0:
            for late in back:
                yield late
                taken += 1
                break
        yield entry
    yield from back


def in_turn(queues: Sequence[Iterator[T]]) -> Iterator[T]:
    """Take one of each queue in turn until all are empty; reads lazily."""
    left = list(queues)
    while left:
        for queue in tuple(left):
            for entry in queue:
                yield entry
                break
            else:
                left.remove(queue)


def rank_in_lane_1(band: Band, before: int, sizes: Mapping[Band, int]) -> int:
    """Return the rank, from 1, of an item with ``before`` others ahead of it in its own band.

    ``sizes`` are the counts of items in every band of lane 1.
    """
    ahead = sum(sizes.get(b, 0) for b in FRONT)
    behind = sum(sizes.get(b, 0) for b in BACK)
    if band in FRONT:
        place = before + 1 + sum(sizes.get(b, 0) for b in FRONT[: FRONT.index(band)])
        return place + min(behind, (place - 1) // (SHARE - 1))
    turn = sum(min(sizes.get(b, 0), before) for b in BACK)
    turn += sum(sizes.get(b, 0) > before for b in BACK[: BACK.index(band) + 1])
    return SHARE * turn if ahead > (SHARE - 1) * turn else ahead + turn

"""The order of work over many placements, and the interleave that keeps nothing buried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from assay.core.facts import Placement, Sha256
from assay.core.vocab import Band, Lane

SHARE = 10  # one place in ten of lane 1 is taken from bands (c)-(f) (DESIGN §5)
_FRONT = (Band.A, Band.B)


def order(placements: Iterable[Placement]) -> Iterator[tuple[Sha256, Lane, int]]:
    """Yield (item, lane, rank) for every lane, ranks from 1; the inventory has no rank."""
    by_lane: dict[Lane, list[Placement]] = {lane: [] for lane in Lane}
    for placement in placements:
        if placement.lane is not None:
            by_lane[placement.lane].append(placement)
    for lane, rows in by_lane.items():
        rows.sort(key=_sort_key)
        ranked = _interleave(rows) if lane is Lane.POSSIBLE_NEW_VICTIM else iter(rows)
        for rank, placement in enumerate(ranked, start=1):
            yield placement.item, lane, rank


def _sort_key(placement: Placement) -> tuple[str, tuple[int | float | str, ...]]:
    return (placement.band.value if placement.band else "", placement.key)


def _interleave(rows: list[Placement]) -> Iterator[Placement]:
    """Give every tenth place to bands (c)-(f), band by band in turn, so that none is starved."""
    front = [row for row in rows if row.band in _FRONT]
    back = list(
        _in_turn([[r for r in rows if r.band is band] for band in Band if band not in _FRONT])
    )
    ahead, behind = iter(front), iter(back)
    taken = 0
    for placement in ahead:
        taken += 1
        if taken % SHARE == 0:
            late = next(behind, None)
            if late is not None:
                yield late
                taken += 1
        yield placement
    yield from behind


def _in_turn(queues: list[list[Placement]]) -> Iterator[Placement]:
    rounds = max((len(queue) for queue in queues), default=0)
    return chain.from_iterable(
        (queue[i] for queue in queues if i < len(queue)) for i in range(rounds)
    )

"""The order of work of a whole case, read from the index of its placements."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from assay.core.facts import Placement, Sha256
from assay.core.vocab import Band, Lane
from assay.store import queries
from assay.store.sortable import sortable
from assay.verdict.queue import BACK, FRONT, in_turn, merge, rank_in_lane_1

Ranked = tuple[Sha256, int | None]  # an item and its rank in its lane, from 1


def in_order(connection: Connection, lane: int | None = None) -> Iterator[Ranked]:
    """Yield items in the order of work, then (without a rank) what stands in no queue.

    That is the inventory, unless a lane is named, and previews that are shown with their picture.
    The members of a stack follow its head, without a rank of their own.
    Reads page by page: the first ones cost the same however many follow.
    """
    for number in Lane:
        if lane in (None, int(number)):
            for rank, (sha, heads) in enumerate(_lane(connection, number), start=1):
                yield sha, rank
                if heads:
                    yield from ((m, None) for m, _ in queries.stacked_with(connection, [sha]))
    if lane is None:
        for sha in queries.apart(connection, inventory=True):
            yield sha, None
    for sha in queries.apart(connection, inventory=False, lane=lane):
        yield sha, None


def rank_of(connection: Connection, placement: Placement) -> int | None:
    """Return an item's rank in its lane, from 1; None where it stands in no queue of its own."""
    lane, band = placement.lane, placement.band
    if lane is None or placement.shown_with is not None or placement.stack is not None:
        return None
    before = queries.count_before(connection, lane, band, sortable(placement.key))
    if lane is not Lane.POSSIBLE_NEW_VICTIM or band is None:
        return before + 1
    sizes = queries.band_sizes(connection, lane)
    return rank_in_lane_1(band, before, {b: n for b, n in sizes.items() if b is not None})


def _lane(connection: Connection, lane: Lane) -> Iterator[tuple[Sha256, bool]]:
    if lane is not Lane.POSSIBLE_NEW_VICTIM:
        return _band(connection, lane, None)
    front = (row for band in FRONT for row in _band(connection, lane, band))
    return merge(front, in_turn([_band(connection, lane, band) for band in BACK]))


def _band(connection: Connection, lane: Lane, band: Band | None) -> Iterator[tuple[Sha256, bool]]:
    after = b""
    limit = 50  # the first page is for a person who waits
    while page := queries.band_page(connection, lane, band, after, limit):
        for sha, _, heads in page:
            yield sha, heads
        if len(page) < limit:
            return
        after, limit = page[-1][1], 1000

"""The order of work: lanes, bands, and the share that keeps nothing buried."""

from __future__ import annotations

from assay.core.facts import Placement, Sha256
from assay.core.vocab import Band, Lane
from assay.verdict.queue import order


def placed(name: str, band: Band | None = Band.B, lane: Lane | None = Lane(1)) -> Placement:
    return Placement(item=Sha256(name), lane=lane, band=band, key=(name,), reasons=())


def test_one_place_in_ten_comes_from_the_later_bands() -> None:
    pictures = [placed(f"b{i:03}") for i in range(50)]
    broken = [placed(f"e{i:03}", Band.E) for i in range(1000)]
    sound = [placed("f000", Band.F)]
    ranks = {rank: item for item, _, rank in order([*broken, *sound, *pictures])}
    assert [ranks[i][0] for i in (10, 20, 30)] == ["e", "f", "e"]
    assert all(ranks[i].startswith("b") for i in range(1, 10))
    assert len(ranks) == 1051


def test_thousands_of_broken_files_do_not_bury_a_photograph() -> None:
    rows = [placed(f"e{i:04}", Band.E) for i in range(5000)] + [placed("photo")]
    ranks = {item: rank for item, _, rank in order(rows)}
    assert ranks[Sha256("photo")] == 1


def test_the_inventory_has_no_rank_and_lanes_count_from_one() -> None:
    rows = [placed("x", None, None), placed("s", None, Lane.SYNTHETIC), placed("p")]
    assert sorted(order(rows)) == [("p", Lane(1), 1), ("s", Lane(4), 1)]

"""The queue read from the index is the order that ``verdict.queue`` defines, item by item."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.facts import Placement, Sha256
from assay.core.vocab import Band, Lane
from assay.engine.ranking import in_order, rank_of
from assay.store.case import Case
from assay.verdict.queue import order
from tests.support.cases import ACTOR, create, sha

PLACES = st.lists(
    st.tuples(
        st.sampled_from([*Lane, Lane.POSSIBLE_NEW_VICTIM, Lane.POSSIBLE_NEW_VICTIM, None]),
        st.sampled_from(Band),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=90,
)


def placements(rows: list[tuple[Lane | None, Band, int, bool]]) -> list[Placement]:
    return [
        Placement(
            item=sha(n),
            lane=lane,
            band=band if lane is Lane.POSSIBLE_NEW_VICTIM else None,
            key=(number, f"path {n % 7}", sha(n)),
            reasons=(),
            shown_with=sha(10_000) if preview and n % 5 == 0 else None,
        )
        for n, (lane, band, number, preview) in enumerate(rows)
    ]


def store(case: Case, rows: list[Placement]) -> None:
    with case.transaction(ACTOR, "facts.added") as tx:
        tx.put_placements(rows)


@given(PLACES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_gives_the_order_of_work(
    tmp_path_factory: object, rows: list[tuple[Lane | None, Band, int, bool]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("case")  # type: ignore[attr-defined]
    placed = placements(rows)
    wanted: dict[Sha256, int] = {item: rank for item, _, rank in order(placed)}
    with create(folder) as case:
        store(case, placed)
        found = list(in_order(case.connection))
        assert [pair for pair in found if pair[1] is not None] == list(wanted.items())
        assert {item for item, _ in found} == {p.item for p in placed}
        assert len(found) == len(placed)
        for p in placed:
            assert rank_of(case.connection, p) == wanted.get(p.item)


def test_a_placement_that_changes_moves_at_once(tmp_path: Path) -> None:
    one = Lane.POSSIBLE_NEW_VICTIM
    rows = [Placement(sha(n), one, Band.B, (n,), ()) for n in range(60)]
    with create(tmp_path) as case:
        store(case, rows)
        store(case, [Placement(sha(59), one, Band.A, (59,), ())])
        assert next(in_order(case.connection)) == (sha(59), 1)
        assert [item for item, _ in in_order(case.connection)][1:] == [sha(n) for n in range(59)]

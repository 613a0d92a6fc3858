"""The size rules of DESIGN §5: smaller copies are re-saves, other proportions contradict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.examiners._structure import SizeRelation, check_size


@pytest.mark.parametrize(
    ("actual", "stated", "relation"),
    [
        ((4000, 3000), [(4000, 3000)], SizeRelation.SAME),
        ((3000, 4000), [(4000, 3000)], SizeRelation.SAME),
        ((1600, 1200), [(4000, 3000)], SizeRelation.SMALLER),
        ((1200, 1600), [(4000, 3000)], SizeRelation.SMALLER),
        ((8000, 6000), [(4000, 3000)], SizeRelation.LARGER),
        ((3000, 3000), [(4000, 3000)], SizeRelation.OTHER),
        ((4000, 2900), [(4000, 3000)], SizeRelation.OTHER),
        ((4000, 2980), [(4000, 3000)], SizeRelation.SMALLER),  # 0.67 %, inside the tolerance
        ((4000, 3000), [], SizeRelation.UNKNOWN),
        (None, [(4000, 3000)], SizeRelation.UNKNOWN),
        ((1600, 1200), [(1600, 1200), (4000, 2250)], SizeRelation.SAME),  # one entry is stale
    ],
)
def test_a_size_is_compared_in_either_orientation(
    actual: tuple[int, int] | None, stated: list[tuple[int, int]], relation: SizeRelation
) -> None:
    assert check_size(actual, stated).relation is relation


@given(st.integers(100, 9000), st.integers(100, 9000), st.floats(0.01, 0.999), st.booleans())
def test_scaling_a_photo_down_never_changes_its_proportions(
    width: int, height: int, factor: float, turned: bool
) -> None:
    scaled = max(1, round(width * factor)), max(1, round(height * factor))
    if turned:
        scaled = scaled[1], scaled[0]
    assert check_size(scaled, [(width, height)]).relation in (
        SizeRelation.SMALLER,
        SizeRelation.SAME,
    )

"""Scene changes before even spacing, and nothing twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.media.frames_choice import ALIKE, SIDE, Candidates, choose


def flat(level: int) -> NDArray[np.uint8]:
    return np.full((SIDE, SIDE), level, np.uint8)


def slow(count: int) -> list[NDArray[np.uint8]]:
    """Frames that change by one level each: no cut anywhere, and 7 steps make a difference."""
    return [flat(number) for number in range(count)]


def test_the_first_frame_is_always_chosen() -> None:
    assert choose(slow(100), 1) == [0]


def test_scene_changes_come_before_even_spacing() -> None:
    thumbs = [flat(20)] * 50 + [flat(200)] * 3 + [flat(100)] * 47
    assert choose(thumbs, 3) == [0, 50, 53]


def test_the_greatest_changes_win_where_there_are_more_than_places() -> None:
    thumbs = [flat(level) for level in (0, 20, 250, 90)]
    assert choose(thumbs, 2) == [0, 2]


def test_without_cuts_the_frames_are_evenly_spaced() -> None:
    assert choose(slow(160), 16) == list(range(0, 160, 10))
    gaps = np.diff([*choose(slow(200), 11), 200])
    assert gaps.max() <= 2 * gaps.min() + 1  # gaps are halved, so none is twice another


def test_a_frame_like_a_chosen_one_is_not_chosen() -> None:
    assert choose([flat(50)] * 400, 16) == [0]
    assert choose([flat(50), flat(50 + ALIKE), flat(50)], 16) == [0]
    assert choose([flat(50), flat(51 + ALIKE)], 16) == [0, 1]


def test_a_small_thing_makes_a_difference() -> None:
    other = flat(50)
    other[3, 4] = 90
    assert choose([flat(50)] * 9 + [other] + [flat(50)] * 9, 16) == [0, 9]


def test_gaps_are_measured_in_frame_numbers() -> None:
    numbers = [0, 1, 2, 3, 500, 1000]
    thumbs = [flat(10 * n) for n in range(len(numbers))]
    assert choose([t // 2 for t in thumbs], 2, numbers) == [0, 4]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=60), st.integers(1, 20))
@settings(max_examples=150, deadline=None)
def test_a_choice_is_ordered_distinct_and_bounded(levels: list[int], limit: int) -> None:
    thumbs = [flat(level) for level in levels]
    chosen = choose(thumbs, limit)
    assert chosen[0] == 0
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= limit
    shown = [levels[i] for i in chosen]
    assert all(abs(a - b) > ALIKE for i, a in enumerate(shown) for b in shown[:i])
    if len(chosen) < limit:  # then everything left is like something chosen
        assert all(any(abs(level - s) <= ALIKE for s in shown) for level in levels)


def test_only_equal_frames_count_as_covered() -> None:
    seen = Candidates(16)
    frames = [np.full((40, 40), 7, np.uint8), np.full((40, 40), 7, np.uint8)]
    for frame in frames:
        seen.add(flat(7), frame)
    assert seen.covered([0])
    near = frames[0].copy()
    near[0, 0] = 8
    seen.add(flat(7), near)
    assert not seen.covered([0])
    assert seen.covered([0, 2])


def test_more_frames_than_the_limit_are_never_covered() -> None:
    seen = Candidates(2)
    for number in range(10):
        seen.add(flat(number), np.full((8, 8), number, np.uint8))
    assert not seen.covered([0, 5])

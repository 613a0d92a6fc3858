"""Bars at the edges of a picture: uniform lines go, the picture stays, and nothing is rounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.media.bars import trim_bars
from tests.support.planes import make


def busy(width: int = 120, height: int = 90) -> NDArray[np.uint8]:
    return make("astronaut", 1, width, height, 1)


def padded(top: int, bottom: int, left: int, right: int, value: int = 0) -> NDArray[np.uint8]:
    return np.pad(busy(), ((top, bottom), (left, right)), constant_values=value)


@pytest.mark.parametrize("edges", [(20, 20, 0, 0), (0, 0, 30, 30), (7, 0, 0, 9), (10, 12, 14, 16)])
@pytest.mark.parametrize("value", [0, 255, 128])
def test_bars_of_any_grey_go_on_every_side(edges: tuple[int, int, int, int], value: int) -> None:
    assert np.array_equal(trim_bars(padded(*edges, value=value)), busy())


def test_noise_of_a_lossy_format_is_still_a_bar() -> None:
    noisy = padded(20, 20, 0, 0)
    noisy[:20] = np.random.default_rng(1).integers(0, 3, (20, 120))
    assert trim_bars(noisy).shape == (90, 120)


def test_a_picture_without_bars_is_left_whole() -> None:
    assert trim_bars(busy()).shape == (90, 120)


def test_at_most_a_third_of_each_side_goes_and_the_rest_is_never_empty() -> None:
    assert trim_bars(np.full((90, 60), 7, np.uint8)).shape == (30, 20)
    for shape in ((1, 1), (2, 5), (3, 3), (1, 400)):
        assert min(trim_bars(np.zeros(shape, np.uint8)).shape) > 0


def test_two_bars_of_different_grey_are_both_bars() -> None:
    both = padded(10, 0, 0, 0, value=0)
    both = np.pad(both, ((0, 12), (0, 0)), constant_values=250)
    assert np.array_equal(trim_bars(both), busy())


def test_values_between_whole_numbers_are_kept() -> None:
    grey = padded(10, 10, 0, 0).astype(np.float32) + np.float32(0.25)
    cut = trim_bars(grey)
    assert cut.dtype == np.float32
    assert np.array_equal(cut, busy().astype(np.float32) + np.float32(0.25))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 255))
def test_the_answer_does_not_depend_on_how_the_array_lies_in_memory(
    top: int, left: int, value: int
) -> None:
    picture = padded(top, 5, left, 3, value=value)
    straight, turned = trim_bars(picture), trim_bars(np.asfortranarray(picture))
    assert np.array_equal(straight, turned)
    assert np.array_equal(trim_bars(picture.T).T, straight)

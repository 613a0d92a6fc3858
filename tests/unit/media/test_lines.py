"""Sampled lines: which are uniform, where two pictures meet, and what goes on behind a place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.media.lines import MOST, SAMPLES, Lines, Sampled
from tests.support.collages import photo, saved


def rows(grey: NDArray[np.uint8]) -> Lines:
    return Sampled(grey).lines((0, 0, grey.shape[1], grey.shape[0]))[0]


def columns(grey: NDArray[np.uint8]) -> Lines:
    return Sampled(grey).lines((0, 0, grey.shape[1], grey.shape[0]))[1]


def test_rows_and_columns_are_sampled_evenly_from_one_end_to_the_other() -> None:
    y, x = np.mgrid[0:256, 0:384].astype(np.int64)
    assert rows((x // 3).astype(np.uint8)).samples[:, 0].tolist() == list(range(SAMPLES))
    assert columns((y // 2).astype(np.uint8)).samples[:, 0].tolist() == list(range(SAMPLES))
    assert (rows(y.astype(np.uint8)).means == np.arange(256)).all()


def test_noise_of_saving_leaves_a_line_uniform_and_a_picture_does_not() -> None:
    grey = np.concatenate((np.full((20, 300), 200, np.uint8), photo(0)))
    noisy = grey.copy()
    noisy[:20] += np.random.default_rng(1).integers(0, 6, (20, 300), dtype=np.uint8)
    assert rows(noisy).uniform(3)[:20].all()
    assert not rows(noisy).uniform(3)[20:].any()


@pytest.mark.parametrize("quality", [50, 90])
def test_the_seam_between_two_pictures_scores_highest(quality: int) -> None:
    stack = saved(np.concatenate((photo(0), photo(1))), quality)
    found = rows(stack)
    assert abs(int(found.seams.argmax()) - 220) <= 1
    assert 300 < found.seams.max() <= MOST
    assert not found.goes_on(220)
    beside = columns(saved(np.concatenate((photo(0), photo(1)), axis=1), quality))
    assert abs(int(beside.seams.argmax()) - 300) <= 1


def test_windows_go_on_below_a_ledge_and_that_is_no_seam_of_two_pictures() -> None:
    windows = np.tile(np.repeat(np.array([60, 120, 60, 90], np.uint8), 25), (200, 3))
    windows[100:] += 80
    found = rows(saved(windows))
    assert found.seams[100] == found.seams.max() > 300
    assert found.goes_on(100)


@pytest.mark.parametrize("count", [1, 5, 9, 10])
def test_few_lines_have_a_score_each(count: int) -> None:
    assert rows(photo(0)[:count]).seams.tolist()[:5] == [0] * min(count, 5)


def test_a_line_is_covered_where_it_differs_from_the_ground() -> None:
    grey = np.full((3, 160), 250, np.uint8)
    grey[1, 80:] = 100
    assert [rows(grey).covered(line, 250, 12) for line in range(3)] == [0, 8, 0]

"""PDQ is bit for bit the reference implementation's, compiled or not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media import pdq, pdq_plain
from assay.media.pdq_weights import band, reach, samples
from tests.support.planes import make

VECTORS = Path(__file__).parents[2] / "data" / "pdq_vectors.json"
ROWS: list[dict[str, Any]] = json.loads(VECTORS.read_text())["vectors"]
# the numpy twin is slow on large pictures
SMALL = [row for row in ROWS if row["width"] * row["height"] <= 310_000]


@cache
def plane(index: int) -> Any:
    row = ROWS[index]
    pixels = make(row["name"], row["seed"], row["width"], row["height"], row["channels"])
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == row["sha256"], "made differently"
    return pixels


def differing(rows: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    wrong = []
    for row in rows:
        found = pdq.pdq_hash(plane(ROWS.index(row)))
        if (found.hex, found.quality) != (row["hash"], row["quality"]):
            wrong.append((row["name"], row["width"], row["height"]))
    return wrong


@pytest.fixture
def _without_numba(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    pdq._kernel.cache_clear()
    yield
    pdq._kernel.cache_clear()


def test_the_vectors_cover_what_they_should() -> None:
    assert len(ROWS) >= 60
    assert {(r["width"], r["height"]) for r in ROWS} >= {
        (1, 1), (2, 3), (5, 5), (63, 64), (64, 64), (65, 127), (512, 512), (3000, 2000), (5, 4000),
    }  # fmt: skip


def test_every_vector_is_reproduced_with_0_bits_and_0_quality_difference() -> None:
    assert differing(ROWS) == []


@pytest.mark.usefixtures("_without_numba")
def test_plain_numpy_gives_the_same_hashes() -> None:
    assert pdq._kernel() is pdq_plain
    assert differing(SMALL) == []


def test_the_banded_shortcut_agrees_with_the_reference_order_where_it_is_used() -> None:
    for row in ROWS:
        pixels = plane(ROWS.index(row))
        if pixels.shape[0] * pixels.shape[1] > 1 << 16:
            short, exact = pdq._downscale(pixels), pdq._downscale_exactly(pixels)
            assert np.abs(short - exact).max() < 0.02


def test_a_flat_picture_has_quality_0() -> None:
    assert pdq.pdq_hash(np.full((700, 900), 17, np.uint8)).quality == 0


def test_a_picture_under_five_pixels_has_the_zero_hash() -> None:
    assert pdq.pdq_hash(np.full((4, 900), 17, np.uint8)) == pdq.PdqHash("0" * 64, 0)


def test_grey_and_the_same_grey_as_rgb_hash_alike() -> None:
    grey = make("rings", 4, 640, 480, 1)
    assert pdq.pdq_hash(np.dstack([grey] * 3)) == pdq.pdq_hash(grey)


def test_a_plane_that_is_not_contiguous_or_read_only_hashes_like_its_copy() -> None:
    picture = make("astronaut", 0, 600, 400, 3)
    turned = picture.transpose(1, 0, 2)
    frozen = turned.copy()
    frozen.flags.writeable = False
    assert pdq.pdq_hash(turned) == pdq.pdq_hash(frozen)


def test_a_slight_change_moves_few_bits_and_another_picture_about_half() -> None:
    cat = make("chelsea", 0, 451, 300, 3)
    darker = (cat * 0.9).astype(np.uint8)
    other = make("coffee", 0, 451, 300, 3)
    assert pdq.pdq_hash(cat).distance(pdq.pdq_hash(darker)) <= 10
    assert pdq.pdq_hash(cat).distance(pdq.pdq_hash(other)) > 80


@given(st.integers(5, 5000))
@settings(max_examples=60, deadline=None)
def test_banded_weights_are_two_box_filters_and_a_decimation(length: int) -> None:
    left, right = reach(length)
    low = np.maximum(np.arange(length) - left, 0)
    high = np.minimum(np.arange(length) + right, length - 1)
    line = np.random.default_rng(length).random(length)
    for _ in range(2):
        total = np.concatenate(([0.0], np.cumsum(line)))
        line = (total[high + 1] - total[low]) / (high - low + 1)
    line_in = np.random.default_rng(length).random(length)
    axis = band(length)
    got = [
        float(w[:n] @ line_in[s : s + n])
        for s, n, w in zip(axis.starts, axis.counts, axis.weights, strict=True)
    ]
    assert np.allclose(got, line[samples(length)], atol=1e-6)
    assert np.allclose(axis.weights.sum(axis=1), 1, atol=1e-5)


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 9), st.sampled_from((1, 3)))
@settings(max_examples=40, deadline=None)
def test_any_size_gives_a_hash(width: int, height: int, seed: int, channels: int) -> None:
    found = pdq.pdq_hash(make("noise", seed, width, height, channels))
    assert len(found.hex) == 64
    assert 0 <= found.quality <= 100

"""A second JPEG compression on one grid is seen where it leaves a trace, and never invented."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assay.core.contract import Settings
from assay.core.errors import NotApplicable
from assay.core.facts import Observation
from assay.core.vocab import Level, Polarity
from assay.examiners.recompression import RecompressionExaminer
from assay.media.jpeg_tables import ijg_table
from assay.media.requantised import requantised
from tests.support.photos import scene
from tests.support.views import make_view

NAMES = ["astronaut", "coffee", "chelsea"]


def saved(picture: Image.Image, quality: int, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def examine(data: bytes) -> list[Observation]:
    examiner = RecompressionExaminer()
    examiner.prepare(Settings(evaluation_date="2026-01-01"))
    return list(examiner.examine(make_view(examiner, data, "image/jpeg")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("first", "last"), [(60, 90), (75, 90), (75, 95), (80, 95)])
def test_a_picture_saved_twice_is_seen_with_its_first_quality(
    name: str, first: int, last: int
) -> None:
    (found,) = examine(saved(opened(saved(scene(name), first)), last))
    assert abs(int(str(found.value["first_quality"])) - first) <= 1
    assert found.value["last_quality"] == last
    assert (found.level, found.polarity) == (Level.N, Polarity.NONE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quality", [50, 75, 90, 95, 100])
def test_a_picture_saved_once_is_not_called_double(name: str, quality: int) -> None:
    assert examine(saved(scene(name), quality)) == []


def test_a_first_compression_on_another_grid_leaves_nothing_to_see() -> None:
    first = opened(saved(scene(), 60))
    assert examine(saved(first.crop((3, 5, 391, 293)), 90)) == []


def test_a_picture_too_small_or_flat_says_nothing() -> None:
    assert examine(saved(opened(saved(scene(size=(64, 48)), 60)), 90)) == []
    assert examine(saved(Image.new("RGB", (400, 300), "grey"), 90)) == []


def test_a_drawn_ramp_is_not_called_double() -> None:
    ramp = Image.linear_gradient("L").resize((512, 256), Image.Resampling.BICUBIC)
    assert examine(saved(ramp.convert("RGB"), 95)) == []
    assert examine(saved(ramp.rotate(30, expand=True).convert("RGB"), 90)) == []


def test_a_picture_stored_as_rgb_is_not_judged_by_its_luma() -> None:
    with pytest.raises(NotApplicable):
        examine(saved(scene(), 90, keep_rgb=True))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_any_luma_and_table_give_a_finite_answer(high: int, wide: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    luma = random.integers(0, 256, (high, wide), dtype=np.uint8)
    for table in (ijg_table(50), (1,) * 64, (65535,) * 64, (0,) * 64):
        found = requantised(luma, table)
        assert found is None or np.isfinite(found.score)

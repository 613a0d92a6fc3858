"""The public payloads are read back however their callers handed the picture over."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from assay.media import dwtdct
from assay.media.dwtdct import PAYLOADS, Payload, readings, scores
from tests.support.dwtdct import embed
from tests.support.photos import scene

HOST = np.asarray(scene("astronaut", (384, 320)))
NAMED = {payload.name: payload for payload in PAYLOADS}


def best(rgb: NDArray[np.uint8]) -> dict[str, float]:
    return {score.payload.name: score.share for score in scores(rgb)}


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda p: p.name)
@pytest.mark.parametrize("floating", [False, True], ids=["bytes", "floats"])
@pytest.mark.parametrize("order", ["BGR", "RGB"])
def test_a_payload_is_read_back_and_no_other(payload: Payload, floating: bool, order: str) -> None:
    found = best(embed(HOST, payload.bits, floating=floating, order=order))
    assert found.pop(payload.name) >= 0.9
    assert max(found.values()) < 0.8


def test_the_payloads_are_those_that_were_published() -> None:
    assert {name: len(p.bits) for name, p in NAMED.items()} == {
        "SDV1": 136,
        "SDV2": 32,
        "SDXL": 48,
        "FLUX": 46,  # a leading zero is lost when a number is written in binary
    }
    assert bytes(np.packbits(NAMED["SDV1"].bits)) == b"StableDiffusionV1"
    assert bytes(np.packbits(NAMED["SDV2"].bits)) == b"SDV2"


def test_a_picture_too_small_to_be_marked_has_no_score() -> None:
    assert scores(HOST[:255, :256]) == ()
    assert len(scores(HOST[:256, :256])) == len(PAYLOADS)
    assert scores(np.zeros((4, 1 << 20, 3), np.uint8)) == ()


def test_an_unmarked_picture_agrees_with_none() -> None:
    for name in ("astronaut", "chelsea", "coffee", "rocket", "immunohistochemistry"):
        assert max(best(np.asarray(scene(name, (400, 304)))).values()) < 0.8


def test_flat_and_regular_pictures_agree_with_none() -> None:
    y, x = np.mgrid[0:512, 0:512]
    planes = [np.full((512, 512), 90), x // 8 % 2 * 200, y // 8 % 2 * 200, x // 2, (x + y) // 4]
    for plane in planes:
        assert max(best(np.stack([plane] * 2 + [255 - plane], -1).astype(np.uint8)).values()) < 0.8


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = embed(HOST, NAMED["SDXL"].bits)
    whole = readings(marked)
    monkeypatch.setattr(dwtdct, "_STRIP", 384 * 8)
    for (name, votes), (again, pieces) in zip(whole, readings(marked), strict=True):
        assert name == again
        assert np.array_equal(votes, pieces)


def test_the_first_reading_is_the_librarys_own() -> None:
    """OpenCV's colours, the plain definition of the library's reader, block by block."""
    marked = embed(HOST, NAMED["SDV1"].bits)
    plane = cv2.cvtColor(marked, cv2.COLOR_RGB2YUV)[..., 1].astype(np.float64)
    low = (plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]) / 2
    expected = []
    for top in range(0, low.shape[0] // 4 * 4, 4):
        for left in range(0, low.shape[1] // 4 * 4, 4):
            block = np.abs(low[top : top + 4, left : left + 4].ravel()[1:])
            expected.append(1.0 if block.max() % 36 > 18 else -1.0)
    name, votes = readings(marked)[0]
    assert name == "bytes BGR by majority"
    agree = float(np.mean(votes == np.asarray(expected)))
    assert agree > 0.97  # OpenCV rounds its colours to whole numbers, we do not


def test_mild_loss_is_survived_and_strong_loss_reads_as_nothing() -> None:
    host = np.asarray(scene("retina", (512, 512)))
    marked = Image.fromarray(embed(host, NAMED["SDXL"].bits))
    found = {}
    for quality in (95, 40):
        out = io.BytesIO()
        marked.save(out, "JPEG", quality=quality, subsampling=0)
        found[quality] = best(np.asarray(Image.open(out).convert("RGB")))["SDXL"]
    assert found[95] > found[40]
    assert found[40] < 0.8


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 3000), st.just(3)), fill=st.just(7)
    )
)
@settings(deadline=None, max_examples=25)
def test_any_picture_gives_shares_between_nothing_and_all(rgb: NDArray[np.uint8]) -> None:
    for score in scores(rgb):
        assert 0 <= score.share <= 1

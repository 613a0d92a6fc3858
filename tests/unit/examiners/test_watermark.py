"""A public payload in the pixels is a statement (S3), and silence where there is none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import Malformed, NotApplicable
from assay.core.facts import Observation
from assay.core.vocab import Level, Origin, Polarity
from assay.examiners.watermark import WatermarkExaminer, painted
from assay.media.dwtdct import PAYLOADS
from assay.verdict.judge import judge
from assay.verdict.policy import shipped_policy
from assay.verdict.signals import ItemFacts
from tests.support.dwtdct import embed
from tests.support.facts import item, seen
from tests.support.photos import scene
from tests.support.views import make_view

HOST = np.asarray(scene("astronaut", (384, 320)))
BITS = {payload.name: payload.bits for payload in PAYLOADS}


def look(data: bytes, media_type: str = "image/png") -> list[Observation]:
    examiner = WatermarkExaminer()
    return list(examiner.examine(make_view(examiner, data, media_type)))


def png(rgb: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("name", ["SDV1", "SDXL", "FLUX"])
def test_a_long_payload_is_s3(name: str) -> None:
    (row,) = look(png(embed(HOST, BITS[name], floating=name != "SDV1")))
    assert (row.level, row.polarity, row.value["payload"]) == (
        Level.S3,
        Polarity.SYNTHETIC,
        name,
    )
    assert "public library" in row.basis


def test_a_payload_of_32_bits_is_noted_and_no_claim() -> None:
    (row,) = look(png(embed(HOST, BITS["SDV2"])))
    assert (row.level, row.polarity, row.value["agreeing_bits"]) == (Level.N, Polarity.NONE, 32)


def test_part_of_a_payload_is_noted_and_no_claim() -> None:
    bits = list(BITS["SDXL"])
    for at in (3, 17, 20, 31, 40, 44, 47):  # 41 of 48 remain
        bits[at] ^= 1
    (row,) = look(png(embed(HOST, bits, floating=True)))
    assert row.level is Level.N
    assert 39 <= row.value["agreeing_bits"] <= 43


def test_an_unmarked_picture_is_met_with_silence() -> None:
    assert look(png(HOST)) == []


def test_a_picture_too_small_to_be_marked_is_met_with_silence() -> None:
    assert look(png(HOST[:120, :120])) == []


def test_the_example_paints_any_payload() -> None:
    for name in ("SDV1", "SDXL", "FLUX"):
        assert [o.value["payload"] for o in look(painted(name))] == [name]


def test_what_does_not_decode_is_no_silence() -> None:
    with pytest.raises(Malformed):
        look(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(NotApplicable):
        look(b"<svg/>", "image/svg+xml")


def test_a_payload_put_into_a_photograph_is_a_conflict_and_alone_undecided() -> None:
    (row,) = look(png(embed(HOST, BITS["SDXL"])))

    def origin(*rows: Observation) -> Origin:
        return judge(ItemFacts(item=item("image/png"), observations=rows), shipped_policy()).origin

    assert origin(row) is Origin.UNKNOWN
    for level in (Level.C1, Level.C2, Level.C3):
        assert origin(row, seen("camera", level, Polarity.CAMERA)) is Origin.CONFLICT


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("derived/wm_sdxl.png", ["SDXL"]),
        ("derived/wm_sdv1.png", ["SDV1"]),
        ("derived/wm_sdxl_jpeg75.jpg", []),
        ("adobe/ufo_240_P.png", []),
        ("adobe/ufo_240_Q.png", []),
    ],
)
def test_shared_files(shared_data: Path, name: str, expected: list[str]) -> None:
    path = shared_data / "provenance/files" / name
    rows = look(path.read_bytes(), "image/jpeg" if path.suffix == ".jpg" else "image/png")
    assert [o.value["payload"] for o in rows] == expected
    assert all(o.level is Level.S3 for o in rows)

"""A generator's own signature counts only where it verifies; nothing else is ever said of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assay.core.errors import LimitReached
from assay.core.facts import Observation
from assay.core.vocab import Level, Origin, Polarity
from assay.examiners import signature
from assay.examiners.signature import KEYS as PUBLISHED
from assay.examiners.signature import SignatureExaminer
from assay.verdict.judge import judge
from assay.verdict.policy import shipped_policy
from assay.verdict.signals import ItemFacts
from tests.support.facts import item, seen
from tests.support.novelai import KEYS, RECORD, picture, png, signed, webp
from tests.support.stealth import hide
from tests.support.views import make_view

PIXELS = picture()
GOOD = json.dumps(signed(PIXELS))


def look(data: bytes, media_type: str = "image/png") -> list[Observation]:
    examiner = SignatureExaminer(KEYS)
    return list(examiner.examine(make_view(examiner, data, media_type)))


def levels(rows: list[Observation]) -> list[Level]:
    return [o.level for o in rows if o.kind == "signature"]


def flags(rows: list[Observation]) -> list[object]:
    return [o.value["flag"] for o in rows if o.kind == "finding"]


def test_a_signature_that_verifies_is_s4() -> None:
    (row,) = look(png(PIXELS, GOOD))
    assert (row.level, row.polarity, row.value["tool"]) == (
        Level.S4,
        Polarity.SYNTHETIC,
        "NovelAI",
    )
    assert row.value["mechanism"] == "PNG tEXt"
    assert row.locator.startswith("bytes ")


def test_one_lowest_bit_changed_and_it_does_not_verify() -> None:
    changed = PIXELS.copy()
    changed[17, 23, 1] ^= 1
    rows = look(png(changed, GOOD))
    assert levels(rows) == [Level.N]
    assert flags(rows) == ["signature_fails"]
    said = " ".join(str(o.value) for o in rows)
    assert "does not verify" in said
    assert "tampered" not in said


@pytest.mark.parametrize("field", sorted(RECORD))
def test_a_changed_record_does_not_verify(field: str) -> None:
    record = signed(PIXELS)
    record[field] = "other"
    assert levels(look(png(PIXELS, json.dumps(record)))) == [Level.N]


def test_another_key_does_not_verify() -> None:
    examiner = SignatureExaminer()
    rows = list(examiner.examine(make_view(examiner, png(PIXELS, GOOD), "image/png")))
    assert levels(rows) == [Level.N]
    assert set(PUBLISHED) == {"NovelAI"}


def test_alpha_is_not_signed_and_the_payload_in_it_counts_as_a_slot() -> None:
    pixels = picture(4)
    pixels[..., 3] = 255
    record = json.dumps(signed(pixels))
    hidden = hide(np.tile(pixels, (1, 1, 1)), json.dumps({"Comment": record}))
    (row,) = look(png(hidden))
    assert (row.level, row.value["mechanism"]) == (Level.S4, "stealth alpha")
    rows = look(png(hidden, json.dumps({**json.loads(record), "seed": 9})))
    assert levels(rows) == [Level.N, Level.S4]
    assert flags(rows) == ["signature_fails"]


def test_another_picture_in_alpha_is_not_what_was_signed() -> None:
    plain = np.full((48, 64, 3), 255, np.uint8)
    shown = np.dstack([plain, picture()[..., :1]])  # alpha alone draws the picture that is seen
    for data, kind in ((png(shown, json.dumps(signed(plain))), "image/png"),
                       (webp(shown, json.dumps(signed(plain))), "image/webp")):  # fmt: skip
        (row,) = look(data, kind)
        assert (row.level, row.value["verified"]) == (Level.N, True)
        assert "transparency" in str(row.value["text"])
    changed = signed(plain, {**RECORD, "request_type": "Img2ImgRequest"})
    assert levels(look(png(shown, json.dumps(changed)))) == [Level.E]


def test_frames_behind_a_signed_one_are_not_signed() -> None:
    out, texts = io.BytesIO(), PngInfo()
    texts.add_text("Comment", GOOD)
    Image.fromarray(PIXELS).save(
        out,
        "PNG",
        save_all=True,
        append_images=[Image.fromarray(PIXELS[::-1].copy())],
        pnginfo=texts,
    )
    (row,) = look(out.getvalue())
    assert (row.level, row.value["verified"]) == (Level.N, True)
    assert "frames" in str(row.value["text"])


def test_a_lossless_webp_verifies_and_a_lossy_one_cannot_be_checked() -> None:
    assert levels(look(webp(PIXELS, GOOD), "image/webp")) == [Level.S4]
    rows = look(webp(PIXELS, GOOD, lossless=False), "image/webp")
    assert levels(rows) == [Level.N]
    assert rows[0].value["verified"] is None
    assert not flags(rows)


def test_a_palette_cannot_be_checked() -> None:
    out, texts = io.BytesIO(), PngInfo()
    texts.add_text("Comment", GOOD)
    Image.fromarray(PIXELS).quantize(16).save(out, "PNG", pnginfo=texts)
    (row,) = look(out.getvalue())
    assert row.value["verified"] is None


def test_a_record_without_signature_says_nothing() -> None:
    assert look(png(PIXELS, json.dumps(RECORD))) == []
    assert look(png(PIXELS, json.dumps({**RECORD, "signed_hash": None}))) == []
    assert look(png(PIXELS)) == []


def test_a_picture_too_large_to_hash_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(LimitReached, match="64×48"):
        look(png(PIXELS, GOOD))


SHAPES = (
    lambda record: record,
    lambda record: f"[{record}]",
    lambda record: record * 3,
    lambda record: json.dumps({"Comment": record}),
    lambda record: json.dumps({"Comment": json.dumps({"Comment": record})}),
)


@given(st.text(max_size=60), st.sampled_from(range(len(SHAPES))))
@settings(deadline=None)
def test_hostile_records_never_raise(text: str, shape: int) -> None:
    body = SHAPES[shape](json.dumps({"signed_hash": text, "steps": 1}))
    assert Level.S4 not in levels(look(png(PIXELS, body)))


def test_a_deep_record_never_raises() -> None:
    deep = '{"signed_hash": "AA==", "x": ' + "[" * 60_000 + "]" * 60_000 + "}"
    assert Level.S4 not in levels(look(png(PIXELS, deep)))


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({"request_type": "Img2ImgRequest"}, Level.E),
        ({"request_type": "NativeInfillingRequest"}, Level.E),
        ({"strength": 0.4}, Level.E),
        ({"reference_strength_multiple": [0.6]}, Level.E),
        ({"request_type": "SomethingNew"}, Level.N),
        ({"request_type": ["PromptGenerateRequest"]}, Level.N),
    ],
)
def test_a_signed_record_that_does_not_start_from_text_alone_is_no_s4(
    changed: dict[str, object], level: Level
) -> None:
    rows = look(png(PIXELS, json.dumps(signed(PIXELS, {**RECORD, **changed}))))
    assert [(o.level, o.value["verified"]) for o in rows] == [(level, True)]


def test_a_signed_text_that_is_no_generation_record_is_no_s4() -> None:
    (row,) = look(png(PIXELS, json.dumps(signed(PIXELS, {"tool": "line drawing"}))))
    assert (row.level, row.value["verified"]) == (Level.N, True)


# What the policy makes of it ------------------------------------------------------------------


def origin(*observations: Observation) -> Origin:
    return judge(
        ItemFacts(item=item("image/png"), observations=observations), shipped_policy()
    ).origin


def test_s4_alone_is_synthetic_and_beside_camera_text_a_conflict() -> None:
    (row,) = look(png(PIXELS, GOOD))
    assert origin(row) is Origin.SYNTHETIC
    assert origin(row, seen("camera", Level.C1, Polarity.CAMERA)) is Origin.CONFLICT


def test_no_shared_file_is_said_to_verify(shared_data: Path) -> None:
    """None of them holds a signature (manifest.csv: "no signed_hash"); none may be claimed."""
    folder = shared_data / "provenance/files/d3x-at"
    examiner = SignatureExaminer()
    for path in sorted(p for p in folder.glob("*.png") if p.stat().st_size):
        view = make_view(examiner, path.read_bytes(), "image/png")
        assert list(examiner.examine(view)) == []

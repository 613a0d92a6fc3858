"""A record in the lowest bits is read as one in a text chunk: level, fit, second mechanism."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assay.core.facts import Observation
from assay.core.vocab import Level, Origin
from assay.examiners.genparams import GenparamsExaminer
from assay.examiners.signature import SignatureExaminer
from assay.verdict.judge import judge
from assay.verdict.policy import shipped_policy
from assay.verdict.signals import ItemFacts
from tests.support.facts import item
from tests.support.novelai import KEYS, RECORD, picture, png, signed
from tests.support.stealth import hide
from tests.support.views import make_view

RGBA = np.concatenate([picture(3, (96, 80)), np.full((80, 96, 1), 255, np.uint8)], axis=-1)
TEXT = (
    "a lighthouse at noon\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
    "Seed: 1234, Size: 96x80, Model hash: 6ce0161689, Model: base, Version: v1.10.1"
)


def look(data: bytes, media_type: str = "image/png") -> list[Observation]:
    examiner = GenparamsExaminer()
    rows = examiner.examine(make_view(examiner, data, media_type))
    return [o for o in rows if o.kind == "generator"]


def file_of(pixels: np.ndarray, kind: str = "PNG", **texts: str) -> bytes:
    info, out = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        info.add_text(key, text)
    options = {"pnginfo": info} if kind == "PNG" else {"lossless": True, "exact": True}
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("channel", ["alpha", "RGB"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_hidden_record_is_read_like_any_other(channel: str, kind: str) -> None:
    (row,) = look(file_of(hide(RGBA, TEXT, channel), kind), f"image/{kind.lower()}")
    assert (row.value["tool"], row.value["seed"]) == ("AUTOMATIC1111", 1234)
    assert row.value["mechanism"] == f"stealth {channel}"
    assert row.locator == f"pixels: {channel}, lowest bits"
    assert row.level is Level.S2


def test_a_hidden_record_of_another_size_does_not_fit() -> None:
    (row,) = look(file_of(hide(RGBA, TEXT.replace("96x80", "512x512"))))
    assert row.level is Level.S1


def test_text_chunk_and_pixels_are_two_mechanisms() -> None:
    thin = TEXT.replace(", Model hash: 6ce0161689, Model: base", "")
    assert [o.level for o in look(file_of(hide(RGBA, thin)))] == [Level.S1]
    both = look(file_of(hide(RGBA, thin), parameters=thin))
    assert [o.level for o in both] == [Level.S2, Level.S2]


def test_a_hidden_input_picture_makes_it_edited() -> None:
    (row,) = look(file_of(hide(RGBA, TEXT + ", Denoising strength: 0.6, Mask blur: 4")))
    assert row.level is Level.E


def test_novelais_hidden_payload_is_its_record() -> None:
    payload = {"Software": "NovelAI", "Source": "NovelAI Diffusion", "Comment": json.dumps(RECORD)}
    (row,) = look(file_of(hide(np.tile(RGBA, (4, 4, 1)), json.dumps(payload))))
    assert (row.value["tool"], row.value["seed"]) == ("NovelAI", RECORD["seed"])


def test_a_signed_record_of_an_input_picture_is_edited() -> None:
    pixels = picture()
    record = signed(pixels, {**RECORD, "request_type": "Img2ImgRequest", "strength": 0.7})
    data = png(pixels, json.dumps(record))
    signature = SignatureExaminer(KEYS)
    rows = (*signature.examine(make_view(signature, data, "image/png")), *look(data))
    assert [o.level for o in rows] == [Level.E, Level.E]  # of the signature and of the record
    verdict = judge(ItemFacts(item=item("image/png"), observations=rows), shipped_policy())
    assert verdict.origin is Origin.EDITED


def test_a_damaged_picture_does_not_stop_the_other_records() -> None:
    whole = file_of(RGBA, parameters=TEXT)
    broken = whole[: whole.index(b"IDAT") + 4] + b"\0" * 40
    assert [o.value["tool"] for o in look(broken)] == ["AUTOMATIC1111"]


def test_the_shared_file_is_read(shared_data: Path) -> None:
    path = shared_data / "provenance/files/d3x-at/automatic1111_stealth.png"
    rows = look(path.read_bytes())
    assert "stealth alpha" in {o.value["mechanism"] for o in rows}
    assert {o.value["tool"] for o in rows} == {"AUTOMATIC1111"}

"""No flood of texts hides one that says more, and what is not read is a finding."""

from __future__ import annotations

import gzip
import io
import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assay.core.findings import INCOMPLETE
from assay.core.slots import Slot, SlotKind, Walk
from assay.core.vocab import Level
from assay.examiners.dialects.labels import MAX_LABELS, labels
from assay.examiners.dialects.record import MAX_SIDE, Bundle, Text
from assay.examiners.dialects.texts import MAX_COPIES, bundles
from assay.examiners.genparams import MAX_READINGS
from tests.support.generators import xmp
from tests.support.stealth import write
from tests.unit.examiners.test_genparams import SETTINGS, levels, one, png, seen

INPUT = ", Denoising strength: 0.6, Mask blur: 4"


def flood(*texts: str) -> bytes:
    info, out = PngInfo(), io.BytesIO()
    for text in texts:
        info.add_text("parameters", text)
    Image.new("RGB", (64, 48)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def flags(data: bytes) -> set[object]:
    return {o.value["flag"] for o in seen(data, "image/png") if o.kind == "finding"}


def numbered(count: int) -> list[str]:
    return [f"pier {n}\n{SETTINGS}" for n in range(count)]


def test_a_record_with_an_input_behind_many_without_is_read() -> None:
    assert Level.E in levels(flood(*numbered(12), f"pier\n{SETTINGS}{INPUT}"))
    found = levels(flood(*numbered(MAX_READINGS), f"pier\n{SETTINGS}{INPUT}"))
    assert len(found) == MAX_READINGS
    assert Level.E in found


def test_more_copies_than_are_read_are_a_finding() -> None:
    assert "count_limit" not in flags(flood(*numbered(MAX_COPIES)))
    assert "count_limit" in flags(flood(*numbered(MAX_COPIES), f"pier\n{SETTINGS}{INPUT}"))


def test_a_long_list_of_keywords_is_read_to_its_end_and_is_no_finding() -> None:
    words = [f"pier {n}" for n in range(MAX_COPIES + 6)] + ["Generative AI"]
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in words)
    packet = xmp({"dc:subject": "@"}).replace("@", f"<rdf:Bag>{items}</rdf:Bag>").encode()
    slot = Slot(SlotKind.XMP, packet, 0, len(packet), "", "JPEG APP1", True)
    texts, unread = bundles(Walk("jpeg", (slot,)))
    assert not unread
    assert [label.level for label in labels(texts)] == [Level.S1]


def test_a_flood_of_labels_hides_no_change() -> None:
    terms = [f"x/term{n}" for n in range(MAX_LABELS + 20)]
    terms.append("x/compositeWithTrainedAlgorithmicMedia")
    texts = tuple(Text("iptcext:digitalsourcetype", term, "", "XMP") for term in terms)
    said = labels((Bundle("xmp", texts),))
    assert len(said) == MAX_LABELS
    assert Level.E in {label.level for label in said}


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b" " * (17 << 20) + b'{"Comment": "x"}'),
        gzip.compress(b"pier" * 90)[:-12],
        b"no gzip at all",
    ],
    ids=["a bomb", "cut", "damaged"],
)
def test_a_hidden_text_that_is_not_whole_is_a_finding(body: bytes) -> None:
    head = b"stealth_pngcomp" + (len(body) * 8).to_bytes(4, "big")
    pixels, out = np.full((512, 512, 4), 255, np.uint8), io.BytesIO()
    Image.fromarray(write(pixels, head + body)).save(out, "PNG")
    assert flags(out.getvalue()) & INCOMPLETE


def test_a_chain_of_upscalers_gives_no_size_that_nothing_has() -> None:
    request = {"sampler_name": "k_euler", "cfg_scale": 7, "seed": 1, "width": 512, "height": 512,
               "karras": True, "post_processing": ["x8"] * 64}  # fmt: skip
    width = one(png({"parameters": json.dumps(request)})).value["width"]
    assert width is None or (isinstance(width, int) and width <= MAX_SIDE)

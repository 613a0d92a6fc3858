"""Labels in words and marks, and what a text file beside a picture says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.core.vocab import Level
from assay.examiners.dialects.labels import labels
from assay.examiners.dialects.readings import readings
from assay.examiners.dialects.record import Bundle, Text
from assay.examiners.dialects.sidecar import sidecar_bundles
from tests.support import records
from tests.support.generators import xmp

SIZE = (64, 48)


def bundle(family: str = "png text", **texts: Any) -> Bundle:
    rows = {k: v if isinstance(v, str) else json.dumps(v) for k, v in texts.items()}
    return Bundle(family, tuple(Text(k.lower(), text, k) for k, text in rows.items()))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"aigc_label_type": 0}, []),
        ({"aigc_info": {"aigc_label_type": 0}, "vid": "v10"}, []),
        ({"aigc_label_type": 2}, [("", Level.S1)]),
        ({"aigc_label_type": 0, "source_info": "dreamina"}, [("Dreamina", Level.S1)]),
        ({"data": {"product": "vicut", "exportType": "export"}}, [("CapCut", Level.E)]),
        ({"data": {"product": "vicut"}, "aigc_info": {"aigc_label_type": 1}},
         [("CapCut", Level.E), ("", Level.S1)]),
    ],
)  # fmt: skip
def test_bytedance_marks_are_told_apart(value: Any, found: list[tuple[str, Level]]) -> None:
    rows = labels((bundle("tag", aigc_info=value),))
    assert [(row.tool, row.level) for row in rows] == found


def test_a_platforms_mark_is_neutral_and_a_credit_in_other_words_is_a_statement() -> None:
    mark = labels((bundle("iptc", SpecialInstructions="FBMD0a000a"),))
    credit = labels((bundle("xmp", **{"photoshop:Credit": "Imagined with AI"}),))
    plain = labels((bundle("xmp", **{"photoshop:Credit": "Photo: A. Person"}),))
    assert [row.level for row in (*mark, *credit)] == [Level.N, Level.S1]
    assert plain == []


@pytest.mark.parametrize(
    ("texts", "tool"),
    [
        ({"comment": "made with suno; created=2025-10-08T16:20:02Z; id=116d34f4"}, "Suno"),
        ({"description": "made with Udio"}, "Udio"),
        ({"comment": "recorded in a barn"}, None),
    ],
)
def test_a_sound_that_says_what_made_it_is_labelled(
    texts: dict[str, str], tool: str | None
) -> None:
    assert [row.tool for row in labels((bundle("tag", **texts),))] == ([tool] if tool else [])


def test_the_producer_of_a_pdf_is_software_and_its_creator_elsewhere_a_person() -> None:
    def text(mechanism: str) -> tuple[Bundle, ...]:
        return (Bundle("tag", (Text("creator", "ComfyUI", "Creator", mechanism),)),)

    assert [row.tool for row in labels(text("PDF Info"))] == ["ComfyUI"]
    assert labels(text("Vorbis comment")) == []


def test_a_prompt_in_the_iptc_field_is_stored_and_not_told() -> None:
    field = "Iptc4xmpExt:AIPromptInformation"
    (row,) = labels((bundle("xmp", **{field: "a lighthouse at noon"}),))
    assert "lighthouse" not in row.text
    assert row.prompt == "a lighthouse at noon"


def test_a_sidecars_text_is_read_from_its_bytes() -> None:
    easy = "\n".join(
        f"{k}: {v}" for k, v in json.loads(records.easydiffusion_json(SIZE)["UserComment"]).items()
    )
    rows = [
        records.a1111(SIZE)["parameters"],
        easy,
        records.easydiffusion_json(SIZE)["UserComment"],
        records.drawthings(SIZE)["exif:UserComment"],
        records.horde(SIZE)["UserComment"],
    ]
    found = [readings(sidecar_bundles(text.encode()))[0].record.tool for text in rows]
    assert found == [
        "AUTOMATIC1111", "Easy Diffusion", "Easy Diffusion", "Draw Things", "AI Horde",
    ]  # fmt: skip
    assert readings(sidecar_bundles(b"Shopping: milk, bread")) == ()


def test_a_sidecar_of_xmp_gives_its_labels() -> None:
    data = xmp({"xmp:CreatorTool": "Draw Things"}).encode()
    assert [row.tool for row in labels(sidecar_bundles(data))] == ["Draw Things"]


@pytest.mark.parametrize(
    ("key", "text", "tool", "level"),
    [
        ("dc:subject", "lighthouse, sea, Generative AI", "", Level.S1),
        ("dc:description", "A pier, created with Midjourney in May", "Midjourney", Level.S1),
        ("imagedescription", "AI-generated image of a pier", "", Level.S1),
        ("photoshop:credit", "Apple Image Playground", "Apple Image Playground", Level.S1),
        ("photoshop:credit", "Apple Photos Clean Up", "", Level.E),
        ("photoshop:credit", "Edited with Google AI", "Google AI", Level.E),
    ],
)
def test_words_of_a_caption_or_credit_are_statements(
    key: str, text: str, tool: str, level: Level
) -> None:
    (row,) = labels((bundle("xmp", **{key: text}),))
    assert (row.tool, row.level) == (tool, level)


@pytest.mark.parametrize(
    "text", ["made with love", "a rainy day", "created by A. Person", "the AI conference, day 2"]
)
def test_ordinary_captions_say_nothing(text: str) -> None:
    assert labels((bundle("xmp", **{"dc:description": text}),)) == []


def test_a_picture_put_through_the_extras_tab_is_an_edit() -> None:
    extras = "Postprocess upscale by: 2, Postprocess upscaler: R-ESRGAN 4x+"
    (row,) = labels((bundle(postprocessing=extras),))
    assert row.level is Level.E
    made = bundle(**records.a1111(SIZE), postprocessing=extras)
    assert labels((made,), known_tools=frozenset({"AUTOMATIC1111"})) == []

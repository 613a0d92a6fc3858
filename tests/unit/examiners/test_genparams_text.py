"""Dialects of plain text and flat JSON: pure functions from a bundle of texts to a record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.examiners.dialects import a1111, fooocus, generic, invokeai, novelai, swarmui
from assay.examiners.dialects.record import Bundle, Record, Size, Text
from assay.examiners.dialects.table import DIALECTS

SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x768, Model: base"


def bundle(family: str = "png text", **texts: Any) -> Bundle:
    rows = {k: v if isinstance(v, str) else json.dumps(v) for k, v in texts.items()}
    return Bundle(family, tuple(Text(key, text, key) for key, text in rows.items()))


def a1111_record(more: str = "") -> Record:
    record = a1111.read(f"a harbour\nNegative prompt: blurry\n{SETTINGS}{more}")
    assert record is not None
    return record


def must(record: Record | None) -> Record:
    assert record is not None
    return record


def test_a1111_text_gives_prompts_and_settings() -> None:
    record = a1111_record()
    assert (record.prompt, record.negative_prompt) == ("a harbour", "blurry")
    assert (record.sampler, record.steps, record.cfg) == ("Euler a", 20, 7.0)
    assert record.sizes == (Size(512, 768),)
    assert record.complete


def test_ordinary_prose_is_no_record() -> None:
    assert a1111.read("Steps: 3 down to the beach") is None
    assert a1111.read("Seed: grass, Size: 3x4") is None


@pytest.mark.parametrize(
    ("more", "tool"),
    [
        ("", "AUTOMATIC1111"),
        (", Version: v1.10.1", "AUTOMATIC1111"),
        (", Version: f2.0.1v1.10.1-previous-659", "Forge"),
        (", Version: f1.0.0v2-v1.10.1RC-latest-2164", "reForge"),
        (", Version: f1.0.0-v1.10.1", "easy-reforge"),
        (", Version: classic", "Forge Classic"),
        (", Version: neo-2.1", "Forge Neo"),
        (", Version: stable-diffusion.cpp", "stable-diffusion.cpp"),
        (", App: SD.Next, Version: 8b1b6a5", "SD.Next"),
        (", Version: Fooocus v2.5.0", "Fooocus"),
        (', Civitai resources: [{"type":"checkpoint","modelName":"a, b"}]', "Civitai"),
        (", Version: ComfyUI", "ComfyUI"),
    ],
)
def test_heirs_of_the_a1111_text_are_told_apart(more: str, tool: str) -> None:
    assert a1111_record(more).tool == tool


@pytest.mark.parametrize(
    ("more", "size"),
    [
        (", Hires upscale: 2, Denoising strength: 0.5", Size(1024, 1536)),
        (", Hires upscale: 1.5", Size(768, 1152)),
        (", Hires resize: 1024x1536", Size(1024, 1536)),
        (", Hires resize: 0x1536", Size(1024, 1536)),
        (", Hires upscale: 2, Postprocess upscale by: 2", Size(2048, 3072)),
    ],
)
def test_the_records_own_upscale_steps_are_counted(more: str, size: Size) -> None:
    assert a1111_record(more).sizes == (size,)
    assert a1111_record(more).changes == ()


def test_a_hires_pass_of_unknown_factor_leaves_the_size_open() -> None:
    assert a1111_record(", Hires upscaler: Latent, Denoising strength: 0.5").sizes == ()


@pytest.mark.parametrize(
    "more",
    [
        ", Denoising strength: 0.75",
        ", Mask blur: 4",
        ", Inpaint area: Only masked, Hires upscale: 2",
        ', ControlNet 0: "preprocessor: canny, model: x, weight: 1"',
        ", ReActor: enabled",
        ", IP-Adapter: on",
        ", Init image hash: 1234",
        ", mode: img2img",
    ],
)
def test_keys_that_name_an_input_picture_are_changes(more: str) -> None:
    assert a1111_record(more).changes


def test_repainting_parts_of_its_own_picture_is_no_change() -> None:
    more = ", ADetailer model: face.pt, ADetailer denoising strength: 0.4, ADetailer mask blur: 4"
    assert a1111_record(more).changes == ()


@pytest.mark.parametrize("stray", ['Wild: "open', "Wild: [open", 'Note: 12" wide', "Note: a{b"])
def test_a_stray_quote_or_bracket_hides_no_later_key(stray: str) -> None:
    assert a1111_record(f", {stray}, Denoising strength: 0.5").changes


def swarm(**params: Any) -> Record:
    base = {"prompt": "a pier", "model": "m", "seed": 1, "steps": 20, "width": 512, "height": 512,
            "images": 3, "swarm_version": "0.9.3.1"}  # fmt: skip
    return must(swarmui.parse(bundle(parameters={"sui_image_params": base | params})))


def test_swarmui_parameters_are_read() -> None:
    record = swarm(refinerupscale=2)
    assert (record.tool, record.version, record.seed) == ("SwarmUI", "0.9.3.1", 1)
    assert record.sizes == (Size(1024, 1024),)
    assert record.changes == ()


@pytest.mark.parametrize(
    "more",
    [{"initimage": "a.png"}, {"initimagecreativity": 0.6}, {"maskimage": "m.png"},
     {"controlnetimageinput": "c.png"}, {"promptimages": "p.png"}],
)  # fmt: skip
def test_swarmui_input_pictures_are_changes(more: dict[str, Any]) -> None:
    assert swarm(**more).changes


def nai(**comment: Any) -> Record:
    base = {"prompt": "a pier", "steps": 28, "width": 832, "height": 1216, "seed": 9, "scale": 5.0,
            "sampler": "k_euler", "controlnet_strength": 1.0, "controlnet_model": None,
            "reference_strength_multiple": [], "request_type": "PromptGenerateRequest"}  # fmt: skip
    texts = bundle(software="NovelAI", source="NovelAI Diffusion V4 1234", comment=base | comment)
    return must(novelai.parse(texts))


def test_a_novelai_comment_of_a_picture_from_text_is_complete_and_names_no_input() -> None:
    record = nai()
    assert record.complete
    assert record.changes == ()


@pytest.mark.parametrize(
    "more",
    [{"request_type": "Img2ImgRequest"}, {"request_type": "NativeInfillingRequest"},
     {"strength": 0.4}, {"image": "abcd"}, {"reference_strength_multiple": [0.6]}],
)  # fmt: skip
def test_novelai_image_requests_are_changes(more: dict[str, Any]) -> None:
    assert nai(**more).changes


def invoke(**meta: Any) -> Record:
    base = {"generation_mode": "sdxl_txt2img", "positive_prompt": "a pier", "width": 1024,
            "height": 768, "seed": 5, "steps": 30, "scheduler": "euler", "app_version": "4.2",
            "model": {"name": "juggernaut"},
            "control_layers": {"layers": [], "version": 2}}  # fmt: skip
    return must(invokeai.parse(bundle(invokeai_metadata=base | meta)))


def test_invokeai_metadata_is_complete_and_names_no_input() -> None:
    assert invoke().complete
    assert invoke().changes == ()


@pytest.mark.parametrize(
    ("more", "picture"),
    [
        ({"generation_mode": "sdxl_img2img"}, ()),
        ({"init_image": {"image_name": "a.png"}}, ("a.png",)),
        ({"controlnets": [{"image": {"image_name": "c.png"}}]}, ("c.png",)),
        ({"ref_images": [{"image": {"image_name": "r.png"}}]}, ("r.png",)),
        ({"canvas_v2_metadata": {"rasterLayers": [{"id": "x"}]}}, ()),
    ],
)
def test_invokeai_input_pictures_are_changes_and_leads(
    more: dict[str, Any], picture: tuple[str, ...]
) -> None:
    record = invoke(**more)
    assert record.changes
    assert record.input_pictures == picture


def test_the_older_forms_of_invokeai_are_read() -> None:
    old = {"model_weights": "sd-1.4", "app_version": "2.1", "image": {
        "prompt": [{"prompt": "a pier", "weight": 1}], "seed": 3, "steps": 50, "sampler": "k_lms",
        "width": 512, "height": 512, "type": "txt2img",
        "postprocessing": [{"type": "esrgan", "scale": 2}]}}  # fmt: skip
    record = must(invokeai.parse(bundle(**{"sd-metadata": old})))
    dream = must(invokeai.parse(bundle(dream='"a pier" -s50 -S3 -W512 -H512 -I boat.png -A k_lms')))
    assert (record.prompt, record.sizes) == ("a pier", (Size(1024, 1024),))
    assert (dream.seed, dream.input_pictures) == (3, ("boat.png",))


def test_fooocus_json_is_read() -> None:
    params = {"base_model": "jugg", "prompt": "a pier", "seed": "7", "sampler": "dpmpp",
              "steps": 30, "resolution": "(896, 1152)", "version": "Fooocus v2.5.5",
              "loras": [["offset", 0.1, "aa"]]}  # fmt: skip
    record = must(fooocus.parse(bundle(parameters=params, fooocus_scheme="fooocus")))
    assert record.complete
    assert record.sizes == (Size(896, 1152),)
    assert record.loras == ("offset",)


def test_only_the_first_of_two_equal_settings_counts_and_big_numbers_are_refused() -> None:
    record = a1111_record(f", Seed: 5, Steps: {'9' * 400}")
    assert (record.seed, record.steps) == (1234, 20)
    assert must(a1111.read(SETTINGS.replace("1234", "9" * 400))).seed is None


KEYS = sorted({key for dialect in DIALECTS for key in dialect.keys} | {"prompt", "workflow"})
WORDS = st.sampled_from(
    ["Steps: 20", ", ", '"', "[", "}", "Seed: 1", "Sampler: x", "\n", "Negative prompt:", ":",
     "sui_image_params", "-S3", '{"steps": 1}', "\\", "Size: 1x1", "\ud800", "∞"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.lists(WORDS, max_size=30).map("".join)))
def test_no_text_makes_a_dialect_raise(texts: dict[str, str]) -> None:
    for dialect in DIALECTS:
        dialect.parse(bundle(**texts))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner,
                                                               max_size=3), max_leaves=8,
)  # fmt: skip
NAMES = st.sampled_from(
    ["seed", "steps", "width", "height", "model", "image", "loras", "resolution", "base_model",
     "version", "strength", "request_type", "controlnets", "prompt", "sui_image_params", "type",
     "canvas_v2_metadata", "postprocessing", "refinerupscale", "nodes", "Comment"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, VALUES), st.sampled_from(KEYS))
def test_no_json_makes_a_dialect_raise(value: dict[str, Any], key: str) -> None:
    wrapped = {"image": value, "sui_image_params": value, "steps": 1, "version": "Fooocus",
               "base_model": "m", **value}  # fmt: skip
    for dialect in DIALECTS:
        dialect.parse(bundle(**{key: wrapped, "software": "NovelAI"}))


def test_a_run_of_blank_lines_costs_no_square_of_time() -> None:
    for run in ("\n", " ", "\n ", ", "):
        text = "seed" + run * (65_000 // len(run))  # was more than a minute
        assert generic.parse(bundle("comment", comment=text)) is None
    said = "prompt: a pier,\n\n  seed: 7\n | steps : 20; sampler=euler\nmodel: 'base'"
    assert must(generic.parse(bundle("comment", comment=said))).seed == 7

"""The newer dialects one by one: input pictures, hashes, sizes, and what only looks like one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.examiners.dialects.canonical import graph_key
from assay.examiners.dialects.comfy_graph import Graph, read_api
from assay.examiners.dialects.readings import Reading, readings
from assay.examiners.dialects.record import Bundle, Record, Size, Text
from tests.support import records

SIZE = (64, 48)


def bundle(family: str = "png text", **texts: Any) -> Bundle:
    rows = {k: v if isinstance(v, str) else json.dumps(v) for k, v in texts.items()}
    return Bundle(family, tuple(Text(k.lower(), text, k) for k, text in rows.items()))


def read(texts: dict[str, Any], family: str = "png text") -> Reading:
    found = readings((bundle(family, **texts),))
    assert len(found) == 1, [r.dialect.name for r in found]
    return found[0]


def changed(texts: dict[str, str], key: str, **more: Any) -> Record:
    """Return what is read after more was written into the object under a key."""
    return read(texts | {key: json.dumps(json.loads(texts[key].rstrip("\0")) | more)}).record


# -- input pictures ------------------------------------------------------------------------------


def test_an_input_picture_is_a_change_in_every_dialect() -> None:
    drawn = records.drawthings(SIZE)
    matrix = records.stability_matrix_json(SIZE)
    rows = [
        changed(records.ruinedfooocus(SIZE), "parameters", denoise=0.6),
        changed(records.hf_space(SIZE), "parameters", init_image="boat.png"),
        changed(drawn, "exif:UserComment", strength=0.7),
        changed(drawn, "exif:UserComment", control=[{"file": "canny"}]),
        changed(records.horde(SIZE), "UserComment", source_processing="img2img"),
        changed(records.horde(SIZE), "UserComment", source_processing="inpainting"),
        changed(records.tensorart(SIZE), "generation_data", mode="img2img"),
        changed(records.unknown(SIZE), "UserComment", image="boat.png"),
        changed(records.unknown(SIZE), "UserComment", denoising_strength=0.4),
        read(records.easydiffusion(SIZE) | {"prompt_strength": "0.8"}).record,
        read(records.easydiffusion(SIZE) | {"use_controlnet_model": "canny"}).record,
        read(matrix | {"smproj": json.dumps({"ProjectType": "ImageToImage"})}).record,
        read(matrix | {"smproj": json.dumps({"projectType": 3})}).record,
        read(matrix | {"smproj": json.dumps({"ProjectType": "SomethingNew"})}).record,
    ]
    assert [row.tool for row in rows if not row.changes] == []


def test_a_text_alone_is_no_change_in_any_dialect() -> None:
    rows = (
        records.ruinedfooocus, records.hf_space, records.drawthings, records.horde,
        records.tensorart, records.unknown, records.easydiffusion, records.stability_matrix,
        records.midjourney, records.civitai, records.novelai, records.invokeai_0,
    )  # fmt: skip
    assert [r.__name__ for r in rows if read(r(SIZE)).record.changes] == []


@pytest.mark.parametrize("workflow", ["img2img-hires", "image-to-image", "inpaint"])
def test_civitai_names_an_image_workflow(workflow: str) -> None:
    graph = json.loads(records.civitai(SIZE)["UserComment"])
    graph["extraMetadata"] = json.dumps({"workflowId": workflow})
    assert read({"UserComment": graph}, "exif").record.changes


@pytest.mark.parametrize(
    ("text", "pictures"),
    [
        ("https://s.mj.run/abc a barn --ar 3:2 --v 6", 1),
        ("<https://example.org/boat.png> https://s.mj.run/x a barn --v 6 --iw 2", 2),
        ("a barn --cref https://example.org/boat.png --ar 3:2 --v 6", 1),
        ("a barn --oref <https://example.org/boat.png> --v 7 --ow 100", 1),
        ("a barn --sref https://example.org/boat.png --niji 6 --ar 1:1", 1),
        ("a barn --sref 12345 --ar 3:2 --v 6", 0),
        ("a barn by https://example.org --ar 3:2 --v 6", 0),
    ],
)
def test_links_of_midjourney_are_input_pictures(text: str, pictures: int) -> None:
    record = read({"Description": text}).record
    assert (record.tool, len(record.input_pictures)) == ("Midjourney", pictures)
    assert bool(record.changes) is bool(pictures)


@pytest.mark.parametrize("text", ["git log --v 6", "a path --style raw", "see --help", "Job ID: 7"])
def test_options_of_other_programs_are_not_midjourneys(text: str) -> None:
    assert readings((bundle(Description=text),)) == ()


# -- names, digests, sizes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "model", "lora"),
    [
        (records.a1111(SIZE), ("base", records.DIGEST[:10]), ("calm", "0123456789ab")),
        (records.fooocus(SIZE), ("jugg.safetensors", records.DIGEST[:10]),
         ("offset.safetensors", "4852686128")),
        (records.tensorart(SIZE), ("base", records.DIGEST), ("calm", records.DIGEST[:12])),
        (records.invokeai(SIZE), ("base", f"blake3:{records.DIGEST}"),
         ("calm", f"blake3:{records.DIGEST}")),
        (records.swarmui(SIZE), ("base.safetensors", records.DIGEST), None),
        (records.ruinedfooocus(SIZE), ("base.safetensors", records.DIGEST), None),
        (records.hf_space(SIZE), ("Animagine XL 3.1", records.DIGEST[:10]), None),
        (records.stability_matrix(SIZE), ("base", records.DIGEST), ("calm", "0123456789ab")),
    ],
)  # fmt: skip
def test_model_and_lora_digests_are_kept_with_their_names(
    texts: dict[str, str], model: tuple[str, str], lora: tuple[str, str] | None
) -> None:
    record = read(texts).record
    assert record.model_hashes[0] == model
    assert record.lora_hashes[:1] == ((lora,) if lora else ())


def test_hashes_of_a1111_in_its_json_form_are_read_and_prose_is_no_digest() -> None:
    more = ', Hashes: {"model": "aabbccddee", "lora:warm": "0011223344", "embed:x": "not one"}'
    record = read(records.a1111(SIZE, more)).record
    assert ("base", "aabbccddee") in record.model_hashes
    assert ("warm", "0011223344") in record.lora_hashes
    assert all(digest != "not one" for _, digest in record.lora_hashes)


def test_loras_are_named_however_the_list_is_written() -> None:
    assert read(records.easydiffusion(SIZE)).record.loras == ("calm", "warm")
    assert read(records.ruinedfooocus(SIZE)).record.loras == ("calm", "warm")
    assert read(records.drawthings(SIZE)).record.loras == ("calm_lora_f16.ckpt",)


@pytest.mark.parametrize(
    ("record", "sizes"),
    [
        (changed(records.hf_space(SIZE), "parameters",
                 use_upscaler={"upscale_by": 1.5, "new_resolution": "96 x 72"}), (Size(96, 72),)),
        (changed(records.hf_space(SIZE), "parameters", use_upscaler={"upscale_by": 1.5}), ()),
        (changed(records.horde(SIZE), "UserComment", post_processing=["RealESRGAN_x4plus"]),
         (Size(256, 192),)),
        (changed(records.horde(SIZE), "UserComment", post_processing=["NMKD_Upscaler"]), ()),
        (read(records.easydiffusion(SIZE) | {"use_upscale": "x", "upscale_amount": "4"}).record,
         (Size(256, 192),)),
        (read(records.easydiffusion(SIZE) | {"use_upscale": "latent_upscaler"}).record, ()),
    ],
)  # fmt: skip
def test_upscale_steps_of_the_record_are_counted_or_leave_the_size_open(
    record: Record, sizes: tuple[Size, ...]
) -> None:
    assert record.sizes == sizes


def test_the_four_ages_of_invokeai_and_a_graph_alone_are_one_tool() -> None:
    rows = [records.invokeai, records.invokeai_0, records.invokeai_1, records.invokeai_2]
    found = [read(row(SIZE)).record for row in rows]
    assert {(r.tool, r.seed) for r in found} == {("InvokeAI", records.SEED)}
    alone = read(records.invokeai_graph(SIZE)).record
    assert (alone.tool, alone.inputs_unresolved, alone.changes) == ("InvokeAI", True, ())
    node = {"type": "invocation", "data": {"type": "i2l", "image": {"image_name": "boat.png"}}}
    loader = read({"invokeai_workflow": {"nodes": [node]}}).record
    assert (loader.input_pictures, bool(loader.changes)) == (("boat.png",), True)


# -- one writer, one record ----------------------------------------------------------------------


def test_what_one_writer_puts_down_three_times_is_one_record_that_keeps_every_doubt() -> None:
    texts = records.stability_matrix(SIZE)
    reading = read(texts)
    assert reading.dialect.name == "Stability Matrix"
    assert [name for name, _ in reading.absorbed] == ["AUTOMATIC1111", "ComfyUI"]
    graph = json.loads(texts["prompt"])
    graph["9"] = {"class_type": "LoadImage", "inputs": {"image": "boat.png"}}
    loaded = read(texts | {"prompt": json.dumps(graph)}).record
    assert loaded.input_pictures == ("boat.png",)
    odd = read(texts | {"prompt": '{"1": {"class_type": "Mystery"'}).record
    assert odd.inputs_unresolved


def test_the_net_reads_only_what_no_dialect_read() -> None:
    noted = records.a1111(SIZE) | {"note": records.unknown(SIZE)["UserComment"]}
    assert [r.dialect.name for r in readings((bundle(**noted),))] == ["AUTOMATIC1111", "generic"]
    keyed = records.a1111(SIZE) | records.unknown_keys(SIZE)
    assert [r.dialect.name for r in readings((bundle(**keyed),))] == ["AUTOMATIC1111"]


@pytest.mark.parametrize(
    "texts",
    [
        {"UserComment": {"filter": 0, "model": "SM-G991", "sensor": "rear", "mode": "auto"}},
        {"UserComment": {"seed": 1, "model": "poppy"}},
        {"Comment": "Steps: 3 down to the beach, then left"},
        {"Description": "The model wore red; the seed market, 20 steps away"},
        {"Title": "seed: grass, model: Anna"},
    ],
)
def test_other_texts_are_no_records(texts: dict[str, Any]) -> None:
    assert readings((bundle("exif", **texts),)) == ()


def test_a_tool_that_names_itself_is_named_and_a_hosted_request_is_a_record() -> None:
    own = changed(records.unknown(SIZE), "UserComment", request=None, prompt="a pier", seed=1,
                  model="m", software="FooGen 2")  # fmt: skip
    hosted = read({"note": {"provider": "FooHost", "model": "m", "input": {"prompt": "a pier"}}})
    assert own.tool == "unknown generator (FooGen 2)"
    assert (hosted.record.tool, hosted.record.model) == ("unknown generator (FooHost)", "m")


# -- graphs --------------------------------------------------------------------------------------


def graph(**more: Any) -> Graph:
    found = read_api(records.comfy_graph(SIZE) | more)
    assert found is not None
    return found


def test_a_graph_keeps_its_key_under_other_numbers_seeds_and_prompts() -> None:
    base = records.comfy_graph(SIZE)
    text = json.dumps(base).replace(str(records.SEED), "77").replace("a lighthouse", "a pier")
    renamed = json.loads(text.replace('"5"', '"50"'))
    other = json.loads(text.replace('"euler"', '"ddim"'))
    keys = [graph_key(g) for raw in (base, renamed, other) if (g := read_api(raw)) is not None]
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 32


def test_loops_have_a_key_and_texts_of_a_graph_are_kept() -> None:
    loop = {"class_type": "A", "inputs": {"x": ["8", 0]}}
    assert graph_key(graph(**{"8": loop})) != graph_key(graph())
    record = read(records.comfyui(SIZE)).record
    assert record.literals == ("a lighthouse at noon", "blurry")


def test_a_draw_things_text_is_read_where_its_json_was_lost() -> None:
    text = (
        "a pier\nSteps: 20, Sampler: DPM++ 2M Karras, Guidance Scale: 7.5, Seed: 5, Size: 64x48, "
        "Model: base_f16.ckpt, Strength: {}"
    )
    texts = {"xmp:CreatorTool": "Draw Things", "dc:description": text.format("1.0")}
    record = read(texts, "xmp").record
    assert (record.tool, record.seed, record.cfg, record.changes) == ("Draw Things", 5, 7.5, ())
    assert read(texts | {"dc:description": text.format("0.6")}, "xmp").record.changes

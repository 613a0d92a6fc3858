"""ComfyUI graphs: sizes through every step, input pictures, and hostile graphs that end."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.examiners.dialects import comfyui
from assay.examiners.dialects.comfy_nodes import is_loader, statement_of
from assay.examiners.dialects.record import Bundle, Record, Size, Text

BASE: dict[str, Any] = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "base.safetensors"}},
    "2": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a pier", "clip": ["1", 1]}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["1", 1]}},
    "5": {
        "class_type": "KSampler",
        "inputs": {"seed": 42, "steps": 20, "cfg": 7.5, "sampler_name": "euler", "denoise": 1.0,
                   "model": ["1", 0], "positive": ["3", 0], "negative": ["4", 0],
                   "latent_image": ["2", 0]},
    },
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
}  # fmt: skip


def node(name: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": name, "inputs": inputs}


def graph(saves: str = "6", **more: Any) -> dict[str, Any]:
    """The base graph with more nodes; ``saves`` is the node whose picture is saved."""
    nodes = copy.deepcopy(BASE) | more
    nodes["9"]["inputs"]["images"] = [saves, 0]
    return nodes


def read(prompt: Any = None, workflow: Any = None, **texts: str) -> Record:
    rows = dict(texts)
    if prompt is not None:
        rows["prompt"] = json.dumps(prompt)
    if workflow is not None:
        rows["workflow"] = json.dumps(workflow)
    record = comfyui.parse(Bundle("png text", tuple(Text(k, v, k) for k, v in rows.items())))
    assert record is not None
    return record


def test_a_plain_graph_is_resolved_to_its_end() -> None:
    record = read(graph())
    assert (record.model, record.sampler, record.seed) == ("base.safetensors", "euler", 42)
    assert (record.prompt, record.negative_prompt) == ("a pier", "blurry")
    assert record.sizes == (Size(512, 768),)
    assert record.complete
    assert record.changes == ()


@pytest.mark.parametrize(
    ("more", "saves", "size"),
    [
        ({"7": node("ImageScale", image=["6", 0], width=1000, height=0)}, "7", Size(1000, 1500)),
        ({"7": node("ImageScaleBy", image=["6", 0], scale_by=1.5)}, "7", Size(768, 1152)),
        ({"7": node("ImageUpscaleWithModel", image=["6", 0], upscale_model=["8", 0]),
          "8": node("UpscaleModelLoader", model_name="4x-UltraSharp.pth")}, "7", Size(2048, 3072)),
        ({"7": node("LatentUpscale", samples=["5", 0], width=1024, height=1536),
          "8": node("VAEDecode", samples=["7", 0], vae=["1", 2])}, "8", Size(1024, 1536)),
        ({"7": node("LatentUpscaleBy", samples=["5", 0], scale_by=1.5),
          "8": node("VAEDecode", samples=["7", 0], vae=["1", 2])}, "8", Size(768, 1152)),
    ],
)  # fmt: skip
def test_the_size_follows_every_step_of_the_graph(
    more: dict[str, Any], saves: str, size: Size
) -> None:
    record = read(graph(saves, **more))
    assert record.sizes == (size,)
    assert record.complete


def test_an_upscale_model_of_unknown_factor_leaves_the_size_open() -> None:
    record = read(graph("7", **{
        "7": node("ImageUpscaleWithModel", image=["6", 0], upscale_model=["8", 0]),
        "8": node("UpscaleModelLoader", model_name="sharp.pth")}))  # fmt: skip
    assert (record.sizes, record.complete) == ((), False)


def test_a_number_given_by_another_node_is_followed() -> None:
    prompt = graph(**{"8": node("PrimitiveInt", value=640)})
    prompt["2"]["inputs"]["width"] = ["8", 0]
    assert read(prompt).sizes == (Size(640, 768),)


def test_a_picture_encoded_again_in_a_second_pass_is_no_input() -> None:
    second = copy.deepcopy(BASE["5"])
    second["inputs"]["latent_image"] = ["11", 0]
    record = read(graph("13", **{
        "10": node("ImageScaleBy", image=["6", 0], scale_by=2),
        "11": node("VAEEncode", pixels=["10", 0], vae=["1", 2]),
        "12": second,
        "13": node("VAEDecode", samples=["12", 0], vae=["1", 2])}))  # fmt: skip
    assert record.changes == ()
    assert record.sizes == (Size(1024, 1536),)


@pytest.mark.parametrize(
    "name",
    ["LoadImage", "LoadImageMask", "LoadImageFromUrl", "ETN_LoadImageBase64", "VHS_LoadVideo",
     "LoadImageOutput", "easy loadImageBase64", "Image Load", "LoadImagesFromDirectory"],
)  # fmt: skip
def test_any_image_loader_counts_connected_or_not(name: str) -> None:
    record = read(graph(**{"20": node(name, image="boat.png", upload="image")}))
    assert record.changes
    assert record.input_pictures == ("boat.png",)


@pytest.mark.parametrize(
    "name",
    ["LoraLoader", "UpscaleModelLoader", "CheckpointLoaderSimple", "VAELoader", "CLIPVisionLoader",
     "ControlNetLoader", "ImageOnlyCheckpointLoader", "WanVideoModelLoader",
     "LoadWanVideoT5TextEncoder", "SaveImage", "PreviewImage", "ImageUpscaleWithModel"],
)  # fmt: skip
def test_loaders_of_weights_are_no_image_loaders(name: str) -> None:
    assert not is_loader(name)
    assert statement_of(name) == ""


@pytest.mark.parametrize(
    "extra",
    [
        node("VAEEncode", pixels=["77", 0]),  # fed by a node that is not there
        node("VAEEncode", pixels=["21", 0]),  # fed by a class of no table
        node("VAEEncodeForInpaint", pixels=["6", 0]),
        node("SetLatentNoiseMask", samples=["5", 0]),
        node("ControlNetApplyAdvanced", image=["6", 0]),
        node("IPAdapterAdvanced"),
        node("ReActorFaceSwap"),
        node("unCLIPConditioning"),
        node("WanImageToVideo"),
    ],
)
def test_nodes_that_bring_a_picture_in_are_changes(extra: dict[str, Any]) -> None:
    assert read(graph(**{"20": extra, "21": node("SomethingElse")})).changes


def test_an_unknown_class_on_the_way_to_the_output_leaves_the_graph_unresolved() -> None:
    record = read(graph("7", **{"7": node("MysteryFilter", image=["6", 0])}))
    assert record.inputs_unresolved
    assert not record.complete


def test_a_picture_inside_the_graph_is_named_without_its_bytes() -> None:
    record = read(graph(**{"20": node("ETN_LoadImageBase64", image="A" * 5000)}))
    assert record.input_pictures == ("(picture inside the graph)",)


def test_the_editors_graph_alone_is_never_complete_and_its_loaders_count() -> None:
    workflow = {"nodes": [{"id": 1, "type": "LoadImage", "widgets_values": ["boat.png", "image"]}]}
    inside = {"nodes": [], "definitions": {"subgraphs": [workflow]}}
    for form in (workflow, inside):
        record = read(workflow=form)
        assert record.inputs_unresolved
        assert record.input_pictures == ("boat.png",)
        assert record.changes


def test_a_muted_loader_that_only_the_editor_names_still_counts() -> None:
    muted = {"id": 1, "type": "LoadImage", "mode": 4, "widgets_values": ["boat.png", "image"]}
    record = read(graph(), {"nodes": [muted]})
    assert record.changes
    assert record.input_pictures == ("boat.png",)


def test_a_broken_graph_still_names_its_tool_and_its_loaders() -> None:
    text = Text("make", 'prompt:{"1": {"class_type": "LoadImage"', "Make")
    record = comfyui.parse(Bundle("exif", (text,)))
    assert record is not None
    assert (record.tool, record.claimed_fields) == ("ComfyUI", ("Make",))
    assert record.changes
    assert record.inputs_unresolved


def test_a_comment_with_both_keys_and_a_civitai_graph_are_read() -> None:
    both = json.dumps({"prompt": json.dumps(graph()), "workflow": {"nodes": []}})
    civitai = json.dumps(graph() | {"extraMetadata": "{}"})
    assert read(comment=both).seed == 42
    assert read(usercomment=civitai).tool == "Civitai"


def test_a_prompt_of_another_tool_is_no_graph() -> None:
    assert comfyui.parse(Bundle("png text", (Text("prompt", "a boat: {red}"),))) is None


def test_loops_end() -> None:
    prompt = graph()
    prompt["2"] = node("LatentUpscaleBy", samples=["5", 0], scale_by=2)
    prompt["3"] = node("CLIPTextEncode", text=["3", 0])
    record = read(prompt)
    assert (record.sizes, record.complete) == ((), False)


def test_deep_and_long_graphs_end() -> None:
    deep: Any = []
    for _ in range(150):
        deep = [deep]
    deep_text = "[" * 100_000
    chain = {str(i): node("VAEEncode", pixels=[str(i + 1), 0]) for i in range(3000)}
    assert comfyui.parse(Bundle("png text", (Text("prompt", deep_text),))) is None
    assert read(graph(**{"8": node("Note", text=deep)}), {"nodes": []}).inputs_unresolved
    assert read(graph(**{f"x{k}": v for k, v in chain.items()})).changes


NAMES = st.sampled_from(
    ["LoadImage", "VAEEncode", "KSampler", "EmptyLatentImage", "SaveImage", "LatentUpscale",
     "ImageScaleToTotalPixels", "ImageUpscaleWithModel", "UpscaleModelLoader", "Other", ""]
)  # fmt: skip
KEYS = st.sampled_from(
    ["images", "image", "pixels", "samples", "latent_image", "width", "height", "scale_by", "seed",
     "model", "model_name", "megapixels", "upscale_model", "text", "value"]
)  # fmt: skip
IDS = st.sampled_from(["1", "2", "3", "4", "5"])
INPUTS = (
    st.integers() | st.floats() | st.text(max_size=6) | st.none()
    | st.tuples(IDS | st.integers(0, 5), st.integers()).map(list) | st.lists(IDS, max_size=3)
)  # fmt: skip
GRAPHS = st.dictionaries(
    IDS,
    st.fixed_dictionaries({"class_type": NAMES, "inputs": st.dictionaries(KEYS, INPUTS)})
    | st.none(),
)


@settings(max_examples=200, deadline=None)
@given(GRAPHS, st.none() | GRAPHS)
def test_no_graph_makes_it_raise(prompt: Any, workflow: Any) -> None:
    slots = [{"name": "image", "link": 1}]
    nodes = [
        {"id": k, "type": (v or {}).get("class_type"), "widgets_values": [k], "inputs": slots}
        for k, v in (workflow or {}).items()
    ]
    texts = (
        Text("prompt", json.dumps(prompt)),
        Text("workflow", json.dumps({"nodes": nodes, "links": [[1, "1", 0, "2", 0, "X"], {}]})),
    )
    record = comfyui.parse(Bundle("png text", texts))
    if record is not None and any(
        (v or {}).get("class_type") == "LoadImage" for v in prompt.values()
    ):
        assert record.changes


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_damage_to_a_graphs_text_makes_it_raise(data: st.DataObject) -> None:
    text = list(json.dumps(graph(**{"8": node("LoadImage", image="a.png")})))
    for _ in range(data.draw(st.integers(1, 6))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.characters())
    cut = data.draw(st.integers(0, len(text)))
    comfyui.parse(Bundle("tag", (Text("comment", "".join(text[:cut])),)))
    comfyui.parse(Bundle("png text", (Text("prompt", "".join(text[:cut])),)))

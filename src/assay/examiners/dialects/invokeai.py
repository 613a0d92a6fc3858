"""InvokeAI in its four ages: ``Dream``, ``sd-metadata``, ``invokeai``, ``invokeai_metadata``.

Formats: invoke-ai/InvokeAI, invokeai/app/invocations/metadata.py (3 and later, with
``invokeai_graph`` and ``invokeai_workflow``; the same keys in MP4), ldm/dream/pngwriter.py and
ldm/invoke/args.py (1 and 2). The keys of one file are one writer's: one record.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from itertools import pairwise

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import (
    MAX_PROMPT,
    as_list,
    as_object,
    clean,
    integer,
    number,
)
from assay.examiners.dialects.inputs import changes_in, picture_names, pictures_in, says_something
from assay.examiners.dialects.record import Bundle, Record, Size, distinct, hashes, size_of

TOOL = "InvokeAI"
KEYS = ("invokeai_metadata", "invokeai_graph", "invokeai_workflow", "invokeai", "sd-metadata",
        "dream")  # fmt: skip
_LAYERS = ("rasterLayers", "controlLayers", "inpaintMasks", "regionalGuidance", "referenceImages")
# Graph node types that bring a picture in or encode one (invokeai/app/invocations).
_NODES = re.compile(
    r"^(image|i2l|img_|canvas_|load_|.*(controlnet|ip_adapter|inpaint|kontext|redux|_i2l|mask))",
    re.I,
)
_OUT_NODES = re.compile(r"^(l2i|.*_l2i|core_metadata|save_image)$")
MAX_NODES = 5000


def parse(bundle: Bundle) -> Record | None:
    """Read the newest form that a bundle holds; None where it holds none."""
    record = _parse(bundle)
    keys = tuple(key for key in KEYS if bundle.has(key))
    return replace(record, read_from=keys) if record is not None else None


def _parse(bundle: Bundle) -> Record | None:
    meta = bundle.json("invokeai_metadata")
    graph = bundle.json("invokeai_graph") or bundle.json("invokeai_workflow")
    if meta is not None:
        return _with_graph(_read_new(meta), graph or {})
    old = bundle.json("sd-metadata")
    if old is not None and isinstance(old.get("image"), dict):
        return _read_old(old)
    if graph is not None:
        return _with_graph(Record(tool=TOOL, tool_named=True, inputs_unresolved=True), graph)
    node = as_object((bundle.json("invokeai") or {}).get("node"))
    if node:
        return _with_graph(_read_new(node), {"nodes": {"0": node}})
    if any(bundle.has(key) for key in KEYS if key != "dream"):
        return Record(tool=TOOL, tool_named=True, inputs_unresolved=True)
    return _read_dream(bundle.get("dream")) if bundle.has("dream") else None


def _read_new(meta: JsonObject) -> Record:
    seed = integer(meta.get("seed"))
    size = size_of(number(meta.get("width")), number(meta.get("height")))
    model = _model_name(meta.get("model"))
    loras = as_list(meta.get("loras"))
    return Record(
        tool=TOOL,
        tool_named=True,
        version=clean(meta.get("app_version"), 80),
        model=model,
        models=distinct((model, _model_name(meta.get("refiner_model")))),
        loras=distinct(_lora(item) for item in loras),
        model_hashes=hashes([(model, _digest(meta.get("model")))]),
        lora_hashes=hashes(
            (_lora(item), _digest(as_object(item).get("lora")) or _digest(item)) for item in loras
        ),
        vae=_model_name(meta.get("vae")),
        prompt=clean(meta.get("positive_prompt"), MAX_PROMPT)
        or clean(meta.get("prompt"), MAX_PROMPT),
        negative_prompt=clean(meta.get("negative_prompt"), MAX_PROMPT),
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(meta.get("scheduler")),
        steps=integer(meta.get("steps")),
        cfg=number(meta.get("cfg_scale")),
        sizes=() if size is None or says_something(meta.get("upscale_model")) else (size,),
        input_pictures=distinct(pictures_in(meta)),
        changes=distinct((*changes_in(meta), *_canvas(meta.get("canvas_v2_metadata")))),
    )


def _model_name(value: Json) -> str:
    if isinstance(value, str):
        return clean(value)
    model = as_object(value)
    return clean(model.get("model_name")) or clean(model.get("name")) or clean(model.get("key"))


def _digest(value: Json) -> str:
    model = as_object(value)
    inner = as_object(model.get("model"))
    return clean(model.get("hash") or model.get("model_hash") or inner.get("hash"), 200)


def _lora(value: Json) -> str:
    lora = as_object(value)
    return _model_name(lora.get("lora")) or _model_name(lora.get("model"))


def _canvas(value: Json) -> list[str]:
    canvas = as_object(value)
    found = []
    for key in _LAYERS:
        layers = as_list(canvas.get(key))
        if layers:
            found.append(f"canvas {key}: {len(layers)} entries")
    return found


def _with_graph(record: Record, graph: JsonObject) -> Record:
    """Add the pictures that the executed graph brings in."""
    nodes = graph.get("nodes")
    listed = list(nodes.values()) if isinstance(nodes, dict) else nodes
    items = listed[:MAX_NODES] if isinstance(listed, list) else []
    changes: list[str] = []
    pictures: list[str] = []
    for item in items:
        node = as_object(item)
        if node.get("type") == "invocation":  # the editor's form: the node is inside
            node = as_object(node.get("data"))
        kind = clean(node.get("type"), 80)
        names = picture_names([node.get("image"), node.get("images")])
        if kind and not _OUT_NODES.match(kind) and (names or _NODES.match(kind)):
            changes.append(f"graph node {kind}")
            pictures += names
    return record.with_changes(changes, pictures)


def _read_old(meta: JsonObject) -> Record:
    image = as_object(meta.get("image"))
    seed = integer(image.get("seed"))
    size = _old_size(image)
    model = clean(meta.get("model_weights")) or clean(meta.get("model"))
    strength = says_something(image.get("strength")) and image.get("type") != "txt2img"
    return Record(
        tool=TOOL,
        tool_named=True,
        version=clean(meta.get("app_version"), 80),
        model=model,
        models=distinct((model,)),
        prompt=_old_prompt(image.get("prompt")),
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(image.get("sampler")),
        steps=integer(image.get("steps")),
        cfg=number(image.get("cfg_scale")),
        sizes=() if size is None else (size,),
        input_pictures=distinct(pictures_in(image)),
        changes=distinct((*changes_in(image), "strength" if strength else "")),
    )


def _old_prompt(value: Json) -> str:
    if isinstance(value, str):
        return clean(value, MAX_PROMPT)
    parts = [as_object(item).get("prompt") for item in as_list(value)]
    return clean(", ".join(part for part in parts if isinstance(part, str)), MAX_PROMPT)


def _old_size(image: JsonObject) -> Size | None:
    size = size_of(number(image.get("width")), number(image.get("height")))
    for item in as_list(image.get("postprocessing")):
        step = as_object(item)
        if size is None:
            return None
        if step.get("type") == "esrgan":
            factor = number(step.get("scale"))
            if factor is None or not 0 < factor <= 16:
                return None
            size = size.times(factor)
    return None if size is None else size_of(size.width, size.height)


# Options of the ``dream>`` command line that matter here.
_INPUT_OPTIONS = {"-I": "init_img", "--init_img": "init_img", "-M": "init_mask",
                  "--init_mask": "init_mask", "-f": "strength", "--strength": "strength",
                  "-tm": "text_mask", "--text_mask": "text_mask"}  # fmt: skip


def _read_dream(text: str) -> Record | None:
    try:
        words = shlex.split(text[:20_000], posix=True)
    except ValueError:
        return None
    if not words:
        return None
    prompt = words[0]
    options: dict[str, str] = {}
    for word, following in pairwise([*words[1:], ""]):
        match = re.fullmatch(r"(-{1,2}[A-Za-z_]+)(?:=?([0-9.]+))?", word)
        if match:
            options.setdefault(match[1], match[2] or following)
    if not {"-S", "--seed"} & set(options) or not {"-s", "--steps"} & set(options):
        return None
    seed = integer(_option(options, "-S", "--seed"))
    size = size_of(
        number(_option(options, "-W", "--width")), number(_option(options, "-H", "--height"))
    )
    named = [(name, options[key]) for key, name in _INPUT_OPTIONS.items() if key in options]
    return Record(
        tool=TOOL,
        prompt=clean(prompt, MAX_PROMPT),
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(_option(options, "-A", "--sampler")),
        steps=integer(_option(options, "-s", "--steps")),
        cfg=number(_option(options, "-C", "--cfg_scale")),
        sizes=() if size is None else (size,),
        input_pictures=distinct(value for name, value in named if name.startswith("init")),
        changes=distinct(f"{name}: {clean(value, 60)}" for name, value in named),
    )


def _option(options: dict[str, str], *names: str) -> str | None:
    return next((options[name] for name in names if name in options), None)

"""A ComfyUI graph told in the words of a record: model, sampler, seed, prompt, sizes.

Only what leads to an output is told; what is not resolved stays empty. Values of the editor's
form have no names, so a record from it is never complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assay.examiners.dialects.bounded import MAX_ITEMS, MAX_PROMPT, clean, integer, number
from assay.examiners.dialects.comfy_graph import Graph, Link, Node
from assay.examiners.dialects.comfy_inputs import changes_of, pictures_of
from assay.examiners.dialects.comfy_nodes import OUTPUTS, Output, is_known
from assay.examiners.dialects.comfy_size import Chain, chain_from, size_after
from assay.examiners.dialects.record import Record, Size, distinct, hashes

MAX_OUTPUTS = 50  # followed; a graph with more stays unresolved
_OUTPUT_LIKE = re.compile(r"save|preview|output|combine|send.?image|upload|websocket", re.I)
_SAMPLER = re.compile(r"sampl", re.I)
_SAMPLER_PARTS = re.compile(r"modelsampling|samplerselect|sampling(discrete|settings)", re.I)
_SEED_KEYS = ("seed", "noise_seed")
_MODEL_KEYS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name", "model_path", "model")
_LORA_KEYS = ("lora_name",)
_TEXT_KEYS = ("text", "text_g", "t5xxl", "clip_l", "prompt", "positive", "value", "string")
_TEXT_FIELD = re.compile(
    r"text|prompt|string|^value$|^positive|^negative|lyrics|tags|caption", re.I
)
MAX_LITERAL = 2000  # characters of one text
MAX_LITERALS = 16_000  # characters of all
_NO_MODEL = re.compile(r"upscale|control|clip|vae|style|adapter|lora|embed|sam|detector", re.I)
_WEIGHTS = re.compile(r"\.(safetensors|ckpt|gguf|sft|pt|pth|bin)$", re.I)
_WITHOUT_PICTURE = frozenset({"latent_image", "samples", "latent", "image", "images"})
_WITHOUT_TEXT = _WITHOUT_PICTURE | {"positive", "negative", "conditioning"}


def from_graph(graph: Graph) -> Record:
    """Tell the graph that ran. The tool's name is the caller's."""
    outputs = _outputs(graph)
    chains = [_chain(graph, node, row) for node, row in outputs[:MAX_OUTPUTS]]
    sizes = [size_after(graph, chain) for chain in chains]
    leading = graph.upstream(node.id for node, _ in outputs) or tuple(graph.nodes.values())
    sampler = _first_sampler(chains, leading)
    seeds = _seeds(graph, leading)
    near = graph.upstream([sampler.id], without=_WITHOUT_TEXT) if sampler is not None else leading
    seed = integer(_plain(graph, near, _SEED_KEYS))
    models = _models(graph, leading)
    known = [row.media_types for _, row in outputs if row is not None]
    everything = tuple(graph.nodes.values())
    return Record(
        tool="",
        model=next(iter(_models(graph, near)), next(iter(models), "")),
        models=models,
        loras=distinct(_plain(graph, [node], _LORA_KEYS) for node in leading),
        prompt=_prompt(graph, sampler, "positive") or _any_text(graph, leading),
        negative_prompt=_prompt(graph, sampler, "negative"),
        seed=seed,
        seeds=seeds if seed is None or seed in seeds else (seed, *seeds),
        sampler=clean(_plain(graph, near, ("sampler_name", "sampler"))),
        steps=integer(_plain(graph, near, ("steps",))),
        cfg=number(_plain(graph, near, ("cfg", "guidance", "cfg_scale"))),
        sizes=tuple(dict.fromkeys(size for size in sizes if size is not None)),
        input_pictures=pictures_of(graph, everything),
        changes=changes_of(graph, everything),
        model_hashes=hashes(_hashes(leading, "lora", wanted=False)),
        lora_hashes=hashes(_hashes(leading, "lora", wanted=True)),
        vae=clean(_plain(graph, leading, ("vae_name",))),
        scheduler=clean(_plain(graph, near, ("scheduler",)), 80),
        literals=_literals(everything),
        inputs_unresolved=not _resolved(graph, outputs, sizes, leading),
        media_types=None if None in known else tuple({m for row in known for m in row or ()}),
        media_types_open=not outputs or any(row is None for _, row in outputs),
    )


def from_editor(graph: Graph) -> Record:
    """Tell the editor's graph where the graph that ran is missing."""
    nodes = tuple(graph.nodes.values())
    weights = [
        (node.name, value)
        for node in nodes
        for value in node.inputs.values()
        if isinstance(value, str) and _WEIGHTS.search(value[-20:])
    ]
    models = distinct(value for name, value in weights if not _NO_MODEL.search(name))
    texts = (
        value
        for node in nodes
        if "textencode" in node.name.lower()
        for value in node.inputs.values()
        if isinstance(value, str)
    )
    return Record(
        tool="",
        model=next(iter(models), ""),
        models=models,
        loras=distinct(value for name, value in weights if "lora" in name.lower()),
        prompt=clean(next(texts, ""), MAX_PROMPT),
        literals=_literals(nodes),
        input_pictures=pictures_of(graph, nodes),
        changes=changes_of(graph, nodes),
        inputs_unresolved=True,
        media_types=(),
        media_types_open=True,
    )


def _outputs(graph: Graph) -> list[tuple[Node, Output | None]]:
    """Return the nodes that write files; row None for a class outside the table."""
    known = [(node, OUTPUTS[node.name]) for node in graph.nodes.values() if node.name in OUTPUTS]
    fed = {link for node in graph.nodes.values() for link in node.links()}
    others = [
        (node, None)
        for node in graph.nodes.values()
        if node.name not in OUTPUTS and node.id not in fed and _OUTPUT_LIKE.search(node.name)
    ]
    return [*known, *others]


def _chain(graph: Graph, node: Node, row: Output | None) -> Chain:
    keys = (row.source,) if row is not None else ("images", "image", "video", "frames")
    link = next((node.inputs[key] for key in keys if key in node.inputs), None)
    return chain_from(graph, link)


def _resolved(
    graph: Graph,
    outputs: Sequence[tuple[Node, Output | None]],
    sizes: Sequence[Size | None],
    leading: Sequence[Node],
) -> bool:
    return (
        graph.whole
        and 0 < len(outputs) <= MAX_OUTPUTS
        and all(size is not None for size in sizes)
        and all(is_known(node.name) for node in leading)
        and all(link in graph.nodes for node in leading for link in node.links())
    )


def _first_sampler(chains: Iterable[Chain], leading: Sequence[Node]) -> Node | None:
    """Return the sampler of the first pass: the farthest from the output on its chain."""
    for chain in chains:
        samplers = [node for node in chain.nodes if _SAMPLER.search(node.name)]
        if samplers:
            return samplers[-1]
    return next(
        (
            node
            for node in leading
            if _SAMPLER.search(node.name) and not _SAMPLER_PARTS.search(node.name)
        ),
        None,
    )


def _seeds(graph: Graph, nodes: Iterable[Node]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for node in nodes:
        if node.inputs.get("add_noise") in ("disable", False):
            continue  # a later pass that adds no noise has no seed of its own
        seed = integer(_plain(graph, [node], _SEED_KEYS))
        if seed is not None and len(found) < 64:
            found.setdefault(seed)
    return tuple(found)


def _plain(graph: Graph, nodes: Iterable[Node], keys: Sequence[str]) -> str | int | float | None:
    """Return the first plain value under one of the keys, nearest node first."""
    for node in nodes:
        for key in keys:
            value = graph.follow(node.inputs.get(key))
            if value is not None and not isinstance(value, Link):
                return value
    return None


def _models(graph: Graph, nodes: Iterable[Node]) -> tuple[str, ...]:
    return distinct(
        value
        for node in nodes
        if not _NO_MODEL.search(node.name)
        and isinstance(value := _plain(graph, [node], _MODEL_KEYS), str)
    )


def _hashes(nodes: Iterable[Node], word: str, *, wanted: bool) -> Iterator[tuple[str, str]]:
    """Yield the digests that nodes of the community carry beside a file's name."""
    for node in nodes:
        for key, value in node.inputs.items():
            if "hash" in key.lower() and isinstance(value, str):
                about_lora = word in key.lower() or word in node.name.lower()
                if about_lora is wanted:
                    name = next(
                        (v for v in node.inputs.values()
                         if isinstance(v, str) and _WEIGHTS.search(v[-20:])), "")  # fmt: skip
                    yield clean(name), value


def _literals(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return the texts that text fields hold, connected or not, as leads.

    The editor's form has no names for its fields: there a text of several words counts.
    """
    found: dict[str, None] = {}
    room = MAX_LITERALS
    for node in nodes:
        for key, value in node.inputs.items():
            if not isinstance(value, str) or not value.strip() or _WEIGHTS.search(value[-20:]):
                continue
            if _TEXT_FIELD.search(key) or (key.startswith("#") and len(value.split()) > 2):
                text = clean(value, MAX_LITERAL)
                if text not in found and room >= len(text):
                    room -= len(text)
                    found[text] = None
                if len(found) >= MAX_ITEMS:
                    return tuple(found)
    return tuple(found)


def _prompt(graph: Graph, sampler: Node | None, key: str) -> str:
    if sampler is None:
        return ""
    holders = [sampler]
    guider = sampler.inputs.get("guider")
    if isinstance(guider, Link) and guider.node in graph.nodes:
        holders.append(graph.nodes[guider.node])
    for holder in holders:
        keys = (key, "conditioning") if key == "positive" else (key,)
        for name in keys:
            link = holder.inputs.get(name)
            if isinstance(link, Link):
                return _any_text(graph, graph.upstream([link.node]))
    return ""


def _any_text(graph: Graph, nodes: Iterable[Node]) -> str:
    for node in nodes:
        value = _plain(graph, [node], _TEXT_KEYS)
        if isinstance(value, str) and value.strip():
            return clean(value, MAX_PROMPT)
    return ""

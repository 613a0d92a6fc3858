"""Generation records as image generators write them: for the example case.

Every prompt is a landscape, a building or a fruit bowl. Formats: the sources named in
``assay.examiners.dialects``; model names and seeds are invented.
"""

from __future__ import annotations

import json

Size = tuple[int, int]
MODEL = "example-base-v1"
_NEGATIVE = "blurry, low contrast, text, watermark"


def automatic1111(prompt: str, seed: int, size: Size, extra: str = "") -> str:
    """Return the text of the ``parameters`` chunk; ``extra`` are more settings."""
    width, height = size
    return (
        f"{prompt}\nNegative prompt: {_NEGATIVE}\n"
        f"Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: {seed}, "
        f"Size: {width}x{height}, Model hash: 1f2e3d4c5b, Model: {MODEL}{extra}, Version: v1.10.1"
    )


def comfyui(prompt: str, seed: int, size: Size, opened: str = "") -> tuple[str, str]:
    """Return the ``prompt`` and ``workflow`` texts; ``opened`` is a picture to start from."""
    width, height = size
    graph = {
        "3": _node(
            "KSampler",
            seed=seed,
            steps=24,
            cfg=6.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=0.55 if opened else 1.0,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["11", 0] if opened else ["5", 0],
        ),
        "4": _node("CheckpointLoaderSimple", ckpt_name=f"{MODEL}.safetensors"),
        "6": _node("CLIPTextEncode", text=prompt, clip=["4", 1]),
        "7": _node("CLIPTextEncode", text=_NEGATIVE, clip=["4", 1]),
        "8": _node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": _node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
    }
    if opened:
        graph["10"] = _node("LoadImage", image=opened, upload="image")
        graph["11"] = _node("VAEEncode", pixels=["10", 0], vae=["4", 2])
    else:
        graph["5"] = _node("EmptyLatentImage", width=width, height=height, batch_size=1)
    return json.dumps(graph), json.dumps(_editor(graph))


def swarmui(prompt: str, seed: int, size: Size) -> str:
    """Return the JSON that SwarmUI writes."""
    width, height = size
    params = {
        "prompt": prompt,
        "negativeprompt": _NEGATIVE,
        "model": MODEL,
        "images": 1,
        "seed": seed,
        "steps": 20,
        "cfgscale": 7.0,
        "width": width,
        "height": height,
        "sampler": "dpmpp_2m",
        "scheduler": "karras",
        "swarm_version": "0.9.6.1",
    }
    extra = {"date": "2025-03-02", "generation_time": "0.01 (prep) and 3.20 (gen) seconds"}
    return json.dumps({"sui_image_params": params, "sui_extra_data": extra}, indent=2)


def invokeai(prompt: str, seed: int, size: Size) -> str:
    """Return the JSON of the ``invokeai_metadata`` chunk."""
    width, height = size
    return json.dumps(
        {
            "app_version": "5.6.0",
            "generation_mode": "sdxl_txt2img",
            "positive_prompt": prompt,
            "negative_prompt": _NEGATIVE,
            "width": width,
            "height": height,
            "seed": seed,
            "rand_device": "cpu",
            "cfg_scale": 7.0,
            "steps": 30,
            "scheduler": "euler",
            "model": {"key": "example", "name": MODEL, "base": "sdxl", "type": "main"},
        }
    )


def _node(kind: str, **inputs: object) -> dict[str, object]:
    return {"class_type": kind, "inputs": inputs}


def _editor(graph: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return the editor's form: nodes with places and values, links as rows."""
    nodes: list[dict[str, object]] = []
    links: list[list[object]] = []
    for number, (key, node) in enumerate(sorted(graph.items(), key=lambda pair: int(pair[0]))):
        inputs = node["inputs"]
        assert isinstance(inputs, dict)
        sockets: list[dict[str, object]] = []
        for name, value in inputs.items():
            if isinstance(value, list):
                links.append([len(links) + 1, int(value[0]), value[1], int(key), len(sockets), "*"])
                sockets.append({"name": name, "type": "*", "link": len(links)})
        nodes.append(
            {
                "id": int(key),
                "type": node["class_type"],
                "pos": [260 * (number % 4), 220 * (number // 4)],
                "mode": 0,
                "inputs": sockets,
                "widgets_values": [v for v in inputs.values() if not isinstance(v, list)],
            }
        )
    return {"last_node_id": 11, "nodes": nodes, "links": links, "groups": [], "version": 0.4}

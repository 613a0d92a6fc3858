"""Benign pictures made in code, each with a record or label, for the conformance suite."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator

from assay.core.contract import Sample

_TEXT = (
    "a lighthouse at noon\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 16x16, "
    "Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Version: v1.10.1"
)
_GRAPH = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "harbour.png", "upload": "image"}},
    "2": {"class_type": "VAEEncode", "inputs": {"pixels": ["1", 0], "vae": ["3", 2]}},
    "3": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "base.safetensors"}},
    "4": {
        "class_type": "KSampler",
        "inputs": {"seed": 7, "steps": 20, "sampler_name": "euler", "latent_image": ["2", 0]},
    },
    "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["3", 2]}},
    "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0]}},
}


def samples() -> Iterator[Sample]:
    """Yield a complete record, a record with an input picture, and a generator named."""
    yield Sample("text record", png({"parameters": _TEXT}), "image/png", ("generator",))
    graph = png({"prompt": json.dumps(_GRAPH)})
    yield Sample("graph with an input picture", graph, "image/png", ("generator",))
    yield Sample("software", png({"Software": "NovelAI"}), "image/png", ("label",))


def png(texts: dict[str, str], width: int = 16, height: int = 16) -> bytes:
    """Return a grey PNG of that size with one tEXt or iTXt chunk per text."""
    rows = b"".join(b"\0" + bytes([(y * 8) % 256]) * width for y in range(height))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
    for key, text in texts.items():
        head = key.encode("latin-1") + b"\0"
        if text.isascii():
            chunks.append((b"tEXt", head + text.encode("ascii")))
        else:
            chunks.append((b"iTXt", head + b"\0\0\0\0" + text.encode()))
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + crc

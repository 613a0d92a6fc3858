"""Files that share a generator's workflow or a camera, made in code, for tests of fingerprints."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Sequence
from typing import Any

from assay.core.blob import MemoryBlob
from assay.core.contract import Settings, accepts
from assay.core.facts import Observation, Sha256
from assay.engine.registry import installed
from assay.engine.stage import run_examiner
from assay.engine.view import Shared
from tests.support import photos, records
from tests.support.generators import SIZE, png
from tests.support.tiffs import ASCII, Row, block

SERIAL, LENS_SERIAL = 0xA431, 0xA435
_READ = ("exif", "genparams", "camera", "fingerprint")


def comfyui(seed: int = 1, prompt: str = "a lighthouse", lora: str = "", **sampler: Any) -> bytes:
    """Return a ComfyUI picture; ``sampler`` changes settings of its sampler."""
    graph = copy.deepcopy(records.comfy_graph(SIZE))
    graph["5"]["inputs"] |= {"seed": seed, **sampler}
    graph["3"]["inputs"]["text"] = prompt
    if lora:
        graph["8"] = {"class_type": "LoraLoader", "inputs": {
            "lora_name": lora, "strength_model": 1.0, "strength_clip": 1.0,
            "model": ["1", 0], "clip": ["1", 1]}}  # fmt: skip
        graph["5"]["inputs"]["model"] = ["8", 0]
    return png({"prompt": json.dumps(graph)}, SIZE)


def phone(
    serial: str = "",
    *,
    scene: str = "astronaut",
    make: str = "Example Corp",
    model: str = "Model 7",
    firmware: str = "",
    exif: Sequence[Row] = (),
    quality: int = 85,
) -> bytes:
    """Return a photo as a camera writes it, with a serial number if given."""
    inner: list[Row] = [*photos.EXPOSURE, photos.TAKEN, *exif]
    inner += [(SERIAL, ASCII, serial)] if serial else []
    names = [(photos.MAKE, ASCII, make), (photos.MODEL, ASCII, model)]
    names += [(photos.SOFTWARE, ASCII, firmware)] if firmware else []
    picture = photos.scene(scene, (64, 48))
    out = io.BytesIO()
    data = b"Exif\0\0" + block(names, exif=inner)
    picture.save(out, "JPEG", exif=data, quality=quality)
    return out.getvalue()


def prints_of(data: bytes, media_type: str) -> list[Observation]:
    """Return the fingerprints of a file, after everything that they are read from."""
    shared = Shared(MemoryBlob(data), 1 << 26, media_type)
    shared.sha256 = Sha256("0" * 64)
    last: list[Observation] = []
    for examiner in installed():
        if examiner.info.name in _READ and accepts(examiner.info.media_types, media_type):
            examiner.prepare(Settings(evaluation_date="2026-01-01"))
            last, failure = run_examiner(examiner, shared, "")
            assert failure is None
            shared.observations += last
    return [o for o in last if o.kind == "fingerprint"]

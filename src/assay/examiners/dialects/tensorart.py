"""Tensor.Art: ``generation_data`` (JSON, padded with NULs) beside the graph that it ran.

Fields as listed by enslo/sd-metadata, parsers/tensorart.ts: prompt, negativePrompt, seed, width,
height, steps, samplerName, cfgScale, baseModel {modelFileName, hash}, models [{type, …, hash}].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects.bounded import as_list, as_object, clean, json_object
from assay.examiners.dialects.flat import flat_record, named
from assay.examiners.dialects.record import Bundle, Record, distinct, hashes

_OUTER = ("comment", "usercomment")  # where a converter wrapped all texts into one object


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where no text holds one."""
    params, key = bundle.json("generation_data"), "generation_data"
    for outer in _OUTER:
        if params is None:
            text = (bundle.json(outer) or {}).get("generation_data")
            params, key = json_object(text) if isinstance(text, str) else None, outer
    if params is None or not {"prompt", "baseModel", "models", "samplerName"} & params.keys():
        return None
    return replace(_read(params), read_from=(key,))


def _read(params: JsonObject) -> Record:
    base = as_object(params.get("baseModel"))
    plain = {key: value for key, value in params.items() if key not in ("models", "baseModel")}
    record = flat_record({**plain, "model": base or params.get("baseModel")}, "Tensor.Art")
    rows = [item for item in as_list(params.get("models")) if isinstance(item, Mapping)]
    loras = [item for item in rows if "lora" in clean(item.get("type"), 40).lower()]
    bases = [item for item in rows if "base" in clean(item.get("type"), 40).lower()]
    model = record.model or next((named(dict(item)) for item in bases), "")
    return replace(
        record,
        model=model,
        models=distinct((model, *(named(dict(item)) for item in bases))),
        loras=distinct((*record.loras, *(named(dict(item)) for item in loras))),
        model_hashes=hashes(
            [(model, base.get("hash"))] + [(named(dict(i)), i.get("hash")) for i in bases]
        ),
        lora_hashes=hashes((named(dict(item)), item.get("hash")) for item in loras),
    )

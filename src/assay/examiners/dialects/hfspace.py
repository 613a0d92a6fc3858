"""Hugging Face Spaces of the Animagine family: a JSON object in PNG ``parameters``.

Format: cagliostrolab/animagine-xl Spaces (app.py: prompt, resolution "W x H", Model, use_upscaler);
fields as listed by enslo/sd-metadata, parsers/hf-space.ts.
"""

from __future__ import annotations

from dataclasses import replace

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects.bounded import as_object
from assay.examiners.dialects.flat import flat_record, pair_of
from assay.examiners.dialects.record import Bundle, Record

_KEYS = ("parameters", "usercomment")


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where no text holds one."""
    for key in _KEYS:
        params = bundle.json(key)
        if params is not None and _is_ours(params):
            return replace(_read(params), read_from=(key,))
    return None


def _is_ours(params: JsonObject) -> bool:
    return {"Model", "resolution"} <= params.keys() and (
        "num_inference_steps" in params or "guidance_scale" in params
    )


def _read(params: JsonObject) -> Record:
    upscaler = as_object(params.get("use_upscaler"))
    record = flat_record(
        {key: value for key, value in params.items() if key != "use_upscaler"}, "Hugging Face Space"
    )
    if upscaler:  # the picture grew in a pass of its own; unless it says how far, the size is open
        grown = pair_of(upscaler.get("new_resolution"))
        record = replace(record, sizes=() if grown is None else (grown,))
    return record

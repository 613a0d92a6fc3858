"""Fooocus and RuinedFooocus: a JSON object in PNG ``parameters`` or EXIF UserComment.

Format: lllyasviel/Fooocus, modules/meta_parser.py (FooocusMetadataParser; its other scheme is the
AUTOMATIC1111 text); runew0lf/RuinedFooocus writes its own keys and Software=RuinedFooocus.
"""

from __future__ import annotations

import re

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import (
    MAX_PROMPT,
    as_list,
    clean,
    integer,
    json_object,
    number,
)
from assay.examiners.dialects.inputs import changes_in, pictures_in
from assay.examiners.dialects.record import Bundle, Record, Size, distinct, size_of

_SCHEMES = frozenset({"fooocus", "a1111"})
_LORA = re.compile(r"lora(_combined)?_\d+$")


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where the texts are not of this dialect."""
    params = json_object(bundle.get("parameters")) or json_object(bundle.get("usercomment"))
    if params is None:
        return None
    software = bundle.get("software") or clean(params.get("software"))
    version = clean(params.get("version"), 80) or clean(software, 80)
    scheme = bundle.get("fooocus_scheme") or clean(params.get("metadata_scheme"))
    named = "fooocus" in version.lower() or "fooocus" in software.lower()
    if not (named or scheme.lower() in _SCHEMES) or _first(params, "base_model", "Model") is None:
        return None
    ruined = "ruined" in f"{version}{software}".lower()
    return _read(params, "RuinedFooocus" if ruined else "Fooocus", version)


def _read(params: JsonObject, tool: str, version: str) -> Record:
    seed = integer(_first(params, "seed", "Seed"))
    size = _size(params)
    model = clean(_first(params, "base_model", "Model", "base_model_name"))
    return Record(
        tool=tool,
        tool_named=True,
        version=version,
        model=model,
        models=distinct((model, _real(params.get("refiner_model")))),
        loras=distinct(_loras(params)),
        prompt=_prompt(_first(params, "prompt", "Prompt", "full_prompt")),
        negative_prompt=_prompt(_first(params, "negative_prompt", "Negative")),
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(_first(params, "sampler", "sampler_name")),
        steps=integer(_first(params, "steps", "Steps")),
        cfg=number(_first(params, "guidance_scale", "cfg", "CFG")),
        sizes=() if size is None else (size,),
        input_pictures=distinct(pictures_in(params)),
        changes=distinct(changes_in(params)),
    )


def _first(params: JsonObject, *keys: str) -> Json:
    return next((params[key] for key in keys if params.get(key) is not None), None)


def _real(value: Json) -> str:
    name = clean(value)
    return "" if name.lower() == "none" else name


def _prompt(value: Json) -> str:
    parts = [value] if isinstance(value, str) else as_list(value)
    return clean("\n".join(part for part in parts if isinstance(part, str)), MAX_PROMPT)


def _size(params: JsonObject) -> Size | None:
    match = re.fullmatch(
        r"\D{0,3}(\d{1,6})\D{1,3}(\d{1,6})\D{0,3}", clean(params.get("resolution"), 40)
    )
    if match:
        return size_of(int(match[1]), int(match[2]))
    return size_of(number(params.get("width")), number(params.get("height")))


def _loras(params: JsonObject) -> list[Json]:
    names: list[Json] = []
    for item in as_list(params.get("loras")):
        entry = as_list(item)
        names.append(entry[0] if entry else item)
    for key in list(params)[:500]:
        value = params[key]
        if _LORA.match(key) and isinstance(value, str):
            names.append(value.partition(" : ")[0])
    return names

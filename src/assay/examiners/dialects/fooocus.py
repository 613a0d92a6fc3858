"""Fooocus and RuinedFooocus: a JSON object in PNG ``parameters`` or EXIF UserComment.

Format: lllyasviel/Fooocus, modules/meta_parser.py (FooocusMetadataParser; its other scheme is the
AUTOMATIC1111 text); runew0lf/RuinedFooocus writes its own keys and Software=RuinedFooocus.
"""

from __future__ import annotations

import re
from dataclasses import replace

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import (
    MAX_PROMPT,
    as_list,
    clean,
    integer,
    number,
)
from assay.examiners.dialects.flat import folded, loras_in
from assay.examiners.dialects.inputs import changes_in, pictures_in, says_something
from assay.examiners.dialects.record import Bundle, Record, Size, distinct, hashes, size_of

_KEYS = ("parameters", "usercomment", "exif:usercomment", "comment")

_SCHEMES = frozenset({"fooocus", "a1111"})
_LORA = re.compile(r"lora(_combined)?_\d+$")


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where the texts are not of this dialect."""
    key = next((key for key in _KEYS if bundle.json(key)), "")
    params = bundle.json(key)
    if params is None:
        return None
    software = bundle.get("software") or clean(params.get("software"))
    version = clean(params.get("version"), 80) or clean(software, 80)
    scheme = bundle.get("fooocus_scheme") or clean(params.get("metadata_scheme"))
    named = "fooocus" in version.lower() or "fooocus" in software.lower()
    models = ("base_model", "Model", "base_model_name", "Base Model")
    if not (named or scheme.lower() in _SCHEMES) or _first(params, *models) is None:
        return None
    ruined = "ruined" in f"{version}{software}".lower()
    record = _read(params, "RuinedFooocus" if ruined else "Fooocus", version)
    if ruined and says_something(params.get("denoise")):  # written with an input picture alone
        record = record.with_changes([f"denoise: {params['denoise']}"[:80]])
    return replace(record, read_from=(key,))


def _read(params: JsonObject, tool: str, version: str) -> Record:
    seed = integer(_first(params, "seed", "Seed"))
    size = _size(params)
    model = clean(_first(params, "base_model", "Model", "base_model_name", "Base Model"))
    loras = loras_in(folded(params))
    return Record(
        tool=tool,
        tool_named=True,
        version=version,
        model=model,
        models=distinct((model, _real(params.get("refiner_model")))),
        loras=distinct((*(name for name, _ in loras), *_loras(params))),
        model_hashes=hashes(
            (model, params.get(key)) for key in ("base_model_hash", "Model hash", "modelhash")
        ),
        lora_hashes=hashes(loras),
        vae=_real(params.get("vae")),
        scheduler=clean(params.get("scheduler"), 80),
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
    """Return the names of the flat form: ``lora_combined_1: "name : weight"``."""
    return [
        value.partition(" : ")[0]
        for key, value in list(params.items())[:500]
        if _LORA.match(key) and isinstance(value, str)
    ]

"""SwarmUI: a JSON object under ``sui_image_params``, in PNG ``parameters`` or EXIF UserComment.

Format: mcmonkeyprojects/SwarmUI, src/Text2Image/T2IParamInput.cs (GenMetadataObject). The sampler
is written only where the user chose one.
"""

from __future__ import annotations

from dataclasses import replace

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects.bounded import (
    MAX_PROMPT,
    as_list,
    as_object,
    clean,
    integer,
    number,
)
from assay.examiners.dialects.inputs import changes_in, pictures_in
from assay.examiners.dialects.record import Bundle, Record, Size, distinct, hashes, size_of

_KEYS = ("parameters", "usercomment", "comment", "description", "exif:usercomment")


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where no text holds one."""
    for key in _KEYS:
        text = bundle.get(key)
        whole = bundle.json(key) if "sui_image_params" in text else None
        params = as_object(whole.get("sui_image_params")) if whole is not None else {}
        if whole is not None and params:
            models = [as_object(item) for item in as_list(whole.get("sui_models"))]
            return replace(_read(params, models), read_from=(key,))
    return None


def _read(params: JsonObject, models: list[JsonObject]) -> Record:
    seed = integer(params.get("seed"))
    size = _size(params)
    model = clean(params.get("model"))
    return Record(
        tool="SwarmUI",
        tool_named=True,
        version=clean(params.get("swarm_version"), 80),
        model=model,
        models=distinct((model, params.get("refinermodel"))),
        loras=distinct(_loras(params)),
        model_hashes=hashes(
            (m.get("name"), m.get("hash")) for m in models if m.get("param") != "loras"
        ),
        lora_hashes=hashes(
            (m.get("name"), m.get("hash")) for m in models if m.get("param") == "loras"
        ),
        vae=clean(params.get("vae")),
        scheduler=clean(params.get("scheduler"), 80),
        prompt=clean(params.get("prompt"), MAX_PROMPT),
        negative_prompt=clean(params.get("negativeprompt"), MAX_PROMPT),
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(params.get("sampler")),
        steps=integer(params.get("steps")),
        cfg=number(params.get("cfgscale")),
        sizes=() if size is None else (size,),
        input_pictures=distinct(pictures_in(params)),
        changes=distinct(changes_in(params)),
    )


def _loras(params: JsonObject) -> tuple[str, ...]:
    value = params.get("loras")
    if isinstance(value, str):
        return tuple(part.strip() for part in value[:4000].split(","))
    return tuple(clean(item) for item in as_list(value))


def _size(params: JsonObject) -> Size | None:
    size = size_of(number(params.get("width")), number(params.get("height")))
    factor = number(params.get("refinerupscale", 1))
    if size is None or factor is None or not 0 < factor <= 16:
        return None
    size = size if factor == 1 else size.times(factor).on_grid(8)
    return size_of(size.width, size.height)

"""Easy Diffusion: one PNG text per setting, or the same as JSON in EXIF UserComment.

Format: easydiffusion/easydiffusion, ui/easydiffusion/utils/save_utils.py (TASK_TEXT_MAPPING and
get_printable_request) and easydiffusion/sdkit, sdkit/utils/image_utils.py (save_dicts, "embed").
``prompt_strength`` is written only beside an init image.
"""

from __future__ import annotations

from dataclasses import replace

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import clean, number
from assay.examiners.dialects.flat import basename, flat_record, fold
from assay.examiners.dialects.inputs import says_something
from assay.examiners.dialects.record import Bundle, Record, Size, distinct, size_of

_MARKS = ("use_stable_diffusion_model", "stable diffusion model")
_INPUTS = ("promptstrength", "initimage", "usecontrolnetmodel", "controlnetmodel")
_KEYS = ("usercomment", "exif:usercomment", "comment", "parameters")
_SETTINGS = frozenset({
    "prompt", "negativeprompt", "seed", "usestablediffusionmodel", "stablediffusionmodel",
    "clipskip", "usecontrolnetmodel", "controlnetmodel", "controlfiltertoapply", "controlnetfilter",
    "usevaemodel", "vaemodel", "samplername", "sampler", "width", "height", "numinferencesteps",
    "steps", "guidancescale", "promptstrength", "useloramodel", "loramodel", "loraalpha",
    "lorastrength", "usehypernetworkmodel", "hypernetworkmodel", "hypernetworkstrength",
    "useembeddingsmodel", "embeddingmodels", "tiling", "seamlesstiling", "usefacecorrection",
    "useupscale", "useupscaling", "upscaleamount", "upscaleby", "latentupscalersteps",
    "outputformat", "outputquality", "schedulername",
})  # fmt: skip


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where the texts are not of this dialect."""
    if any(bundle.has(mark) for mark in _MARKS):
        record = _read({text.key: text.text for text in bundle.texts})
        return replace(
            record, read_from=tuple(t.key for t in bundle.texts if fold(t.key) in _SETTINGS)
        )
    for key in _KEYS:
        params = bundle.json(key)
        if params is not None and any(k.lower() in _MARKS for k in params):
            return replace(_read(params), read_from=(key,))
    return None


def _read(params: JsonObject) -> Record:
    there = {key: value for key, value in params.items() if not _is_nothing(value)}
    flat = {fold(key): value for key, value in there.items()}
    record = flat_record(there, "Easy Diffusion")
    model = basename(record.model)
    changes = [f"{name}: {clean(str(flat[name]), 60)}" for name in _INPUTS
               if name in flat and says_something(flat[name])]  # fmt: skip
    return replace(
        record,
        version="",
        model=model,
        models=distinct((model,)),
        loras=distinct(basename(name) for name in record.loras),
        vae=basename(record.vae),
        sizes=_after(record.sizes, flat),
        changes=distinct((*record.changes, *changes)),
    )


def _is_nothing(value: Json) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in ("None", ""))


def _after(sizes: tuple[Size, ...], flat: JsonObject) -> tuple[Size, ...]:
    upscaler = flat.get("useupscale", flat.get("useupscaling"))
    if not says_something(upscaler):
        return sizes
    factor = number(flat.get("upscaleamount", flat.get("upscaleby")))
    if factor is None or not 1 <= factor <= 16:
        return ()
    grown = (size_of(size.width * factor, size.height * factor) for size in sizes)
    return tuple(size for size in grown if size is not None)

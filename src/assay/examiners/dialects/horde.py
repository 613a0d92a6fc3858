"""AI Horde requests as its clients store them: a JSON object, the parameters inside or beside.

Format: Haidra-Org/AI-Horde, the request of /v2/generate/async (prompt, params {sampler_name "k_…",
cfg_scale, steps, seed, width, height, karras, loras, post_processing}, models, source_processing).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import as_list, as_object, clean
from assay.examiners.dialects.flat import flat_record
from assay.examiners.dialects.inputs import is_image_mode
from assay.examiners.dialects.record import Bundle, Record, Size, distinct, size_of

_KEYS = ("parameters", "usercomment", "comment", "description", "imagedescription",
         "exif:usercomment", "aihorde", "horde")  # fmt: skip
# Words that only this service uses beside the common ones.
_OWN = frozenset({"source_processing", "karras", "kudos", "worker_id", "worker_name",
                  "post_processing", "trusted_workers", "censor_nsfw", "hires_fix", "r2",
                  "slow_workers", "replacement_filter"})  # fmt: skip


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where no text holds one."""
    for key in _KEYS:
        whole = bundle.json(key)
        if whole is not None:
            inner = as_object(whole.get("params"))
            params: JsonObject = {**whole, **inner}
            if _is_ours(params):
                return replace(_read(params), read_from=(key,))
    return None


def _is_ours(params: JsonObject) -> bool:
    sampler = clean(params.get("sampler_name"), 80)
    return bool(sampler) and "cfg_scale" in params and (
        sampler.startswith("k_") or len(_OWN & params.keys()) >= 2
    )  # fmt: skip


def _read(params: JsonObject) -> Record:
    models = as_list(params.get("models"))
    plain = {k: v for k, v in params.items() if k not in ("params", "models", "source_processing")}
    record = flat_record({**plain, "model": params.get("model") or (models[0] if models else "")},
                         "AI Horde")  # fmt: skip
    how = params.get("source_processing")
    changed = _changed(how)
    denoised = params.get("denoising_strength")
    if denoised and (changed or params.get("source_image")):
        changed.append(f"denoising_strength: {denoised}"[:80])
    return replace(
        record,
        models=distinct((*record.models, *models)),
        sizes=_after(record.sizes, params.get("post_processing")),
        scheduler="karras" if params.get("karras") is True else record.scheduler,
        changes=distinct((*record.changes, *changed)),
    )


def _changed(how: Json) -> list[str]:
    if not isinstance(how, str) or how in ("", "txt2img"):
        return []
    known = is_image_mode(how) or how in ("remix", "outpainting")
    return [f"source_processing: {clean(how, 60)}"] if known else []


def _after(sizes: tuple[Size, ...], steps: Json) -> tuple[Size, ...]:
    """Return the sizes after the upscalers that ran; (): a factor is not known."""
    for step in as_list(steps):
        name = clean(step.get("name") if isinstance(step, Mapping) else step, 80)
        factor = re.search(r"(?i)x([248])|([248])x", name)
        if factor:
            grown = (size.times(int(factor[1] or factor[2])) for size in sizes)
            sizes = tuple(s for size in grown if (s := size_of(size.width, size.height)))
        elif "upscal" in name.lower() or "esrgan" in name.lower():
            return ()
    return sizes

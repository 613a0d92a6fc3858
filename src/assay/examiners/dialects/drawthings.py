"""Draw Things (iOS, macOS): XMP with CreatorTool, a JSON in exif:UserComment and a description.

Fields as listed by enslo/sd-metadata, parsers/draw-things.ts: c, uc, model, sampler, scale, seed,
steps, strength, size "WxH", lora, control; ``v2`` holds the app's whole configuration. The same in
EXIF UserComment, and an AUTOMATIC1111-like line in dc:description where the JSON was lost.
"""

from __future__ import annotations

import re
from dataclasses import replace

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects import a1111
from assay.examiners.dialects.bounded import as_list, as_object, clean, number
from assay.examiners.dialects.flat import Words, flat_record, named
from assay.examiners.dialects.inputs import changes_in, says_something
from assay.examiners.dialects.record import Bundle, Record, Size, distinct

TOOL = "Draw Things"
_WORDS = Words(prompt=("c",), negative=("uc",), cfg=("scale",))
_JSON = ("exif:usercomment", "usercomment", "comment", "parameters")
_TEXT = ("dc:description", "imagedescription", "description")
# Written in every record, also of pictures made from text alone.
_DEFAULTS = frozenset({"mask_blur", "mask_blur_outset", "maskBlur", "maskBlurOutset", "v2"})


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where the texts are not of this app."""
    tools = (bundle.get("xmp:creatortool"), bundle.get("software"), bundle.get("creatortool"))
    ours = any(tool.startswith(TOOL) for tool in tools)
    for key in _JSON:
        params = bundle.json(key)
        if params is not None and (ours or {"c", "uc", "sampler", "seed"} <= params.keys()):
            return replace(_read(params), read_from=(key,))
    return _from_text(bundle) if ours else None


def _read(params: JsonObject) -> Record:
    v2 = as_object(params.get("v2"))
    own = {key: value for key, value in params.items() if key not in _DEFAULTS}
    record = flat_record(own, TOOL, words=_WORDS)
    loras = [named(item) for item in (*as_list(params.get("lora")), *as_list(v2.get("loras")))]
    return replace(
        record,
        version="",
        models=distinct((record.model, named(v2.get("refinerModel")))),
        loras=distinct((*record.loras, *loras)),
        sizes=_after(record.sizes, params, v2),
        changes=distinct((*changes_in(own), *_changes(params), *_changes(v2))),
    )


def _changes(params: JsonObject) -> list[str]:
    found = []
    strength = number(params.get("strength"))
    if strength is not None and strength < 1:
        found.append(f"strength: {strength:g}")
    for key in ("control", "controls"):
        if as_list(params.get(key)):
            found.append(f"{key}: {len(as_list(params.get(key)))} entries")
    return found


def _after(sizes: tuple[Size, ...], params: JsonObject, v2: JsonObject) -> tuple[Size, ...]:
    upscaler = params.get("upscaler") or v2.get("upscaler")
    if not says_something(upscaler):
        return sizes
    factor = number(v2.get("upscalerScaleFactor"))
    return tuple(size.times(factor) for size in sizes) if factor and 1 < factor <= 8 else ()


def _from_text(bundle: Bundle) -> Record | None:
    for key in _TEXT:
        text = bundle.get(key)
        record = a1111.read(text)
        if record is not None:
            settings = a1111.read_settings(text[text.rfind("\nSteps: ") + 1 :][:4096])
            return replace(
                record,
                tool=TOOL,
                tool_named=True,
                cfg=number(_setting(settings, "Guidance Scale")),
                changes=distinct(
                    (*record.changes, *_changes({"strength": _setting(settings, "Strength")}))
                ),
                read_from=(key,),
            )
    return None


def _setting(settings: a1111.Settings, name: str) -> Json:
    return clean(re.sub(r"%$", "", settings.get(name, "")), 20)

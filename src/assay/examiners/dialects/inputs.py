"""Keys of JSON records that name an input picture or a change of one, whatever the dialect.

A key counts only where its value says something: false, zero, empty and "none" do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import clean

# SwarmUI: initimage, maskimage, promptimages; InvokeAI: init_image, controlnets, ipAdapters,
# t2iAdapters, ref_images; NovelAI: image, mask, director_reference_images; Fooocus and forks:
# image_prompts, inpaint_*, uov_*. Spelling differs, so underscores and hyphens are dropped first.
_KEYS = re.compile(
    r"^(init|input|source|prompt|reference|ref|start|end|base|original|mask|control|face|pose)"
    r"(img|image|images|picture|video|videos|photo)"
    r"|^(image|images|mask|masks|img)$|^imageprompt|^mask(ed|blur|content|mode)?$|^inpaint|^outpaint"
    r"|^uov|^img2img|^i2i|^image2image|^controlnets?$|^controlnet(image|input|condition|\d)"
    r"|^controllayers?|^controladapter|^ipadapters?|^t2iadapters?|^faceswap|^reactor|^instantid"
    r"|^photomaker|^usereference|^refimages?|^reference(image|only)|^directorreferenceimages?"
    r"|^videoendimage|^videoendframe|^initialimage|^upscaleinitialimage|^enhanceinput"
)
_MODE_KEYS = frozenset({"mode", "generationmode", "type", "requesttype", "tasktype", "operation"})
_MODES = re.compile(r"img2img|image2image|imagetoimage|i2i|inpaint|outpaint|infill|imgtoimg")
_NOTHING = frozenset({"", "none", "null", "false", "0", "disabled", "off", "no", "[]", "{}"})
_NAME_KEYS = ("image_name", "name", "path", "filename", "file", "url", "image")
_PICTURE = re.compile(r"\.(png|jpe?g|webp|gif|bmp|tiff?|heic|avif|mp4|webm|mov|mkv)$", re.I)
MAX_KEYS = 2000


def changes_in(record: JsonObject, ignore: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return a statement for each key that names an input picture or a change of one."""
    return tuple(f"{clean(key, 60)}: {_short(value)}" for key, value in _naming(record, ignore))


def pictures_in(record: JsonObject, ignore: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the picture names that those keys hold, as leads."""
    return tuple(name for _, value in _naming(record, ignore) for name in picture_names(value))


def _naming(record: JsonObject, ignore: frozenset[str]) -> Iterator[tuple[str, Json]]:
    for count, (key, value) in enumerate(record.items()):
        if count >= MAX_KEYS:
            return
        flat = re.sub(r"[_\-\s]", "", key[:80]).lower()
        count_of = flat in ("image", "images") and isinstance(value, int | float)
        if key in ignore or count_of or not says_something(value):
            continue
        if _KEYS.search(flat) or (
            flat in _MODE_KEYS and isinstance(value, str) and _MODES.search(_flat(value))
        ):
            yield key, value


def is_image_mode(value: Json) -> bool:
    """Tell whether a mode ("img2img", "flux_inpaint") starts from a picture."""
    return isinstance(value, str) and _MODES.search(_flat(value)) is not None


def _flat(value: str) -> str:
    return re.sub(r"[_\-\s]", "", value[:80]).lower()


def says_something(value: Json) -> bool:
    """Tell whether a value is neither false, zero, empty nor a word for nothing."""
    if isinstance(value, str):
        return value[:20].strip().lower() not in _NOTHING
    if isinstance(value, dict):  # {"version": 2, "layers": []} says nothing
        return any(v is True or (v and isinstance(v, str | list | dict)) for v in value.values())
    return bool(value)


def picture_names(value: Json) -> tuple[str, ...]:
    """Return the file names inside a value two levels deep at most."""
    names: list[str] = []
    level = [value]
    for _ in range(4):
        below: list[Json] = []
        for item in level[:200]:
            if isinstance(item, str) and (_PICTURE.search(item[-8:]) and len(item) <= 1000):
                names.append(clean(item))
            elif isinstance(item, list | tuple):
                below += item[:50]
            elif isinstance(item, dict):
                below += [item[key] for key in _NAME_KEYS if key in item]
        level = below
    return tuple(names)


def _short(value: Json) -> str:
    if isinstance(value, str):
        return clean(value, 60) if len(value) <= 200 else f"{len(value)} characters"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple | dict):
        names = picture_names(value)
        return clean(names[0], 60) if names else f"{len(value)} entries"
    return "set"

"""The text that AUTOMATIC1111 and its many heirs write: prompts and one line of settings.

Format: AUTOMATIC1111/stable-diffusion-webui, parse_generation_parameters (modules/infotext_utils)
and create_infotext (modules/processing); Forge, SD.Next, Civitai and others write the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from assay.examiners.dialects.bounded import (
    MAX_PROMPT,
    as_object,
    clean,
    integer,
    json_object,
    number,
)
from assay.examiners.dialects.inputs import is_image_mode, picture_names, says_something
from assay.examiners.dialects.record import Bundle, Record, Size, distinct, hashes, size_of

MAX_TEXT = 1 << 20  # characters; longer texts are read to here
MAX_SETTINGS = 1 << 16  # characters of the settings line
_STEPS = "Steps: "
_SURE = ("Sampler", "CFG scale", "Seed", "Size", "Model", "Model hash", "Scheduler")

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Heir:
    """A tool that writes this text, by what its settings say."""

    key: str
    pattern: str  # of the value, from its start
    tool: str


# First match wins. Sources: each tool's own infotext writer.
_HEIRS = (
    Heir("App", r"SD\.Next", "SD.Next"),  # vladmandic/sdnext, modules/processing_info.py
    Heir("Civitai resources", r"", "Civitai"),  # civitai/civitai, src/utils/metadata
    Heir("Civitai metadata", r"", "Civitai"),
    Heir("Version", r"ComfyUI", "ComfyUI"),
    Heir("Version", r"(Ruined ?)Fooocus", "RuinedFooocus"),
    Heir("Version", r"Fooocus", "Fooocus"),  # lllyasviel/Fooocus, modules/meta_parser.py
    Heir(
        "Version", r"stable-diffusion\.cpp", "stable-diffusion.cpp"
    ),  # leejet/stable-diffusion.cpp
    # The forks of lllyasviel/stable-diffusion-webui-forge by the form of their version.
    Heir("Version", r"classic", "Forge Classic"),
    Heir("Version", r"neo", "Forge Neo"),
    Heir("Version", r"f\d+\.\d+(\.\d+)?-v", "easy-reforge"),
    Heir("Version", r"f\d+\.\d+(\.\d+)?v\d+-v", "reForge"),
    Heir("Version", r"f\d", "Forge"),
    Heir("Version", r"v?\d+\.\d+", "AUTOMATIC1111"),
)
_PLAIN = "AUTOMATIC1111"

# Keys that name an input picture or say that one was changed (DESIGN §5, level E). ADetailer's own
# keys all start with "ADetailer": it repaints parts of the picture just made, so they do not count.
_CHANGES = re.compile(
    r"^(mask\b|masked|inpaint|outpaint|init (image|img|size|denoise|blend)|image cfg scale"
    r"|noise multiplier|conditional mask|controlnet|control\b|ip-?adapter|ipadapter|reactor|roop"
    r"|face ?swap|faceswaplab|instant ?id|photomaker|pulid|reference\b|img2img|input image"
    r"|sd upscale|ultimate sd upscale|loopback|extras?\b|source image|original image|i2i|kontext)",
    re.I,
)
# The picture grew in a second pass of its own: then a denoising strength belongs to that pass.
_UPSCALES = ("Hires upscale", "Hires upscaler", "Hires resize", "First pass size")


def parse(bundle: Bundle) -> Record | None:
    """Read the record, or return None where the text is not of this dialect."""
    for key in ("parameters", "usercomment", "exif:usercomment", "comment", "imagedescription",
                "description", "dc:description", "xpcomment"):  # fmt: skip
        record = read(bundle.get(key))
        if record is not None:
            return replace(record, read_from=(key,))
    return None


def read(text: str) -> Record | None:
    """Read one text of this dialect."""
    text = text[:MAX_TEXT]
    start = 0 if text.startswith(_STEPS) else text.rfind("\n" + _STEPS) + 1
    if not text.startswith(_STEPS, start):
        return None
    settings = read_settings(text[start : start + MAX_SETTINGS])
    if integer(settings.get("Steps")) is None or sum(key in settings for key in _SURE) < 2:
        return None
    prompt, negative = _prompts(text[:start])
    tool, named = _tool(settings)
    seed = integer(settings.get("Seed"))
    model = clean(settings.get("Model")) or clean(settings.get("Model hash"))
    size = _size(settings)
    changes, pictures = changes_of(settings)
    return Record(
        tool=tool,
        tool_named=named,
        version=clean(settings.get("Version"), 80),
        model=model,
        models=distinct((model, settings.get("Refiner"), settings.get("Hires checkpoint"))),
        loras=distinct((*_loras(settings), *re.findall(r"<lora:([^:>]{1,200})", prompt)[:64])),
        model_hashes=hashes(_model_hashes(settings, model)),
        lora_hashes=hashes(_lora_hashes(settings)),
        vae=clean(settings.get("VAE")),
        scheduler=clean(settings.get("Schedule type"), 80) or clean(settings.get("Scheduler"), 80),
        prompt=prompt,
        negative_prompt=negative,
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(settings.get("Sampler")),
        steps=integer(settings.get("Steps")),
        cfg=number(settings.get("CFG scale")),
        sizes=() if size is None else (size,),
        input_pictures=pictures,
        changes=changes,
        inputs_unresolved=len(text) - start >= MAX_SETTINGS,
    )


def read_settings(text: str) -> dict[str, str]:
    """Split ``Key: value, Key: "quoted, value"`` into a mapping; the first of equal keys counts."""
    settings: dict[str, str] = {}
    for part in _parts(text):
        key, found, value = part.partition(":")
        key, value = key.strip(), value.strip()
        if not found or not key or len(key) > 80:
            continue
        if value.startswith('"') and value.endswith('"'):
            quoted = json_object(f'{{"v": {value}}}')
            value = str(quoted["v"]) if quoted else value.strip('"')
        settings.setdefault(key, value)
    return settings


def _parts(text: str) -> list[str]:
    """Split at commas and line ends outside of values that open with a quote or bracket.

    One pass, no backtracking. A value that never closes is split as if it had not opened, so that
    a stray quote cannot hide the keys after it.
    """
    parts, start, depth = [], 0, 0
    quoted = escaped = opens = False
    for position, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == "\n" or (char == "," and depth == 0):
            piece = text[start:position]
            parts += piece.split(",") if depth else [piece]
            start, depth, opens = position + 1, 0, False
        elif char == '"':
            quoted = opens or depth > 0
            opens = False
        elif char in "[{":
            depth += 1 if opens or depth else 0
            opens = False
        elif char in "]}":
            depth = max(0, depth - 1)
        elif char == ":":
            opens = True
        elif char != " ":
            opens = False
    rest = text[start:]
    return parts + (rest.replace("\n", ",").split(",") if quoted or depth else [rest])


def _prompts(text: str) -> tuple[str, str]:
    prompt, _, negative = text.partition("Negative prompt:")
    return clean(prompt, MAX_PROMPT), clean(negative, MAX_PROMPT)


def _tool(settings: Settings) -> tuple[str, bool]:
    for heir in _HEIRS:
        value = settings.get(heir.key)
        if value is not None and re.match(heir.pattern, value, re.I):
            return heir.tool, True
    return _PLAIN, False


def _loras(settings: Settings) -> tuple[str, ...]:
    names = [
        pair.partition(":")[0].strip()
        for pair in settings.get("Lora hashes", "")[:4000].split(",")
        if ":" in pair
    ]
    for key, value in settings.items():
        if re.fullmatch(r"(?i)lora[_ ]?\d*(combined)?[_ ]?\d*", key):
            names.append(value.partition(":")[0].strip())
    return tuple(names)


def _model_hashes(settings: Settings, model: str) -> Iterator[tuple[str, str]]:
    yield model, settings.get("Model hash", "")
    for name, digest in as_object(settings.get("Hashes", "")).items():
        kind, _, named = name.partition(":")
        if kind == "model":
            yield named or model, clean(digest, 200)


def _lora_hashes(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what "Lora hashes", its older and newer forms and embeddings ("TI hashes") hold."""
    for key in ("Lora hashes", "TI hashes"):
        for pair in settings.get(key, "")[:8000].split(","):
            name, _, digest = pair.rpartition(":")
            yield name.strip(), digest.strip()
    for key, value in as_object(settings.get("Hashes", "")).items():
        kind, _, name = key.partition(":")
        if kind.lower() in ("lora", "embed", "lyco"):
            yield name, clean(value, 200)


def _size(settings: Settings) -> Size | None:
    """Return the size after hires fix and the extras tab's own upscaling."""
    size = _pair(settings.get("Size", ""))
    if size is None:
        return None
    resized = _pair(settings.get("Hires resize", ""), zeros=True)
    factor = number(settings.get("Hires upscale"))
    if resized is not None:  # a zero side follows the proportions
        width, height = resized.width, resized.height
        size = Size(
            width or height * size.width // max(1, size.height),
            height or width * size.height // max(1, size.width),
        )
    elif factor is not None and 0 < factor <= 16:
        size = size.times(factor).on_grid(8)
    elif says_something(settings.get("Hires upscaler")):
        return None  # it grew, and the record does not say how far
    factor = number(settings.get("Postprocess upscale by"))
    if factor is not None and 0 < factor <= 16:
        size = size.times(factor)
    return size_of(size.width, size.height)


def _pair(text: str, *, zeros: bool = False) -> Size | None:
    match = re.fullmatch(r"(\d{1,6})\s*x\s*(\d{1,6})", text.strip())
    if match is None:
        return None
    width, height = int(match[1]), int(match[2])
    if zeros:
        return Size(width, height) if width or height else None
    return size_of(width, height)


def changes_of(settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (statements about input pictures, their names)."""
    changes: list[str] = []
    pictures: list[str] = []
    for key, value in settings.items():
        named = _CHANGES.match(key) is not None and says_something(value)
        mode = key.lower() in {"mode", "operations", "operation"} and is_image_mode(value)
        if named or mode:
            changes.append(f"{key}: {clean(value, 60)}")
            pictures += picture_names(value) or picture_names(list(as_object(value).values()))
    if "Denoising strength" in settings and not any(key in settings for key in _UPSCALES):
        changes.append(f"Denoising strength: {clean(settings['Denoising strength'], 20)}")
    return distinct(changes), distinct(pictures)

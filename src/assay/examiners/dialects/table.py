"""The table of dialects: which named texts each one reads, and where its tool writes them.

To add a dialect: write its module and add a row. Every row is tried for every bundle of
texts. Where one writer puts the same picture down twice (Stability Matrix: its own JSON, a text as
AUTOMATIC1111 writes it and the graph), the narrow row absorbs the wide ones and one record is left.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.examiners.dialects import (
    a1111,
    civitai,
    comfyui,
    drawthings,
    easydiffusion,
    fooocus,
    hfspace,
    horde,
    invokeai,
    midjourney,
    novelai,
    stability_matrix,
    swarmui,
    tensorart,
)
from assay.examiners.dialects.record import Parser
from assay.examiners.dialects.texts import (
    COMMENT,
    EXIF,
    PIXELS,
    PNG_TEXT,
    SIDECAR,
    TAG,
    WRAPPED,
    XMP,
)

PNG = ("image/png", "image/apng")
PHOTO = ("image/jpeg", "image/webp", "image/avif")
VIDEO = ("video/mp4", "video/quicktime", "video/webm", "video/x-matroska")
SOUND = ("audio/flac", "audio/mpeg", "audio/ogg", "audio/mp4")

Places = frozenset[tuple[str, str]]  # (media type, family of texts)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to write a generation record."""

    name: str
    families: tuple[str, ...]  # of texts it may stand in
    keys: tuple[str, ...]  # one of these must be there; () = any
    parse: Parser
    writes: Places  # where its tools write it; elsewhere it does not fit its file
    source: str  # where the format is described
    absorbs: tuple[str, ...] = ()  # dialects that the same writer also writes beside it


def _places(*pairs: tuple[tuple[str, ...], str]) -> Places:
    return frozenset((media_type, family) for types, family in pairs for media_type in types)


_IN_PICTURES = _places((PNG, PNG_TEXT), (PHOTO, EXIF))
_HIDDEN = _places((PNG, PIXELS), (("image/webp",), PIXELS))  # the add-on of several tools
_ANYWHERE = (PNG_TEXT, EXIF, XMP, COMMENT, TAG, PIXELS, SIDECAR, WRAPPED)

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "SwarmUI",
        _ANYWHERE,
        ("parameters", "usercomment", "exif:usercomment", "comment", "description"),
        swarmui.parse,
        _IN_PICTURES | _HIDDEN,
        "mcmonkeyprojects/SwarmUI, src/Text2Image/T2IParamInput.cs",
    ),
    Dialect(
        "NovelAI",
        _ANYWHERE,
        ("comment", "usercomment", "exif:usercomment", "parameters"),
        novelai.parse,
        _places((PNG, PNG_TEXT), (("image/webp",), EXIF)) | _HIDDEN,
        "NovelAI/novelai-image-metadata",
    ),
    Dialect(
        "Fooocus",
        _ANYWHERE,
        ("parameters", "usercomment", "exif:usercomment", "comment"),
        fooocus.parse,
        _IN_PICTURES,
        "lllyasviel/Fooocus, modules/meta_parser.py; runew0lf/RuinedFooocus, async_worker.py",
        absorbs=("AUTOMATIC1111",),
    ),
    Dialect(
        "InvokeAI",
        (PNG_TEXT, TAG, SIDECAR, WRAPPED),
        invokeai.KEYS,
        invokeai.parse,
        _places((PNG, PNG_TEXT), (VIDEO, TAG)),
        "invoke-ai/InvokeAI, invokeai/app/services/image_files",
    ),
    Dialect(
        "Stability Matrix",
        (PNG_TEXT, EXIF, TAG, SIDECAR, WRAPPED),
        ("parameters-json", "imagedescription"),
        stability_matrix.parse,
        _places((PNG, PNG_TEXT), (("image/webp",), EXIF)),
        "LykosAI/StabilityMatrix, StabilityMatrix.Core/Models/GenerationParameters.cs",
        absorbs=("AUTOMATIC1111", "ComfyUI"),
    ),
    Dialect(
        "Tensor.Art",
        (PNG_TEXT, EXIF, COMMENT, TAG, SIDECAR, WRAPPED),
        ("generation_data", "comment", "usercomment"),
        tensorart.parse,
        _places((PNG, PNG_TEXT)),
        "fields as listed by enslo/sd-metadata, parsers/tensorart.ts",
        absorbs=("ComfyUI", "AUTOMATIC1111"),
    ),
    Dialect(
        "Civitai",
        _ANYWHERE,
        ("usercomment", "prompt", "exif:usercomment", "comment", "imagedescription", "parameters"),
        civitai.parse,
        _places((PHOTO, EXIF), (PNG, PNG_TEXT)),
        "civitai/civitai, src/utils/metadata/comfy.metadata.ts",
        absorbs=("ComfyUI",),
    ),
    Dialect(
        "Easy Diffusion",
        _ANYWHERE,
        ("use_stable_diffusion_model", "stable diffusion model", "usercomment",
         "exif:usercomment", "comment", "parameters"),
        easydiffusion.parse,
        _IN_PICTURES,
        "easydiffusion/easydiffusion, ui/easydiffusion/utils/save_utils.py",
    ),
    Dialect(
        "Hugging Face Space",
        _ANYWHERE,
        ("parameters", "usercomment"),
        hfspace.parse,
        _places((PNG, PNG_TEXT)),
        "fields as listed by enslo/sd-metadata, parsers/hf-space.ts",
    ),
    Dialect(
        "Draw Things",
        _ANYWHERE,
        (),
        drawthings.parse,
        _places((PNG, XMP), (PHOTO, XMP), (PHOTO, EXIF), (PNG, EXIF)),
        "fields as listed by enslo/sd-metadata, parsers/draw-things.ts",
        absorbs=("AUTOMATIC1111",),
    ),
    Dialect(
        "AI Horde",
        _ANYWHERE,
        (),
        horde.parse,
        frozenset(),  # clients differ: no place is a sign of it
        "Haidra-Org/AI-Horde, the request of /v2/generate/async",
    ),
    Dialect(
        "Midjourney",
        _ANYWHERE,
        (),
        midjourney.parse,
        _places((PNG, PNG_TEXT), (PHOTO, XMP), (PHOTO, EXIF), (PNG, XMP)),
        "docs.midjourney.com, parameter list",
    ),
    Dialect(
        "AUTOMATIC1111",
        _ANYWHERE,
        ("parameters", "usercomment", "exif:usercomment", "comment", "imagedescription",
         "description", "dc:description", "xpcomment"),
        a1111.parse,
        _IN_PICTURES | _HIDDEN | _places((("image/gif",), COMMENT)),
        "AUTOMATIC1111/stable-diffusion-webui, modules/images.py (save_image_with_geninfo)",
    ),
    Dialect(
        "ComfyUI",
        _ANYWHERE,
        (),
        comfyui.parse,
        _IN_PICTURES
        | _HIDDEN
        | _places((VIDEO, TAG), (SOUND, TAG), (("image/gif",), COMMENT), (("image/gif",), TAG)),
        "comfyanonymous/ComfyUI, nodes.py (SaveImage) and comfy_extras/nodes_images.py",
    ),
)  # fmt: skip

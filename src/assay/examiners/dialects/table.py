"""The table of dialects: which named texts each one reads, and where its tool writes them.

To add a dialect: write its module and add a row. Rows are tried in order for every bundle of
texts, and the first that reads one wins, so narrow dialects stand before wide ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.examiners.dialects import a1111, comfyui, fooocus, invokeai, novelai, swarmui
from assay.examiners.dialects.record import Bundle, Parser, Record
from assay.examiners.dialects.texts import COMMENT, EXIF, PNG_TEXT, TAG, XMP

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


def _places(*pairs: tuple[tuple[str, ...], str]) -> Places:
    return frozenset((media_type, family) for types, family in pairs for media_type in types)


_IN_PICTURES = _places((PNG, PNG_TEXT), (PHOTO, EXIF))

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "SwarmUI",
        (PNG_TEXT, EXIF, COMMENT, TAG),
        ("parameters", "usercomment", "comment", "description"),
        swarmui.parse,
        _IN_PICTURES,
        "mcmonkeyprojects/SwarmUI, src/Text2Image/T2IParamInput.cs",
    ),
    Dialect(
        "NovelAI",
        (PNG_TEXT, EXIF),
        ("comment", "usercomment"),
        novelai.parse,
        _places((PNG, PNG_TEXT), (("image/webp",), EXIF)),
        "NovelAI/novelai-image-metadata",
    ),
    Dialect(
        "Fooocus",
        (PNG_TEXT, EXIF),
        ("parameters", "usercomment"),
        fooocus.parse,
        _IN_PICTURES,
        "lllyasviel/Fooocus, modules/meta_parser.py and modules/private_logger.py",
    ),
    Dialect(
        "InvokeAI",
        (PNG_TEXT,),
        ("invokeai_metadata", "sd-metadata", "dream"),
        invokeai.parse,
        _places((PNG, PNG_TEXT)),
        "invoke-ai/InvokeAI, invokeai/app/services/image_files",
    ),
    Dialect(
        "AUTOMATIC1111",
        (PNG_TEXT, EXIF, XMP, COMMENT, TAG),
        ("parameters", "usercomment", "exif:usercomment", "comment"),
        a1111.parse,
        _IN_PICTURES | _places((("image/gif",), COMMENT)),
        "AUTOMATIC1111/stable-diffusion-webui, modules/images.py (save_image_with_geninfo)",
    ),
    Dialect(
        "ComfyUI",
        (PNG_TEXT, EXIF, XMP, COMMENT, TAG),
        (),
        comfyui.parse,
        _IN_PICTURES
        | _places((VIDEO, TAG), (SOUND, TAG), (("image/gif",), COMMENT), (("image/gif",), TAG)),
        "comfyanonymous/ComfyUI, nodes.py (SaveImage) and comfy_extras/nodes_images.py",
    ),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A record, the dialect that read it and the texts it was read from."""

    dialect: Dialect
    bundle: Bundle
    record: Record


def readings(bundles: tuple[Bundle, ...]) -> tuple[Reading, ...]:
    """Read every record of a file: per bundle, every dialect that finds one.

    One bundle may hold two writers' records (ComfyUI nodes that add AUTOMATIC1111 text).
    """
    found = []
    for bundle in bundles:
        for dialect in DIALECTS:
            if bundle.family not in dialect.families:
                continue
            if dialect.keys and not any(bundle.has(key) for key in dialect.keys):
                continue
            record = dialect.parse(bundle)
            if record is not None:
                found.append(Reading(dialect, bundle, record))
    return tuple(found)

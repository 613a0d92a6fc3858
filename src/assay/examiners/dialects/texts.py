"""The first layer: metadata slots become named texts, grouped by the mechanism that carries them.

Knows containers' text fields and character sets, nothing of generators. A text found elsewhere
(hidden in the pixels, in a file beside this one) joins through ``carried``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from assay.core.jsonvalue import Json
from assay.core.slots import Slot, SlotKind, Walk
from assay.examiners.dialects.bounded import json_object
from assay.examiners.dialects.record import Bundle, Text
from assay.media.iptc import read_iptc
from assay.media.tiff import Exif, Tag, read_exif
from assay.media.xmp import read_xmp

PNG_TEXT = "png text"
EXIF = "exif"
XMP = "xmp"
IPTC = "iptc"
COMMENT = "comment"
TAG = "tag"  # a text tag of a video, sound or other container
PIXELS = "pixels"  # a text hidden in the picture's lowest bits
SIDECAR = "sidecar"  # a text file beside the picture
WRAPPED = "wrapped"  # one object that holds the texts of another file, as converters write it

MAX_TEXTS = 2000  # per file
MAX_COPIES = 64  # of one key within one mechanism; keywords of stock agencies stay below
MAX_TEXT = 16 << 20  # bytes of one slot that are read as text
_WINDOWS_TEXT = ("XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject")  # UTF-16LE bytes


def bundles(walk: Walk) -> tuple[tuple[Bundle, ...], str]:
    """Return the texts of a file, one bundle per mechanism, and what was left unread, or "".

    Where a key occurs several times, each further copy starts another bundle of its family, so
    that two contradicting records are two records. Lists of XMP and IPTC may be longer: what is
    beyond the limit joins the last bundle, where it is no record and may be a label.
    """
    groups: dict[tuple[str, int], list[Text]] = {}
    copies: dict[tuple[str, str], int] = {}
    count, unread = 0, ""
    for family, text in _texts(walk):
        copy = copies.get((family, text.key), 0)
        if count >= MAX_TEXTS:
            unread = f"more than {MAX_TEXTS} texts; the rest unread"
            break
        if copy >= MAX_COPIES and family not in (XMP, IPTC):
            unread = f"more than {MAX_COPIES} texts named {text.name[:80]}; the rest unread"
            continue
        count += 1
        copies[family, text.key] = copy + 1
        groups.setdefault((family, min(copy, MAX_COPIES - 1)), []).append(text)
    return tuple(Bundle(family, tuple(texts)) for (family, _), texts in groups.items()), unread


def exif_blocks(walk: Walk) -> tuple[Exif, ...]:
    """Return every EXIF block of a file, read."""
    return tuple(read_exif(slot.data) for slot in walk.slots if slot.kind is SlotKind.EXIF)


def _texts(walk: Walk) -> Iterator[tuple[str, Text]]:
    for slot in walk.slots:
        if slot.kind is SlotKind.TEXT:
            family = PNG_TEXT if slot.mechanism.startswith("PNG") else TAG
            yield family, _text(slot, slot.key, decode(slot.data))
        elif slot.kind is SlotKind.COMMENT:
            yield COMMENT, _text(slot, "comment", decode(slot.data))
        elif slot.kind is SlotKind.OTHER and slot.key == "comf":
            # ComfyUI's SaveAnimatedPNG writes its own chunk: keyword, NUL, JSON.
            key, _, data = slot.data.partition(b"\0")
            yield PNG_TEXT, _text(slot, decode(key[:80]), decode(data))
        elif slot.kind is SlotKind.EXIF:
            for tag, text in _exif_texts(read_exif(slot.data)):
                yield EXIF, replace(_text(slot, tag.name, text), locator=_tag_locator(slot, tag))
        elif slot.kind is SlotKind.XMP:
            for name, values in read_xmp(slot.data).properties.items():
                for value in values:
                    yield XMP, _text(slot, name, value)
        elif slot.kind is SlotKind.IPTC:
            for name, values in read_iptc(slot.data).items():
                for value in values:
                    yield IPTC, _text(slot, name, value)


def _text(slot: Slot, name: str, text: str) -> Text:
    return Text(
        key=name.strip().lower(),
        text=text,
        name=name,
        mechanism=slot.mechanism,
        locator=slot.locator,
        complete=slot.complete,
    )


def _exif_texts(exif: Exif) -> Iterator[tuple[Tag, str]]:
    for tag in exif.tags:
        if tag.group not in ("IFD0", "Exif"):
            continue
        if isinstance(tag.value, str):
            yield tag, tag.value
        elif tag.name in _WINDOWS_TEXT and isinstance(tag.value, bytes):
            yield tag, tag.value.decode("utf-16-le", "replace").rstrip("\0")
        elif tag.name == "UserComment":
            yield tag, exif.text("UserComment") or ""


def _tag_locator(slot: Slot, tag: Tag) -> str:
    """Return the bytes of the tag's value; of the block where it is not stored in one piece."""
    if len(slot.data) != slot.length or not 0 < tag.offset < slot.length:
        return slot.locator
    value = tag.value.encode("utf-8", "replace") if isinstance(tag.value, str) else tag.value
    size = len(value) if isinstance(value, bytes) else 0
    start = slot.offset + tag.offset
    return f"bytes {start}-{min(start + size, slot.offset + slot.length)} ({tag.name})"


def carried(
    text: str, *, locator: str, mechanism: str, family: str = PIXELS, complete: bool = True
) -> tuple[Bundle, ...]:
    """Return a text found outside the slots as the bundle that dialects read.

    The whole text stands under ``parameters``. Where it is a JSON object of plain values (NovelAI:
    Description, Software, Source, Comment), each stands under its own key as well.
    """
    text = text[:MAX_TEXT]
    named = {"parameters": text}
    inner = json_object(text) or {}
    for key, value in list(inner.items())[:MAX_TEXTS]:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            named.setdefault(key[:200], str(value))
    texts = tuple(
        Text(name.strip().lower(), value, name, mechanism, locator, complete)
        for name, value in named.items()
    )
    return (Bundle(family, texts),) if text.strip() else ()


# Keys under which tools write; an object with one of them may hold a whole file's texts.
_WRITTEN = frozenset({
    "parameters", "prompt", "workflow", "comment", "usercomment", "exif:usercomment",
    "invokeai_metadata", "invokeai_graph", "invokeai_workflow", "invokeai", "sd-metadata", "dream",
    "generation_data", "parameters-json", "smproj", "use_stable_diffusion_model", "description",
    "stable diffusion model", "imagedescription", "dc:description", "make", "model",
})  # fmt: skip
_WRAPPERS = ("comment", "usercomment", "exif:usercomment", "imagedescription", "description")


def wrapped(bundle: Bundle) -> Iterator[tuple[str, Bundle]]:
    """Yield (key, texts) of each text of a bundle that holds another file's texts in one object.

    Converters from PNG to JPEG and WebP write them so (enslo/sd-metadata, README).
    """
    for key in _WRAPPERS:
        whole = bundle.json(key) or {}
        if not _WRITTEN & {name.lower() for name in whole}:
            continue
        outer = next(text for text in bundle.texts if text.key == key)
        rows = [
            replace(outer, key=name[:200].strip().lower(), name=name[:200], text=_plain(value))
            for name, value in list(whole.items())[:MAX_TEXTS]
            if isinstance(value, str | int | float | dict) and not isinstance(value, bool)
        ]
        if rows:
            yield key, Bundle(WRAPPED, tuple(rows))


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def decode(data: bytes) -> str:
    """Return text bytes as UTF-8, or as Latin-1 where they are not (PNG tEXt is either)."""
    data = data[:MAX_TEXT]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")

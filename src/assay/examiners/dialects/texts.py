"""The first layer: metadata slots become named texts, grouped by the mechanism that carries them.

Knows containers' text fields and character sets, nothing of generators. Pixel-borne payloads
would join here as one more family.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.slots import Slot, SlotKind, Walk
from assay.examiners.dialects.record import Bundle, Text
from assay.media.iptc import read_iptc
from assay.media.tiff import Exif, read_exif
from assay.media.xmp import read_xmp

PNG_TEXT = "png text"
EXIF = "exif"
XMP = "xmp"
IPTC = "iptc"
COMMENT = "comment"
TAG = "tag"  # a text tag of a video, sound or other container

MAX_TEXTS = 2000  # per file
MAX_COPIES = 8  # of one key within one mechanism
MAX_TEXT = 16 << 20  # bytes of one slot that are read as text
_WINDOWS_TEXT = ("XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject")  # UTF-16LE bytes


def bundles(walk: Walk) -> tuple[Bundle, ...]:
    """Return the texts of a file, one bundle per mechanism.

    Where a key occurs several times, each further copy starts another bundle of its family, so
    that two contradicting records are two records.
    """
    groups: dict[tuple[str, int], list[Text]] = {}
    copies: dict[tuple[str, str], int] = {}
    for count, (family, text) in enumerate(_texts(walk)):
        copy = copies.get((family, text.key), 0)
        if count >= MAX_TEXTS or copy >= MAX_COPIES:
            continue
        copies[family, text.key] = copy + 1
        groups.setdefault((family, copy), []).append(text)
    return tuple(Bundle(family, tuple(texts)) for (family, _), texts in groups.items())


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
            for name, text in _exif_texts(read_exif(slot.data)):
                yield EXIF, _text(slot, name, text)
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


def _exif_texts(exif: Exif) -> Iterator[tuple[str, str]]:
    for tag in exif.tags:
        if tag.group not in ("IFD0", "Exif"):
            continue
        if isinstance(tag.value, str):
            yield tag.name, tag.value
        elif tag.name in _WINDOWS_TEXT and isinstance(tag.value, bytes):
            yield tag.name, tag.value.decode("utf-16-le", "replace").rstrip("\0")
        elif tag.name == "UserComment":
            yield tag.name, exif.text("UserComment") or ""


def decode(data: bytes) -> str:
    """Return text bytes as UTF-8, or as Latin-1 where they are not (PNG tEXt is either)."""
    data = data[:MAX_TEXT]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")

"""Where a record with a signature may stand: PNG text, EXIF of a WebP, the lowest bits.

Finds and parses, verifies nothing. Records are read by Python's own ``json`` without any change,
because they are written again to be verified.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assay.core.contract import View
from assay.core.errors import NotApplicable
from assay.core.slots import Slot, SlotKind
from assay.media.stealth import hidden_texts
from assay.media.tiff import read_exif

FIELD = "signed_hash"
MAX_TEXTS = 8  # tried per file
MAX_JSON = 8 << 20  # characters
_ASCII = b"ASCII\0\0\0"  # the only character code that NovelAI writes and accepts


@dataclass(frozen=True, slots=True)
class SignedText:
    """One text with a signature, and the records that it can be read as."""

    field: str  # "Comment", "UserComment"
    mechanism: str  # "PNG tEXt", "RIFF EXIF", "stealth alpha"
    locator: str
    records: tuple[dict[str, Any], ...]  # the same text in another character code is another


def signed_texts(view: View) -> Iterator[SignedText]:
    """Yield the texts of a file that hold a record with a signature, at most MAX_TEXTS."""
    count = 0
    for field, mechanism, locator, texts in _texts(view):
        found = [record for record in map(_record, texts) if record is not None]
        if found:
            yield SignedText(field, mechanism, locator, tuple(found))
            count += 1
            if count >= MAX_TEXTS:
                return


def _texts(view: View) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for slot in view.walk().slots:
        if slot.kind is SlotKind.TEXT and slot.key.lower() == "comment":
            yield slot.key, slot.mechanism, slot.locator, _readings(slot)
        elif slot.kind is SlotKind.EXIF:
            for tag in read_exif(slot.data).tags:
                data = tag.value if isinstance(tag.value, bytes) else b""
                if tag.name == "UserComment" and data.startswith(_ASCII):
                    text = data[len(_ASCII) :].rstrip(b"\0").decode("ascii", "replace")
                    yield tag.name, slot.mechanism, slot.locator, (text,)
    try:
        hidden = list(hidden_texts(view.pixels))
    except NotApplicable:
        return
    for found in hidden:
        where = f"pixels: {found.channel}, lowest bits"
        yield "Comment", f"stealth {found.channel}", where, (found.text,)


def _readings(slot: Slot) -> tuple[str, ...]:
    """Return the text as PNG defines it and, where it differs, as UTF-8 in a Latin-1 field."""
    latin = slot.data.decode("latin-1")
    try:
        utf8 = slot.data.decode("utf-8")
    except UnicodeDecodeError:
        return (latin,)
    return (utf8,) if utf8 == latin else (utf8, latin)


def _record(text: str) -> dict[str, Any] | None:
    """Return the record with a signature that a text is or wraps as ``Comment``; else None."""
    for _ in range(3):  # a payload of the pixels wraps the record, which may wrap it again
        if FIELD not in text or len(text) > MAX_JSON:
            return None
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        inner = value.get("Comment")
        if FIELD in value:
            return value if isinstance(value[FIELD], str) else None
        if not isinstance(inner, str):
            return None
        text = inner
    return None

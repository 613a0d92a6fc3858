"""Examiner ``exif``: shows the EXIF, XMP and IPTC fields of a file as they stand.

It judges nothing: what a field means is the work of ``camera`` and ``genparams``. One observation
per block, so that each points to its bytes; long values are shortened, never dropped unsaid.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.jsonvalue import Json, JsonObject
from assay.core.slots import Slot, SlotKind, Trouble
from assay.core.vocab import Need
from assay.media.iptc import parse_iptc
from assay.media.tiff import Tag, read_exif, tag_text
from assay.media.tiff_tags import CODED_TEXT, POINTERS, UTF16_TEXT
from assay.media.xmp import read_xmp

MAX_TEXT = 2000  # characters of one value
_MAX_FIELDS = 512  # of one block
_MAX_VALUES = 64  # of one array
_ASCII_BYTES = frozenset(
    {"ExifVersion", "FlashpixVersion", "InteroperabilityVersion", *CODED_TEXT, *UTF16_TEXT}
)


class ExifExaminer:
    """Yields the fields of every EXIF, XMP and IPTC block of a file."""

    info = ExaminerInfo(
        name="exif",
        version="2",
        kinds=("exif", "xmp", "iptc"),
        media_types=("image/*", "video/*", "audio/*", "application/pdf"),
        needs=frozenset({Need.SLOTS}),
        place_check=True,
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load."""

    def examine(self, view: View) -> Iterable[Observation]:
        for slot in view.walk().slots:
            if slot.kind is SlotKind.EXIF:
                exif = read_exif(slot.data)
                value = {
                    "tags": _tags(exif.tags, little=exif.little),
                    "thumbnail": None if exif.thumbnail is None else _bytes(exif.thumbnail),
                }
                yield from _block(view, "exif", slot, value, exif.troubles)
            elif slot.kind is SlotKind.XMP:
                xmp = read_xmp(slot.data)
                value = {"properties": _texts(xmp.properties)}
                yield from _block(view, "xmp", slot, value, xmp.troubles)
            elif slot.kind is SlotKind.IPTC:
                iptc = parse_iptc(slot.data)
                yield from _block(
                    view, "iptc", slot, {"fields": _texts(iptc.fields)}, iptc.troubles
                )

    def examples(self) -> Iterable[Sample]:
        yield Sample("a picture with EXIF and XMP", _example(), "image/jpeg", ("exif", "xmp"))


def _block(
    view: View, kind: str, slot: Slot, value: JsonObject, troubles: tuple[Trouble, ...]
) -> Iterator[Observation]:
    yield view.observe(kind, {**value, "mechanism": slot.mechanism}, locator=slot.locator)
    for trouble in troubles:
        yield view.finding(trouble.flag, locator=slot.locator, detail=trouble.detail)


def _tags(tags: tuple[Tag, ...], *, little: bool) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    left_out = 0
    for tag in tags:
        if tag.id in POINTERS:
            continue
        if len(shown) >= _MAX_FIELDS:
            left_out += 1
            continue
        key = f"{tag.group}:{tag.name}"
        if key in shown:  # the same tag twice in one directory: both are kept
            key = f"{key}@{tag.offset}"
        shown[key] = _json(tag, little=little)
    if left_out:
        shown["left out"] = left_out
    return shown


def _json(tag: Tag, *, little: bool) -> Json:
    value = tag.value
    if isinstance(value, str) or tag.name in _ASCII_BYTES:
        text = tag_text(tag, little=little)
        return "" if text is None else shortened(text)
    if isinstance(value, bytes):
        return list(value) if len(value) <= 16 else _bytes(value)
    if isinstance(value, tuple):
        return [_number(number) for number in value[:_MAX_VALUES]]
    return _number(value)


def _number(value: float) -> Json:
    return value if isinstance(value, int) or math.isfinite(value) else None


def _bytes(value: bytes) -> Json:
    return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}


def _texts(fields: Mapping[str, tuple[str, ...]]) -> dict[str, Json]:
    shown: dict[str, Json] = {
        shortened(name, 200): [shortened(value) for value in values[:_MAX_VALUES]]
        for name, values in list(fields.items())[:_MAX_FIELDS]
    }
    if len(fields) > _MAX_FIELDS:
        shown["left out"] = len(fields) - _MAX_FIELDS
    return shown


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text of at most ``limit`` characters, an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _example() -> bytes:
    from PIL import Image

    picture = Image.new("RGB", (32, 24), (90, 120, 150))
    exif = Image.Exif()
    exif[0x010E] = "a plain colour"
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, xmp=packet.encode())
    return out.getvalue()

"""Examiner ``pairs``: which files belong together: the halves of a Live Photo, a burst.

Apple writes one identifier into the still picture's maker note and into the video's metadata, and
one into every picture of a burst. It says what the file states and judges nothing.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.core.slots import SlotKind
from assay.core.vocab import CostClass, Need
from assay.media.apple_note import AppleNote, read_apple_note
from assay.media.tiff import read_exif

MAX_IDENTIFIER = 256  # characters
_VIDEO_KEY = "com.apple.quicktime.content.identifier"
_MAKER_NOTE = 0x927C


class PairsExaminer:
    """Yields the identifiers that the parts of one photograph share."""

    info = ExaminerInfo(
        name="pairs",
        version="1",
        kinds=("pair",),
        media_types=("image/jpeg", "image/heic", "image/heif", "video/quicktime", "video/mp4"),
        needs=frozenset({Need.SLOTS}),
        cost=CostClass.METADATA,
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load."""

    def examine(self, view: View) -> Iterable[Observation]:
        """Yield ``pair`` with what is stated: identifier and part ("still", "video"), burst."""
        still = view.media_type.startswith("image/")
        for slot in view.walk().slots:
            value: dict[str, Json] = {}
            if still and slot.kind is SlotKind.EXIF:
                note = _apple_note(slot.data)
                if note.content:
                    value |= {"identifier": note.content, "part": "still"}
                if note.burst:
                    value |= {"burst": note.burst}
            elif not still and slot.kind is SlotKind.TEXT and slot.key == _VIDEO_KEY:
                text = slot.data.decode("utf-8", "replace").strip("\0 ")
                if 0 < len(text) <= MAX_IDENTIFIER and text.isprintable():
                    value = {"identifier": text, "part": "video"}
            if value:
                yield view.observe("pair", value, locator=slot.locator)

    def examples(self) -> Iterable[Sample]:
        yield Sample("a still half with a burst", _still(), "image/jpeg", ("pair",))
        yield Sample("a video half", _video(), "video/quicktime", ("pair",))


def _apple_note(block: bytes) -> AppleNote:
    for tag in read_exif(block).tags:
        if tag.id == _MAKER_NOTE and isinstance(tag.value, bytes):
            return read_apple_note(tag.value) or AppleNote()
    return AppleNote()


def _still() -> bytes:
    from PIL import Image

    rows = ((0x000B, b"BURST-1\0"), (0x0011, b"PAIR-1\0\0"))
    at = 14 + 2 + 12 * len(rows) + 4
    entries = values = b""
    for tag, text in rows:
        entries += struct.pack(">HHII", tag, 2, len(text), at + len(values))
        values += text
    directory = struct.pack(">H", len(rows)) + entries + bytes(4)
    note = b"Apple iOS\0\0\1MM" + directory + values
    exif = Image.Exif()
    exif.get_ifd(0x8769)[_MAKER_NOTE] = note
    out = io.BytesIO()
    Image.new("RGB", (32, 24), (90, 120, 150)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def _video() -> bytes:
    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + name + body

    name = _VIDEO_KEY.encode()
    keys = bytes(4) + struct.pack(">II", 1, 8 + len(name)) + b"mdta" + name
    value = box(b"data", struct.pack(">II", 1, 0) + b"PAIR-1")
    handler = box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    meta = handler + box(b"keys", keys) + box(b"ilst", box(struct.pack(">I", 1), value))
    return box(b"ftyp", b"qt  " + bytes(4)) + box(b"moov", box(b"meta", meta))

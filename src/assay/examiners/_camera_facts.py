"""Facts around a camera's text that change no level: tables, odd values, times, the trailer."""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.contract import View
from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.core.slots import SlotKind, Walk
from assay.examiners._camera_text import CameraText
from assay.examiners._plausible import odd_values
from assay.examiners._tables import KnownTables
from assay.examiners._times import time_doubts
from assay.examiners._trailer import TAIL, trailer_of
from assay.media.jpeg_tables import read_tables
from assay.media.tiff import read_exif

_JPEG = ("image/jpeg", "image/mpo")
_TABLES = "JPEG tables are the encoder's choice (ITU-T T.81 B.2.4.1); compared with files seen."
_MAX_DOUBTS = 8  # of one file


def odd(walk: Walk, text: CameraText) -> list[Json]:
    """Return what no camera would write into the block that names this one."""
    for slot in walk.slots:
        if slot.kind is SlotKind.EXIF and slot.locator == text.locator:
            return list(odd_values(read_exif(slot.data))[:_MAX_DOUBTS])
    return []


def times(view: View, walk: Walk, evaluation_date: str) -> Iterator[Observation]:
    """Yield a finding for each pair of times in the wrong order."""
    for doubt in time_doubts(walk, evaluation_date)[:_MAX_DOUBTS]:
        yield view.finding("time_order", locator=doubt.locator, detail=doubt.text)


def tables(view: View, text: CameraText, known: KnownTables) -> Iterator[Observation]:
    """Say who wrote a JPEG's tables before, where a camera is named or the tables are known."""
    if view.media_type not in _JPEG:
        return
    found = read_tables(view.data())
    if not found.quantisation:
        return
    said = known.ask(found, text.make, text.model)
    lead = found.ijg_quality is None and (said.models or said.programs)
    if not (text.named or lead):
        return
    yield view.observe(
        "tables",
        {
            "quantisation": found.digest,
            "ijg_quality": found.ijg_quality,
            "huffman": found.huffman,
            "huffman_standard": found.standard_huffman,
            "huffman_seen": said.huffman_seen,
            "subsampling": found.subsampling,
            "restart": found.restart,
            "segments": found.segments,
            "seen_for": said.seen_for,
            "model_files": said.model_files,
            "models": list(said.models),
            "programs": list(said.programs),
            "tool": "",
            "text": said.sentence(found),
        },
        basis=_TABLES,
    )


def trailer(view: View, walk: Walk) -> Iterator[Observation]:
    """Name what follows the end of the picture."""
    if trailer_of(walk, b"") is None:
        return
    found = trailer_of(walk, view.data()[-TAIL:])
    if found is not None:
        value: dict[str, Json] = {"what": found.what, "bytes": found.size}
        last = found.offset + found.size
        yield view.observe("trailer", value, locator=f"bytes {found.offset}-{last}")

"""Walks the tags of Matroska and WebM: names and texts, picture size, writing program.

It reads no frames; clusters are skipped by their size. Sources: RFC 8794 (EBML), RFC 9559
(Matroska).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.slots import SlotKind
from assay.media.gather import Gather

_DEPTH = 8
_MASTERS = {
    0x18538067: "Segment",
    0x1549A966: "Info",
    0x1654AE6B: "Tracks",
    0xAE: "TrackEntry",
    0xE0: "Video",
    0x1254C367: "Tags",
    0x7373: "Tag",
    0x67C8: "SimpleTag",
    0x1941A469: "Attachments",
    0x61A7: "AttachedFile",
}
_WIDTH, _HEIGHT = 0xB0, 0xBA
_NAME, _STRING = 0x45A3, 0x4487
_BINARY, _ATTACHED = 0x4485, 0x465C  # a tag that is no text; the content of an attached file
_TEXTS = {
    0x7BA9: ("Title", "Matroska info"),
    0x4D80: ("MuxingApp", "Matroska info"),
    0x5741: ("WritingApp", "Matroska info"),
    0x536E: ("Name", "Matroska track"),
    0x466E: ("FileName", "Matroska attachment"),
    0x467E: ("FileDescription", "Matroska attachment"),
}
_MAX_OTHER = 1 << 20  # bytes kept of a tag or an attached file that is no text


@dataclass(frozen=True, slots=True)
class _Element:
    number: int
    start: int
    end: int


def walk_ebml(gather: Gather) -> None:
    """Gather the slots of a Matroska or WebM file."""
    _level(gather, 0, len(gather.data), 0)


def _level(gather: Gather, start: int, end: int, depth: int) -> None:
    if depth > _DEPTH:
        gather.trouble("malformed", f"elements nested deeper than {_DEPTH} at byte {start}")
        return
    data, name = gather.data, ""
    for element in _elements(gather, start, end, top=depth == 0):
        if element.number in _MASTERS:
            _level(gather, element.start, element.end, depth + 1)
        elif element.number == _NAME:
            name = data[element.start : min(element.end, element.start + 256)].decode(
                "utf-8", "replace"
            )
        elif element.number in (_BINARY, _ATTACHED):
            stop = min(element.end, element.start + _MAX_OTHER)
            is_tag = element.number == _BINARY
            gather.slot(
                SlotKind.OTHER, element.start, stop, key=name if is_tag else "FileData",
                mechanism="Matroska tag" if is_tag else "Matroska attachment",
                complete=stop == element.end,
            )  # fmt: skip
        elif element.number == _STRING or element.number in _TEXTS:
            key, mechanism = _TEXTS.get(element.number, (name, "Matroska tag"))
            gather.slot(
                SlotKind.TEXT,
                element.start,
                element.end,
                key=key,
                mechanism=mechanism,
            )
        elif element.number == _WIDTH:
            gather.width = gather.width or _value(data, element)
        elif element.number == _HEIGHT:
            gather.height = gather.height or _value(data, element)


def _value(data: bytes, element: _Element) -> int:
    return int.from_bytes(data[element.start : min(element.end, element.start + 4)], "big")


def _elements(gather: Gather, start: int, end: int, *, top: bool) -> Iterator[_Element]:
    data, pos = gather.data, start
    while pos < end:
        gather.step()
        width = _width(data[pos])
        number = int.from_bytes(data[pos : pos + width], "big")
        pos += width
        if not width or width > 4 or pos >= end:
            gather.trouble("malformed", f"no element at byte {pos}")
            return
        length = _width(data[pos])
        if not length:
            gather.trouble("malformed", f"no element size at byte {pos}")
            return
        size = int.from_bytes(data[pos : pos + length], "big") & ((1 << 7 * length) - 1)
        unknown = size == (1 << 7 * length) - 1  # live streams: up to the parent's end
        pos += length
        stop = end if unknown else pos + size
        if stop > end:
            gather.trouble("truncated", f"an element at byte {pos} ends beyond its parent")
        yield _Element(number, pos, min(stop, end))
        pos = stop
        if unknown and not top:
            return


def _width(first: int) -> int:
    """Return how many bytes a variable-size number has; 0 where the first byte is none."""
    return 9 - first.bit_length() if first else 0

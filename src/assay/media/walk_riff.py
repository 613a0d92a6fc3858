"""Walks RIFF files: WebP, WAV and AVI. Chunks, INFO texts, EXIF, XMP, C2PA, sizes, the end.

It decodes no pictures and no sound. Sources: RFC 9649 (WebP); Microsoft/IBM RIFF 1.0; EBU Tech
3306 (RF64); C2PA 2.x A.3.5 (chunk "C2PA"); XMP part 3 (chunk "_PMX").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.slots import SlotKind
from assay.media.gather import Gather
from assay.media.id3 import read_id3

_DEPTH = 8  # lists inside lists
_WIDE = 0xFFFFFFFF  # RF64: the true size stands in ds64
_SLOTS = {
    b"EXIF": SlotKind.EXIF,
    b"XMP ": SlotKind.XMP,
    b"_PMX": SlotKind.XMP,
    b"ICCP": SlotKind.ICC,
    b"C2PA": SlotKind.C2PA,
    b"iXML": SlotKind.OTHER,
}

_LISTS = (b"INFO", b"exif")  # of texts; "exif" by Exif 2.2, annex F (sounds of cameras)
_TEXTS = (b"IDIT", b"strn")  # AVI: when it was taken; the name of a stream
# bext: key, first and last byte of each text of fixed width
_BEXT = (("Description", 0, 256), ("Originator", 256, 288), ("OriginationDate", 320, 338))
_HISTORY = 602  # where the coding history begins


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    start: int
    end: int  # clipped to the parent
    complete: bool


def walk_riff(gather: Gather) -> None:
    """Gather the slots of a RIFF, RF64 or RIFX file that starts at byte 0."""
    data, size = gather.data, len(gather.data)
    form = data[8:12]
    if form == b"WEBP":
        gather.container = "webp"
    declared = int.from_bytes(data[4:8], "big" if data[:4] == b"RIFX" else "little")
    end = 8 + declared
    if data[:4] == b"RF64" and declared == _WIDE and data[12:16] == b"ds64":
        end = 8 + int.from_bytes(data[20:28], "little")
    if end > size:
        gather.trouble("truncated", f"the file says {end} bytes and has {size}")
    _level(gather, 12, min(end, size), depth=0)
    if end < size:
        # OpenDML: an AVI beyond 1 GiB goes on in further RIFF chunks
        pos = end + (end & 1)
        while form == b"AVI " and data[pos : pos + 4] == b"RIFF":
            gather.step()
            pos += 8 + int.from_bytes(data[pos + 4 : pos + 8], "little")
        if pos < size:
            gather.trailer(pos)
    gather.end = gather.end or min(end, size)


def _chunks(gather: Gather, start: int, end: int) -> Iterator[_Chunk]:
    data = gather.data
    order = "big" if data[:4] == b"RIFX" else "little"
    pos = start
    while pos + 8 <= end:
        gather.step()
        name = data[pos : pos + 4]
        length = int.from_bytes(data[pos + 4 : pos + 8], order)  # type: ignore[arg-type]
        stop = pos + 8 + length
        wide = data[:4] == b"RF64" and length == _WIDE
        complete = stop <= end or wide
        yield _Chunk(name, pos + 8, min(stop, end), complete)
        if not complete:
            shown = name.decode("latin-1")
            gather.trouble("truncated", f"chunk {shown!r} at byte {pos} ends beyond its parent")
        if stop > end:
            return
        pos = stop + (length & 1)


def _level(gather: Gather, start: int, end: int, depth: int, kind: bytes = b"") -> None:
    if depth > _DEPTH:
        gather.trouble("malformed", f"lists nested deeper than {_DEPTH} at byte {start}")
        return
    for chunk in _chunks(gather, start, end):
        if chunk.name == b"LIST":
            inner = gather.data[chunk.start : chunk.start + 4]
            if inner not in (b"movi", b"rec "):  # the streams themselves
                _level(gather, chunk.start + 4, chunk.end, depth + 1, inner)
        elif kind in _LISTS or chunk.name in _TEXTS:
            _text(gather, chunk, f"RIFF {kind.decode()}" if kind in _LISTS else "RIFF")
        else:
            _chunk(gather, chunk)


def _text(gather: Gather, chunk: _Chunk, mechanism: str) -> None:
    text = gather.data[chunk.start : chunk.end].split(b"\0", 1)[0]
    gather.slot(
        SlotKind.TEXT,
        chunk.start,
        chunk.end,
        key=chunk.name.decode("latin-1"),
        mechanism=mechanism,
        payload=text,
        complete=chunk.complete,
    )


def _chunk(gather: Gather, chunk: _Chunk) -> None:
    data, start = gather.data, chunk.start
    kind = _SLOTS.get(chunk.name)
    if kind is not None:
        if kind is SlotKind.EXIF and data[start : start + 6] == b"Exif\0\0":
            start += 6  # many writers keep the JPEG prefix
        name = chunk.name.decode("latin-1").strip()
        gather.slot(
            kind, start, chunk.end, key=name, mechanism=f"RIFF {name}", complete=chunk.complete
        )
    elif chunk.name == b"bext":
        _broadcast(gather, chunk)
    elif chunk.name in (b"id3 ", b"ID3 "):
        read_id3(gather, start, chunk.end)
    elif chunk.name == b"VP8X" and chunk.end - start >= 10:
        gather.width = 1 + int.from_bytes(data[start + 4 : start + 7], "little")
        gather.height = 1 + int.from_bytes(data[start + 7 : start + 10], "little")
        gather.facts["alpha"] = "yes" if data[start] & 0x10 else "no"
        gather.facts["animated"] = "yes" if data[start] & 0x02 else "no"
    elif chunk.name == b"VP8L" and data[start : start + 1] == b"\x2f":
        bits = int.from_bytes(data[start + 1 : start + 5], "little")
        _size(gather, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        gather.facts["coding"] = "lossless"
    elif chunk.name == b"VP8 " and data[start + 3 : start + 6] == b"\x9d\x01\x2a":
        both = int.from_bytes(data[start + 6 : start + 10], "little")
        _size(gather, both & 0x3FFF, both >> 16 & 0x3FFF)
        gather.facts["coding"] = "lossy"
    elif chunk.name == b"ANMF":
        gather.facts["frames"] = str(int(gather.facts.get("frames", "0")) + 1)
    elif chunk.name == b"avih" and chunk.end - start >= 40:
        gather.width = int.from_bytes(data[start + 32 : start + 36], "little")
        gather.height = int.from_bytes(data[start + 36 : start + 40], "little")
    elif chunk.name == b"fmt " and chunk.end - start >= 16:
        gather.facts["channels"] = str(int.from_bytes(data[start + 2 : start + 4], "little"))
        gather.facts["rate"] = str(int.from_bytes(data[start + 4 : start + 8], "little"))


def _broadcast(gather: Gather, chunk: _Chunk) -> None:
    """Keep the texts of a broadcast extension (EBU Tech 3285)."""
    for key, first, last in (*_BEXT, ("CodingHistory", _HISTORY, chunk.end - chunk.start)):
        start, end = chunk.start + first, min(chunk.start + last, chunk.end)
        text = gather.data[start:end].split(b"\0", 1)[0] if start < end else b""
        if text.strip():
            gather.slot(
                SlotKind.TEXT, start, start + len(text), key=key, mechanism="RIFF bext",
                complete=chunk.complete,
            )  # fmt: skip


def _size(gather: Gather, width: int, height: int) -> None:
    if gather.width is None:
        gather.width, gather.height = width, height

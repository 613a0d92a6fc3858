"""Walks the tags of FLAC, MP3 and AAC files: Vorbis comments and ID3v2 texts.

Generators write their graph there (ComfyUI), and a Chinese label (TC260) as a TXXX frame.
It decodes no sound. Sources: RFC 9639 (FLAC); id3.org ID3v2.2, 2.3, 2.4; C2PA 2.x A.3 (GEOB).
"""

from __future__ import annotations

from assay.core.slots import SlotKind
from assay.media.gather import Gather

_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_MAX_OTHER = 16 << 20  # bytes


def walk_audio(gather: Gather) -> None:
    """Gather the slots of a FLAC or of a file that begins with an ID3v2 tag."""
    pos = _id3(gather) if gather.data.startswith(b"ID3") else 0
    if gather.data[pos : pos + 4] == b"fLaC":
        gather.container = "flac"
        _flac(gather, pos + 4)


def _flac(gather: Gather, pos: int) -> None:
    data, size = gather.data, len(gather.data)
    last = False
    while not last:
        gather.step()
        if pos + 4 > size:
            gather.trouble("truncated", "the FLAC ends inside its metadata")
            return
        last, kind = bool(data[pos] & 0x80), data[pos] & 0x7F
        start = pos + 4
        end = start + int.from_bytes(data[pos + 1 : pos + 4], "big")
        if end > size:
            gather.trouble("truncated", f"FLAC block at byte {pos} is cut")
        if kind == 4:
            _comments(gather, start, min(end, size))
        elif kind in (2, 6):
            key = "picture" if kind == 6 else "application"
            gather.slot(SlotKind.OTHER, start, end, key=key, mechanism="FLAC block")
        pos = end


def _comments(gather: Gather, start: int, end: int) -> None:
    data = gather.data
    pos = start + 4 + int.from_bytes(data[start : start + 4], "little")  # the vendor's name
    count = int.from_bytes(data[pos : pos + 4], "little")
    pos += 4
    for _ in range(count):
        gather.step()
        stop = pos + 4 + int.from_bytes(data[pos : pos + 4], "little")
        if pos + 4 > end or stop > end:
            gather.trouble("malformed", "a Vorbis comment overruns its block")
            return
        name, equals, _ = data[pos + 4 : stop].partition(b"=")
        if equals:
            first = pos + 4 + len(name) + 1
            key = name[:256].decode("latin-1")
            gather.slot(SlotKind.TEXT, first, stop, key=key, mechanism="Vorbis comment")
        pos = stop


def _synchsafe(four: bytes) -> int:
    value = 0
    for byte in four:
        value = value << 7 | byte & 0x7F
    return value


def _id3(gather: Gather) -> int:
    """Read the ID3v2 tag at byte 0; returns where it ends."""
    data = gather.data
    gather.container = "id3"
    version, flags = data[3], data[5]
    end = 10 + _synchsafe(data[6:10])
    if end > len(data):
        gather.trouble("truncated", "the ID3 tag ends beyond the file")
    id_size, head = (3, 6) if version == 2 else (4, 10)
    pos = 10
    if flags & 0x40 and version > 2:  # extended header
        four = data[10:14]
        pos += _synchsafe(four) if version == 4 else 4 + int.from_bytes(four, "big")
    while pos + head <= min(end, len(data)) and data[pos]:
        gather.step()
        name = data[pos : pos + id_size]
        raw = data[pos + id_size : pos + id_size + (3 if version == 2 else 4)]
        size = _synchsafe(raw) if version == 4 else int.from_bytes(raw, "big")
        start, stop = pos + head, pos + head + size
        if stop > end:
            gather.trouble("malformed", f"ID3 frame at byte {pos} overruns its tag")
            break
        _frame(gather, name.decode("latin-1"), start, min(stop, len(data)))
        pos = stop
    return end + (10 if flags & 0x10 else 0)


def _frame(gather: Gather, name: str, start: int, end: int) -> None:
    data = gather.data
    if name[:1] == "T" or name in ("COMM", "COM", "USLT", "ULT"):
        body = gather.take(start, end)
        encoding = _ENCODINGS[body[0]] if body and body[0] < 4 else "latin-1"
        skip = 4 if name[0] in "CU" else 1  # comments carry a language
        text = body[skip:].decode(encoding, "replace")
        key = name
        if name in ("TXXX", "TXX", "COMM", "COM", "USLT", "ULT"):
            described, _, text = text.partition("\0")
            key = described.lstrip("\ufeff") or name
        gather.slot(
            SlotKind.TEXT,
            start,
            end,
            key=key[:256],
            mechanism=f"ID3 {name}",
            payload=text.lstrip("\ufeff").rstrip("\0").encode("utf-8", "replace"),
        )
    elif end - start <= _MAX_OTHER:
        is_c2pa = name == "GEOB" and b"c2pa" in data[start : start + 128]
        found = data.find(b"jumb", start, end) - 4 if is_c2pa else -1
        kind = SlotKind.C2PA if found >= start else SlotKind.OTHER
        first = found if found >= start else start
        gather.slot(kind, first, end, key=name, mechanism=f"ID3 {name}")

"""Reads ID3v2, ID3v1 and APEv2 tags, wherever they stand: MP3, AAC, FLAC, WAV chunks, MP4 boxes.

Undoes unsynchronisation and compression within the gather's limits. Sources: id3.org ID3v2.2,
2.3, 2.4 and ID3v1.1; hydrogenaud.io APEv2; XMP part 3 §1.1.3 (PRIV); C2PA 2.x A.3 (GEOB).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from assay.core.slots import SlotKind
from assay.media.gather import Gather

_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_MAX_OTHER = 16 << 20  # bytes
_MAX_UNDONE = 4 << 20  # bytes of a tag whose unsynchronisation is undone
_DESCRIBED = ("TXXX", "TXX", "COMM", "COM", "USLT", "ULT", "WXXX", "WXX")
_NAME = re.compile(rb"[A-Z][A-Z0-9]{2,3}")
_STUFFED = b"\xff\0"
_ID3V1 = (("title", 3, 33), ("artist", 33, 63), ("album", 63, 93), ("year", 93, 97),
          ("comment", 97, 127))  # fmt: skip
_APE_MARK = b"APETAGEX"


@dataclass(frozen=True, slots=True)
class _Body:
    """The frames of a tag, and where a range of them is stored in the file."""

    data: bytes
    start: int
    end: int
    place: Callable[[int, int], tuple[int, int]]


def read_id3(gather: Gather, at: int, limit: int) -> int:
    """Keep the frames of the ID3v2 tag at byte ``at``; returns where it ends, beyond ``limit``
    where it says so."""
    data = gather.data
    if data[at : at + 3] != b"ID3" or at + 10 > limit:
        return at
    version, flags = data[at + 3], data[at + 5]
    end = at + 10 + _synchsafe(data[at + 6 : at + 10])
    if end > limit:
        gather.trouble("truncated", "the ID3 tag ends beyond the file")
    if version not in (2, 3, 4):
        gather.trouble("malformed", f"an ID3 tag of version 2.{version}")
        return end
    stop = min(end, limit)
    if flags & 0x80 and version < 4:
        body = _undone(gather, at + 10, stop)
    else:
        body = _Body(data, at + 10, stop, lambda start, end: (start, end))
    pos = body.start
    if flags & 0x40 and version > 2:  # extended header
        four = body.data[pos : pos + 4]
        pos += _synchsafe(four) if version == 4 else 4 + int.from_bytes(four, "big")
    whole = end <= limit and (body.data is data or end - at <= _MAX_UNDONE)
    _frames(gather, body, pos, version, whole=whole, stuffed=bool(flags & 0x80))
    return end + (10 if flags & 0x10 else 0)


def _synchsafe(four: bytes) -> int:
    value = 0
    for byte in four:
        value = value << 7 | byte & 0x7F
    return value


def _undone(gather: Gather, start: int, end: int) -> _Body:
    """Undo the unsynchronisation of a whole tag (ID3v2.3 §5): a zero behind every FF."""
    if end - start > _MAX_UNDONE:
        gather.trouble("metadata_bomb", f"{end - start} bytes of an ID3 tag, cut for reading")
        end = start + _MAX_UNDONE
    raw = gather.take(start, end)
    removed = [hit.start() + 1 - number for number, hit in enumerate(re.finditer(_STUFFED, raw))]

    def stored(offset: int) -> int:
        return start + offset + bisect_right(removed, offset)

    def place(first: int, last: int) -> tuple[int, int]:
        return stored(first), stored(last - 1) + 1 if last > first else stored(first)

    clean = raw.replace(_STUFFED, b"\xff")
    return _Body(clean, 0, len(clean), place)


def _frames(
    gather: Gather, body: _Body, pos: int, version: int, *, whole: bool, stuffed: bool
) -> None:
    data, end = body.data, body.end
    id_size, head = (3, 6) if version == 2 else (4, 10)
    while pos + head <= end and data[pos]:
        gather.step()
        name = data[pos : pos + id_size]
        raw = data[pos + id_size : pos + id_size + (3 if version == 2 else 4)]
        plain = int.from_bytes(raw, "big")
        size = plain if version < 4 or _is_plain(data, pos + head, plain, end) else _synchsafe(raw)
        start, stop = pos + head, pos + head + size
        if stop > end:
            at = body.place(pos, pos)[0]
            if whole:
                gather.trouble("malformed", f"ID3 frame at byte {at} overruns its tag")
                return
        flags = data[pos + 9] if version > 2 and pos + 9 < len(data) else 0
        _framed(
            gather, body, name.decode("latin-1"), start, min(stop, end), flags,
            version=version, complete=stop <= end, stuffed=stuffed,
        )  # fmt: skip
        pos = stop


def _is_plain(data: bytes, start: int, size: int, end: int) -> bool:
    """Tell whether a 2.4 frame has a plain size, as some writers give it: a frame must follow."""
    synchsafe = _synchsafe(size.to_bytes(4, "big"))
    if size == synchsafe or start + size > end:
        return False
    if _follows(data, start + synchsafe, end):
        return False
    return _follows(data, start + size, end)


def _follows(data: bytes, at: int, end: int) -> bool:
    return at == end or (
        at < end and (not data[at] or _NAME.fullmatch(data[at : at + 4]) is not None)
    )


def _framed(
    gather: Gather, body: _Body, name: str, start: int, end: int, flags: int,
    *, version: int, complete: bool, stuffed: bool,
) -> None:  # fmt: skip
    """Undo what a frame's flags say was done to it, then keep it."""
    grouped, packed, locked, sized = (
        (flags & 0x40, flags & 0x08, flags & 0x04, flags & 0x01)
        if version == 4
        else (flags & 0x20, flags & 0x80, flags & 0x40, flags & 0x80)
    )
    start = min(start + (1 if grouped else 0) + (4 if sized else 0), end)
    place = body.place(start, end)
    if locked:
        gather.slot(
            SlotKind.OTHER, *place, key=name, mechanism=f"ID3 {name}", complete=False
        )  # fmt: skip
        return
    content: bytes | None = None
    if version == 4 and (flags & 0x02 or stuffed) and end - start <= _MAX_OTHER:
        content = body.data[start:end].replace(_STUFFED, b"\xff")
    if packed:
        source = body.data[start:end] if content is None else content
        content, whole = gather.inflate(source, f"ID3 frame {name}")
        complete = complete and whole
    if content is None and body.data is not gather.data:
        content = body.data[start:end]
    _frame(gather, name, place, content, complete=complete)


def _frame(
    gather: Gather, name: str, place: tuple[int, int], content: bytes | None, *, complete: bool
) -> None:
    """Keep a frame; ``content`` is None where it lies in the file as it is."""
    start, end = place
    mechanism = f"ID3 {name}"
    if name[:1] in ("T", "W") or name in _DESCRIBED:
        key, text = _text(name, gather.take(start, end) if content is None else content)
        gather.slot(
            SlotKind.TEXT, start, end, key=key, mechanism=mechanism,
            payload=text.encode("utf-8", "replace"), complete=complete,
        )  # fmt: skip
        return
    if end - start > _MAX_OTHER:
        gather.trouble("metadata_bomb", f"{end - start} bytes of {mechanism} were not kept")
        return
    source, base, stop = (
        (gather.data, start, end) if content is None else (content, 0, len(content))
    )
    kind, skip = SlotKind.OTHER, 0
    if name in ("GEOB", "GEO") and b"c2pa" in source[base : min(base + 128, stop)]:
        found = source.find(b"jumb", base, stop) - 4
        if found >= base:
            kind, skip = SlotKind.C2PA, found - base
    elif name == "PRIV" and source[base : base + 4] == b"XMP\0":
        kind, skip = SlotKind.XMP, 4
    gather.slot(
        kind, start + skip if content is None else start, end, key=name, mechanism=mechanism,
        payload=None if content is None else content[skip:], complete=complete,
    )  # fmt: skip


def _text(name: str, body: bytes) -> tuple[str, str]:
    """Return the key and the text of a text, comment, lyrics or link frame."""
    if name[0] == "W" and name not in _DESCRIBED:
        return name, body.rstrip(b"\0").decode("latin-1")
    encoding = _ENCODINGS[body[0]] if body and body[0] < 4 else "latin-1"
    skip = 4 if name[0] in "CU" else 1  # comments carry a language
    text = body[skip:].decode(encoding, "replace")
    key = name
    if name in _DESCRIBED:
        described, _, text = text.partition("\0")
        key = described.lstrip("\ufeff") or name
    return key[:256], text.lstrip("\ufeff").rstrip("\0")


def read_tail(gather: Gather) -> int:
    """Keep the tags at the end of a sound: ID3v1, APEv2, an ID3v2.4 tag with a footer.

    Returns where they begin; the file's size where there are none.
    """
    data = gather.data
    end = len(data)
    if data[-128:-125] == b"TAG" and end >= 128:
        end -= 128
        _id3v1(gather, end)
    for _ in range(4):
        if data[end - 32 : end - 24] == _APE_MARK and end >= 32:
            start = _ape(gather, end)
        elif data[end - 10 : end - 7] == b"3DI" and end >= 20:
            start = end - 20 - _synchsafe(data[end - 4 : end])
            if start <= 0 or data[start : start + 3] != b"ID3":
                break
            read_id3(gather, start, end)
        else:
            break
        if not 0 < start < end:
            break
        end = start
    return end


def _id3v1(gather: Gather, at: int) -> None:
    for key, first, last in _ID3V1:
        text = gather.data[at + first : at + last].split(b"\0", 1)[0].rstrip(b" ")
        if text:
            gather.slot(
                SlotKind.TEXT, at + first, at + first + len(text), key=key, mechanism="ID3v1"
            )


def _ape(gather: Gather, end: int) -> int:
    """Keep the items of the APE tag whose footer ends at ``end``; returns where it begins."""
    data = gather.data
    size = int.from_bytes(data[end - 20 : end - 16], "little")  # items and footer
    count = int.from_bytes(data[end - 16 : end - 12], "little")
    flags = int.from_bytes(data[end - 12 : end - 8], "little")
    pos, stop = end - size, end - 32
    if size < 32 or pos < 0:
        gather.trouble("malformed", f"an APE tag of {size} bytes that ends at byte {end}")
        return 0
    begin = pos - 32 if flags & 0x80000000 else pos
    for _ in range(count):
        gather.step()
        length = int.from_bytes(data[pos : pos + 4], "little")
        kind = data[pos + 4] >> 1 & 3 if pos + 4 < stop else 0
        named = data.find(b"\0", pos + 8, min(pos + 8 + 256, stop))
        if pos + 8 > stop or named < 0 or named + 1 + length > stop:
            gather.trouble("malformed", f"an APE item at byte {pos} overruns its tag")
            break
        gather.slot(
            SlotKind.TEXT if kind == 0 else SlotKind.OTHER,
            named + 1,
            named + 1 + length,
            key=data[pos + 8 : named].decode("latin-1"),
            mechanism="APE tag",
        )
        pos = named + 1 + length
    return max(begin, 0)

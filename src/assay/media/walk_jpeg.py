"""Walks the segments of a JPEG: every APPn, comment, frame header, table digest, and the end.

Entropy-coded data is skipped by one regular expression, never byte by byte, and never decoded.
Sources: ITU-T T.81 annex B; CIPA DC-008 (Exif), DC-007 (MPF); Adobe XMP part 3; C2PA 2.x A.3.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from assay.core.slots import SlotKind
from assay.media.gather import Gather
from assay.media.photoshop import read_resources

_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # a stuffed or restart FF is no marker
_NOT_FILL = re.compile(rb"[^\xff]")
_SOF = {0xC0 + n for n in range(16)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_EXIF = b"Exif\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_ICC = b"ICC_PROFILE\0"
_RATIOS: dict[tuple[tuple[int, int], ...], str] = {
    ((1, 1), (1, 1), (1, 1)): "4:4:4",
    ((2, 1), (1, 1), (1, 1)): "4:2:2",
    ((2, 2), (1, 1), (1, 1)): "4:2:0",
    ((1, 2), (1, 1), (1, 1)): "4:4:0",
    ((4, 1), (1, 1), (1, 1)): "4:1:1",
}


@dataclass(slots=True)
class _Parts:
    """A payload split over several segments."""

    offset: int
    pieces: dict[int, bytes] = field(default_factory=dict)
    stored: int = 0  # end of the last piece in the file
    total: int = 0  # declared pieces or bytes; 0 = not declared

    def add(self, number: int, piece: bytes, end: int) -> None:
        self.pieces.setdefault(number, piece)
        self.stored = max(self.stored, end)

    def joined(self) -> bytes:
        return b"".join(self.pieces[number] for number in sorted(self.pieces))


@dataclass(slots=True)
class _State:
    tables: dict[int, bytes] = field(default_factory=dict)
    icc: _Parts | None = None
    extended: dict[bytes, _Parts] = field(default_factory=dict)
    jumbf: dict[int, _Parts] = field(default_factory=dict)
    scans: int = 0


def walk_jpeg(gather: Gather) -> None:
    """Gather the slots of a JPEG that starts at byte 0."""
    data, size = gather.data, len(gather.data)
    state = _State()
    pos = 2
    try:
        while pos < size:
            gather.step()
            if data[pos] != 0xFF:
                found = _SCAN_END.search(data, pos)
                if found is None:
                    break
                gather.trouble("malformed", f"bytes {pos}-{found.start()} belong to no segment")
                pos = found.start()
            after_fill = _NOT_FILL.search(data, pos)
            if after_fill is None:
                break
            marker, pos = data[after_fill.start()], after_fill.end()
            if marker == 0xD9:
                gather.trailer(pos)
                return
            if marker in _STANDALONE:
                continue
            length = int.from_bytes(data[pos : pos + 2], "big")
            if pos + 2 > size:
                break
            if length < 2:
                gather.trouble("malformed", f"segment FF{marker:02X} of length {length} at {pos}")
                pos += 2
                continue
            _segment(gather, state, marker, pos + 2, pos + length)
            pos += length
            if marker == 0xDA:
                state.scans += 1
                found = _SCAN_END.search(data, pos)
                end = found.start() if found is not None else size
                gather.pixels(pos, end)
                pos = end
        gather.trouble("truncated", "the JPEG has no end-of-image marker")
    finally:
        _finish(gather, state)


def _segment(gather: Gather, state: _State, marker: int, start: int, end: int) -> None:
    complete = end <= len(gather.data)
    body = gather.data[start:end]
    if marker in _SOF:
        _frame(gather, marker, body)
    elif marker == 0xDB:
        _tables(state, body)
    elif marker == 0xDC and len(body) >= 2 and not gather.height:
        gather.height = int.from_bytes(body[:2], "big")  # DNL: the height follows the first scan
    elif marker == 0xFE:
        gather.slot(SlotKind.COMMENT, start, end, mechanism="JPEG COM", complete=complete)
    elif 0xE0 <= marker <= 0xEF:
        _application(gather, state, marker - 0xE0, body, start, complete=complete)


def _application(
    gather: Gather, state: _State, number: int, body: bytes, start: int, *, complete: bool
) -> None:
    end = start + len(body)
    mechanism = f"JPEG APP{number}"
    if number == 1 and body.startswith(_EXIF):
        gather.slot(SlotKind.EXIF, start + 6, end, mechanism=mechanism, complete=complete)
    elif number == 1 and body.startswith(_XMP):
        gather.slot(SlotKind.XMP, start + len(_XMP), end, mechanism=mechanism, complete=complete)
    elif number == 1 and body.startswith(_XMP_MORE) and len(body) >= len(_XMP_MORE) + 40:
        head = len(_XMP_MORE)
        guid = body[head : head + 32]
        parts = state.extended.setdefault(guid, _Parts(start))
        parts.total = int.from_bytes(body[head + 32 : head + 36], "big")
        parts.add(int.from_bytes(body[head + 36 : head + 40], "big"), body[head + 40 :], end)
    elif number == 2 and body.startswith(_ICC) and len(body) > len(_ICC) + 2:
        state.icc = state.icc or _Parts(start)
        state.icc.total = body[len(_ICC) + 1]
        state.icc.add(body[len(_ICC)], body[len(_ICC) + 2 :], end)
    elif number == 2 and body.startswith(b"MPF\0"):
        gather.slot(SlotKind.MPF, start + 4, end, mechanism=mechanism, complete=complete)
    elif number == 11 and body.startswith(b"JP") and len(body) > 16:
        _jumbf(state, body, start)
    elif number == 13 and body.startswith(_PHOTOSHOP):
        skip = len(_PHOTOSHOP)
        read_resources(gather, body[skip:], start + skip, mechanism, stored=True)
    else:
        name = body[:32].split(b"\0", 1)[0].decode("latin-1")
        if number == 0 and name in ("JFIF", "JFXX"):
            gather.facts["jfif"] = "yes"
        if number == 14 and name.startswith("Adobe") and len(body) >= 12:
            gather.facts["adobe_transform"] = str(body[11])
        key = f"APP{number} {name}".rstrip()
        gather.slot(SlotKind.OTHER, start, end, key=key, mechanism=mechanism, complete=complete)


def _jumbf(state: _State, body: bytes, start: int) -> None:
    """Collect one packet of a JUMBF box: JP, instance, sequence number, repeated box header."""
    instance = int.from_bytes(body[2:4], "big")
    sequence = int.from_bytes(body[4:8], "big")
    parts = state.jumbf.setdefault(instance, _Parts(start + 8))
    header = 16 if body[8:12] == b"\0\0\0\1" else 8
    first = not parts.pieces
    if first:
        parts.total = int.from_bytes(body[8:12], "big") if header == 8 else 0
    parts.add(sequence, body[8:] if first else body[8 + header :], start + len(body))


def _frame(gather: Gather, marker: int, body: bytes) -> None:
    if len(body) < 6 or gather.width is not None:
        return
    gather.height = int.from_bytes(body[1:3], "big")
    gather.width = int.from_bytes(body[3:5], "big")
    count = body[5]
    sampling = tuple((b >> 4, b & 15) for b in body[7 : 6 + 3 * count : 3])
    gather.facts |= {
        "sof": f"SOF{marker - 0xC0}",
        "bits": str(body[0]),
        "components": str(count),
        "progressive": "yes" if marker in _PROGRESSIVE else "no",
        "subsampling": _RATIOS.get(sampling[:3], "") or ",".join(f"{h}x{v}" for h, v in sampling),
    }


def _tables(state: _State, body: bytes) -> None:
    pos = 0
    while pos < len(body):
        precision, number = body[pos] >> 4, body[pos] & 15
        size = 128 if precision else 64
        values = body[pos + 1 : pos + 1 + size]
        if len(values) == size:
            state.tables[number] = values if precision else b"".join(b"\0%c" % v for v in values)
        pos += 1 + size


def _finish(gather: Gather, state: _State) -> None:
    if state.tables:
        # over the tables in order of their number, 16 bits a value, so that how an encoder
        # splits them into segments makes no difference
        digest = hashlib.sha256()
        for number in sorted(state.tables):
            digest.update(bytes([number]) + state.tables[number])
        gather.facts["dqt"] = digest.hexdigest()
    if state.scans:
        gather.facts["scans"] = str(state.scans)
    if state.icc is not None:
        _joined(gather, SlotKind.ICC, state.icc, "JPEG APP2", len(state.icc.pieces))
    for parts in state.extended.values():
        size = sum(len(piece) for piece in parts.pieces.values())
        _joined(gather, SlotKind.XMP, parts, "JPEG APP1 extended XMP", size)
    for parts in state.jumbf.values():
        is_c2pa = b"c2pa" in parts.pieces[min(parts.pieces)][:64]
        kind = SlotKind.C2PA if is_c2pa else SlotKind.OTHER
        size = sum(len(piece) for piece in parts.pieces.values())
        _joined(gather, kind, parts, "JPEG APP11", size, key="JUMBF")


def _joined(
    gather: Gather, kind: SlotKind, parts: _Parts, mechanism: str, have: int, key: str = ""
) -> None:
    gather.slot(
        kind,
        parts.offset,
        parts.stored,
        key=key,
        mechanism=mechanism,
        payload=parts.joined(),
        complete=not parts.total or have >= parts.total,
    )

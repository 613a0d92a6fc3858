"""Takes pictures and embedded files out of RTF; its text stays unread.

Pictures (``\\pict``) and objects (``\\objdata``) are hexadecimal text or, behind ``\\bin``, raw
bytes. What a group holds beside them, such as a theme, is found as any other file written as text.
Source: Rich Text Format 1.9.1, [MS-OLEDS] 2.2 (objects).
"""

from __future__ import annotations

import binascii
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.blob import Blob, MemoryBlob
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.openers import ole_bitmap
from assay.openers.encoded import Text, as_member, found_in
from assay.openers.ole_native import native, plain
from assay.openers.streams import Notes, Slice, text

_MAX_SIZE = 512 << 20  # bytes of one file that are read
_MARK = re.compile(rb"\\(pict|objdata)(?![a-z])")
_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?[0-9]{1,10})? ?|\\'[0-9a-fA-F]{2}|\\[^a-z]|[{}]|[^\\{}]+", re.S
)
_HEX = re.compile(rb"[0-9A-Fa-f\s]*+")
_MAX_TOKENS = 4096  # between a mark and its data
_KINDS = {
    b"jpegblip": "jpg",
    b"pngblip": "png",
    b"emfblip": "emf",
    b"wmetafile": "wmf",
    b"macpict": "pict",
    b"pmmetafile": "met",
    b"dibitmap": "dib",
    b"wbitmap": "ddb",
}
_METAFILE = b"METAFILEPICT"


@dataclass(frozen=True, slots=True)
class _Data:
    """The data of a picture or object: where it lies in the text, and whether as raw bytes."""

    start: int
    end: int
    raw: bool
    ending: str

    def read(self, data: bytes) -> bytes:
        part = data[self.start : self.end]
        if self.raw:
            return part
        digits = part.translate(None, b" \t\r\n\f\v")
        return binascii.unhexlify(digits[: len(digits) & ~1])


class RtfOpener:
    name = "rtf"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = ("application/rtf",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield pictures and objects in order, then other files written as text."""
        data = blob.read(0, min(blob.size, _MAX_SIZE))
        if blob.size > _MAX_SIZE:
            yield Trouble("size_limit", f"only the first {_MAX_SIZE} bytes were searched")
        taken: list[tuple[int, int]] = []
        for mark in _MARK.finditer(data):
            if taken and mark.start() < taken[-1][1]:
                continue  # inside raw bytes
            found = _data(data, mark.end())
            if found is None:
                continue
            taken.append((found.start, found.end))
            if mark.group(1) == b"pict":
                yield from _picture(found, data, mark.start())
            else:
                yield from _object(found, data, mark.start())
        yield from _others(MemoryBlob(data), data, taken)

    def warm(self) -> None:
        ole_bitmap.warm()


def _data(data: bytes, at: int) -> _Data | None:
    """Return the data of the group that a mark stands in; None where it has none."""
    depth = 0
    ending = ""
    for _ in range(_MAX_TOKENS):
        token = _TOKEN.match(data, at)
        if token is None:
            return None
        at = token.end()
        word = token.group(1)
        if token.group() == b"{":
            depth += 1
        elif token.group() == b"}":
            depth -= 1
            if depth < 0:
                return None
        elif word in (b"pict", b"objdata"):
            return None
        elif word == b"bin" and token.group(2) and depth == 0:
            return _Data(at, min(at + max(int(token.group(2)), 0), len(data)), True, ending)
        elif word is not None:
            ending = _KINDS.get(word, ending) if depth == 0 else ending
        elif depth == 0 and token.group().strip() and not token.group().startswith(b"\\"):
            digits = _HEX.match(data, token.start())
            if digits is None or not digits.group().strip():
                return None
            return _Data(digits.start(), digits.end(), False, ending)
    return None


def _picture(found: _Data, data: bytes, at: int) -> Iterator[Member | Trouble]:
    content = found.read(data)
    if not content:
        return
    name = f"picture at byte {at}.{found.ending or 'bin'}"
    where = f"bytes {found.start}-{found.end}" + ("" if found.raw else " (written as text)")
    if found.ending == "dib" and ole_bitmap.head_size(content[:64]) is not None:
        yield ole_bitmap.bitmap_member(name, MemoryBlob(content), where)
        return
    if found.ending == "ddb":
        yield Trouble("not_opened", f"{name}: a bitmap of one device")
    yield plain(MemoryBlob(content), name, where)


def _object(found: _Data, data: bytes, at: int) -> Iterator[Member]:
    """Yield the file in an OLE 1 object and the picture that stands for it."""
    content = MemoryBlob(found.read(data))
    name = f"object at byte {at}"
    where = f"bytes {found.start}-{found.end}" + ("" if found.raw else " (written as text)")
    head = content.read(0, 1 << 12)
    start = _native_at(head)
    if start is None:
        if content.size:
            yield plain(content, name, where)
        return
    (size,) = struct.unpack_from("<I", head, start)
    kind = text(_counted(head, 8)[0])
    embedded = Slice(content, start, 4 + size)
    yield from native(embedded, f"{name} ({kind})" if kind else name)
    rest = Slice(content, start + 4 + size, content.size)
    yield from _presentation(rest, name, where)


def _presentation(rest: Blob, name: str, where: str) -> Iterator[Member]:
    head = rest.read(0, 256)
    if len(head) < 32:
        return
    kind, at = _counted(head, 8)
    if kind == b"DIB" and ole_bitmap.head_size(rest.read(at + 12, 64)) is not None:
        yield ole_bitmap.bitmap_member(f"{name}/picture.dib", _after(rest, at + 12), where)
    elif kind == _METAFILE:
        yield plain(_after(rest, at + 20), f"{name}/picture.wmf", where)  # 8 bytes stand before
    else:
        yield plain(rest, f"{name}/presentation", where)


def _after(blob: Blob, start: int) -> Slice:
    return Slice(blob, start, blob.size)


def _native_at(head: bytes) -> int | None:
    """Return where the size of an embedded object's own data stands; None for another layout."""
    if len(head) < 12 or int.from_bytes(head[4:8], "little") != 2:
        return None
    at = 8
    for _ in range(3):  # class, topic, item
        _, at = _counted(head, at)
    return at if at + 4 <= len(head) else None


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    """Return a text with its length before it, and the offset behind it."""
    size = int.from_bytes(data[at : at + 4], "little")
    return data[at + 4 : at + 4 + size].rstrip(b"\0"), at + 4 + size


def _others(blob: Blob, data: bytes, taken: list[tuple[int, int]]) -> Iterator[Member | Trouble]:
    notes = Notes()
    known = iter(taken)
    span = next(known, None)
    for found, _ in found_in(data):
        while span is not None and span[1] <= found.start:
            span = next(known, None)
        if span is None or found.end <= span[0]:
            yield as_member(Text(blob), found, notes)
            yield from notes.drain()

"""Files written as text where a mark says so: data: URIs, elements, properties, uuencode, yEnc.

A mark needs no long run, so that small pictures are found too. Works on text with one byte a
character. Sources: RFC 2397 (data:), RFC 6350 and 2426 (vCard), RFC 5545 (iCalendar), RFC 2849
(LDIF), POSIX uuencode, yEnc 1.3. Every search is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from assay.core.blob import MemoryBlob
from assay.media import encoded
from assay.media.sniff_text import BINARY, is_printable
from assay.openers.mail_coding import uu_pieces, yenc_pieces
from assay.openers.mail_lines import positions
from assay.openers.streams import Notes

Reading = Callable[[bytes, Notes], bytes]  # the text of a mark -> the file


@dataclass(frozen=True, slots=True)
class Found:
    """A file written as text in ``[start, end)``; ``read`` turns that text into the file."""

    start: int
    end: int
    name: str  # without its place: "data URI", "base64", or the file name that the mark gives
    read: Reading
    named: bool = False  # True: the name is the file's own


_URI = re.compile(
    rb"data:([\w.+-]{1,64}/[\w.+-]{1,64})?((?:;[^,;\"'\s<>]{1,128}){0,8}?)(;base64)?,", re.I
)
_DIGIT = rb"(?:[A-Za-z0-9+/_-]++|\\/|%2[BbFf]|\\u002[BbFf]|\\x2[BbFf]|&#43;)"
_LINE_END = rb"(?:[\r\n]++[ \t]*+|\\[nrt]|%0[AaDd]|&#1[03];|&#x[AaDd];)"
_PADDED = rb"(?:=|%3[Dd]|\\u003[Dd]|&#61;){0,2}"
_INSIDE = re.compile(rb"(?:" + _DIGIT + rb"|" + _LINE_END + rb"|[ \t]++)*+" + _PADDED)
_BEGINS = rb"(?:\\?/9j\\?/[24]|iVBORw0KGgo|R0lGODlh|R0lGODdh|UklGR|AAAA[A-Za-z0-9+/]{2}[Zm]0eX)"
# From one line of source code to the next: the end of a text and the beginning of another.
_JOIN = rb"[\"'][ \t]{0,8}[,+\\.&]?[ \t]{0,8}\r?\n[ \t]{0,64}[+.&]?[ \t]{0,8}[\"']"
_BARE = re.compile(
    rb"(?:"
    + _DIGIT
    + rb"|(?:"
    + _LINE_END
    + rb"|"
    + _JOIN
    + rb")(?!"
    + _BEGINS
    + rb")(?=[A-Za-z0-9+/_-]{40}))*+"
    rb"(?:" + _LINE_END + rb"[A-Za-z0-9+/_-]{1,40}(?==)"
    rb"|" + _JOIN + rb"[A-Za-z0-9+/_-]{1,40}(?==|[\"']))?" + _PADDED
)
_PERCENT = re.compile(rb"[^\"'`<>)\s]*+")
_QUOTES = b"\"'(`>"
_ELEMENT = re.compile(rb">\s{0,256}(?=[A-Za-z0-9+/]{16})([A-Za-z0-9+/=\s]{24,}+)</")
_PROPERTY = re.compile(
    rb"^((?:[\w.-]{1,64})(?:;[^:\r\n]{0,512}+(?:\r?\n[ \t][^:\r\n]{0,256}+){0,4})?)"
    rb":(:?)[ \t]{0,8}(?:\r?\n[ \t]{1,8})?(?=[A-Za-z0-9+/]{8})",
    re.M,
)
_FOLDED = re.compile(
    rb"[A-Za-z0-9+/]++(?:\r?\n[ \t]++[A-Za-z0-9+/]*+)*+={0,2}(?:\r?\n[ \t]++={1,2})?"
)
_CODED = re.compile(rb";\s*(?:encoding=)?\"?(?:b|base64)\"?(?:;|$)", re.I)
# A picture whose base64 is shorter than a run: JPEG, PNG, GIF, WebP, HEIF and MP4.
_MAGIC = re.compile(_BEGINS)
# Found faster one by one than by the expression: each with how far before it base64 begins.
_MAGIC_WORDS = (
    (b"/9j/", 0),
    (b"\\/9j\\/", 0),
    (b"iVBORw0KGgo", 0),
    (b"R0lGODlh", 0),
    (b"R0lGODdh", 0),
    (b"UklGR", 0),
    (b"Z0eX", 6),  # "ftyp"
)
_DIGITS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_UU = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,256})\r?\n(?=[ -`]{1,90}\r?\n)", re.M)
_UU64 = re.compile(rb"^begin-base64 [0-7]{3,4} ([^\r\n]{1,256})\r?\n", re.M)
_YENC = re.compile(rb"^=ybegin [^\r\n]{0,512}?name=([^\r\n]{1,256})\r?\n", re.M)
_UU_END = re.compile(rb"^end[ \t]*\r?$", re.M)
_PROPERTY_WORDS = (b"::", b"base64", b"BASE64", b"ncoding=b", b"ncoding=B", b"NCODING=B")
_MIN_ELEMENT = 64  # characters


def marks(data: bytes) -> Iterator[Found]:
    """Yield what marks announce, each kind in order of its place."""
    if b"data:" in data or b"DATA:" in data:
        yield from _uris(data)
    words = is_printable(data[:4096])  # no markup and no fields in what is no text at all
    if words and b"</" in data:
        yield from _elements(data)
    if words and any(word in data for word in _PROPERTY_WORDS):
        yield from _properties(data)
    if b"begin" in data:
        yield from _uuencoded(data)
    if b"=ybegin " in data:
        yield from _yenc(data)
    if encoded.has_words(data):
        yield from _magics(data)


def base64_file(text: bytes, _: Notes) -> bytes:
    """Return the file that base64 with any escapes stands for."""
    return encoded.decode(encoded.clean(text))


def _uris(data: bytes) -> Iterator[Found]:
    for mark in _URI.finditer(data):
        start, at = mark.span()
        if mark.group(3):
            inside = start > 0 and data[start - 1] in _QUOTES
            body = (_INSIDE if inside else _BARE).match(data, at)
            if body is not None and body.end() > at:
                yield Found(start, body.end(), "data URI", _after_comma)
        elif (mark.group(1) or b"").lower().startswith((b"image/", b"text/html")):
            end = _quoted_end(data, start, at)
            if end > at:
                yield Found(start, end, "data URI", _percent)


def _quoted_end(data: bytes, start: int, at: int) -> int:
    """Return where an address that is no base64 ends: at its quote, or at the first blank."""
    quote = data[start - 1 : start]
    if quote in (b'"', b"'", b"`"):
        end = data.find(quote, at, at + (1 << 20))
        if end >= 0:
            return end
    body = _PERCENT.match(data, at)
    return body.end() if body is not None else at


def _after_comma(text: bytes, notes: Notes) -> bytes:
    return base64_file(text.partition(b",")[2], notes)


def _percent(text: bytes, _: Notes) -> bytes:
    return unquote_to_bytes(text.partition(b",")[2])


def _elements(data: bytes) -> Iterator[Found]:
    for mark in _ELEMENT.finditer(data):
        start, end = mark.span(1)
        if end - start >= _MIN_ELEMENT and _names_kind(data[start:end]):
            yield Found(start, end, "base64", base64_file)


def _names_kind(text: bytes) -> bool:
    head = encoded.clean(text[:512])
    return encoded.known(encoded.decode(head[: len(head) & ~3])) != BINARY


def _properties(data: bytes) -> Iterator[Found]:
    for mark in _PROPERTY.finditer(data):
        head = mark.group(1)
        if not mark.group(2) and not _CODED.search(head):
            continue
        body = _FOLDED.match(data, mark.end())
        if body is not None and len(body.group()) >= _MIN_ELEMENT:
            start, end = body.span()
            if _names_kind(data[start : start + 512]):
                field = head.partition(b";")[0].decode("ascii", "replace")
                yield Found(start, end, f"{field} property", base64_file)


def _magics(data: bytes) -> Iterator[Found]:
    last = -1
    places = {at - back for word, back in _MAGIC_WORDS for at in positions(data, word)}
    for at in sorted(places):
        if at < last or at < 0 or (at > 0 and data[at - 1] in _DIGITS):
            continue
        body = _BARE.match(data, at) if _MAGIC.match(data, at) else None
        if body is None:
            continue
        last = body.end()
        if body.end() - body.start() >= _MIN_ELEMENT:
            yield Found(*body.span(), "base64", base64_file)


def _uuencoded(data: bytes) -> Iterator[Found]:
    last = -1
    for mark in _UU.finditer(data):
        if mark.start() < last or not _is_uu(data, mark.end()):
            continue
        closing = _UU_END.search(data, mark.end())
        last = closing.end() if closing is not None else len(data)
        yield Found(mark.start(), last, _name(mark), _uu, named=True)
    last = -1
    for mark in _UU64.finditer(data):
        body = _INSIDE.match(data, mark.end()) if mark.start() >= last else None
        if body is not None:
            last = body.end()
            yield Found(mark.start(), body.end(), _name(mark), _uu64, named=True)


def _is_uu(data: bytes, at: int) -> bool:
    """Tell whether a line's first letter counts its bytes (0 to 45) as uuencode does."""
    line = data[at : at + 96].partition(b"\n")[0].rstrip(b"\r")
    needed = ((line[0] - 32 & 63) * 4 + 2) // 3 if line else 0
    return bool(line) and needed - 4 <= len(line) - 1 <= needed + 4


def _uu(text: bytes, notes: Notes) -> bytes:
    return b"".join(uu_pieces(MemoryBlob(text), 0, len(text), notes, "uuencoded file"))


def _uu64(text: bytes, notes: Notes) -> bytes:
    return base64_file(text.partition(b"\n")[2], notes)


def _yenc(data: bytes) -> Iterator[Found]:
    last = -1
    for mark in _YENC.finditer(data):
        if mark.start() < last:
            continue
        closing = data.find(b"\n=yend", mark.end())
        line = data.find(b"\n", closing + 1) if closing >= 0 else -1
        last = line if line >= 0 else len(data)
        yield Found(mark.start(), last, _name(mark), _y, named=True)


def _y(text: bytes, notes: Notes) -> bytes:
    return b"".join(yenc_pieces(MemoryBlob(text), 0, len(text), notes, "yEnc file"))


def _name(mark: re.Match[bytes]) -> str:
    return mark.group(1).strip().decode("utf-8", "surrogateescape")

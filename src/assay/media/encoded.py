"""Finds long base64 and hexadecimal runs in a file, and what they decode to.

A run is at least 1 KiB of digits on one or many lines. Where it begins is said whether or not it
decodes to something known, since what is encrypted looks like nothing. What JSON, JavaScript, XML
and addresses do to base64 (``\\/``, ``\\n``, ``\\u002B``, ``%2B``, ``&#10;``) does not break a run.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.media.sniff import sniff
from assay.media.sniff_text import BINARY

MIN_RUN = 1024  # characters
BASE64, HEX = "base64", "hexadecimal"
_MIN_WORD = 40  # characters on one line; mail uses 76, PEM 64
_MAX_GAP = 8  # characters between two lines: line ends, quotes, commas, escapes
_MAX_BLANK = 256  # characters of white space between two lines, where markup is indented
_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_OTHERS = bytes(c for c in range(256) if c not in _DIGITS)
_CLASSES = bytes(65 if c in _DIGITS else 32 for c in range(256))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_WORD = b"A" * _MIN_WORD
_SHORT_WORD = b"A" * 20
_BETWEEN = re.compile(rb"[\s\"'\\,+;()=>|]*")
_DATA_URI = re.compile(
    rb"data:(?:image|video|audio|application)/[\w.+-]{1,64}(?:;[\w=.-]{1,64}){0,4};base64,", re.I
)
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_HEAD = 1 << 15  # characters decoded to name the type
_MAX_RUNS = 256
# How base64 begins for JPEG, PNG, GIF, RIFF and ISO media: two pictures in a list are two runs.
_BEGINS = re.compile(rb"/9j/[24]|iVBORw0KGgo|R0lGODlh|R0lGODdh|UklGR|AAAA[A-Za-z0-9+/]{2}[Zm]0eX")
_JOIN = re.compile(rb"[\"'][\s,+\\.&]{1,80}[\"']")  # "…" + "…": the sign is no digit
_SOFT = re.compile(rb"=\r?\n")  # a line of quoted-printable goes on
_LAST = re.compile(
    rb"([\s\"'\\,+;()>|]{0,8})([A-Za-z0-9+/_-]{1,39})((?:=|%3D|\\u003D|&#61;){0,2})"
    rb"(?=[\s\"'<\\),;}\]=]|$)(?![ \t(=:])",
    re.IGNORECASE,
)
_PADDING = re.compile(rb"(?:=|%3D|\\u003D|&#61;){1,2}", re.IGNORECASE)
# What stands for a digit or a line end, and what replaces it in the search: as many characters.
_ESCAPES = (
    (b"\\n", b"  "),
    (b"\\r", b"  "),
    (b"\\t", b"  "),
    (b"\\/", b"//"),
    (b"\\u002B", b"++++++"),
    (b"\\u002b", b"++++++"),
    (b"\\u002F", b"//////"),
    (b"\\u002f", b"//////"),
    (b"\\x2B", b"++++"),
    (b"\\x2b", b"++++"),
    (b"%2B", b"+++"),
    (b"%2b", b"+++"),
    (b"%2F", b"///"),
    (b"%2f", b"///"),
    (b"%0A", b"   "),
    (b"%0D", b"   "),
    (b"%0a", b"   "),
    (b"%0d", b"   "),
    (b"&#10;", b"     "),
    (b"&#13;", b"     "),
    (b"&#xA;", b"     "),
    (b"&#xD;", b"     "),
    (b"&#xa;", b"     "),
    (b"&#xd;", b"     "),
    (b"&#43;", b"+++++"),
)
_ENDINGS = (b"%3D", b"%3d", b"\\u003D", b"\\u003d", b"&#61;")


@dataclass(frozen=True, slots=True)
class Run:
    offset: int  # of its first character
    media_type: str  # what it decodes to; "application/octet-stream" = nothing known
    end: int = 0  # of the first character after it, padding included
    coding: str = BASE64
    skip: int = 0  # digits at its beginning that belong to what stands before it


def runs(data: bytes) -> Iterator[Run]:
    """Yield the long runs of a file, at most ``_MAX_RUNS``, and every data: URI first."""
    uri = _DATA_URI.search(data)
    if uri is not None:
        yield Run(
            uri.start(), uri.group().split(b";", 1)[0][5:].decode("latin-1").lower(), uri.end()
        )
    for number, run in enumerate(all_runs(data)):
        if number >= _MAX_RUNS:
            return
        yield run


def all_runs(data: bytes) -> Iterator[Run]:
    """Yield every long run in order."""
    if not has_words(data):
        return
    plain = _searchable(data)
    for start, end in _spans(plain):
        head = clean(data[start : min(end, start + _HEAD)])
        if len(set(head[:4096])) < 12:
            continue  # rulers such as a line of hyphens
        end = _with_last(data, start, end)
        coding, skip, media_type = _named(head)
        yield Run(start, media_type, end, coding, skip)


def has_words(data: bytes) -> bool:
    """Tell whether any word is long enough for base64, even where escapes break it."""
    return data.translate(_CLASSES).find(_SHORT_WORD) >= 0


def clean(text: bytes) -> bytes:
    """Return the digits of a run alone, in the standard alphabet, every escape resolved."""
    if b'"' in text or b"'" in text:
        text = _JOIN.sub(b"", text)
    if b"\\" in text or b"%" in text or b"&" in text:
        for written, shown in _ESCAPES:
            text = text.replace(written, shown[:1])
        for written in _ENDINGS:
            text = text.replace(written, b"=")
    return text.translate(_URL_SAFE, _OTHERS)


def decode(digits: bytes, coding: str = BASE64, skip: int = 0) -> bytes:
    """Return what clean digits stand for; a last digit that stands for nothing is left out."""
    if coding == HEX:
        hexadecimal = _HEX.match(digits)
        digits = hexadecimal.group() if hexadecimal is not None else b""
        return binascii.unhexlify(digits[: len(digits) & ~1])
    digits = digits[skip:]
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def known(raw: bytes) -> str:
    """Return the type of decoded bytes; text is taken for nothing known."""
    found = sniff(raw, 1 << 30)
    return BINARY if found.startswith("text/") else found


def _searchable(data: bytes) -> bytes:
    """Return the text with escapes replaced in place, so that offsets stay."""
    marks = [mark for mark in (b"\\", b"%", b"&#") if mark in data]
    for written, shown in _ESCAPES:
        if written.startswith(tuple(marks)) and written in data:
            data = data.replace(written, shown)
    return data


def _spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of runs that reach ``MIN_RUN``."""
    classes = data.translate(_CLASSES)  # turns the search into two fast ones
    start, length, end, last = 0, 0, -1, 0
    at = classes.find(_WORD)
    while at >= 0:
        stop = classes.find(b" ", at)
        stop = len(data) if stop < 0 else stop
        if end < 0 or not _goes_on(data, end, at, last):
            if length >= MIN_RUN:
                yield start, end
            start, length = at, 0
        last = stop - at
        length += last
        end = stop
        at = classes.find(_WORD, stop)
    if length >= MIN_RUN:
        yield start, end


def _goes_on(data: bytes, end: int, at: int, last: int) -> bool:
    """Tell whether two words are lines of one run, and not two things in a list."""
    gap = data[end : min(at, end + _MAX_BLANK + 1)]
    if len(gap) > _MAX_BLANK:
        return False
    if len(gap) > _MAX_GAP and gap.strip(b" \t\r\n"):
        return False
    if not _BETWEEN.fullmatch(gap) or _BEGINS.match(data, at):
        return False
    return b"=" not in gap or (last < 80 and _SOFT.match(gap) is not None)


def _with_last(data: bytes, start: int, end: int) -> int:
    """Return the end of a run with its padding, or with a last line shorter than a word."""
    padding = _PADDING.match(data, end)
    if padding is not None and not _SOFT.match(data, end):
        return padding.end()
    line = _LAST.match(data, end + (1 if _SOFT.match(data, end) else 0))
    if line is None or not line.group(1):
        return end
    word = line.group(2)
    if (b"-" in word or b"_" in word) and not re.search(rb"[-_]", data[start : start + _HEAD]):
        return end
    group = 2 if _HEX.fullmatch(word) and _HEX.fullmatch(data, start, start + _MIN_WORD) else 4
    if line.group(3) or (len(clean(data[start:end])) + len(word)) % group == 0:
        return line.end()
    return end


def _named(head: bytes) -> tuple[str, int, str]:
    """Return coding, digits to skip and type of a run that begins so."""
    if _HEX.fullmatch(head):
        return HEX, 0, known(decode(head, HEX))
    for skip in range(4):  # the run may begin with a letter of what stands before it
        part = head[skip:]
        found = known(decode(part[: len(part) & ~3]))
        if found != BINARY:
            return BASE64, skip, found
    return BASE64, 0, BINARY

"""Finds long base64 and hexadecimal runs in a file, and what they decode to.

A run is at least 1 KiB of digits on one or many lines. Where it begins is said whether or not it
decodes to something known, since what is encrypted looks like nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.media.sniff import sniff
from assay.media.sniff_text import BINARY

MIN_RUN = 1024  # characters
_MIN_WORD = 40  # characters on one line; mail uses 76, PEM 64
_MAX_GAP = 8  # characters between two lines: line ends, quotes, commas, escapes
_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_CLASSES = bytes(65 if c in _DIGITS else 32 for c in range(256))
_WORD = b"A" * _MIN_WORD
_BETWEEN = re.compile(rb"[\s\"'\\,+;()=>|nr]*")
_DATA_URI = re.compile(
    rb"data:(?:image|video|audio|application)/[\w.+-]{1,64}(?:;[\w=.-]{1,64}){0,4};base64,", re.I
)
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_DECODED = 1 << 14  # bytes decoded to name the type
_MAX_RUNS = 256


@dataclass(frozen=True, slots=True)
class Run:
    offset: int  # of its first character
    media_type: str  # what it decodes to; "application/octet-stream" = nothing known


def runs(data: bytes) -> Iterator[Run]:
    """Yield the long runs of a file, at most ``_MAX_RUNS``, and every data: URI first."""
    uri = _DATA_URI.search(data)
    if uri is not None:
        yield Run(uri.start(), uri.group().split(b";", 1)[0][5:].decode("latin-1").lower())
    for number, (start, text) in enumerate(_texts(data)):
        if number >= _MAX_RUNS:
            return
        yield Run(start, _decoded(text))


def _texts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, first characters) of runs that reach ``MIN_RUN``."""
    classes = data.translate(_CLASSES)  # turns the search into two fast ones
    start, length, end, kept = 0, 0, -1, 0
    parts: list[bytes] = []
    at = classes.find(_WORD)
    while at >= 0:
        stop = classes.find(b" ", at)
        stop = len(data) if stop < 0 else stop
        gap = at - end
        if end < 0 or gap > _MAX_GAP or not _BETWEEN.fullmatch(data, end, at):
            if length >= MIN_RUN and _varied(parts):
                yield start, b"".join(parts)
            start, length, kept, parts = at, 0, 0, []
        length += stop - at
        if kept < 2 * _DECODED:
            parts.append(data[at : min(stop, at + 2 * _DECODED)])
            kept += len(parts[-1])
        end = stop
        at = classes.find(_WORD, stop)
    if length >= MIN_RUN and _varied(parts):
        yield start, b"".join(parts)


def _varied(parts: list[bytes]) -> bool:
    """Tell digits that carry something from rulers such as a line of hyphens."""
    return len(set(b"".join(parts)[:4096])) >= 12


def _decoded(text: bytes) -> str:
    text = text[: 2 * _DECODED]
    if _HEX.fullmatch(text):
        return _known(bytes.fromhex(text[: len(text) & ~1].decode("ascii")))
    plain = text.replace(b"-", b"+").replace(b"_", b"/")
    for skip in range(4):  # the run may begin with a letter of what stands before it
        part = plain[skip:]
        try:
            found = _known(base64.b64decode(part[: len(part) & ~3]))
        except binascii.Error:
            continue
        if found != BINARY:
            return found
    return BINARY


def _known(raw: bytes) -> str:
    found = sniff(raw, 1 << 30)
    return BINARY if found.startswith("text/") else found

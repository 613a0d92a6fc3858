"""Turns the body of a part back into the file that was attached, piece by piece.

Base64 and quoted-printable (RFC 2045 §6), uuencode (POSIX) and yEnc (yEnc 1.3). A damaged body
gives what can be decoded: a bad character in base64 keeps its place, so that what follows it is
not shifted.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator

from assay.core.blob import Blob
from assay.openers.streams import Notes, pieces_of

_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL = bytes.maketrans(b"-_", b"+/")
_BLANK = b" \t\r\n\0"
_BAD = re.compile(rb"[^A-Za-z0-9+/]")
_CARRY = 1 << 12  # bytes of an unfinished line kept for the next piece
Decoder = Callable[[Blob, int, int, Notes, str], Iterator[bytes]]


def decoder_of(coding: str) -> Decoder | None:
    """Return the decoder of a Content-Transfer-Encoding; None where the bytes are the content."""
    return _DECODERS.get(coding)


def base64_end(blob: Blob, start: int, end: int) -> tuple[int, int]:
    """Return where the digits end and where their padding ends.

    What a list server added stands behind the padding. An "=" inside a line is damage.
    """
    at = start
    for piece in pieces_of(blob, start, end - start):
        found = piece.find(b"=")
        while found >= 0:
            tail = _PADDING.match(blob.read(at + found, min(64, end - at - found)))
            if tail is not None:
                return at + found, at + found + tail.end()
            found = piece.find(b"=", found + 1)
        at += len(piece)
    return end, end


_PADDING = re.compile(rb"=[= \t\0]{0,16}(?:[= \t\r\n\0]{1,47}|\Z)")


def base64_pieces(blob: Blob, start: int, end: int, notes: Notes, name: str) -> Iterator[bytes]:
    """Decode a range up to its padding; notes what did not belong to it."""
    end, _ = base64_end(blob, start, end)
    digits = line = b""
    damaged = False
    for piece in _then(pieces_of(blob, start, end - start), b"\n"):
        data = line + piece
        cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not cut or len(data) - cut > _CARRY:
            cut = len(data)
        data, line = data[:cut], data[cut:]
        clean = data.translate(_URL, _BLANK)
        if clean.translate(None, _DIGITS):
            damaged = True
            clean = b"".join(_repaired(part) for part in data.translate(_URL).splitlines())
        digits += clean
        whole = len(digits) & ~3
        yield binascii.a2b_base64(digits[:whole])
        digits = digits[whole:]
    if len(digits) == 1:
        damaged = True
    elif digits:
        yield binascii.a2b_base64(digits + b"=" * (4 - len(digits)))
    if damaged:
        notes.add("malformed", f"{name}: its base64 is damaged; it was decoded as far as it goes")


def _then(pieces: Iterator[bytes], last: bytes) -> Iterator[bytes]:
    """Yield pieces, then a line end, so that a last line without one is seen."""
    yield from pieces
    yield last


def _repaired(line: bytes) -> bytes:
    """Return the digits of a damaged line: bad characters left out, or replaced in their places.

    Lines hold whole groups of four. Where that is so without the bad characters, they were put
    in; where it is so with them, digits were overwritten, and zeros keep the rest in step.
    """
    line = line.strip(_BLANK)
    without = _BAD.sub(b"", line)
    if len(without) % 4 and len(line) % 4 == 0:
        return _BAD.sub(b"A", line)
    return without


def quoted_pieces(blob: Blob, start: int, end: int, notes: Notes, name: str) -> Iterator[bytes]:
    """Decode quoted-printable; an "=" that starts nothing stays as it is."""
    rest = b""
    for piece in pieces_of(blob, start, end - start):
        data = rest + piece
        cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not cut or len(data) - cut > _CARRY:
            cut = data.rfind(b"=", len(data) - 3)
            cut = len(data) if cut < 0 else cut
        if data[cut - 1 : cut] == b"\r":
            cut = len(data) if cut < 2 else cut - 2  # not between CR and LF
        rest = data[cut:]
        yield binascii.a2b_qp(data[:cut])
    yield binascii.a2b_qp(rest)


_UU_BEGIN = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{0,256})\r?\n?")


def uu_pieces(blob: Blob, start: int, end: int, notes: Notes, name: str) -> Iterator[bytes]:
    """Decode the first uuencoded file of a range, up to its "end" line."""
    rest = b""
    begun = done = False
    bad = 0
    for piece in _then(pieces_of(blob, start, end - start), b"\n"):
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()[:_CARRY]  # no line of it is longer than 63 letters
        out = []
        for row in lines:
            line = row.rstrip(b"\r")
            if not begun:
                begun = _UU_BEGIN.match(line) is not None
            elif line == b"end" or done:
                done = True
                break
            elif line:
                decoded, broken = _uu_line(line)
                bad += broken
                out.append(decoded)
        yield b"".join(out)
        if done:
            break
    if not begun:
        notes.add("malformed", f"{name}: no uuencoded file begins in it")
        yield from pieces_of(blob, start, end - start)
    elif bad or not done:
        notes.add("malformed", f"{name}: uuencoded, with {bad} damaged lines" if bad else _CUT)


_CUT = "uuencoded, and its last line is missing"


def _uu_line(line: bytes) -> tuple[bytes, int]:
    """Decode one line; some writers count one byte too many, or cut trailing blanks."""
    count = (line[0] - 32) & 63
    needed = (count * 4 + 2) // 3
    body = line[1:].ljust(needed, b" ")[: (needed + 3) & ~3]
    try:
        return binascii.a2b_uu(bytes([32 + count]) + body), 0
    except binascii.Error:
        clean = bytes(c if 32 <= c <= 96 else 32 for c in body)
        return binascii.a2b_uu(bytes([32 + count]) + clean[:needed]), 1


_Y_SHIFT = bytes((c - 42) & 255 for c in range(256))
_Y_ESCAPED = re.compile(rb"=(.)", re.S)
_Y_LINE = (b"=ybegin ", b"=ypart ", b"=yend")


def yenc_pieces(blob: Blob, start: int, end: int, notes: Notes, name: str) -> Iterator[bytes]:
    """Decode the yEnc lines of a range, up to "=yend"."""
    rest = b""
    begun = done = False
    for piece in _then(pieces_of(blob, start, end - start), b"\n"):
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        if len(rest) > _CARRY and begun and rest[-1:] != b"=":
            lines, rest = [*lines, rest], b""
        out = []
        for row in lines:
            line = row.rstrip(b"\r")
            if line.startswith(_Y_LINE):
                begun = True
                done = line.startswith(b"=yend")
                if done:
                    break
            elif begun:
                out.append(line)
        # An escaped letter was moved by 64 more; none of it is "=" itself.
        text = b"".join(out)
        yield _Y_ESCAPED.sub(lambda m: bytes([(m[1][0] - 64) & 255]), text).translate(_Y_SHIFT)
        if done:
            break
    if not begun:
        notes.add("malformed", f"{name}: no yEnc file begins in it")
        yield from pieces_of(blob, start, end - start)
    elif not done:
        notes.add("malformed", f"{name}: yEnc, and its last line is missing")


_DECODERS: dict[str, Decoder] = {
    "base64": base64_pieces,
    "quoted-printable": quoted_pieces,
    "x-uuencode": uu_pieces,
    "x-uue": uu_pieces,
    "uuencode": uu_pieces,
    "x-yencode": yenc_pieces,
    "yenc": yenc_pieces,
}
AS_STORED = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none"})

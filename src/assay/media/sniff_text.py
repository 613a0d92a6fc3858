"""Names the type of text by its first 64 KiB: mail, markup, JSON, scripts, plain text.

It tells no language apart beyond a "#!" line: source code without one is plain text, since plain
text may be a chat.
"""

from __future__ import annotations

import codecs
import json
import re

from assay.media.sniff_office import office_part

BINARY = "application/octet-stream"
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27}) + b"\x7f"
_HIGH = bytes(range(128, 256))
_MAIL_HEADERS = frozenset(
    b"return-path received from to cc bcc subject date message-id mime-version reply-to "
    b"delivered-to content-type dkim-signature sender in-reply-to references x-mailer "
    b"x-mozilla-status x-gmail-labels content-transfer-encoding".split()
)
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]{1,48}):[ \t]?")
_MBOX = re.compile(rb"From \S{1,256}.{0,64}\b(?:19|20)\d\d\b[^\n]{0,32}\r?\n")
_MIME = frozenset({b"mime-version", b"content-transfer-encoding"})
_SENT = frozenset({b"from", b"to", b"received", b"sender", b"message-id"})
_EMLX = re.compile(rb"\d{1,12}[ \t]{0,16}\r?\n")  # Apple Mail: the message's length before it
_SHEBANG = re.compile(rb"#!\s{0,4}/\S{0,64}(?:/env\s+(?:-S\s+)?)?.{0,64}")
_INTERPRETERS = (
    (re.compile(rb"\bpython[\d.]*\b"), "text/x-python"),
    (re.compile(rb"\bperl\b"), "text/x-perl"),
    (re.compile(rb"\bruby\b"), "text/x-ruby"),
    (re.compile(rb"\b(?:ba|da|z|k|c|tc|fi|a)?sh\b|\bbusybox\b"), "text/x-shellscript"),
    (re.compile(rb"\b(?:node|deno|bun)\b"), "text/javascript"),
    (re.compile(rb"\bphp\b"), "text/x-php"),
    (re.compile(rb"\b(?:tclsh|wish)\b"), "text/x-tcl"),
    (re.compile(rb"\bg?awk\b|\bsed\b|\bmake\b|\blua\b"), "text/x-script"),
)
_ROOT = re.compile(rb"<(?:[\w.-]{1,64}:)?([\w.-]{1,64})[\s/>]")
_ROOTS = {
    b"svg": "image/svg+xml",
    b"html": "text/html",
    b"plist": "application/x-plist",
    b"xmpmeta": "application/rdf+xml",
    b"RDF": "application/rdf+xml",
}
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<meta ")
_JSON = re.compile(
    rb"\{\s{0,256}(?:\"|\}\s*$)|\[\s{0,256}(?:[\[{\"]|-?\d[\d.eE+-]*\s*[,\]]|(?:true|false|null)\b|\]\s*$)"
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def sniff_text(head: bytes, size: int) -> str:
    """Return the type of a text, or ``BINARY`` where the bytes are none."""
    plain = _as_ascii(head, cut=size > len(head))
    if plain is None:
        return BINARY
    start = plain.lstrip()[: 1 << 16]
    whole = size <= len(head)
    return (
        _mail(plain)
        or _script(plain)
        or (office_part(start) if whole else "")
        or _markup(start)
        or _json(start, whole=whole)
        or _other(start)
    )


def _as_ascii(head: bytes, *, cut: bool) -> bytes | None:
    """Return the text with one byte a character as far as ASCII goes; None for no text."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            text = head[len(mark) :].decode(name, "replace")
            return _printable(text.encode("ascii", "replace"))
    wide = _wide(head)
    if wide is not None:
        return _printable(head.decode(wide, "replace").encode("ascii", "replace"))
    if _printable(head) is None:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=not cut)
    except UnicodeDecodeError:
        # an 8-bit national code: mostly ASCII, or it could be anything
        high = len(head) - len(head.translate(None, _HIGH))
        if high * 10 > len(head) * 3:
            return None
    return head


def is_printable(text: bytes) -> bool:
    """Tell whether no byte is a control character that text does not use."""
    return len(text.translate(None, _CONTROLS)) == len(text)


def _printable(text: bytes) -> bytes | None:
    return text if text and is_printable(text) else None


def _wide(head: bytes) -> str | None:
    """Guess UTF-16 without a mark: every second byte of mostly ASCII text is zero."""
    sample = head[: 4096 & ~1]
    if len(sample) < 8:
        return None
    half = len(sample) // 2
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > half * 0.7 and even == 0:
        return "utf-16-le"
    if even > half * 0.7 and odd == 0:
        return "utf-16-be"
    return None


def _mail(text: bytes) -> str:
    if _MBOX.match(text):
        following = text[text.find(b"\n") + 1 :]
        if _HEADER.match(following) or following.startswith(b">From "):
            return "application/mbox"
    length = _EMLX.match(text)
    if length is not None:
        return "message/x-emlx" if _mail(text[length.end() :]) else ""
    known: set[bytes] = set()
    for line in text[:16384].split(b"\n")[:60]:
        line = line.rstrip(b"\r")
        if line[:1] in (b" ", b"\t") and known:
            continue
        header = _HEADER.match(line)
        if header is None:
            break
        name = header.group(1).lower()
        if name in _MAIL_HEADERS:
            known.add(name)
    if len(known) < 3 and not (b"content-type" in known and known & _MIME):
        return ""
    related = b"multipart/related" in text[:16384].lower()
    saved = b"saved by" in text[:4096].lower() or not known & _SENT
    return "application/x-mimearchive" if related and saved else "message/rfc822"


def _script(text: bytes) -> str:
    line = _SHEBANG.match(text)
    if line is None:
        return ""
    for pattern, media_type in _INTERPRETERS:
        if pattern.search(line.group()):
            return media_type
    return ""


def _markup(text: bytes) -> str:
    if not text.startswith(b"<"):
        return ""
    lower = text[:64].lower()
    if lower.startswith(_HTML):
        return "text/html"
    root = _root_name(text)
    if root is None:
        return "text/xml" if lower.startswith(b"<?xml") else ""
    if root in _ROOTS:
        return _ROOTS[root]
    if lower.startswith(b"<?php"):
        return "text/x-php"
    return "text/xml" if lower.startswith((b"<?xml", b"<!doctype")) else ""


def _root_name(text: bytes) -> bytes | None:
    """Return the local name of the root element, behind prolog, comments and DOCTYPE."""
    pos = 0
    for _ in range(64):
        pos = text.find(b"<", pos)
        if pos < 0:
            return None
        if text.startswith(b"<!--", pos):
            pos = text.find(b"-->", pos)
        elif text.startswith(b"<?", pos):
            pos = text.find(b"?>", pos)
        elif text.startswith(b"<!", pos):
            bracket, close = text.find(b"[", pos), text.find(b">", pos)
            pos = text.find(b"]>", bracket) if 0 <= bracket < close else close
        else:
            root = _ROOT.match(text, pos)
            return root.group(1) if root else None
        if pos < 0:
            return None
        pos += 1
    return None


def _json(text: bytes, *, whole: bool) -> str:
    if not _JSON.match(text):
        return ""
    if whole:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            lines = text.split(b"\n", 1)
            try:
                json.loads(lines[0])  # JSON Lines
            except (ValueError, RecursionError):
                return ""
    return "application/json"


def _other(text: bytes) -> str:
    upper = text[:16].upper()
    if upper.startswith(b"BEGIN:VCARD"):
        return "text/vcard"
    if upper.startswith(b"BEGIN:VCALENDAR"):
        return "text/calendar"
    if text.startswith(b"-----BEGIN PGP MESSAGE"):
        return "application/pgp-encrypted"
    if text.startswith(
        (b"-----BEGIN CERT", b"-----BEGIN PUB", b"-----BEGIN RSA", b"-----BEGIN PRI")
    ):
        return "application/x-pem-file"
    return "text/plain"

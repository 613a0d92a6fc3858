"""Reads the header of a message or part: its fields, its parameters, its names and times.

Sources: RFC 5322 (fields), RFC 2045 and 2183 (parameters), RFC 2231 (continued and encoded
parameters), RFC 2047 (encoded words). Everything is linear in the size of the header, which is
bounded; nothing raises, since a header that cannot be read leaves a part without a name.
"""

from __future__ import annotations

import binascii
import codecs
import encodings
import pkgutil
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from encodings.aliases import aliases
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from assay.core.blob import Blob
from assay.core.facts import Stamp
from assay.openers.mail_lines import Reader
from assay.openers.stamps import zone_of

MAX_HEADER = 1 << 18  # bytes of one header; real ones with many Received lines stay below 64 KiB
_MAX_VALUE = 1 << 13  # characters of one field's value that are looked at
_MAX_NAME = 1024  # characters of a name
_FIELD = re.compile(rb"([!-9;-~]{1,128})[ \t]{0,8}:")
_ENCODED = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?]{0,4096})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{1,64}\?[bBqQ]\?)")
_PARAMETER = re.compile(
    r";\s*([^\s=;*\"]{1,64})(\*(?:\d{1,4}\*?)?)?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;]*))", re.S
)
_SPLIT = re.compile(rb"\r\n|\n|\r")
# Lines that may stand before the first field: an mbox separator, also quoted.
_FROM = (b"From ", b">From ")


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of one header: lower-case names, the first value of each, and where it ends."""

    fields: dict[str, str]
    end: int  # offset of the first byte after the header
    complete: bool = True  # False where ``MAX_HEADER`` cut it

    def value(self, name: str) -> str:
        """Return a field's first value, unfolded, or an empty text."""
        return self.fields.get(name, "")

    def token(self, name: str) -> str:
        """Return what stands before the parameters, in lower case: ``image/jpeg``, ``base64``."""
        return self.value(name).partition(";")[0].partition("(")[0].strip().strip('"').lower()


def read_header(blob: Blob, reader: Reader, start: int) -> Header:
    """Return the header at ``start``; it ends at an empty line or at a line that is no field."""
    for size in (1 << 12, 1 << 15):  # most are short, and there may be a hundred thousand
        header = _parsed(reader.read(start, size), start, blob.size)
        if header.complete:
            return header
    return _parsed(reader.read(start, MAX_HEADER), start, blob.size)


def _parsed(data: bytes, start: int, size: int) -> Header:
    cut = start + len(data) < size
    fields: dict[str, str] = {}
    name, value = "", [b""]
    at = 0
    while at < len(data):
        ending = _SPLIT.search(data, at)
        if cut and (ending is None or ending.end() == len(data)):
            _keep(fields, name, value)
            return Header(fields, start + at, complete=False)
        stop, after = ending.span() if ending is not None else (len(data), len(data))
        line = data[at:stop]
        if not line:
            _keep(fields, name, value)
            return Header(fields, start + after)
        if line[:1] in (b" ", b"\t") and at > 0:
            value.append(line)
        elif not (at == 0 and line.startswith(_FROM)):
            found = _FIELD.match(line) if not line.startswith(b"--") else None
            if found is None:
                break
            _keep(fields, name, value)
            name = found.group(1).decode("latin-1").lower()
            value = [line[found.end() :]]
        at = after
    _keep(fields, name, value)
    return Header(fields, start + at)


def _keep(fields: dict[str, str], name: str, value: list[bytes]) -> None:
    if name and name not in fields:
        kept = b"".join(value)[:_MAX_VALUE]
        fields[name] = kept.decode("utf-8", "surrogateescape").strip()


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a field in lower case names, continuations joined and decoded."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(value):
        name, mark, quoted, bare = found.groups()
        text = re.sub(r"\\(.)", r"\1", quoted, flags=re.S) if quoted is not None else bare.strip()
        name = name.lower()
        if mark is None:
            plain.setdefault(name, text)
            continue
        digits = mark.strip("*")
        number = int(digits) if digits else 0
        encoded = mark == "*" or (mark.endswith("*") and len(mark) > 1)
        pieces.setdefault(name, {}).setdefault(number, (text, encoded))
    return plain | {name: _joined(parts) for name, parts in pieces.items()}


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    """Join the pieces of one parameter (RFC 2231 §3 and §4): charset'language'text in the first."""
    charset, raw = "", b""
    for number in sorted(parts):
        text, encoded = parts[number]
        if number == 0 and encoded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        piece = text.encode("utf-8", "surrogateescape")
        raw += unquote_to_bytes(piece) if encoded else piece
    return _in_charset(raw, charset or "utf-8")


def decoded(text: str) -> str:
    """Return a field's text with its encoded words decoded (RFC 2047); raw bytes stay escaped."""
    if "=?" not in text:
        return text
    # Adjacent words of one kind are one text: a letter may be split between them.
    text = _BETWEEN_WORDS.sub(r"\1", text[:_MAX_VALUE])
    out: list[tuple[str, bytes | str]] = []
    at = 0
    for word in _ENCODED.finditer(text):
        if word.start() > at:
            out.append(("", text[at : word.start()]))
        charset = word.group(1).partition("*")[0].lower()
        raw = _word(word.group(2), word.group(3))
        last = out[-1] if out else ("", "")
        if isinstance(last[1], bytes) and last[0] == charset:
            out[-1] = (charset, last[1] + raw)
        else:
            out.append((charset, raw))
        at = word.end()
    out.append(("", text[at:]))
    return "".join(p if isinstance(p, str) else _in_charset(p, charset) for charset, p in out)


def _word(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        try:
            return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
        except binascii.Error:
            return raw
    return binascii.a2b_qp(raw, header=True)


def _in_charset(raw: bytes, charset: str) -> str:
    name = encodings.normalize_encoding(charset).lower()
    name = aliases.get(name, name)
    if name in charsets():  # an unknown one would be searched for on the disk
        try:
            text = raw.decode(name)
            text.encode("utf-8", "surrogateescape")  # UTF-7 can give halves of characters
        except (LookupError, ValueError):
            pass
        else:
            return text
    return raw.decode("utf-8", "surrogateescape")


@lru_cache(maxsize=1)
def charsets() -> frozenset[str]:
    """Load every text encoding of the standard library and return their names."""
    names = []
    for module in pkgutil.iter_modules(encodings.__path__):
        try:
            codecs.lookup(module.name)
        except LookupError:
            continue  # a helper module, or a codec of another platform
        names.append(module.name)
    return frozenset(names)


def file_name(header: Header) -> str:
    """Return the name that a part's header gives to its content, or an empty text.

    In order: the file name of the disposition, the name of the type, and for saved web pages the
    address that the part had (RFC 2557).
    """
    disposition = parameters(header.value("content-disposition"))
    kind = parameters(header.value("content-type"))
    for text in (
        disposition.get("filename", ""),
        kind.get("name", ""),
        header.value("content-location"),
    ):
        name = decoded(text).strip()
        if name:
            return name[:_MAX_NAME]
    return ""


_FILE_TIMES = ("creation-date", "modification-date", "read-date")


def times(header: Header, message: tuple[Stamp, ...], zone: str | None) -> tuple[Stamp, ...]:
    """Return a part's own times (RFC 2183 §2.4 to 2.6) before those of its message."""
    given = parameters(header.value("content-disposition"))
    own = [date_stamp(f"mail {word}", given[word], zone) for word in _FILE_TIMES if given.get(word)]
    return (*own, *message)


_ZONE = re.compile(
    r"[+-]\d{4}\b|\b(?:UTC?|GMT|Z|AST|ADT|EST|EDT|CST|CDT|MST|MDT|PST|PDT)\b", re.IGNORECASE
)


def date_stamp(field: str, raw: str, assumed: str | None) -> Stamp:
    """Return a time as RFC 5322 §3.3 writes it; without a zone the case's assumption is used."""
    raw = raw[:128]
    try:
        parts = parsedate_tz(raw)
        local = datetime(*parts[:6]) if parts else None  # noqa: DTZ001 - the zone comes next
    except (ValueError, OverflowError, TypeError, IndexError):
        return Stamp(field, raw, "unknown")
    if parts is None or local is None:
        return Stamp(field, raw, "unknown")
    offset = parts[9] if _ZONE.search(raw) else None  # the parser takes any other zone for UTC
    try:
        if offset is not None:
            at = local.replace(tzinfo=timezone(timedelta(seconds=offset)))
            sign = "-" if offset < 0 else "+"
            shown = f"{sign}{abs(offset) // 3600:02}:{abs(offset) // 60 % 60:02}"
            return Stamp(field, raw, shown if offset else "UTC", _utc(at))
        zone = zone_of(assumed) if assumed else None
        if zone is not None:
            return Stamp(field, raw, f"assumed {assumed}", _utc(local.replace(tzinfo=zone)))
    except (ValueError, OverflowError):
        pass
    return Stamp(field, raw, "unknown")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"

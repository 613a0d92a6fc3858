"""Turns the text values of EXIF into ``str``: character codes, byte orders, NULs.

It knows the codes of CIPA DC-008-2023 4.6.6.4.3 and how writers break them; it never fails.
"""

from __future__ import annotations

_ASCII = b"ASCII\0\0\0"
_UNICODE = b"UNICODE\0"
_JIS = b"JIS\0\0\0\0\0"
_NONE = bytes(8)


def plain_text(text: str) -> str:
    """Return a text up to its first NUL; of a blank first part, the next that is not."""
    if "\0" not in text:
        return text
    return next((part for part in text.split("\0") if part.strip()), "")


def coded_text(raw: bytes, *, little: bool) -> str:
    """Return a text behind an 8-byte character code (UserComment, GPSProcessingMethod)."""
    code, body = raw[:8], raw[8:]
    if code == _UNICODE:
        return unicode_text(body, little=little)
    if code == _JIS:
        return plain_text(body.decode("iso2022_jp", "replace"))
    if code in (_ASCII, _NONE):
        return plain_text(_utf8(body))
    return plain_text(_utf8(raw))  # writers that leave the code out


def utf16_text(raw: bytes) -> str:
    """Return Microsoft's UTF-16LE text."""
    return raw[: len(raw) & ~1].decode("utf-16-le", "replace").replace("\0", "")


def unicode_text(body: bytes, *, little: bool) -> str:
    """Return UTF-16 text of unsure byte order.

    The standard says the order of the block; piexif (AUTOMATIC1111 and its forks) always writes
    big-endian, some write a byte order mark, and some write UTF-8 behind the code UNICODE.
    """
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body[: len(body) & ~1].decode("utf-16", "replace").rstrip("\0")
    body_even = body[: len(body) & ~1]
    head = body_even[: 1 << 12]
    if b"\0" not in head.rstrip(b"\0"):
        try:
            text = body.rstrip(b"\0").decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            if all(char.isprintable() or char.isspace() for char in text[:4096]):
                return text
    first, second = ("utf-16-le", "utf-16-be") if little else ("utf-16-be", "utf-16-le")
    order = first if _plausible(head, first) >= _plausible(head, second) else second
    return body_even.decode(order, "replace").rstrip("\0")


def _plausible(head: bytes, order: str) -> int:
    """Count ASCII characters: in the wrong order they become rare CJK ones."""
    return sum(" " <= char <= "~" or char in "\r\n\t" for char in head.decode(order, "replace"))


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")

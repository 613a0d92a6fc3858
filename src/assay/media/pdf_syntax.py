"""Reads one PDF dictionary at a place in a file: names, strings, references; no cross-references.

It parses what stands there and follows nothing. Bounded in depth, and in tokens by
its caller; what is damaged ends the dictionary early. Source: ISO 32000-2 §7.2-7.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_DEPTH = 16
MAX_STRING = 4 << 20  # bytes
_SPACE = rb"[\0\t\n\f\r ]"
_TOKEN = re.compile(
    # every "obj" inside one long comment would read it to its end again
    rb"(?:" + _SPACE + rb"|%[^\r\n]{0,4096}+(?![^\r\n]))*+"
    rb"(<<|>>|\[|\]|/[^\0\t\n\f\r ()<>\[\]{}/%]*+|\(|<[0-9A-Fa-f\0\t\n\f\r ]*+>"
    rb"|[^\0\t\n\f\r ()<>\[\]{}/%]++)"
)
_INSIDE = re.compile(rb"[()\\]")
_ESCAPED = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\s\S]))")
_ENDS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_HASH = re.compile(rb"#([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class String:
    """A string and where it stands, its brackets included."""

    value: bytes
    start: int
    end: int

    @property
    def text(self) -> str:
        """The string as a text string (ISO 32000-2 §7.9.2.2)."""
        raw = self.value
        if raw[:2] == b"\xfe\xff":
            return raw[2:].decode("utf-16-be", "replace")
        if raw[:2] == b"\xff\xfe":
            return raw[2:].decode("utf-16-le", "replace")
        if raw[:3] == b"\xef\xbb\xbf":
            return raw[3:].decode("utf-8", "replace")
        return raw.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Ref:
    number: int


# a name keeps its slash; numbers and keywords stay bytes
Value = String | Ref | str | bytes | list["Value"] | dict[str, "Value"]


class _Broken(Exception):  # noqa: N818 - caught in ``read_dictionary``
    pass


class _Reader:
    def __init__(self, data: bytes, pos: int, count: Callable[[], None]) -> None:
        self.data = data
        self.pos = pos
        self.count = count

    def token(self) -> bytes:
        self.count()
        found = _TOKEN.match(self.data, self.pos)
        if found is None:
            raise _Broken
        self.pos = found.end()
        return found.group(1)

    def value(self, token: bytes, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise _Broken
        if token == b"<<":
            inner: dict[str, Value] = {}
            self.fill(inner, depth + 1)
            return inner
        if token == b"[":
            items: list[Value] = []
            while (token := self.token()) != b"]":
                _append(items, self.value(token, depth + 1))
            return items
        if token == b"(":
            return self.literal()
        if token[:1] == b"<":
            digits = b"".join(token[1:-1].split()).replace(b"\0", b"")
            value = bytes.fromhex((digits + b"0" * (len(digits) & 1)).decode())
            return String(value, self.pos - len(token), self.pos)
        if token[:1] == b"/":
            return _name(token)
        if token in (b">>", b"]"):
            raise _Broken
        return token

    def fill(self, into: dict[str, Value], depth: int) -> None:
        """Read a dictionary's entries behind its ``<<``; those read before damage stay."""
        key = ""
        values: list[Value] = []
        while (token := self.token()) != b">>":
            if token[:1] == b"/" and (values or not key):
                key, values = _name(token), []
                continue
            _append(values, self.value(token, depth))
            if key:
                into[key] = values[-1]

    def literal(self) -> String:
        start = self.pos - 1
        depth = 1
        while depth:
            found = _INSIDE.search(self.data, self.pos, start + MAX_STRING)
            if found is None:
                raise _Broken
            self.count()
            self.pos = found.end()
            mark = found.group()
            if mark == b"\\":
                self.pos += 1
            else:
                depth += 1 if mark == b"(" else -1
        inner = self.data[start + 1 : self.pos - 1]
        return String(_ESCAPED.sub(_unescaped, inner), start, self.pos)


def _append(values: list[Value], value: Value) -> None:
    """Add a value; ``6 0 R`` becomes one reference."""
    if value == b"R" and len(values) >= 2:
        number = values[-2]
        if isinstance(number, bytes) and number.isdigit() and len(number) <= 10:
            values[-2:] = [Ref(int(number))]
            return
    values.append(value)


def _unescaped(found: re.Match[bytes]) -> bytes:
    octal, other = found.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 255])
    if other in (b"\n", b"\r", b"\r\n"):
        return b""  # a line goes on
    return _ENDS.get(other, other)


def _name(token: bytes) -> str:
    return _HASH.sub(lambda hit: bytes.fromhex(hit.group(1).decode()), token).decode("latin-1")


def read_dictionary(
    data: bytes, pos: int, count: Callable[[], None]
) -> tuple[dict[str, Value], int, bool]:
    """Return the dictionary at ``pos``, where reading ended, and whether it is whole.

    ``count`` is called for every token and every mark inside a string; it may raise to stop.
    """
    reader = _Reader(data, pos, count)
    found: dict[str, Value] = {}
    try:
        if reader.token() != b"<<":
            return found, pos, False
        reader.fill(found, 0)
    except _Broken:
        return found, reader.pos, False
    return found, reader.pos, True

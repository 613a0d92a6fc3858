"""Reading JSON of any size piece by piece, with byte offsets, past what is broken.

A document is walked with a plan: containers on it are entered, everything else in them is decoded
whole by the C scanner of the standard library. So a list of a million records costs one record of
memory, and a damaged record costs that record: reading goes on at the next text that decodes and
looks like one. The work spent on searching is bounded by a multiple of the file's size.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from assay.core.jsonvalue import Json
from assay.lists.textwindow import CHUNK, TextWindow

MAX_VALUE = 8 << 20  # characters of one record; a longer one is refused
_NEAR_END = 16  # characters before the end of the text in which an error may mean "not all here"
_SPARE_WORK = 64 << 20  # characters that searching may cost beyond its share of the file
_WORK_SHARE = 16
_SMALL = 1 << 16  # characters: what is no record and larger is searched for records
_PROBE = 1 << 12  # characters looked at before a whole value is tried
_EXCERPT = 512  # characters of what is damaged
_DEEP = 1 << 13  # characters that an attempt ending in too deep nesting counts as
_LOOK = 1 << 16  # characters that a plan sees of a container

_spaces = re.compile(r"[ \t\r\n]*").match
Path = tuple[str, ...]  # ("value", "*", "Media"): keys, and "*" for the elements of a list


@dataclass(frozen=True, slots=True)
class Value:
    """A decoded value: where it stands, and its text as it was written."""

    path: Path
    offset: int  # bytes from the start of the file
    value: Json
    text: str
    key: str = ""  # of a member of an object


@dataclass(frozen=True, slots=True)
class Begin:
    """A container on the plan begins."""

    path: Path
    offset: int


@dataclass(frozen=True, slots=True)
class End:
    """A container on the plan is complete."""

    path: Path


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of the file that is no JSON, or a record that never ends."""

    offset: int
    reason: str
    excerpt: str


Part = Value | Begin | End | Damage


@dataclass(frozen=True, slots=True)
class Plan:
    """Which containers to enter, and what a record looks like when found after damage."""

    enter: Callable[[Path, Callable[[], str]], bool]  # its path, and a look at its beginning
    is_record: Callable[[Json], bool]
    begins: Callable[[str, int], object]  # whether a record begins at a character of a text
    record_path: Path  # where records found after damage are said to stand


class _Stop(Exception):  # noqa: N818 - ends the walk, never leaves this module
    pass


class _Broken(Exception):  # noqa: N818 - leads to the search for the next record
    def __init__(self, reason: str, at: int, *, tried: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at  # character of the window where the broken piece begins
        self.tried = tried  # whether a record was already looked for just there


def finite(text: str) -> float | str:
    """Return a number, or the text of one that is too large to be any."""
    value = float(text)
    return value if math.isfinite(value) else text


# NaN and infinities have no canonical form (core/jsonvalue), so they stay the text that they were.
_scan: Callable[[str, int], tuple[Json, int]] = json.scanner.make_scanner(  # type: ignore[attr-defined]
    json.JSONDecoder(parse_float=finite, parse_constant=str)
)


def walk(file: BinaryIO, plan: Plan) -> Iterator[Part]:
    """Yield the parts of a JSON document in the order in which they stand. Never raises."""
    yield from _Walker(TextWindow(file), plan).walk()


class _Walker:
    def __init__(self, text: TextWindow, plan: Plan) -> None:
        self._text = text
        self._plan = plan
        self._at = 0
        self._stack: list[tuple[str, Path]] = []  # "{" or "[", and the path of the container
        self._spent = 0
        self._mark = (0, 0)  # a character of the window and the bytes before it, to count on from

    def walk(self) -> Iterator[Part]:
        try:
            yield from self._document()
        except _Stop:
            return

    def _document(self) -> Iterator[Part]:
        broken: _Broken | None = None
        try:
            if not self._peek():
                raise _Broken("the file is empty", self._at)
            yield from self._value((), "")
        except _Broken as trouble:
            broken = trouble
        if not self._stack and not broken and self._peek():
            broken = _Broken("text follows the end of the document", self._at)
        while self._stack or broken:
            if broken:
                found = yield from self._search(broken)
                broken = None
                if not found:
                    return
            try:
                yield from self._members()
            except _Broken as trouble:
                broken = trouble
            if not self._stack and not broken and self._peek():
                broken = _Broken("text follows the end of the document", self._at)

    # -- the structure on the plan

    def _value(self, path: Path, key: str) -> Iterator[Part]:
        """Enter a container on the plan, or decode a value."""
        opening = self._peek()
        if opening in ("{", "[") and self._plan.enter(path, self._look):
            yield Begin(path, self._offset(self._at))
            self._at += 1
            self._stack.append((opening, path))
        else:
            yield self._decode(path, key)

    def _members(self) -> Iterator[Part]:
        """Read members of the innermost container until it ends or another one begins."""
        kind, path = self._stack[-1]
        depth = len(self._stack)
        inner = (*path, "*")
        first = self._before(kind)
        while len(self._stack) == depth:
            char = self._peek()
            if not char:
                raise _Broken("the file ends before the document does", self._at)
            if char == ("}" if kind == "{" else "]"):
                self._at += 1
                self._stack.pop()
                yield End(path)
                return
            if not first:
                if char != ",":
                    raise _Broken("unexpected text between two values", self._at)
                self._at += 1
            first = False
            if not self._peek():
                raise _Broken("the file ends before the document does", self._at)
            if kind == "[":
                yield from self._value(inner, "")
            else:
                key = self._key()
                yield from self._value((*path, key), key)

    def _before(self, kind: str) -> bool:
        """Tell whether nothing of the container has been read yet."""
        return self._at > 0 and self._text.text[self._at - 1] == kind

    def _key(self) -> str:
        if self._peek() != '"':
            raise _Broken("a name was expected", self._at)
        key = self._decode((), "").value
        if self._peek() != ":":
            raise _Broken("a colon was expected after a name", self._at)
        self._at += 1
        if not self._peek():
            raise _Broken("the file ends before the document does", self._at)
        return str(key)

    # -- single values

    def _decode(self, path: Path, key: str) -> Value:
        """Decode the value at hand, reading on as far as it goes."""
        source = self._text
        while True:
            start = self._at
            try:
                value, end = _scan(source.text, start)
            except StopIteration as stop:
                reason, at = "a value was expected", int(stop.value)
            except json.JSONDecodeError as error:
                reason, at = error.msg, error.pos
                if reason.startswith("Unterminated"):
                    at = len(source.text)
            except RecursionError:
                self._spent += _DEEP
                raise _Broken("nested too deeply", start, tried=True) from None
            except ValueError:
                self._spent += len(source.text) - start
                raise _Broken("a number has too many digits", start, tried=True) from None
            else:
                # a number that touches the end of the text may go on
                if end < len(source.text) or source.text[end - 1] in '}]"' or source.ended:
                    self._at = end
                    return Value(path, self._offset(start), value, source.text[start:end], key)
                reason, at = "", end
            self._spent += at - start
            if at < len(source.text) - _NEAR_END or (source.ended and reason):
                place = f" {source.byte_at(at) - source.byte_at(start)} bytes into it"
                ended = source.ended and at >= len(source.text) - 1
                why = "the file ends inside it" if ended else f"{reason},{place}"
                raise _Broken(why, start, tried=True)
            if len(source.text) - start > MAX_VALUE:
                raise _Broken(f"longer than {MAX_VALUE >> 20} MiB", start, tried=True)
            self._read_on()

    # -- after damage

    def _search(self, broken: _Broken) -> Generator[Damage | Value, None, bool]:
        """Look for the next record; report what lies before it. True where one was found.

        Where a broken record follows another one, each is reported.
        """
        reason, start = broken.reason, self._offset(broken.at)
        excerpt = self._text.text[broken.at : broken.at + _EXCERPT]
        told = False  # whether the stretch from ``start`` is reported
        self._at = broken.at
        at = broken.at + broken.tried
        while True:
            at = self._text.text.find("{", at)
            if at < 0:
                self._at = len(self._text.text)
                if self._read_on():
                    at = self._at
                    continue
                if not told:
                    yield Damage(start, f"{reason}; no record follows", excerpt)
                return False
            self._at = at
            if self._spent > _SPARE_WORK + _WORK_SHARE * self._text.bytes_read:
                yield Damage(
                    start, f"{reason}; too damaged to go on, the rest is not read", excerpt
                )
                raise _Stop
            begins = self._plan.begins(self._text.text, at) and self._offset(at) != start
            if begins and not told:
                yield Damage(start, reason, excerpt)
                told = True
            value = None
            failed = self._fails_soon(at)
            if not failed:
                try:
                    value = self._decode(self._plan.record_path, "")
                except _Broken as again:
                    at, failed = again.at, again.reason
            if failed:
                if begins:
                    reason, start, told = failed, self._offset(at), False
                    excerpt = self._text.text[at : at + _EXCERPT]
                at += 1
            elif value is not None:
                self._spent += len(value.text)
                if isinstance(value.value, dict) and self._plan.is_record(value.value):
                    break
                # a large one may be a whole case that holds records
                at = self._at if len(value.text) < _SMALL else self._at - len(value.text) + 1
        if not told:
            yield Damage(start, reason, excerpt)
        yield value
        if not self._stack or self._stack[-1][0] == "{":
            self._stack.append(("[", self._plan.record_path[:-1]))
        return True

    def _fails_soon(self, at: int) -> str:
        """Say why no value can begin here, by its first characters; "" where one may.

        ``JSONDecodeError`` counts the lines before it, so it is dear where much text lies before.
        """
        piece = self._text.text[at : at + _PROBE]
        try:
            _scan(piece, 0)
        except StopIteration as stop:
            reason, failed = "a value was expected", int(stop.value)
        except json.JSONDecodeError as error:
            reason, failed = error.msg, error.pos
            if reason.startswith("Unterminated"):
                return ""
        except (RecursionError, ValueError):
            return ""
        else:
            return ""
        self._spent += failed
        # near the end of the piece an error may only mean that it is a piece
        return f"{reason}, {failed} characters into it" if failed < len(piece) - _NEAR_END else ""

    # -- the window

    def _peek(self) -> str:
        """Skip spaces; return the next character, "" at the end of the file."""
        while True:
            text = self._text.text
            spaces = _spaces(text, self._at)
            self._at = spaces.end() if spaces else self._at
            if self._at < len(text):
                return text[self._at]
            if not self._read_on():
                return ""

    def _look(self) -> str:
        """Return the next characters without reading them."""
        while len(self._text.text) - self._at < _LOOK and self._read_on():
            pass
        return self._text.text[self._at : self._at + _LOOK]

    def _read_on(self) -> bool:
        """Read more behind the current character, as much again as is at hand."""
        self._drop()
        return self._text.more(max(CHUNK, len(self._text.text)))

    def _drop(self) -> None:
        # one character stays, so that _before can see a bracket
        keep = max(0, self._at - 1)
        if keep:
            self._text.drop(keep)
            self._at -= keep
            self._mark = (0, 0)

    def _offset(self, at: int) -> int:
        """Return a byte offset; counts on from the last one asked for, so that all cost once."""
        source = self._text
        char, count = self._mark
        if source.ascii:
            return source.offset + at
        if at < char:
            return source.byte_at(at)
        count += source.bytes_of(char, at)
        self._mark = (at, count)
        return source.offset + count

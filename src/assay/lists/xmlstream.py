"""Reading XML records of any number with expat, with byte offsets, past what is broken.

No document type declaration is accepted, so there are no entities to expand and nothing external
to fetch. After a fault a new parser goes on at the next record, inside the elements that were open
around the broken one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

MAX_RECORD = 4 << 20  # characters of one record
MAX_DEPTH = 48  # of elements
_MAX_PARTS = 200_000  # elements of one record
_MAX_TOKEN = 4 << 20  # bytes of one tag, comment or run of text
_MAX_AROUND = 1 << 14  # characters of the tags around the records
_CHUNK = 1 << 18
_PIECE = 1 << 14  # bytes parsed at a time, so that a fault costs little of what follows it
_SPARE_WORK = 64 << 20  # bytes that reading again after faults may cost beyond its share
_WORK_SHARE = 16


@dataclass(frozen=True, slots=True)
class Element:
    """A record: attributes stand in it as ``@name``, text as ``#text``, repeated parts as lists."""

    name: str  # without its prefix
    offset: int  # bytes from the start of the file
    content: Any


@dataclass(frozen=True, slots=True)
class Outside:
    """An element outside the records, as it ends or, where it holds records, as it begins."""

    name: str
    attributes: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch of the file that is no XML, or a record that is none."""

    offset: int
    reason: str
    excerpt: str


class _Refusal(Exception):  # noqa: N818 - carried through expat, never leaves this module
    def __init__(self, reason: str, *, fatal: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fatal = fatal  # nothing after it is read


def walk(file: BinaryIO, records: tuple[str, ...]) -> Iterator[Element | Outside | Broken]:
    """Yield the records (elements of these names) and what stands around them. Never raises."""
    names = b"|".join(name.encode() for name in records)
    next_record = re.compile(rb"<(?:[\w.-]{1,64}:)?(?:" + names + rb")(?=[\s>/])")
    reader = _Reader(frozenset(records), 0, (), None)
    base = 0  # offset in the file of the window
    window = b""  # the record at hand, and what was read behind it
    fed = 0  # bytes of the window that the parser has
    seen = work = 0  # bytes read from the file, and bytes parsed, some of them again
    while True:
        if fed == len(window):
            done = reader.safe - base
            raw = file.read(_CHUNK)
            base, window = base + done, window[done:] + raw
            fed -= done
            seen += len(raw)
        piece = window[fed : fed + _PIECE]
        refusal = reader.feed(piece)
        fed += len(piece)
        yield from reader.take()
        if refusal is None:
            work += len(piece)
            if not piece:
                return
            continue
        work += max(0, reader.failed - base - fed + len(piece))
        at = min(max(reader.broken - base, 0), len(window))
        excerpt = window[at : at + 512].decode("utf-8", "replace")
        if not refusal.fatal and work > _SPARE_WORK + _WORK_SHARE * seen:
            refusal = _Refusal(f"{refusal.reason}; too damaged to go on", fatal=True)
        rest = "; the rest is not read" if refusal.fatal else ""
        yield Broken(base + at, refusal.reason + rest, excerpt)
        if refusal.fatal:
            return
        at += reader.inside  # a record is not tried a second time
        while not (found := next_record.search(window, at)):
            keep = max(at, len(window) - 256)
            raw = file.read(_CHUNK)
            if not raw:
                return
            seen += len(raw)
            base, window, at = base + keep, window[keep:] + raw, 0
        fed = found.start()
        reader = _Reader(reader.records, base + fed, tuple(reader.around), reader.encoding)


class _Reader:
    """One expat parser, from some byte of the file on."""

    def __init__(
        self,
        records: frozenset[str],
        start: int,
        around: tuple[tuple[str, Mapping[str, str]], ...],
        encoding: str | None,
    ) -> None:
        self.records = records
        self.encoding = encoding  # that the document states
        self.around: list[tuple[str, Mapping[str, str]]] = []  # elements open around the records
        self._taken: list[Element | Outside] = []
        self._open: list[_Frame] = []  # elements open inside a record
        self._record_at = start
        self._size = self._parts = self._quiet = 0
        self._text: list[str] = []  # of the innermost element outside the records
        self._text_size = 0
        self._end = start  # offset in the file of what comes next
        self.failed = start  # offset in the file of the fault
        opening = "".join(_tag(name, attributes) for name, attributes in around).encode()
        self._shift = start - len(opening)
        self._parser = self._made(encoding if opening else None)
        if opening:
            self._parser.Parse(opening, False)
            self._taken.clear()

    def _made(self, encoding: str | None) -> expat.XMLParserType:
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._finish
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._aside
        parser.ProcessingInstructionHandler = self._aside
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._forbidden
        parser.EntityDeclHandler = self._forbidden
        return parser

    @property
    def inside(self) -> bool:
        return bool(self._open)

    @property
    def safe(self) -> int:
        """Offset in the file before which nothing is needed any more."""
        return self._record_at if self._open else self._end

    @property
    def broken(self) -> int:
        """Offset of the record that failed, else of the fault."""
        return self._record_at if self._open else self.failed

    def take(self) -> list[Element | Outside]:
        """Hand over what is complete."""
        taken, self._taken = self._taken, []
        return taken

    def feed(self, raw: bytes) -> _Refusal | None:
        """Parse on; no bytes mean the end of the file. Return what stopped it."""
        self._quiet += len(raw)
        try:
            self._parser.Parse(raw, not raw)
            if self._quiet > _MAX_TOKEN:
                raise _Refusal(f"a piece longer than {_MAX_TOKEN >> 20} MiB")
        except _Refusal as refusal:
            self.failed = self._shift + self._parser.CurrentByteIndex
            return refusal
        except expat.ExpatError as error:
            self.failed = self._shift + self._parser.ErrorByteIndex
            if not raw and error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
                return _Refusal("the file ends before the document does")
            return _Refusal(f"no valid XML: {expat.ErrorString(error.code)}")
        except (ValueError, LookupError):
            self.failed = self._end
            return _Refusal("no valid XML: unknown encoding", fatal=True)
        self._end += len(raw)
        return None

    # -- called by expat

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._quiet = 0
        local = name.rpartition(":")[2]
        if not self._open and local not in self.records:
            self.around.append((name, attributes))
            if sum(len(_tag(*tag)) for tag in self.around) > _MAX_AROUND:
                raise _Refusal("too much stands around the records", fatal=True)
            self._text.clear()
            self._text_size = 0
            self._taken.append(Outside(local, attributes, ""))
            return
        if not self._open:
            self._record_at = self._shift + self._parser.CurrentByteIndex
            self._size = self._parts = 0
        self._parts += 1
        self._grown(len(name) + sum(len(key) + len(value) for key, value in attributes.items()))
        if len(self._open) >= MAX_DEPTH or self._parts > _MAX_PARTS:
            raise _Refusal("nested too deeply, or too many parts")
        self._open.append(_Frame(local, attributes))

    def _finish(self, name: str) -> None:
        self._quiet = 0
        if not self._open:
            _, attributes = self.around.pop()
            if text := "".join(self._text).strip():
                self._taken.append(Outside(name.rpartition(":")[2], attributes, text))
            self._text.clear()
            self._text_size = 0
            return
        frame = self._open.pop()
        if self._open:
            self._open[-1].add(frame)
        else:
            self._taken.append(Element(frame.name, self._record_at, frame.content()))

    def _characters(self, text: str) -> None:
        self._quiet = 0
        if self._open:
            self._grown(len(text))
            self._open[-1].text.append(text)
        elif self._text_size < _MAX_AROUND and not text.isspace():
            self._text_size += len(text)
            self._text.append(text)

    def _grown(self, count: int) -> None:
        self._size += count
        if self._size > MAX_RECORD:
            raise _Refusal(f"a record longer than {MAX_RECORD >> 20} MiB")

    def _aside(self, *_: object) -> None:
        self._quiet = 0

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding

    def _forbidden(self, *_: object) -> None:
        raise _Refusal("a document type declaration, which is never followed", fatal=True)


@dataclass(slots=True)
class _Frame:
    name: str
    attributes: Mapping[str, str]
    text: list[str] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)

    def add(self, part: _Frame) -> None:
        content = part.content()
        held = self.parts.get(part.name)
        if held is None:
            self.parts[part.name] = content
        elif isinstance(held, list):
            held.append(content)
        else:
            self.parts[part.name] = [held, content]

    def content(self) -> Any:
        text = "".join(self.text).strip()
        told = {f"@{key}": value for key, value in self.attributes.items() if key != "xmlns"}
        if not told and not self.parts:
            return text
        return {**told, **self.parts, **({"#text": text} if text else {})}


def _tag(name: str, attributes: Mapping[str, str]) -> str:
    told = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{told}>"

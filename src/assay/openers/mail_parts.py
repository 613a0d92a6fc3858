"""Walks one message: every part that is no multipart becomes a member, with its decoded bytes.

One pass over the lines that begin with "--", whatever is nested; the parts are read later, one by
one. What stands before, between and behind the parts is a member too, so that nothing of a message
is left out. Sources: RFC 2045, 2046 (MIME), 1847, 3156, 8551 (signed and encrypted mail).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import Encrypted, LimitReached, Malformed
from assay.core.facts import Stamp
from assay.core.names import display
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import EntryKind
from assay.media import encoded
from assay.openers import mail_cms
from assay.openers.encoded import pictures_in
from assay.openers.mail_coding import AS_STORED, base64_end, decoder_of
from assay.openers.mail_header import (
    Header,
    date_stamp,
    file_name,
    parameters,
    read_header,
    times,
)
from assay.openers.mail_lines import Reader, before_line, line_starts
from assay.openers.streams import Notes, pieces_of, stream_of

_DEPTH = 64  # multiparts inside multiparts
_SIGNED_DEPTH = 4  # signed messages inside signed messages
_BOUNDARY = 512  # bytes; RFC 2046 allows 70
_ADOPTED = re.compile(rb"--([^\s].{0,200})", re.S)
_CMS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_PART_BEGINS = re.compile(rb"[ \t]{0,8}\r?\n?content-[a-z-]{1,40}:", re.IGNORECASE)
_TARGET = 4096  # characters of where an external body lies


@dataclass(slots=True)
class _Level:
    """A multipart that is being read."""

    number: str  # "2.1"; empty for the message itself
    boundaries: list[bytes]
    count: int = 0  # parts so far

    def next_number(self) -> str:
        self.count += 1
        return f"{self.number}.{self.count}" if self.number else str(self.count)


@dataclass(frozen=True, slots=True)
class _Region:
    """Bytes from ``start`` up to the next boundary: a part's body, or what is between parts."""

    start: int
    number: str
    header: Header | None = None  # of a part; None between parts
    between: str = ""  # "preamble", "epilogue"


@dataclass(slots=True)
class Message:
    """One message. ``number`` and ``base`` place it in the file that carries it."""

    blob: Blob
    context: OpenContext
    number: str = ""
    base: int | None = 0  # offset of the message in the file; None where it was decoded
    depth: int = 0  # signed messages around it
    dates: tuple[Stamp, ...] = ()  # of the message around it
    _levels: list[_Level] = field(default_factory=list)
    _open: dict[bytes, int] = field(default_factory=dict)  # boundary -> level; the innermost wins
    _notes: Notes = field(default_factory=Notes)

    def parts(self) -> Iterator[Member | Trouble]:
        """Yield the parts in the order of their bytes."""
        reader = Reader(self.blob)
        region = yield from self._begin(reader, 0, self.number)
        for line in line_starts(self.blob, b"--"):
            if not self._levels:
                break
            if line < region.start:
                continue  # inside a header
            text = reader.line(line, 2 * _BOUNDARY)
            found = self._boundary(text)
            if found is None:
                found = yield from self._adopted(reader, line + len(text), text, region)
            if found is None:
                continue
            index, closing = found
            yield from self._content(region, max(region.start, before_line(reader, line)))
            while len(self._levels) > index + 1:
                yield from _unclosed(self._levels.pop())
            level = self._levels[index]
            after = line + len(text)
            after += 2 if reader.read(after, 2) == b"\r\n" else 1
            if closing:
                self._levels.pop()
                region = _Region(after, level.number, between="epilogue")
            else:
                number = level.next_number()
                region = yield from self._begin(reader, after, number)
            self._index()
        yield from self._content(region, self.blob.size)
        while self._levels:
            yield from _unclosed(self._levels.pop())

    # -- structure -----------------------------------------------------------------------------

    def _begin(
        self, reader: Reader, start: int, number: str
    ) -> Generator[Member | Trouble, None, _Region]:
        header = read_header(self.blob, reader, start)
        if not header.complete:
            yield Trouble("malformed", f"{_called(number)}: its header does not end")
        if start == 0 and header.value("date"):
            zone = self.context.timezone
            self.dates = (date_stamp("mail Date", header.value("date"), zone),)
        yield from self._in_header(reader, start, header, number)
        kind = header.token("content-type")
        if not kind.startswith("multipart/"):
            # RFC 2046 §5.1.5: the parts of a digest are messages unless they say otherwise, which
            # the engine sees by their content.
            return _Region(header.end, number or "1", header)
        if len(self._levels) >= _DEPTH:
            yield Trouble("nesting_limit", f"{_called(number)}: more than {_DEPTH} multiparts")
            return _Region(start, number, Header({}, start))
        given = parameters(header.value("content-type"))
        boundary = given.get("boundary", "").encode("utf-8", "surrogateescape").rstrip()
        if kind == "multipart/encrypted":
            yield Trouble("encrypted", f"{_called(number)}: {given.get('protocol', kind)}")
        known = [boundary] if 0 < len(boundary) <= _BOUNDARY else []
        self._levels.append(_Level(number, known))
        self._index()
        return _Region(header.end, number, between="preamble")

    def _index(self) -> None:
        self._open = {b: n for n, level in enumerate(self._levels) for b in level.boundaries}

    def _boundary(self, line: bytes) -> tuple[int, bool] | None:
        """Return the level that a line belongs to and whether it closes it."""
        text = line[2:].rstrip(b" \t")
        if text in self._open:
            return self._open[text], False
        if text.endswith(b"--") and text[:-2] in self._open:
            return self._open[text[:-2]], True
        return None

    def _adopted(
        self, reader: Reader, end: int, line: bytes, region: _Region
    ) -> Generator[Trouble, None, tuple[int, bool] | None]:
        """Take a line for a boundary where the declared one has not occurred and a part follows."""
        level = self._levels[-1]
        if region.between != "preamble" or not _ADOPTED.fullmatch(line):
            return None
        if not _PART_BEGINS.match(reader.read(end, 64)):
            return None
        boundary = line[2:].rstrip(b" \t")
        shown = display(boundary.decode("utf-8", "surrogateescape"))
        yield Trouble("malformed", f"{_called(level.number)}: taken as its boundary: {shown}")
        level.boundaries.append(boundary)
        self._index()
        return len(self._levels) - 1, False

    # -- content -------------------------------------------------------------------------------

    def _content(self, region: _Region, end: int) -> Iterator[Member | Trouble]:
        if region.header is not None:
            yield from self._leaf(region.number, region.header, region.start, end)
        elif filled(self.blob, region.start, end):
            name = f"part {region.number} {region.between}" if region.number else region.between
            yield self.raw(name, region.start, end)

    def _leaf(
        self, number: str, header: Header, start: int, end: int
    ) -> Iterator[Member | Trouble]:
        kind = header.token("content-type")
        given = file_name(header)
        if not given and not filled(self.blob, start, end):
            return
        name = given or f"part {number}"
        place = self._locator(number, start, end)
        dates = times(header, self.dates, self.context.timezone)
        if kind == "message/external-body":
            where = parameters(header.value("content-type"))
            target = " ".join(f"{key}={value}" for key, value in where.items())[:_TARGET]
            yield Member(name, EntryKind.SYMLINK, times=dates, locator=place, detail=target)
            return
        if kind == "message/partial":
            split = parameters(header.value("content-type"))
            which = f"{split.get('number', '?')} of {split.get('total', '?')}"
            yield Trouble("not_opened", f"{name}: piece {which} of a message sent in several")
        coding = header.token("content-transfer-encoding")
        decode = decoder_of(coding)
        if decode is None and coding not in AS_STORED:
            yield Trouble("malformed", f"{name}: unknown transfer encoding {coding[:64]}")

        def pieces() -> Iterator[bytes]:
            if decode is None:
                return pieces_of(self.blob, start, end - start)
            return decode(self.blob, start, end, self._notes, name)

        yield Member(
            name,
            open=lambda: stream_of(pieces()),
            stored_size=max(end - start, 1),
            times=dates,
            locator=place,
        )
        yield from self._notes.drain()
        if coding == "base64":
            behind = base64_end(self.blob, start, end)[1]
            if filled(self.blob, behind, end):
                yield Trouble("malformed", f"{name}: something stands behind its base64")
                yield self.raw(f"part {number} behind its base64", behind, end)
        if kind in _CMS:
            yield from self._signed(number, name, pieces())

    def _signed(
        self, number: str, name: str, pieces: Iterator[bytes]
    ) -> Iterator[Member | Trouble]:
        """Open the message inside a signed or compressed one."""
        if self.depth >= _SIGNED_DEPTH:
            yield Trouble("nesting_limit", f"{name}: signed messages inside signed messages")
            return
        data = b""
        for piece in pieces:
            data += piece
            if len(data) > mail_cms.MAX_CMS:
                yield Trouble("size_limit", f"{name}: an S/MIME message")
                return
        try:
            inner = mail_cms.inner_message(data)
        except Encrypted as error:
            yield Trouble("encrypted", f"{name}: {error}")
        except LimitReached as error:
            yield Trouble(error.flag, f"{name}: {error}")
        except Malformed as error:
            yield Trouble("not_opened", f"{name}: {error}")
        else:
            if inner is not None:
                yield from Message(
                    MemoryBlob(inner),
                    self.context,
                    f"{number}.1",
                    base=None,
                    depth=self.depth + 1,
                    dates=self.dates,
                ).parts()

    def _in_header(
        self, reader: Reader, start: int, header: Header, number: str
    ) -> Iterator[Member]:
        """Yield pictures that are written into the header itself, "Face" among them."""
        size = header.end - start
        if size < encoded.MIN_RUN and "face" not in header.fields:
            return
        block = reader.read(start, size)
        where = f"{_called(number)} header"
        yield from pictures_in(block, where, (self.base or 0) + start)

    def raw(self, name: str, start: int, end: int) -> Member:
        return Member(
            name,
            open=lambda: stream_of(pieces_of(self.blob, start, end - start)),
            stored_size=end - start,
            times=self.dates,
            locator=self._locator("", start, end),
        )

    def _locator(self, number: str, start: int, end: int) -> str:
        part = f"part {number}, " if number else ""
        if self.base is None:
            return f"{part}bytes {start}-{end} of the signed content"
        return f"{part}bytes {self.base + start}-{self.base + end}"


def _unclosed(level: _Level) -> Iterator[Trouble]:
    what = "its closing boundary is missing" if level.count else "none of its boundaries occurs"
    yield Trouble("truncated", f"{_called(level.number)}: {what}")


def _called(number: str) -> str:
    return f"part {number}" if number else "the message"


def filled(blob: Blob, start: int, end: int) -> bool:
    """Tell whether anything but white space stands in a range."""
    return any(piece.strip() for piece in pieces_of(blob, start, end - start))

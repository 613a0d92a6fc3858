"""Takes files written as text out of texts: base64, hexadecimal, uuencode, yEnc, data: URIs.

Web pages, style sheets, SVG, JSON, XML, property lists, address books, calendars, office files in
one XML, scripts. Each becomes a member with the decoded bytes; its place is the range of the text
that stands for it. It looks beside a text's own content and says nothing about that. Texts of any
size are read through a window; a run longer than the largest window is cut, with a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.media import encoded
from assay.media.kinds import NO_PICTURES, TEXTS
from assay.media.sniff_text import BINARY
from assay.openers.encoded_marks import Found, Reading, marks
from assay.openers.streams import Notes, pieces_of, stream_of

MIN_UNKNOWN = 4096  # characters of base64 that may stand for something unknown
_MAX_FOUND = 50_000  # files in one text
_MAX_UNKNOWN = 1000  # of them such as decode to nothing known
_WINDOW = 32 << 20  # characters
_MAX_WINDOW = 256 << 20
_EDGE = 4096  # characters at the end of a window that the next one looks at again

_TYPES = (
    "text/plain",
    "text/html",
    "text/xml",
    "text/css",
    "text/csv",
    "text/javascript",
    "text/x-php",
    "text/vcard",
    "text/calendar",
    "image/svg+xml",
    BINARY,  # a text in a national code may be taken for no text
    *sorted(TEXTS),
    *sorted(kind for kind in NO_PICTURES if kind.startswith("text/")),
)


class EncodedOpener:
    name = "encoded"
    version = "1"
    reach = Reach.BESIDE
    media_types: tuple[str, ...] = _TYPES

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the files in order of place; NotApplicable where there are none."""
        notes = Notes()
        count = unknown = 0
        for found, media_type in _search(Text(blob), notes):
            if media_type == BINARY:
                unknown += 1
                if unknown > _MAX_UNKNOWN:
                    continue
            count += 1
            if count > _MAX_FOUND:
                yield Trouble("count_limit", f"more than {_MAX_FOUND} files written as text")
                break
            yield as_member(Text(blob), found, notes)
            yield from notes.drain()
        if unknown > _MAX_UNKNOWN:
            yield Trouble("count_limit", f"{unknown} runs of base64 that stand for nothing known")
        yield from notes.drain()
        if not count:
            raise NotApplicable

    def warm(self) -> None:
        """Nothing is loaded late."""


class Text:
    """A text as one byte a character, whatever it is written in; ``unit`` bytes each."""

    __slots__ = ("_blob", "_high", "size", "start", "unit")

    def __init__(self, blob: Blob) -> None:
        head = blob.read(0, 4096)
        self._blob = blob
        self.unit, self.start, self._high = _units(head)
        self.size = (blob.size - self.start) // self.unit

    def read(self, at: int, length: int) -> bytes:
        data = self._blob.read(self.start + at * self.unit, length * self.unit)
        if self.unit == 1:
            return data
        pairs = np.frombuffer(data[: len(data) & ~1], np.uint8).reshape(-1, 2)
        high, low = pairs[:, self._high], pairs[:, 1 - self._high]
        return np.where(high == 0, low, ord("?")).astype(np.uint8).tobytes()

    def range(self, start: int, end: int) -> tuple[int, int]:
        """Return where characters lie in the file."""
        return self.start + start * self.unit, self.start + end * self.unit


def _units(head: bytes) -> tuple[int, int, int]:
    """Return bytes a character, bytes of the mark, and which byte of a pair is the high one."""
    if head[:2] == b"\xff\xfe":
        return 2, 2, 1
    if head[:2] == b"\xfe\xff":
        return 2, 2, 0
    sample = head[: len(head) & ~1]
    if len(sample) >= 8:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if odd > len(sample) * 0.35 and even == 0:
            return 2, 0, 1
        if even > len(sample) * 0.35 and odd == 0:
            return 2, 0, 0
    return 1, 0, 0


def _search(text: Text, notes: Notes) -> Iterator[tuple[Found, str]]:
    """Yield what the whole text holds, window by window."""
    at, size = 0, _WINDOW
    while at < text.size:
        data = text.read(at, size)
        last = at + len(data) >= text.size
        stop = len(data) if last else len(data) - _EDGE
        for found, media_type in found_in(data):
            if not last and found.end > len(data) - _EDGE:
                if found.start > 0 or size < _MAX_WINDOW:
                    stop = found.start
                    break
                notes.add("size_limit", f"a run of more than {size} characters was cut")
                stop = found.end
            moved = Found(found.start + at, found.end + at, found.name, found.read, found.named)
            yield moved, media_type
        size = min(2 * size, _MAX_WINDOW) if stop == 0 else _WINDOW
        at += stop
        if not data:
            return


def found_in(data: bytes) -> Iterator[tuple[Found, str]]:
    """Yield the files written in a text in order, none inside another, each with its type.

    The type is ``application/octet-stream`` for a run that stands for nothing known.
    """
    found = [(mark, "") for mark in marks(data)]
    for run in encoded.all_runs(data):
        if run.media_type == BINARY and (
            run.coding == encoded.HEX or run.end - run.offset < MIN_UNKNOWN
        ):
            continue
        found.append((Found(run.offset, run.end, run.coding, _reader(run)), run.media_type))
    free = 0
    for mark, media_type in sorted(found, key=lambda pair: (pair[0].start, -pair[0].end)):
        if mark.start >= free:
            free = mark.end
            yield mark, media_type


def _reader(run: encoded.Run) -> Reading:
    return lambda text, _: encoded.decode(encoded.clean(text), run.coding, run.skip)


def as_member(text: Text, found: Found, notes: Notes) -> Member:
    start, end = text.range(found.start, found.end)

    def pieces() -> Iterator[bytes]:
        content = found.read(text.read(found.start, found.end - found.start), notes)
        yield from pieces_of(MemoryBlob(content), 0, len(content))

    return Member(
        name=found.name if found.named else f"{found.name} at byte {start}",
        open=lambda: stream_of(pieces()),
        stored_size=max(end - start, 1),
        locator=f"bytes {start}-{end} (written as text)",
    )


def pictures_in(block: bytes, where: str, base: int) -> Iterator[Member]:
    """Yield the known files written in a small block of text that lies at ``base`` of a file."""
    text = Text(MemoryBlob(block))
    for found, media_type in found_in(block):
        if media_type != BINARY:
            member = as_member(text, found, Notes())
            yield replace(
                member,
                name=f"{where}: {member.name}",
                locator=f"bytes {base + found.start}-{base + found.end} (written as text)",
            )

"""Opens winmail.dat: what Outlook wraps around the attachments and the body of a mail.

Attachments come with their names and times; the body in each form in which it is there; a message
attached to the message is a stream of the same kind and opened in turn. Source: [MS-OXTNEF].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from assay.core.blob import Blob
from assay.core.errors import NotApplicable
from assay.core.facts import Stamp
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.media.sniff import HEAD, sniff
from assay.media.sniff_text import BINARY
from assay.openers.mail_lines import Reader
from assay.openers.rtfpacked import unpacked
from assay.openers.stamps import filetime_stamp, local_stamp
from assay.openers.streams import Slice, pieces_of, stream_of

MAGIC = b"\x78\x9f\x3e\x22"
_HEAD = struct.Struct("<BHHI")  # level, number, type, length; then the data and a checksum
_BEGIN, _TITLE, _DATA, _METAFILE = 0x9002, 0x8010, 0x800F, 0x8011
_CREATED, _MODIFIED, _ATTACHMENT = 0x8012, 0x8013, 0x9005
_BODY, _MESSAGE = 0x800C, 0x9003
_OBJECT, _STRING8, _UNICODE, _BYTES, _FILETIME = 0x000D, 0x001E, 0x001F, 0x0102, 0x0040
_VARIABLE = frozenset({_OBJECT, _STRING8, _UNICODE, _BYTES})
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4}
_SIZES |= {0x14: 8, _FILETIME: 8, 0x48: 16}
_MANY = 0x1000  # a property with several values
_P_DATA, _P_LONG_NAME, _P_NAME = 0x3701, 0x3707, 0x3704
_P_TIMES = {0x3007: "TNEF creation time", 0x3008: "TNEF modification time"}
_P_RTF = 0x1009
_BODIES = {0x1000: "body.txt", 0x1013: "body.html"}
_WORTH = 4096  # bytes from which any other property becomes a member
_MAX_NAME = 2048  # bytes


@dataclass(slots=True)
class _Attachment:
    title: str = ""
    long_name: str = ""
    content: list[tuple[str, int, int]] = field(default_factory=list)  # suffix, offset, size
    times: list[Stamp] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Property:
    number: int
    kind: int
    offset: int  # of its value
    size: int


class TnefOpener:
    name = "tnef"
    version = "1"
    reach = Reach.MEMBERS
    media_types: tuple[str, ...] = ("application/vnd.ms-tnef",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield body, attachments and long properties; NotApplicable where there are none."""
        if blob.read(0, len(MAGIC)) != MAGIC:
            raise NotApplicable
        found = False
        for entry in _Stream(blob, context.timezone).entries():
            found = True
            yield entry
        if not found:
            raise NotApplicable

    def warm(self) -> None:
        filetime_stamp("", 0)


@dataclass(slots=True)
class _Stream:
    blob: Blob
    timezone: str | None

    def entries(self) -> Iterator[Member | Trouble]:
        reader = Reader(self.blob)
        at = 6  # the signature and a key
        count = 0
        current: _Attachment | None = None
        while at < self.blob.size:
            head = reader.read(at, _HEAD.size)
            if len(head) < _HEAD.size:
                yield Trouble("truncated", f"an attribute at byte {at}")
                break
            _, number, _, length = _HEAD.unpack(head)
            start = at + _HEAD.size
            if start + length > self.blob.size:
                yield Trouble("truncated", f"attribute 0x{number:04x} has {length} bytes")
                length = self.blob.size - start
            at = start + length + 2
            if number == _BEGIN:
                if current is not None:
                    count += 1
                    yield from self._attachment(current, count)
                current = _Attachment()
            elif number == _MESSAGE:
                yield from self._message(reader, start, length)
            elif number == _BODY and length:
                yield self._plain("body.txt", start, length)
            elif number in _PARTS:
                current = current or _Attachment()
                yield from self._part(current, reader, number, start, length)
        if current is not None:
            yield from self._attachment(current, count + 1)

    def _part(
        self, current: _Attachment, reader: Reader, number: int, start: int, length: int
    ) -> Iterator[Member | Trouble]:
        if number == _TITLE:
            current.title = _text(reader.read(start, min(length, _MAX_NAME)), _STRING8)
        elif number == _DATA:
            current.content.append(("", start, length))
        elif number == _METAFILE:
            current.content.append(("/icon.wmf", start, length))
        elif number == _ATTACHMENT:
            for found in _properties(reader, start, start + length):
                self._property(current, reader, found)
        else:
            word = "create" if number == _CREATED else "modify"
            raw = reader.read(start, min(length, 14))
            if len(raw) >= 12:
                parts = struct.unpack_from("<6H", raw)
                current.times.append(local_stamp(f"TNEF {word} date", parts, self.timezone))
        yield from ()

    def _property(self, current: _Attachment, reader: Reader, found: _Property) -> None:
        if found.number == _P_DATA:
            # An object begins with the identifier of the interface that reads it (16 bytes).
            skip = 16 if found.kind == _OBJECT else 0
            if found.size > skip:
                current.content.append(("", found.offset + skip, found.size - skip))
        elif found.number in (_P_LONG_NAME, _P_NAME):
            name = _text(reader.read(found.offset, min(found.size, _MAX_NAME)), found.kind)
            if found.number == _P_LONG_NAME:
                current.long_name = name
            else:
                current.title = current.title or name
        elif found.number in _P_TIMES and found.kind == _FILETIME:
            ticks = int.from_bytes(reader.read(found.offset, 8), "little")
            current.times.append(filetime_stamp(_P_TIMES[found.number], ticks))
        elif self._worth(found):
            current.content.append((f"/property 0x{found.number:04x}", found.offset, found.size))

    def _attachment(self, current: _Attachment, count: int) -> Iterator[Member]:
        name = current.long_name or current.title or f"attachment {count}"
        for suffix, start, size in current.content:
            yield self._plain(name + suffix, start, size, tuple(current.times))

    def _message(self, reader: Reader, start: int, length: int) -> Iterator[Member]:
        for found in _properties(reader, start, start + length):
            if found.number == _P_RTF and found.kind == _BYTES:
                yield self._rich(found)
            elif found.number in _BODIES and found.kind in _VARIABLE and found.size:
                yield self._plain(_BODIES[found.number], found.offset, found.size)
            elif self._worth(found):
                yield self._plain(f"property 0x{found.number:04x}", found.offset, found.size)

    def _worth(self, found: _Property) -> bool:
        """Tell whether a property is long, or a file by itself."""
        if found.kind not in (_BYTES, _OBJECT) or found.size < 16:
            return False
        if found.size >= _WORTH:
            return True
        kind = sniff(self.blob.read(found.offset, min(found.size, HEAD)), found.size)
        return kind != BINARY and not kind.startswith("text/")

    def _rich(self, found: _Property) -> Member:
        packed = Slice(self.blob, found.offset, found.size)
        return Member(
            "body.rtf",
            open=lambda: stream_of(unpacked(packed)),
            stored_size=max(found.size, 1),
            locator=f"bytes {found.offset}-{found.offset + found.size} (unpacked)",
        )

    def _plain(self, name: str, start: int, size: int, times: tuple[Stamp, ...] = ()) -> Member:
        return Member(
            name,
            open=lambda: stream_of(pieces_of(self.blob, start, size)),
            stored_size=max(size, 1),
            times=times,
            locator=f"bytes {start}-{start + size}",
        )


_PARTS = frozenset({_TITLE, _DATA, _METAFILE, _CREATED, _MODIFIED, _ATTACHMENT})


def _properties(reader: Reader, start: int, end: int) -> Iterator[_Property]:
    """Yield every value of a list of MAPI properties ([MS-OXTNEF] 2.1.3.4); stops at damage."""

    def number(at: int) -> int:
        return int.from_bytes(reader.read(at, 4), "little")

    at = start + 4  # their count, which the bytes bound anyway
    while at + 8 <= end:
        kind, identifier = struct.unpack("<HH", reader.read(at, 4))
        at += 4
        if identifier >= 0x8000:  # a name: a set, and a number or a text
            textual = number(at + 16) == 1
            at += 24 + (_padded(number(at + 20)) if textual else 0)
        base = kind & ~_MANY
        count = 1
        if kind & _MANY or base in _VARIABLE:
            count = number(at)
            at += 4
        fixed = _SIZES.get(base, 0)
        if not fixed and base not in _VARIABLE:
            return
        for _ in range(count):
            if at + 4 > end:
                return
            size = fixed
            if base in _VARIABLE:
                size = number(at)
                at += 4
            yield _Property(identifier, base, at, max(0, min(size, end - at)))
            at += _padded(size)


def _padded(size: int) -> int:
    return (size + 3) & ~3


def _text(raw: bytes, kind: int) -> str:
    if kind == _UNICODE:
        return raw.decode("utf-16-le", "replace").partition("\0")[0]
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")

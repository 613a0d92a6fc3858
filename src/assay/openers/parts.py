"""Pictures and videos that lie inside another file: where, what they are to it, and as members.

Shared by ``previews`` and ``raws``. What one picture is told of twice (by a directory and by its
structure) is given once; together the parts of a file cannot exceed a few times its size.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from assay.core.blob import Blob
from assay.core.errors import LimitReached, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Role
from assay.media.jpegs import JpegSearch, Span
from assay.media.sniff import sniff

MAX_PARTS = 256  # per file
_TIMES = 4  # bytes of all parts together, over the file's size: hostile directories overlap
_ROOM = 1 << 20  # bytes beyond that, for tiny files
_NOTED = 4  # troubles kept of one flag
_SHOWN = 4  # ranges named in a locator


@dataclass(frozen=True, slots=True)
class Part:
    """One picture or video inside a file."""

    name: str
    spans: tuple[Span, ...]  # of its stored bytes in the file, in order
    role: Role = Role.PREVIEW
    state: Allocation = Allocation.ALLOCATED
    content: bytes | None = None  # where the file stores it coded (base64, deflate): the bytes
    rendering: Callable[[], bytes] | None = None  # a picture file around bytes that are none
    media_type: str = ""

    def stored(self, data: bytes) -> bytes:
        if self.content is not None:
            return self.content
        return b"".join(data[start:end] for start, end in self.spans)

    @property
    def locator(self) -> str:
        """Return "bytes 20-1544"; several ranges are separated by commas."""
        shown = ", ".join(f"{start}-{end}" for start, end in self.spans[:_SHOWN])
        more = len(self.spans) - _SHOWN
        coded = " (decoded)" if self.content is not None else ""
        return f"bytes {shown}" + (f" and {more} more" if more > 0 else "") + coded


@dataclass(slots=True)
class Parts:
    """What was found in one file so far; yields each part once."""

    data: bytes
    troubles: list[Trouble] = field(default_factory=list)
    taken: list[Span] = field(default_factory=list)  # nothing is searched for in these
    _names: dict[str, int] = field(default_factory=dict)
    _starts: set[int] = field(default_factory=set)
    _size: int = 0
    _count: int = 0

    def member(self, part: Part) -> Member | None:
        """Return a part as a member; None where it was given already or a limit was met."""
        stored = part.content is None
        size = sum(b - a for a, b in part.spans) if stored else len(part.content or b"")
        if not size or (stored and part.spans[0][0] in self._starts):
            return None
        if self._count >= MAX_PARTS:
            self.note("count_limit", f"more than {MAX_PARTS} pictures inside the file")
            return None
        if self._size + size > _TIMES * len(self.data) + _ROOM:
            self.note("overlapping_entries", f"pictures inside the file at {part.locator}")
            return None
        self._count += 1
        self._size += size
        if stored:
            self._starts.add(part.spans[0][0])
            self.taken.extend(part.spans)
        made = part.rendering
        return Member(
            name=self._unique(part),
            open=lambda: _stream(part.stored(self.data)),
            stored_size=max(size, 1),
            state=part.state,
            locator=part.locator,
            role=part.role,
            rendering=None if made is None else lambda: _stream(made()),
            media_type=part.media_type,
        )

    def note(self, flag: str, detail: str) -> None:
        """Keep a trouble once, and only a few of each flag, so that none hides another."""
        found = Trouble(flag, detail)
        alike = [t for t in self.troubles if t.flag == flag]
        if len(alike) < _NOTED and found not in alike:
            self.troubles.append(found)

    def free(self, start: int, end: int) -> Iterator[Span]:
        """Yield the ranges of ``start``–``end`` that no part has taken, in order."""
        at = start
        for first, stop in merged(self.taken):
            if first >= end:
                break
            if first > at:
                yield at, first
            at = max(at, stop)
        if at < end:
            yield at, end

    def _unique(self, part: Part) -> str:
        count = self._names[part.name] = self._names.get(part.name, 0) + 1
        return part.name if count == 1 else f"{part.name} {count}"


def merged(spans: list[Span]) -> list[Span]:
    """Return ranges in order, joined where they touch."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


@dataclass(frozen=True, slots=True)
class Source:
    """A block inside the file: its bytes, and where they lie if they are stored as they are."""

    data: bytes
    at: int | None  # offset of the block in the file; None where it was inflated or joined
    span: Span  # of the block as stored

    def part(
        self,
        name: str,
        start: int,
        end: int,
        role: Role = Role.PREVIEW,
        state: Allocation = Allocation.ALLOCATED,
    ) -> Part:
        """Return the part at ``start``–``end`` of the block."""
        if self.at is not None:
            return Part(name, ((self.at + start, self.at + end),), role, state)
        return Part(name, (self.span,), role, state, self.data[start:end])

    def carved(self, name: str, taken: list[Span], parts: Parts) -> Iterator[Part]:
        """Yield the JPEGs that the block's structure shows outside ``taken`` (its own offsets)."""
        search = JpegSearch(self.data, 0, len(self.data))
        for jpeg in search.found(merged(taken)):
            if jpeg.decoded:
                yield self.part(name, jpeg.start, jpeg.end, state=Allocation.CARVED)
        if not search.complete:
            where = f"bytes {self.span[0]}-{self.span[1]}"
            parts.note("count_limit", f"too many beginnings of pictures in {where}")


def _stream(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def members_of(
    blob: Blob,
    context: OpenContext,
    media_types: tuple[str, ...],
    read: Callable[[bytes, str, Parts], Iterator[Part]],
) -> Iterator[Member | Trouble]:
    """Yield what ``read`` finds in a file; raises NotApplicable where that is nothing at all."""
    if blob.size > context.limits.member_size:
        raise LimitReached(f"{blob.size} bytes", flag="size_limit")
    data = blob.read(0, blob.size)
    media_type = sniff(data[: 1 << 16], len(data))
    if media_type not in media_types:
        raise NotApplicable
    parts = Parts(data)
    found = False
    for part in read(data, media_type, parts):
        member = parts.member(part)
        if member is not None:
            found = True
            yield member
    yield from parts.troubles
    if not found and not parts.troubles:
        raise NotApplicable

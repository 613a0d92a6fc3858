"""What every container walker writes into: a bounded notebook of slots, troubles and facts.

It knows the limits on count, copied bytes and inflated bytes; it knows no format.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from assay.core.slots import Slot, SlotKind, Trouble, Walk

MAX_SLOTS = 4096  # per file
MAX_TROUBLES = 6  # per flag and file, so that a flood of one hides no other
MAX_STEPS = 200_000  # segments, chunks, boxes or directory entries per file
MAX_KEPT = 64 << 20  # bytes copied into slots per file: overlapping ranges cannot multiply it
MAX_TEXT = 4 << 20  # bytes one compressed text may inflate to
MAX_INFLATED = 16 << 20  # bytes all compressed texts of a file may inflate to
MAX_TRAILER = 1 << 16  # bytes of a trailer kept; enough to name its type


class StopWalk(Exception):  # noqa: N818 - a quiet end, caught by ``walk``
    """The walker may go no further; what was gathered stays."""


@dataclass(slots=True)
class Gather:
    """The state of one walk over ``data``."""

    data: bytes
    container: str
    slots: list[Slot] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    end: int | None = None
    coded: list[tuple[int, int]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    steps: int = 0
    kept: int = 0
    inflated: int = 0

    def step(self) -> None:
        """Count one structural element; raises StopWalk beyond the limit."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.trouble("malformed", f"more than {MAX_STEPS} structural parts; the rest unread")
            raise StopWalk

    def trouble(self, flag: str, detail: str) -> None:
        """Note a trouble once; the first ``MAX_TROUBLES`` of each flag are kept."""
        found = Trouble(flag, detail)
        alike = [t for t in self.troubles if t.flag == flag]
        if len(alike) < MAX_TROUBLES and found not in alike:
            self.troubles.append(found)

    def slot(
        self,
        kind: SlotKind,
        start: int,
        end: int,
        *,
        key: str = "",
        mechanism: str = "",
        payload: bytes | None = None,
        complete: bool = True,
    ) -> None:
        """Keep bytes ``start``–``end`` (or their ``payload`` after inflation or joining)."""
        end = min(end, len(self.data))
        start = min(start, end)
        size = (end - start) if payload is None else len(payload)
        if len(self.slots) >= MAX_SLOTS or self.kept + size > MAX_KEPT:
            self.trouble("metadata_bomb", f"metadata beyond {MAX_KEPT >> 20} MiB was not kept")
            return
        if start > 0 or size < len(self.data):  # the whole file is no copy
            self.kept += size
        data = self.data[start:end] if payload is None else payload
        self.slots.append(Slot(kind, data, start, end - start, key, mechanism, complete))

    def pixels(self, start: int, end: int) -> None:
        """Note that a range holds coded pixels alone; ranges that touch become one."""
        if self.coded and self.coded[-1][1] == start:
            start = self.coded.pop()[0]
        self.coded.append((start, end))

    def take(self, start: int, end: int) -> bytes:
        """Copy bytes ``start``–``end`` for further reading, on the same account as slots."""
        end = min(end, len(self.data))
        if self.kept + max(0, end - start) > MAX_KEPT:
            self.trouble("metadata_bomb", f"metadata beyond {MAX_KEPT >> 20} MiB was not read")
            return b""
        self.kept += max(0, end - start)
        return self.data[start:end]

    def trailer(self, start: int) -> None:
        """Note where the content ends, and what follows it."""
        self.end = start
        size = len(self.data)
        if start < size:
            self.slot(
                SlotKind.TRAILER,
                start,
                size,
                mechanism="after the end",
                payload=self.data[start : start + MAX_TRAILER],
                complete=size - start <= MAX_TRAILER,
            )

    def inflate(self, packed: bytes, what: str) -> tuple[bytes, bool]:
        """Inflate a zlib stream within the limits; returns the bytes and whether that is all."""
        room = min(MAX_TEXT, MAX_INFLATED - self.inflated)
        if room <= 0:
            self.trouble("metadata_bomb", f"{what} not inflated: {MAX_INFLATED >> 20} MiB reached")
            return b"", False
        inflater = zlib.decompressobj()
        try:
            out = inflater.decompress(packed, room + 1)
        except zlib.error:
            self.trouble("malformed", f"{what} does not inflate")
            return b"", False
        self.inflated += min(len(out), room)
        if len(out) > room:
            self.trouble("metadata_bomb", f"{what} is larger than {room} bytes inflated")
            return out[:room], False
        if not inflater.eof:
            self.trouble("truncated", f"{what} ends inside its compressed data")
            return out, False
        return out, True

    def peek(self, packed: bytes, size: int) -> bytes:
        """Inflate the first ``size`` bytes of a zlib stream; what is damaged gives nothing."""
        size = min(size, MAX_TEXT, MAX_INFLATED - self.inflated)
        if size <= 0:
            self.trouble("metadata_bomb", f"more not inflated: {MAX_INFLATED >> 20} MiB reached")
            return b""
        try:
            out = zlib.decompressobj().decompress(packed, size)
        except zlib.error:
            return b""
        self.inflated += len(out)
        return out

    def finish(self) -> Walk:
        """Return what was gathered."""
        return Walk(
            container=self.container,
            slots=tuple(self.slots),
            troubles=tuple(self.troubles),
            width=self.width,
            height=self.height,
            end=self.end,
            coded=tuple(self.coded),
            facts=self.facts,
        )

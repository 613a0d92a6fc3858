"""Reads the directories of a TIFF or EXIF block; it interprets no maker note and no pixels.

Layout: TIFF 6.0 section 2 (and BigTIFF), directories of CIPA DC-008-2023 (Exif 3.0) 4.6. The
block is hostile: every offset is checked, every directory is read once, and counts, values and
their sum are bounded. What could not be read is named in ``Exif.troubles``.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from assay.core.slots import Trouble
from assay.media.exif_text import coded_text, plain_text, utf16_text
from assay.media.tiff_tags import CODED_TEXT, POINTERS, UTF16_TEXT, tag_name

Number = int | float
Value = str | bytes | int | float | tuple[Number, ...]

MAX_VALUE = 8 << 20  # bytes of one value: ComfyUI writes megabytes of JSON into Make and Model
_MAX_TOTAL = 64 << 20  # bytes of all values: entries may share their bytes
_MAX_NUMBERS = 4096  # of one numeric array; longer ones hold strip offsets and curves
_MAX_ENTRIES = 1 << 16  # in all directories together
_MAX_DIRECTORIES = 512
_MAX_THUMBNAIL = 8 << 20  # bytes
_MAX_TROUBLES = 8
_CACHED = 4 << 20  # bytes; larger blocks are whole TIFF files and not worth holding
_GROUPS = ("IFD0", "Exif", "GPS", "Interop", "IFD1")
# TIFF and BigTIFF; ORF and RW2 are TIFF with a number of their own (exiftool.org/TagNames)
_MAGIC = frozenset({0x2A, 0x2B, 0x4F52, 0x5352, 0x55})
# TIFF 6.0 section 2, BigTIFF 16-18, Exif 3.0 129 (UTF-8): size in bytes and struct code
_TYPES = {
    1: (1, "B"),
    2: (1, "text"),
    3: (2, "H"),
    4: (4, "I"),
    5: (8, "II"),
    6: (1, "b"),
    7: (1, "bytes"),
    8: (2, "h"),
    9: (4, "i"),
    10: (8, "ii"),
    11: (4, "f"),
    12: (8, "d"),
    13: (4, "I"),
    16: (8, "Q"),
    17: (8, "q"),
    18: (8, "Q"),
    129: (1, "text"),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry of a directory."""

    group: str  # "IFD0", "Exif", "GPS", "Interop", "IFD1"; further pages "IFD2"…; "SubIFD"
    id: int
    name: str  # "Make"; "0x9999" where unknown
    value: Value  # rationals as float; NaN or infinity where the denominator is 0
    offset: int  # of the value, in the block


@dataclass(frozen=True, slots=True)
class Exif:
    """The tags of a block, in the order of its directories."""

    tags: tuple[Tag, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    thumbnail: bytes | None = None  # the JPEG that IFD1 points to
    little: bool = True  # byte order

    def find(self, name: str, group: str | None = None) -> Tag | None:
        """Return the first tag of that name, in the order IFD0, Exif, GPS, Interop, IFD1, rest."""
        hits = [t for t in self.tags if t.name == name and group in (None, t.group)]
        return min(hits, key=lambda t: _rank(t.group), default=None)

    def get(self, name: str, group: str | None = None) -> Value | None:
        """Return the value of the first tag of that name."""
        tag = self.find(name, group)
        return None if tag is None else tag.value

    def text(self, name: str, group: str | None = None) -> str | None:
        """Return a tag as text, without NULs; None where absent, not a text, or blank."""
        tag = self.find(name, group)
        return None if tag is None else tag_text(tag, little=self.little)

    def number(self, name: str, group: str | None = None) -> float | None:
        """Return a tag's (first) number; None where absent, not a number, or not finite."""
        value = self.get(name, group)
        if isinstance(value, tuple):
            value = value[0] if value else None
        if isinstance(value, str | bytes) or value is None or not math.isfinite(value):
            return None
        return float(value)


def tag_text(tag: Tag, *, little: bool) -> str | None:
    """Return the text of one tag, its character code resolved; None where it has none."""
    if isinstance(tag.value, str):
        text = plain_text(tag.value)
    elif not isinstance(tag.value, bytes):
        return None
    elif tag.name in CODED_TEXT:
        text = coded_text(tag.value, little=little)
    elif tag.name in UTF16_TEXT:
        text = utf16_text(tag.value)
    else:
        text = plain_text(tag.value.decode("utf-8", "replace"))
    return text.strip() or None


def read_exif(data: bytes) -> Exif:
    """Return the tags of a TIFF block (without the ``Exif\\0\\0`` prefix); never raises."""
    return _read_cached(data) if len(data) <= _CACHED else _read(data)


@lru_cache(maxsize=4)
def _read_cached(data: bytes) -> Exif:
    return _read(data)


def _read(data: bytes) -> Exif:
    if len(data) < 8 or data[:2] not in (b"II", b"MM"):
        return Exif(troubles=(Trouble("malformed", "the EXIF block has no TIFF header"),))
    walker = _Walker(data, "<" if data[:2] == b"II" else ">")
    walker.run()
    return Exif(tuple(walker.tags), tuple(walker.troubles), walker.thumbnail(), walker.order == "<")


def _rank(group: str) -> int:
    return _GROUPS.index(group) if group in _GROUPS else len(_GROUPS)


@dataclass(slots=True)
class _Walker:
    data: bytes
    order: str  # struct's "<" or ">"
    tags: list[Tag] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    big: bool = False  # BigTIFF: 8-byte offsets and counts
    seen: set[int] = field(default_factory=set)
    entries: int = 0
    total: int = 0  # bytes of all values
    queue: deque[tuple[int, str]] = field(default_factory=deque)

    def run(self) -> None:
        magic = self._number(2, "H")
        if magic not in _MAGIC:
            self._report("malformed", f"unknown TIFF version {magic}")
            return
        self.big = magic == 0x2B
        first = self._number(8, "Q") if self.big else self._number(4, "I")
        self.queue.append((first or 0, "IFD0"))
        while self.queue:
            offset, group = self.queue.popleft()
            if len(self.seen) >= _MAX_DIRECTORIES:
                self._report("frames_limited", f"the first {_MAX_DIRECTORIES} directories")
                return
            self._directory(offset, group)

    def _directory(self, offset: int, group: str) -> None:
        if offset in self.seen:
            # A chain that returns to a directory already read loses nothing; a sub-directory
            # that is another directory was read under the wrong names.
            if not group.startswith("IFD"):
                self._report("metadata_loop", f"the {group} directory at byte {offset} is another")
            return
        self.seen.add(offset)
        width, step, count_code = (8, 20, "Q") if self.big else (2, 12, "H")
        count = self._number(offset, count_code)
        if count is None or offset < 8:
            self._report("malformed", f"the {group} directory at byte {offset} is outside")
            return
        start = offset + width
        fits = min(count, (len(self.data) - start) // step)
        if fits < count:
            self._report("malformed", f"the {group} directory holds {fits} of {count} entries")
        bad = 0
        for index in range(fits):
            self.entries += 1
            if self.entries > _MAX_ENTRIES or self.total > _MAX_TOTAL:
                self._report("metadata_bomb", f"EXIF entries at byte {start + index * step}")
                self.queue.clear()
                return
            bad += not self._entry(start + index * step, group)
            if bad > 8:  # no directory at all: its other entries would be noise
                self._report("malformed", f"the {group} directory at byte {offset} is damaged")
                return
        self._next(start + count * step, group)

    def _next(self, offset: int, group: str) -> None:
        if not group.startswith("IFD"):
            return
        following = self._number(offset, "Q" if self.big else "I")
        if following:  # absent or 0: the chain ends
            self.queue.append((following, f"IFD{int(group[3:]) + 1}"))

    def _entry(self, at: int, group: str) -> bool:
        """Read one entry; tell whether it made sense."""
        number = self._number(at, "H") or 0
        kind = self._number(at + 2, "H") or 0
        count = self._number(at + 4, "Q" if self.big else "I") or 0
        inline, field_at, code = (8, at + 12, "Q") if self.big else (4, at + 8, "I")
        name = tag_name(group, number)
        if kind not in _TYPES:
            if kind:  # cameras pad directories with zeros, and type 0 has no value to read
                self._report("malformed", f"{group} {name} has the unknown type {kind}")
                return False
            return True
        size = _TYPES[kind][0] * count
        offset = field_at if size <= inline else (self._number(field_at, code) or 0)
        raw = self._bytes(offset, size, kind, f"{group} {name}")
        if raw is None:
            return False
        value = self._value(raw, kind, number)
        self.tags.append(Tag(group, number, name, value, offset))
        if number in POINTERS:
            targets = value if isinstance(value, tuple) else (value,)
            targets = tuple(t for t in targets if isinstance(t, int) and t)[:16]
            self.queue.extend((t, POINTERS[number]) for t in targets if isinstance(t, int))
        return True

    def _bytes(self, offset: int, size: int, kind: int, label: str) -> bytes | None:
        """Return the bytes of a value as far as they exist and the bounds allow."""
        there = max(0, len(self.data) - offset)
        if size > there:
            self._report("malformed", f"{label} reaches {size - there} bytes beyond its block")
            if not there or _TYPES[kind][1] not in ("text", "bytes", "B"):
                return None
        unit, code = _TYPES[kind]
        bound = MAX_VALUE if code in ("text", "bytes", "B") else unit * _MAX_NUMBERS
        if size > bound and (code == "text" or label.partition(" ")[2] in CODED_TEXT | UTF16_TEXT):
            self._report("metadata_bomb", f"{label} has {size} bytes")
        raw = self.data[offset : offset + min(size, there, bound)]
        self.total += len(raw)
        return raw

    def _value(self, raw: bytes, kind: int, number: int) -> Value:
        unit, code = _TYPES[kind]
        if code == "text" and number != 0x9286:  # UserComment keeps its character code
            return _decode(raw)
        if code in ("text", "bytes") or (code == "B" and len(raw) > 1):
            return raw
        count = len(raw) // unit
        numbers = struct.unpack(f"{self.order}{len(code) * count}{code[:1]}", raw[: count * unit])
        if len(code) == 2:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            numbers = tuple(_ratio(top, bottom) for top, bottom in pairs)
        return numbers[0] if count == 1 else numbers

    def _number(self, offset: int, code: str) -> int | None:
        size = struct.calcsize(code) if code != "Q" else 8
        if offset < 0 or offset + size > len(self.data):
            return None
        number: int = struct.unpack_from(self.order + code, self.data, offset)[0]
        return number

    def _report(self, flag: str, detail: str) -> None:
        trouble = Trouble(flag, detail)
        if len(self.troubles) < _MAX_TROUBLES and trouble not in self.troubles:
            self.troubles.append(trouble)

    def thumbnail(self) -> bytes | None:
        found = dict(self._thumbnail_fields())
        offset, length = (
            found.get("JPEGInterchangeFormat"),
            found.get("JPEGInterchangeFormatLength"),
        )
        if not offset or not length or length > _MAX_THUMBNAIL:
            return None
        jpeg = self.data[offset : offset + length]
        return jpeg if jpeg[:2] == b"\xff\xd8" else None

    def _thumbnail_fields(self) -> Iterator[tuple[str, int]]:
        for tag in self.tags:
            if tag.group == "IFD1" and isinstance(tag.value, int):
                yield tag.name, tag.value


def _decode(raw: bytes) -> str:
    """ASCII by the standard; UTF-8 in practice, Latin-1 in old cameras."""
    raw = raw.rstrip(b"\0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _ratio(top: int, bottom: int) -> float:
    if bottom:
        return top / bottom
    return math.inf if top else math.nan

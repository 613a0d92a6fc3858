"""Opens binary property lists: the pictures, documents and further lists in their data objects.

The table of objects is read as the flat list that it is, so that neither cycles nor claims of many
objects lead anywhere, and archives of NSKeyedArchiver need nothing of their own. Source: Apple's
CFBinaryPList.c (format 00). Lists in XML are texts and read by ``encoded``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import LimitReached, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Reach
from assay.openers.sqlite_values import Place, beginnings, children, escaped, member
from assay.openers.streams import Slice

MAGIC = b"bplist"
_WHOLE = 256 << 20  # bytes read at once
_TRAILER = 32
_MAX_OBJECTS = 1 << 22
_MAX_NAMED = 1 << 20  # references followed to name objects after their keys
_MAX_DEPTH = 8  # keys in a name
_MAX_KEY = 64  # characters of a key in a name
_MIN_DATA, _MIN_TEXT = 32, 256  # bytes
_DATA, _ASCII, _UNICODE, _ARRAY, _SET, _DICT = 4, 5, 6, 10, 12, 13  # kinds by the first half byte
_REREAD = 2  # times the file's size that its objects may claim together


class BplistOpener:
    name = "bplist"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = ("application/x-bplist",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the files in data objects and long strings, in the order of the object table."""
        if blob.read(0, len(MAGIC)) != MAGIC:
            raise NotApplicable
        if blob.size > _WHOLE:
            raise LimitReached(f"{blob.size} bytes; at most {_WHOLE} are read", flag="size_limit")
        data = blob.read(0, blob.size)
        table = _offsets(data)
        if table is None:
            yield Trouble("malformed", "the table of objects cannot be read")
            yield from _searched(blob, data)
            return
        offsets, width = table
        yield from _List(blob, data, offsets, width).entries()

    def warm(self) -> None:
        for entry in self.open(MemoryBlob(sample()), OpenContext()):
            if isinstance(entry, Member) and entry.open is not None:
                entry.open().read()


@dataclass(frozen=True, slots=True)
class _Object:
    kind: int
    start: int  # of its content
    count: int  # bytes, characters or entries, as claimed


class _List:
    """One list whose table of objects fits its size."""

    def __init__(self, blob: Blob, data: bytes, offsets: Sequence[int], width: int) -> None:
        self._blob = blob
        self._data = data
        self._offsets = offsets
        self._width = width  # bytes of a reference
        self._followed = _MAX_NAMED  # references that may still be followed
        self._parents: dict[int, tuple[int, str]] = {}  # object -> container and key in it

    def entries(self) -> Iterator[Member | Trouble]:
        wanted: list[tuple[int, _Object]] = []
        claimed = broken = 0
        for number, offset in enumerate(self._offsets):
            found = self._object(offset)
            if found is None:
                broken += 1
            elif found.kind in (_ARRAY, _SET, _DICT):
                self._name(number, found)
            elif _is_long(found):
                size = found.count * 2 if found.kind == _UNICODE else found.count
                broken += found.start + size > len(self._data)
                claimed += size
                if claimed > _REREAD * len(self._data):
                    yield Trouble("overlapping_entries", f"objects from number {number} on")
                    break
                wanted.append((number, found))
        if broken:
            yield Trouble("malformed", f"{broken} objects do not fit in the file")
        for number, found in wanted:
            size = found.count * 2 if found.kind == _UNICODE else found.count
            value = Slice(self._blob, found.start, size)
            encoding = {_ASCII: "ascii", _UNICODE: "utf-16-be"}.get(found.kind, "")
            locator = f"bytes {found.start}-{found.start + value.size}"
            yield from children(value, Place(self._path(number), locator), encoding)

    def _object(self, at: int) -> _Object | None:
        """Read an object's marker and count; None where it lies outside the objects."""
        if not 8 <= at < len(self._data) - _TRAILER:
            return None
        kind, count, start = self._data[at] >> 4, self._data[at] & 15, at + 1
        if count == 15 and kind in (_DATA, _ASCII, _UNICODE, _ARRAY, _SET, _DICT):
            marker = self._data[start]
            size = 1 << (marker & 15)
            if marker >> 4 != 1 or size > 8:
                return None
            count = int.from_bytes(self._data[start + 1 : start + 1 + size], "big")
            start += 1 + size
        return _Object(kind, start, count)

    # -- names -------------------------------------------------------------------------------------

    def _name(self, number: int, found: _Object) -> None:
        """Note the keys under which a container holds its objects; the first name stays."""
        is_dict = found.kind == _DICT
        room = (len(self._data) - found.start) // (self._width * (2 if is_dict else 1))
        count = max(0, min(found.count, room, self._followed))
        self._followed -= count
        values = found.start + (found.count * self._width if is_dict else 0)
        for index in range(count):
            child = self._reference(values + index * self._width)
            if child not in self._parents and child < len(self._offsets):
                key = str(index)
                if is_dict:
                    key = self._key(self._reference(found.start + index * self._width))
                self._parents[child] = (number, key)

    def _reference(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + self._width], "big")

    def _key(self, number: int) -> str:
        found = self._object(self._offsets[number]) if number < len(self._offsets) else None
        if found is None or found.kind not in (_ASCII, _UNICODE):
            return "?"
        wide = found.kind == _UNICODE
        size = min(found.count, _MAX_KEY) * (2 if wide else 1)
        raw = self._data[found.start : found.start + size]
        return escaped(raw.decode("utf-16-be" if wide else "latin-1", "replace"))

    def _path(self, number: int) -> str:
        keys: list[str] = []
        at = number
        while at in self._parents and len(keys) < _MAX_DEPTH:
            at, key = self._parents[at]
            keys.append(key)
        path = "/".join(reversed(keys))
        return f"{path} (object {number})" if path else f"object {number}"


def _is_long(found: _Object) -> bool:
    least = {_DATA: _MIN_DATA, _ASCII: _MIN_TEXT, _UNICODE: _MIN_TEXT}.get(found.kind)
    return least is not None and found.count >= least


def _offsets(data: bytes) -> tuple[list[int], int] | None:
    """Return the offsets of all objects and the bytes of a reference; None where they lie."""
    trailer = data[-_TRAILER:]
    if len(data) < len(MAGIC) + 2 + _TRAILER:
        return None
    size, width = trailer[6], trailer[7]
    count = int.from_bytes(trailer[8:16], "big")
    start = int.from_bytes(trailer[24:32], "big")
    fits = 1 <= size <= 8 and 1 <= width <= 8 and start >= 8
    if not fits or count > _MAX_OBJECTS or start + count * size > len(data) - _TRAILER:
        return None
    raw = data[start : start + count * size]
    return [int.from_bytes(raw[i : i + size], "big") for i in range(0, len(raw), size)], width


def _searched(blob: Blob, data: bytes) -> Iterator[Member | Trouble]:
    """Yield the files that begin anywhere in a list that cannot be read as one."""
    found, complete = beginnings(blob, data)
    if not complete:
        yield Trouble("count_limit", "more beginnings of files than are looked at")
    for start, end in found:
        place = Place(f"bytes {start}-{end}", f"bytes {start}-{end}", Allocation.CARVED)
        yield member(Slice(blob, start, end - start), place)


def sample() -> bytes:
    """Return a list of one dictionary: under the key "a" a picture of 35 bytes."""
    picture = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
    objects = (b"\xd1\x01\x02", b"\x51a", b"\x4f\x10" + bytes((len(picture),)) + picture)
    offsets = bytes((8, 11, 13))
    body = b"bplist00" + b"".join(objects)
    numbers = (3, 0, len(body))
    return (
        body
        + offsets
        + bytes((0, 0, 0, 0, 0, 0, 1, 1))
        + b"".join(n.to_bytes(8, "big") for n in numbers)
    )

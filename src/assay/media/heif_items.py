"""The picture items of an HEIF file beside its own picture: thumbnails, depth, gain maps, sources.

It says where each item's bytes lie and can put a file of its own around them, so that what cannot
stand alone (HEVC, AV1) is shown by the decoder as it is; it decodes nothing itself.
Sources: ISO/IEC 14496-12 §8.11 (meta, iinf, iloc, iref, pitm), ISO/IEC 23008-12 §6-9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from assay.media.gather import Gather, StopWalk
from assay.media.isobmff_items import Cursor, places_of
from assay.media.walk_isobmff import Box, boxes

Range = tuple[int, int]
CODED = frozenset({b"hvc1", b"av01", b"avc1", b"jpeg", b"vvc1", b"j2k1", b"unci"})
DERIVED = frozenset({b"grid", b"iovl", b"iden", b"tmap"})
_MAX_ITEMS = 8192
_MAX_REFERENCES = 4096
_MAX_PIECES = 1024  # of one item, tiles included
_ALPHA = (b":aux:alpha", b"hevc:2015:auxid:1", b"auxiliary:alpha")
_DEPTH = (b"depth", b"disparity", b"hevc:2015:auxid:2")


@dataclass(frozen=True, slots=True)
class Item:
    number: int
    kind: bytes  # "hvc1", "grid", "jpeg", …
    hidden: bool
    entry: Range  # its "infe" box in the file, header included
    spans: tuple[Range, ...] = ()  # its bytes in the file


@dataclass(slots=True)
class Items:
    """The items of one "meta" box."""

    data: bytes
    primary: int | None = None
    items: dict[int, Item] = field(default_factory=dict)
    references: list[tuple[bytes, int, tuple[int, ...]]] = field(default_factory=list)
    properties: Range | None = None  # content of "ipco"
    assigned: dict[int, list[int]] = field(default_factory=dict)  # item -> ipma entries, raw

    def inputs(self, number: int) -> tuple[int, ...]:
        """Return the items that a derived one is made of."""
        return next((to for k, at, to in self.references if k == b"dimg" and at == number), ())

    def spans(self, number: int) -> tuple[Range, ...]:
        """Return where the coded bytes of an item lie: its own, or those of a grid's tiles."""
        item = self.items.get(number)
        if item is None:
            return ()
        if item.kind not in DERIVED:
            return item.spans
        tiles = [self.items[n] for n in self.inputs(number)[:_MAX_PIECES] if n in self.items]
        return tuple(s for tile in tiles for s in tile.spans if tile.kind in CODED)[:_MAX_PIECES]

    def beside(self) -> Iterator[tuple[Item, str]]:
        """Yield each picture item that is neither the picture nor a part of it, and what it is.

        Left out: tiles, alpha planes (the decoder applies them), and the further pictures that
        stand on their own (``media.frames`` shows those).
        """
        role: dict[int, str] = {}
        tiles: set[int] = set()
        for kind, at, to in self.references:
            if kind == b"thmb":
                role[at] = "thumbnail"
            elif kind == b"auxl":
                role[at] = self._auxiliary(at)
            elif kind == b"dimg":
                maker = self.items.get(at)
                if maker is not None and maker.kind in (b"iden", b"iovl", b"tmap"):
                    for number in to:
                        role.setdefault(number, "source")
                else:
                    tiles.update(to)
        for number, item in self.items.items():
            picture = item.kind in CODED or item.kind == b"grid"
            what = role.get(number, "hidden picture" if item.hidden else "")
            if picture and number != self.primary and what not in ("", "alpha"):
                if what == "hidden picture" and number in tiles:
                    continue
                yield item, what

    def _auxiliary(self, number: int) -> str:
        """Return what an auxiliary picture is, by its "auxC" property."""
        for name, start, end in self._properties(number):
            if name == b"auxC":
                kind = self.data[start + 4 : min(end, start + 260)].split(b"\0", 1)[0].lower()
                if any(mark in kind for mark in _ALPHA):
                    return "alpha"
                if any(mark in kind for mark in _DEPTH):
                    return "depth map"
                last = kind.replace(b"/", b":").rsplit(b":", 1)[-1].decode("latin-1")
                return "gain map" if "gainmap" in last else f"auxiliary picture {last[:40]}"
        return "auxiliary picture"

    def _properties(self, number: int) -> Iterator[tuple[bytes, int, int]]:
        if self.properties is None:
            return
        rows = list(boxes(Gather(self.data, ""), *self.properties, top=False))[:4096]
        for value in self.assigned.get(number, ()):
            index = value & 0x7FFF
            if 0 < index <= len(rows):
                row = rows[index - 1]
                yield row.name, row.start, row.end


def read(data: bytes) -> Items | None:
    """Return the items of the file's "meta" box; None where there is none. Never raises."""
    gather = Gather(data, "")
    try:
        meta = next((b for b in boxes(gather, 0, len(data), top=True) if b.name == b"meta"), None)
        return None if meta is None else _read(gather, meta)
    except StopWalk:
        return None


def _read(gather: Gather, meta: Box) -> Items | None:
    data = gather.data
    children = {b.name: b for b in boxes(gather, meta.start + 4, meta.end, top=False)}
    found = Items(data)
    if b"iinf" not in children or b"iloc" not in children:
        return None
    if b"pitm" in children:
        at = children[b"pitm"].start
        size = 2 if data[at : at + 1] == b"\0" else 4
        found.primary = int.from_bytes(data[at + 4 : at + 4 + size], "big")
    if b"iprp" in children:
        for box in boxes(gather, children[b"iprp"].start, children[b"iprp"].end, top=False):
            if box.name == b"ipco":
                found.properties = box.start, box.end
            elif box.name == b"ipma":
                _assign(gather, box, found.assigned)
    if b"iref" in children:
        found.references = list(_references(gather, children[b"iref"]))
    entries = {item.number: item for item in _entries(gather, children[b"iinf"])}
    iloc = children[b"iloc"]
    idat = children.get(b"idat")
    for number, (method, extents) in places_of(gather, iloc.start, iloc.end, set(entries)).items():
        shift, limit = (idat.start, idat.end) if method == 1 and idat else (0, len(data))
        if method > 1 or (method == 1 and idat is None):
            continue
        spans = []
        for offset, length in extents:
            start = shift + offset
            end = min(start + length, limit) if length else limit
            if start < end:
                spans.append((start, end))
        entry = entries[number]
        found.items[number] = Item(number, entry.kind, entry.hidden, entry.entry, tuple(spans))
    return found


def _entries(gather: Gather, iinf: Box) -> Iterator[Item]:
    data = gather.data
    at = iinf.start + (6 if data[iinf.start : iinf.start + 1] == b"\0" else 8)
    for number, box in enumerate(boxes(gather, at, iinf.end, top=False)):
        if number >= _MAX_ITEMS:
            return
        version = data[box.start] if box.start < box.end else 0
        if box.name != b"infe" or version < 2:
            continue
        cursor = Cursor(data, box.start + 3, box.end)
        hidden = bool(cursor.number(1) & 1)
        item = cursor.number(4 if version == 3 else 2)
        cursor.number(2)
        yield Item(item, data[cursor.pos : cursor.pos + 4], hidden, (box.head, box.end))


def _references(gather: Gather, iref: Box) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    size = 4 if gather.data[iref.start : iref.start + 1] == b"\1" else 2
    for number, box in enumerate(boxes(gather, iref.start + 4, iref.end, top=False)):
        if number >= _MAX_REFERENCES:
            return
        cursor = Cursor(gather.data, box.start, box.end)
        source = cursor.number(size)
        count = min(cursor.number(2), (box.end - cursor.pos) // size)
        yield box.name, source, tuple(cursor.number(size) for _ in range(count))


def _assign(gather: Gather, ipma: Box, assigned: dict[int, list[int]]) -> None:
    """Read which properties each item has; bit 15 marks an essential one."""
    cursor = Cursor(gather.data, ipma.start, ipma.end)
    version = cursor.number(1)
    wide = cursor.number(3) & 1
    for _ in range(min(cursor.number(4), _MAX_ITEMS)):
        gather.step()
        item = cursor.number(4 if version else 2)
        values = []
        for _ in range(cursor.number(1)):
            value = cursor.number(2 if wide else 1)
            values.append(value if wide else (value & 0x7F) | (value & 0x80) << 8)
        if cursor.over:
            return
        assigned.setdefault(item, values)


def wrap(found: Items, number: int) -> bytes:
    """Return an HEIF file whose one picture is this item: its bytes, properties and tiles."""
    data = found.data
    numbers = [number]
    if found.items[number].kind in DERIVED:
        numbers += [n for n in found.inputs(number)[:_MAX_PIECES] if n in found.items]
    numbers = list(dict.fromkeys(numbers))
    contents = [b"".join(data[a:b] for a, b in found.items[n].spans) for n in numbers]
    brand = b"avif" if any(found.items[n].kind == b"av01" for n in numbers) else b"heic"
    head = _box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    entries = b"".join(_entry(found, n, hidden=n != number) for n in numbers)
    rows = b"".join(
        n.to_bytes(4, "big")
        + len(found.assigned.get(n, ())).to_bytes(1, "big")
        + b"".join(value.to_bytes(2, "big") for value in found.assigned.get(n, ()))
        for n in numbers
    )
    start, end = found.properties or (0, 0)
    parts = [
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", number.to_bytes(4, "big"), version=1),
        _full(b"iinf", len(numbers).to_bytes(4, "big") + entries, version=1),
        _box(
            b"iprp",
            _box(b"ipco", data[start:end])
            + _full(b"ipma", len(numbers).to_bytes(4, "big") + rows, version=1, flags=1),
        ),
    ]
    if len(numbers) > 1:
        tiles = found.inputs(number)[:_MAX_PIECES]
        refers = number.to_bytes(4, "big") + len(tiles).to_bytes(2, "big")
        refers += b"".join(n.to_bytes(4, "big") for n in tiles)
        parts.append(_full(b"iref", _box(b"dimg", refers), version=1))
    # the table of places has the same size whatever it says, so it is made twice
    parts.append(_places(numbers, contents, 0))
    size = len(head) + len(_full(b"meta", b"".join(parts)))
    parts[-1] = _places(numbers, contents, size + 8)
    return head + _full(b"meta", b"".join(parts)) + _box(b"mdat", b"".join(contents))


def _entry(found: Items, number: int, *, hidden: bool) -> bytes:
    """Return an item's "infe" box, marked as hidden or not: tiles are no pictures of their own."""
    start, end = found.items[number].entry
    raw = bytearray(found.data[start:end])
    raw[11] = raw[11] & 0xFE | hidden
    return bytes(raw)


def _places(numbers: list[int], contents: list[bytes], first: int) -> bytes:
    rows, at = b"", first
    for number, content in zip(numbers, contents, strict=True):
        rows += number.to_bytes(4, "big") + bytes(4) + b"\0\1"
        rows += at.to_bytes(8, "big") + len(content).to_bytes(8, "big")
        at += len(content)
    return _full(b"iloc", b"\x88\0" + len(numbers).to_bytes(4, "big") + rows, version=2)


def _box(name: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + name + body


def _full(name: bytes, body: bytes, *, version: int = 0, flags: int = 0) -> bytes:
    return _box(name, bytes([version, 0, 0, flags]) + body)

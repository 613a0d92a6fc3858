"""Where raw photos that are no TIFF say their previews lie: Fuji RAF, Canon CRW and CR3, Sigma X3F.

Each reader gives names and ranges as stored; none looks at sensor data. Sources: RAF by its fixed
header (libopenraw.freedesktop.org/formats/raf); CIFF 1.0 (CRW); github.com/lclevy/canon_cr3; Sigma
X3F 2.0 directory; exiftool.org/TagNames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from assay.media.gather import Gather, StopWalk
from assay.media.jpegs import measure
from assay.media.walk_isobmff import Box, boxes

Named = tuple[str, int, int]  # name, first byte, byte behind the last

_MAX_ROWS = 4096
_CIFF_DEPTH = 8
_CIFF_JPEGS = {0x2007: "JpgFromRaw", 0x2008: "thumbnail"}
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CANON_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")


def named_previews(data: bytes, media_type: str) -> Iterator[Named]:
    """Yield the previews that the file's own head or directory names; never raises."""
    reader = _READERS.get(media_type)
    if reader is None:
        return
    for name, start, end in reader(data):
        end = min(end, len(data))
        if 0 < start < end and data.startswith(b"\xff\xd8", start):
            yield name, start, end


def _raf(data: bytes) -> Iterator[Named]:
    start, size = int.from_bytes(data[84:88], "big"), int.from_bytes(data[88:92], "big")
    yield "JPEG of the RAF head", start, start + size


def _crw(data: bytes) -> Iterator[Named]:
    """Walk the heaps: each ends with the offset of its table of ten-byte rows."""
    order = "little" if data[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]

    pending = [(number(2, 4), len(data), 0)]
    seen: set[tuple[int, int]] = set()
    rows = 0
    while pending:
        start, end, depth = pending.pop()
        if (start, end) in seen or end - start < 6:
            continue
        seen.add((start, end))
        at = start + number(end - 4, 4)
        if not start <= at < end - 6:
            continue
        for index in range(number(at, 2)):
            row = at + 2 + 10 * index
            rows += 1
            if row + 10 > end or rows > _MAX_ROWS:
                break
            tag, size, offset = number(row, 2), number(row + 2, 4), number(row + 6, 4)
            if tag & 0xC000:  # the value lies in the row
                continue
            first, stop = start + offset, start + offset + size
            if tag & 0x3800 in (0x2800, 0x3000) and depth < _CIFF_DEPTH and stop <= end:
                pending.append((first, stop, depth + 1))
            elif tag & 0x3FFF in _CIFF_JPEGS:
                yield _CIFF_JPEGS[tag & 0x3FFF], first, stop


def _x3f(data: bytes) -> Iterator[Named]:
    """Read the directory whose offset is the file's last word; image sections of format 18."""

    def number(at: int) -> int:
        return int.from_bytes(data[at : at + 4], "little")

    at = number(len(data) - 4)
    if data[at : at + 4] != b"SECd":
        return
    for index in range(min(number(at + 8), _MAX_ROWS)):
        row = at + 12 + 12 * index
        start, size, kind = number(row), number(row + 4), data[row + 8 : row + 12]
        if kind not in (b"IMAG", b"IMA2") or data[start : start + 4] != b"SECi":
            continue
        if number(start + 12) == 18:  # JPEG, behind a head of 28 bytes
            yield f"image section {index + 1}", start + 28, start + size


def _cr3(data: bytes) -> Iterator[Named]:
    """Read the THMB and PRVW boxes, and the tracks whose first sample is a JPEG."""
    gather = Gather(data, "")
    try:
        for box in boxes(gather, 0, len(data), top=True):
            if box.name == b"moov":
                yield from _cr3_movie(gather, box)
            elif box.name == b"uuid" and data[box.start : box.start + 16] == _CANON_PREVIEW:
                # a word stands before the boxes
                for inner in boxes(gather, box.start + 24, box.end, top=False):
                    if inner.name == b"PRVW":
                        yield from _cr3_jpeg(data, inner, "preview")
    except StopWalk:
        return


def _cr3_movie(gather: Gather, movie: Box) -> Iterator[Named]:
    data = gather.data
    for box in boxes(gather, movie.start, movie.end, top=False):
        if box.name == b"uuid" and data[box.start : box.start + 16] == _CANON:
            for inner in boxes(gather, box.start + 16, box.end, top=False):
                if inner.name == b"THMB":
                    yield from _cr3_jpeg(data, inner, "thumbnail")
        elif box.name == b"trak":
            found = _first_sample(gather, box)
            jpeg = measure(data, *found) if found is not None else None
            if found is not None and jpeg is not None and jpeg.decoded:
                yield "JPEG track", *found


def _cr3_jpeg(data: bytes, box: Box, name: str) -> Iterator[Named]:
    """Yield the JPEG of a box: its head has 16 or 24 bytes, by version."""
    at = data.find(b"\xff\xd8", box.start, min(box.start + 32, box.end))
    if at >= 0:
        jpeg = measure(data, at, box.end)
        yield name, at, box.end if jpeg is None else jpeg.end


def _first_sample(gather: Gather, track: Box) -> tuple[int, int] | None:
    """Return where a track's first sample lies, by its sample and chunk tables."""
    data = gather.data
    table = _inside(gather, track, b"mdia", b"minf", b"stbl")
    if table is None:
        return None
    children = {b.name: b.start for b in boxes(gather, table.start, table.end, top=False)}
    sizes = children.get(b"stsz")
    if sizes is None:
        return None
    size = int.from_bytes(data[sizes + 4 : sizes + 8], "big")
    size = size or int.from_bytes(data[sizes + 12 : sizes + 16], "big")
    for name, width in ((b"co64", 8), (b"stco", 4)):
        at = children.get(name)
        if at is not None:
            start = int.from_bytes(data[at + 8 : at + 8 + width], "big")
            return start, start + size
    return None


def _inside(gather: Gather, box: Box, *path: bytes) -> Box | None:
    found: Box | None = box
    for name in path:
        if found is None:
            return None
        level = boxes(gather, found.start, found.end, top=False)
        found = next((b for b in level if b.name == name), None)
    return found


_READERS: Mapping[str, Callable[[bytes], Iterator[Named]]] = {
    "image/x-fuji-raf": _raf,
    "image/x-canon-crw": _crw,
    "image/x-canon-cr3": _cr3,
    "image/x-sigma-x3f": _x3f,
}

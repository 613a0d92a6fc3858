"""The thumbnails inside a C2PA manifest store: where in the store each picture lies.

It follows boxes and labels and verifies nothing (``assay.trust`` does). Sources: ISO/IEC 19566-5
(JUMBF: jumb, jumd, bfdb, bidb); C2PA 2.x "Thumbnail" (c2pa.thumbnail.claim, .ingredient).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.media.kinds import is_picture
from assay.media.sniff import sniff

_DEPTH = 8
_MAX_BOXES = 20_000
_LABELLED = 2  # toggle: a label follows
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class Thumbnail:
    label: str  # "c2pa.thumbnail.claim.jpeg", "c2pa.thumbnail.ingredient__1.jpeg", …
    start: int  # in the store
    end: int


def thumbnails(store: bytes) -> Iterator[Thumbnail]:
    """Yield the embedded pictures of a manifest store, in order; never raises."""
    pending = [(0, len(store), "", 0)]
    boxes = 0
    while pending:
        pos, end, label, depth = pending.pop()
        while pos + 8 <= end:
            boxes += 1
            if boxes > _MAX_BOXES:
                return
            size, name, head = _header(store, pos, end)
            stop = pos + size
            if size < head or stop > end:
                break
            start = pos + head
            if name == b"jumd" and start + 17 <= stop and store[start + 16] & _LABELLED:
                label = (
                    store[start + 17 : min(stop, start + 273)]
                    .split(b"\0", 1)[0]
                    .decode("utf-8", "replace")
                )
            elif name == b"jumb" and depth < _DEPTH:
                # inner boxes first, so that pictures come in the order of the file
                pending += [(stop, end, label, depth), (start, stop, "", depth + 1)]
                break
            elif name == b"bidb" and is_picture(sniff(store[start : start + _HEAD], stop - start)):
                yield Thumbnail(label, start, stop)
            pos = stop


def _header(store: bytes, pos: int, end: int) -> tuple[int, bytes, int]:
    size, name = int.from_bytes(store[pos : pos + 4], "big"), store[pos + 4 : pos + 8]
    if size == 1:
        return int.from_bytes(store[pos + 8 : pos + 16], "big"), name, 16
    return (size or end - pos), name, 8

"""Walks the records of an Excel 97-2003 workbook as far as pictures and locks need it.

A drawing group or picture is cut into records of at most 8 KiB; joined, they are one run of bytes
in which the picture records stand whole. Source: [MS-XLS] 2.4.58, 2.4.117, 2.4.171; the older
picture record IMDATA: OpenOffice.org, Microsoft Excel File Format, 5.56.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from assay.core.blob import Blob
from assay.core.opening import Member
from assay.openers.ole_bitmap import bitmap_member, head_size
from assay.openers.ole_native import plain
from assay.openers.ole_storage import Runs

NAMES = ("workbook", "book")
_CONTINUE, _GROUP, _PICTURE, _BACKGROUND, _LOCK = 0x3C, 0xEB, 0x7F, 0xE9, 0x2F
_LARGEST = 8224  # bytes of a record's content
_WINDOW = 1 << 20
_BITMAP, _METAFILE, _NATIVE = 9, 2, 0xE  # how an IMDATA or BKHIM record keeps its picture


@dataclass(slots=True)
class Workbook:
    """What the records of one workbook stream hold."""

    group: list[tuple[int, int]] = field(default_factory=list)  # (offset, size) of its pieces
    pictures: list[list[tuple[int, int]]] = field(default_factory=list)
    locked: bool = False


def read_workbook(blob: Blob) -> Workbook:
    """Walk all records; the walk ends where one cannot be true."""
    book = Workbook()
    open_runs: list[tuple[int, int]] | None = None
    for at, kind, size in _records(blob):
        piece = (at, size)
        if kind == _GROUP:
            open_runs = book.group
            open_runs.append(piece)
        elif kind in (_PICTURE, _BACKGROUND):
            open_runs = [piece]
            book.pictures.append(open_runs)
        elif kind == _CONTINUE:
            if open_runs is not None:
                open_runs.append(piece)
        else:
            open_runs = None
            book.locked = book.locked or kind == _LOCK
    return book


def _records(blob: Blob) -> Iterator[tuple[int, int, int]]:
    """Yield (offset of the content, type, size) of every record."""
    base, data = 0, blob.read(0, _WINDOW)
    at = 0
    while True:
        if at - base + 4 > len(data):
            base, data = at, blob.read(at, _WINDOW)
            if len(data) < 4:
                return
        kind, size = struct.unpack_from("<HH", data, at - base)
        if size > _LARGEST or (kind == 0 and size == 0):
            return
        yield at + 4, kind, size
        at += 4 + size


def old_pictures(blob: Blob, book: Workbook, name: str) -> Iterator[Member]:
    """Yield the pictures that stand in records of their own: sheets' backgrounds, Excel 5's."""
    for runs in book.pictures:
        joined = Runs(blob, runs)
        head = joined.read(0, 8 + 64)
        if len(head) < 16:
            continue
        kind, _, size = struct.unpack_from("<HHI", head)
        label = f"{name}/picture-{runs[0][0]}"
        where = f"stream {name}, offset {runs[0][0]}"
        content = Runs(joined, [(8, size)])
        if kind == _BITMAP and head_size(head[8:]) is not None:
            yield bitmap_member(label + ".dib", content, where)
        elif kind in (_BITMAP, _METAFILE, _NATIVE) and content.size:
            yield plain(content, label + (".wmf" if kind == _METAFILE else ""), where)

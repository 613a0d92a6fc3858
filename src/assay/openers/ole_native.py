"""Takes embedded files out of the streams in which OLE and PowerPoint keep them.

``Ole10Native`` is a packaged file with its name, or a program's own bytes; ``OlePres`` the picture
that stands for an object; the objects of a PowerPoint stream are compound files of their own,
mostly deflated. Sources: [MS-OLEDS] 2.3.4, 2.3.6; [MS-PPT] 2.10.34-2.10.36.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from assay.core.blob import Blob
from assay.core.opening import Member
from assay.core.slots import Trouble
from assay.openers.ole_bitmap import bitmap_member, head_size
from assay.openers.ole_pictures import inflated
from assay.openers.ole_storage import Runs
from assay.openers.streams import Notes, pieces_of, stream_of, text

NATIVE = "\1ole10native"
PRESENTATION = "\2olepres"
POWERPOINT = "powerpoint document"
_PATH = 1 << 12  # bytes in which the names of a packaged file must end
_METAFILE, _BITMAP, _ENHANCED = 3, 8, 14  # clipboard formats
_ENDINGS = {_METAFILE: "wmf", _ENHANCED: "emf"}
_OBJECT = 0x1011  # ExOleObjStg, and the atoms of controls and macros, which are alike
_CONTAINER = 0xF


def native(blob: Blob, name: str) -> Iterator[Member]:
    """Yield the packaged file of an Ole10Native stream, or what stands in its place."""
    packaged = _packaged(blob.read(4, 3 * _PATH))
    if packaged is None:
        label, start, size = name, 4, blob.size - 4
    else:
        title, start, size = packaged
        label, start = f"{name}/{text(title)}", start + 4
        size = min(size, blob.size - start)
    if size > 0:
        yield plain(
            Runs(blob, [(start, size)]), label, f"stream {name}, bytes {start}-{start + size}"
        )


def _packaged(head: bytes) -> tuple[bytes, int, int] | None:
    """Return (file name, offset behind the first four bytes, size); None for another layout."""
    if head[:2] != b"\2\0":
        return None
    title_end = head.find(b"\0", 2, 2 + _PATH)
    path_end = head.find(b"\0", title_end + 1, title_end + 1 + _PATH)
    at = path_end + 1
    if title_end < 0 or path_end < 0 or at + 8 > len(head):
        return None
    (temporary,) = struct.unpack_from("<4xI", head, at)
    at += 8 + temporary
    if temporary > _PATH or at + 4 > len(head):
        return None
    (size,) = struct.unpack_from("<I", head, at)
    return head[2:title_end] or head[title_end + 1 : path_end], at + 4, size


def presentation(blob: Blob, name: str) -> Iterator[Member]:
    """Yield the metafile or bitmap of an OLE presentation stream."""
    head = blob.read(0, 1 << 12)
    if len(head) < 12:
        return
    mark, kind = struct.unpack_from("<iI", head)
    if mark not in (-1, -2):
        return  # a registered format by its name, or none
    (device,) = struct.unpack_from("<I", head, 8)
    at = 8 + max(device, 4)
    if at + 28 > len(head):
        return
    (size,) = struct.unpack_from("<I", head, at + 24)
    start = at + 28
    content = Runs(blob, [(start, size)])
    where = f"stream {name}, bytes {start}-{start + content.size}"
    if content.size == 0:
        return
    if kind == _BITMAP and head_size(content.read(0, 64)) is not None:
        yield bitmap_member(f"{name}/picture.dib", content, where)
    else:
        yield plain(content, f"{name}/picture.{_ENDINGS.get(kind, 'bin')}", where)


def objects(blob: Blob, name: str, notes: Notes) -> Iterator[Member | Trouble]:
    """Yield the embedded objects of a PowerPoint stream; each is a compound file."""
    at = 0
    while at + 8 <= blob.size:
        flags, kind, length = struct.unpack("<HHI", blob.read(at, 8))
        if flags & 0xF == _CONTAINER:
            at += 8
            continue
        if kind == _OBJECT:
            yield _object(
                blob, at + 8, length, f"{name}/object-{at}", notes, packed=flags >> 4 == 1
            )
            yield from notes.drain()
        at += 8 + length


def _object(blob: Blob, start: int, size: int, label: str, notes: Notes, *, packed: bool) -> Member:
    where = f"offset {start}"
    if not packed:
        return plain(Runs(blob, [(start, size)]), label, where)
    full = int.from_bytes(blob.read(start, 4), "little")
    content = Runs(blob, [(start + 4, size - 4)])
    return Member(
        name=label,
        open=lambda: stream_of(inflated(content, notes, label, full)),
        stored_size=max(content.size, 1),
        locator=where,
    )


def plain(blob: Blob, name: str, where: str) -> Member:
    """Return a blob as a member, byte for byte."""
    return Member(
        name=name,
        open=lambda: stream_of(pieces_of(blob, 0, blob.size)),
        stored_size=max(blob.size, 1),
        locator=where,
    )

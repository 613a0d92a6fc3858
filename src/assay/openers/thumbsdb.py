"""Opens Thumbs.db: the small pictures that Windows 2000, Me and XP kept in every folder.

Later Windows writes such files on network drives, without a catalog. The catalog gives the name
and time of the picture that each small one was made from; that picture may be gone. Layout as
described by M. Roukine (Vinetto) and E. Kutcher (Thumbs Viewer); there is no public standard.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from PIL import Image, ImageOps

from assay.core.blob import Blob
from assay.core.errors import Malformed, NotApplicable
from assay.core.facts import Stamp
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Reach, Role
from assay.media.sniff import sniff
from assay.media.sniff_text import BINARY
from assay.openers import ole_streams
from assay.openers.ole_carve import carved
from assay.openers.ole_storage import MAGIC, OLE_TYPES, Compound, Entry, Runs
from assay.openers.stamps import filetime_stamp
from assay.openers.streams import pieces_of, stream_of

MEDIA_TYPE = "image/x-thumbs-jpeg"
_CATALOG = "catalog"
_NUMBER = re.compile(r"\d{1,10}$")
_SIZED = re.compile(r"\d{2,4}_[0-9a-f]{4,16}$")  # since Windows Vista: size and hash
_ENTRY = struct.Struct("<IIQ")  # bytes of the entry, number, FILETIME; the name follows
_LARGEST = 1 << 20  # bytes of an old thumbnail that is put together
_SECOND = 16  # bytes of the header before an old thumbnail: 1, size, width, height


@dataclass(frozen=True, slots=True)
class Listed:
    """What the catalog says of one thumbnail."""

    name: str  # of the picture; a full path on Windows 2000 and Me
    times: tuple[Stamp, ...]


class ThumbsDbOpener:
    name = "thumbsdb"
    version = "1"
    reach = Reach.MEMBERS
    media_types: tuple[str, ...] = OLE_TYPES

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield every thumbnail; NotApplicable for any other compound file."""
        if blob.read(0, 8) != MAGIC:
            raise NotApplicable
        try:
            compound = Compound(blob)
        except Malformed as error:
            raise NotApplicable from error  # the opener of compound files says what is wrong
        if not is_store(compound):
            raise NotApplicable
        yield from compound.drain()
        listed = _catalog(compound)
        for entry in compound.entries:
            if entry.is_stream and entry.name.lower() != _CATALOG:
                yield from _thumbnail(compound, entry, listed.get(entry.name))
                yield from compound.drain()
        for free, where in compound.unused():
            yield from carved(free, where, where, role=Role.THUMBNAIL)
        yield from compound.drain()

    def warm(self) -> None:
        ole_streams.warm()
        filetime_stamp("", 0)
        out = io.BytesIO()
        Image.new("CMYK", (8, 8)).save(out, "JPEG", quality=75)
        whole = out.getvalue()
        _render(whole[:2] + whole[whole.index(b"\xff\xc0") :]).read()


def is_store(compound: Compound) -> bool:
    """Tell whether a compound file is a Thumbs.db: by its catalog, or by its streams' names."""
    names = compound.names()
    if _CATALOG in names:
        return len(names) == 1 or any(map(_is_thumbnail, names))
    return bool(names) and all(map(_is_thumbnail, names)) and any(map(_SIZED.match, names))


def _is_thumbnail(name: str) -> bool:
    return bool(_NUMBER.match(name) or _SIZED.match(name))


def _catalog(compound: Compound) -> dict[str, Listed]:
    """Return the catalog by the names of the streams: the number's digits from last to first."""
    entry = compound.names().get(_CATALOG)
    if entry is None:
        return {}
    stream = compound.stream(entry)
    data = stream.read(0, stream.size)
    found: dict[str, Listed] = {}
    at = int.from_bytes(data[:2], "little")
    version = int.from_bytes(data[2:4], "little")
    while at > 0 and at + _ENTRY.size <= len(data):
        size, number, ticks = _ENTRY.unpack_from(data, at)
        if size < _ENTRY.size or at + size > len(data):
            break
        raw = data[at + _ENTRY.size : at + size]
        if raw[:4] == bytes(4):
            raw = raw[4:]  # files of 4096-byte sectors have a number more
        name = raw[: len(raw) & ~1].decode("utf-16-le", "replace").partition("\0")[0]
        stamps = (filetime_stamp("Thumbs.db time of the picture", ticks),) if ticks else ()
        for value in (number, number * 10) if version == 1 else (number,):
            found.setdefault(str(value)[::-1], Listed(name, stamps))
        at += size
    return found


def _thumbnail(
    compound: Compound, entry: Entry, listed: Listed | None
) -> Iterator[Member | Trouble]:
    stream = compound.stream(entry)
    path = "/".join(entry.path)
    name = f"{listed.name}/thumbnail {path}" if listed is not None else path
    times = listed.times if listed is not None else ()
    state = Allocation.ALLOCATED if entry.linked else Allocation.DELETED
    head = stream.read(0, 256)
    start = int.from_bytes(head[:4], "little")
    start = start if 8 <= start <= 64 and start < stream.size else 0
    old = _is_old(head[start:])
    if old:
        start += _SECOND
    content = Runs(stream, [(start, stream.size - start)])
    if content.size == 0:
        return
    if not old and sniff(content.read(0, 256), content.size) == BINARY:
        known = list(carved(stream, name, f"stream {path}", role=Role.THUMBNAIL))
        if known:
            yield from known
            return
    yield Member(
        name=name,
        open=lambda: stream_of(pieces_of(content, 0, content.size)),
        stored_size=content.size,
        times=times,
        state=state,
        locator=f"stream {path}, bytes {start}-{stream.size}",
        role=Role.STREAM if old else Role.THUMBNAIL,
        rendering=(lambda: _render(content.read(0, _LARGEST))) if old else None,
        media_type=MEDIA_TYPE if old else "",
    )


def _is_old(data: bytes) -> bool:
    """Tell a JPEG of four components without tables: Windows 2000, Me and early XP."""
    if len(data) < _SECOND + 4 or data[:4] != b"\1\0\0\0":
        return False
    return data[_SECOND : _SECOND + 4] in (b"\xff\xd8\xff\xc0", b"\xff\xd8\xff\xda")


def _render(data: bytes) -> BinaryIO:
    """Return a PNG of an old thumbnail: a JPEG without tables, BGRA, bottom row first."""
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data[:2] + _tables() + data[2:]), formats=("JPEG",)) as picture:
            if picture.width * picture.height > _LARGEST:
                raise Malformed(f"{picture.width} x {picture.height} pixels")
            bands = picture.split()
            if len(bands) != 4:
                raise Malformed(f"{len(bands)} components where four were expected")
            shown = Image.merge("RGB", (bands[2], bands[1], bands[0]))
            ImageOps.flip(shown).save(out, "PNG", compress_level=1)
    except Malformed:
        raise
    except Exception as error:  # Pillow raises whatever it meets
        raise Malformed(f"the thumbnail cannot be decoded: {error}") from error
    out.seek(0)
    return out


@lru_cache(maxsize=1)
def _tables() -> bytes:
    """Return the tables that these files leave out: those of ITU-T T.81 Annex K at quality 75."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", quality=75)
    data, at, tables = out.getvalue(), 2, b""
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] in (0xDB, 0xC4):
            tables += data[at:end]
        at = end
    return tables

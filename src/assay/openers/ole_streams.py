"""Says what one stream of a compound file holds: by its name, by its bytes, by what is in it.

Shared by the openers of documents and messages. A stream that is a file of a known kind is given
whole; one whose records are known is taken apart; all others are searched for the structure of
pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assay.core.opening import Member
from assay.core.slots import Trouble
from assay.core.vocab import Allocation
from assay.media.kinds import HOLDS_PICTURES, is_audio, is_picture, is_video
from assay.media.sniff import HEAD, sniff
from assay.openers import ole_bitmap, ole_native, ole_workbook
from assay.openers.ole_carve import Covered, carved
from assay.openers.ole_pictures import Pictures
from assay.openers.ole_storage import Compound, Entry, Runs
from assay.openers.streams import Notes

_FIB_LOCKED = 0x0100  # FibBase.fEncrypted, [MS-DOC] 2.5.2
_USER_LOCKED = bytes.fromhex("dfc4d1f3")  # CurrentUserAtom.headerToken, [MS-PPT] 2.3.2


def entry_members(
    compound: Compound, entry: Entry, locks: list[str], prefix: str = ""
) -> Iterator[Member | Trouble]:
    """Yield what one stream holds; what locks it is added to ``locks``."""
    stream = compound.stream(entry)
    name = prefix + "/".join(entry.path)
    if stream.size:
        for found in stream_members(stream, name, entry.name.lower(), locks):
            if isinstance(found, Member) and not entry.linked:
                found = replace(found, state=Allocation.DELETED)
            yield found
    yield from compound.drain()


def stream_members(
    stream: Runs, name: str, kind: str, locks: list[str]
) -> Iterator[Member | Trouble]:
    """Yield what a stream holds, by its own name in lower case and by its bytes."""
    head = stream.read(0, HEAD)
    notes = Notes()
    locked = _locked(kind, head)
    if locked:
        locks.append(f"{name}: {locked}")
    if kind == ole_native.NATIVE:
        yield from ole_native.native(stream, name)
        return
    if is_file(sniff(head, stream.size)):
        yield ole_native.plain(stream, name, f"stream {name}")
        return
    if kind == "contents" and ole_bitmap.head_size(head) is not None:
        yield ole_bitmap.bitmap_member(name, stream, f"stream {name}")
        return
    if kind.startswith(ole_native.PRESENTATION):
        yield from ole_native.presentation(stream, name)
        return
    if kind in ole_workbook.NAMES:
        book = ole_workbook.read_workbook(stream)
        if book.locked:
            locks.append(f"{name}: a FilePass record")
        yield from ole_workbook.old_pictures(stream, book, name)
        yield from _searched(Runs(stream, book.group), f"{name}/drawings", notes)
        covered = Covered()
        for at, size in book.group:
            covered.add(at, at + size)
        yield from carved(stream, name, f"stream {name}", known=covered.behind)
        return
    if kind == ole_native.POWERPOINT:
        yield from ole_native.objects(stream, name, notes)
    yield from _searched(stream, name, notes)


def _searched(stream: Runs, name: str, notes: Notes) -> Iterator[Member | Trouble]:
    pictures = Pictures(stream, notes)
    yield from pictures.members(name)
    yield from carved(stream, name, f"stream {name}", known=pictures.covered.behind)


def free_members(compound: Compound) -> Iterator[Member | Trouble]:
    """Yield the files found in what no stream accounts for."""
    for free, where in compound.unused():
        yield from carved(free, where, where)
    yield from compound.drain()


def is_file(media_type: str) -> bool:
    known = media_type in HOLDS_PICTURES or is_audio(media_type)
    return known or is_picture(media_type) or is_video(media_type)


def _locked(kind: str, head: bytes) -> str:
    flags = int.from_bytes(head[10:12], "little") if head[:2] == b"\xec\xa5" else 0
    if kind == "worddocument" and flags & _FIB_LOCKED:
        return "the encryption flag of its header"
    if kind == "current user" and head[12:16] == _USER_LOCKED:
        return "the token of an encrypted presentation"
    return "an encrypted package" if kind == "encryptedpackage" else ""


def warm() -> None:
    """Load what reading names, bitmaps and the ends of pictures needs."""
    for encoding in ("utf-16-le", "latin-1"):
        b"a\0".decode(encoding)  # an empty text would not ask for its codec
    ole_bitmap.warm()

"""Opens ZIP archives and everything that is one: documents, books, packages, phone extractions.

Members come with their names and times as stored. Entries that share bytes, headers that
contradict each other and bytes that no entry accounts for are reported; what a lost directory hid
is salvaged by the members' own headers.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator, Sequence

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import Encrypted, Malformed
from assay.core.facts import Stamp
from assay.core.names import display, duplicates
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import EntryKind, Reach
from assay.media.kinds import ZIP_BASED
from assay.openers import inflate, ziplock
from assay.openers.stamps import dos_stamp, filetime_stamp, unix_stamp
from assay.openers.streams import Notes, text, unlisted
from assay.openers.zipdata import Content
from assay.openers.zipdir import (
    Directory,
    Entry,
    Local,
    data_end,
    extra_field,
    gaps,
    read_directory,
    read_local,
    repeats,
    salvage,
)

_DISKS = frozenset({"application/x-aff4"})  # ZIP outside, a disk image inside: not read yet
_TARGET = 4096  # bytes; a longer "link" is content
_UNIX, _DARWIN = 3, 19  # hosts whose attributes hold a Unix mode
_FOLDER = 0x10  # MS-DOS attribute
_APK_BLOCK = b"APK Sig Block 42"  # Android signatures stand before the directory
_REREAD = 2  # times the archive's size that its entries may claim together before reading stops


class ZipOpener:
    name = "zip"
    version = "1"
    reach = Reach.WHOLE
    media_types: tuple[str, ...] = tuple(sorted(ZIP_BASED - _DISKS))

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield members in directory order; raises Malformed where no entry can be found."""
        return Archive(blob, context).members()

    def warm(self) -> None:
        inflate.Deflate64()
        inflate.Zstd()
        context = OpenContext((b"wrong", b"a"))
        for entry in self.open(MemoryBlob(ziplock.sample(b"a")), context):
            if isinstance(entry, Member) and entry.open is not None:
                entry.open().read()


class Archive:
    """One ZIP archive. ``carried`` says that the bytes before it are examined elsewhere."""

    def __init__(self, blob: Blob, context: OpenContext, *, carried: bool = False) -> None:
        self._blob = blob
        self._context = context
        self._carried = carried
        self._notes = Notes()
        keys = ziplock.Keys(context.passwords)
        self._content = Content(blob, keys, context.limits, self._notes)

    def members(self) -> Iterator[Member | Trouble]:
        directory = read_directory(self._blob, self._context.limits.members)
        if directory is None:
            yield from self._salvaged("the end record is missing")
        elif directory.disks:
            yield from self._salvaged(f"last part of an archive split into {directory.disks + 1}")
        else:
            yield from self._listed(directory)

    def _salvaged(self, why: str) -> Iterator[Member | Trouble]:
        found = False
        for entry in salvage(self._blob):
            if not found:
                yield Trouble("truncated", why)
                yield Trouble("salvaged", why)
            found = True
            yield from self._member(entry, read_local(self._blob, entry.header))
        if not found:
            raise Malformed(f"{why}, and no member has a header of its own")

    def _listed(self, directory: Directory) -> Iterator[Member | Trouble]:
        entries = directory.entries
        yield from _disagreements(directory)
        twice = duplicates(text(entry.name) for entry in entries)
        if twice:
            yield Trouble("duplicate_name", display(min(twice)))
        ranges = self._ranges(entries)
        shared = _overlapping(ranges)
        if shared:
            first = display(text(entries[shared[0]].name))
            yield Trouble("overlapping_entries", f"{len(shared)} entries, the first is {first}")
        same = repeats(entries)
        claimed = 0
        for number, entry in enumerate(entries):
            if number in same:
                yield self._again(entry, same[number])
                continue
            claimed += max(entry.stored, 0)
            if claimed > _REREAD * self._blob.size:
                yield Member(text(entry.name), EntryKind.UNREADABLE, detail="shares bytes")
                continue
            yield from self._member(entry, read_local(self._blob, entry.header))
        if len(entries) <= self._context.limits.members:
            yield from self._unlisted(directory, [r for r in ranges if r is not None])

    def _ranges(self, entries: Sequence[Entry]) -> list[tuple[int, int] | None]:
        ranges: list[tuple[int, int] | None] = []
        for entry in entries:
            local = read_local(self._blob, entry.header)
            end = data_end(self._blob, entry, local) if local is not None else 0
            ranges.append((entry.header, end) if local is not None else None)
        return ranges

    def _unlisted(
        self, directory: Directory, covered: list[tuple[int, int]]
    ) -> Iterator[Member | Trouble]:
        comment = len(directory.comment)
        end = directory.end if _is_text(directory.comment) else directory.end - comment
        covered.append((directory.start, end))
        if self._carried:
            covered.append((0, min(start for start, _ in covered)))
        for start, stop in gaps(covered, self._blob.size):
            if self._blob.read(stop - len(_APK_BLOCK), len(_APK_BLOCK)) == _APK_BLOCK:
                continue
            member = unlisted(self._blob, start, stop)
            if member is not None:
                yield Trouble("embedded", f"bytes {start}-{stop} belong to no listed member")
                yield member

    # -- one entry -----------------------------------------------------------------------------

    def _member(self, entry: Entry, local: Local | None) -> Iterator[Member | Trouble]:
        name = text(entry.name)
        locator = f"offset {entry.header}"
        if local is None:
            yield Trouble("header_mismatch", f"{display(name)}: no header at byte {entry.header}")
            yield Member(name, EntryKind.UNREADABLE, locator=locator)
            return
        if local.name != entry.name:
            other = display(text(local.name))
            yield Trouble("header_mismatch", f"{display(name)}: its own header says {other}")
        elif local.method != entry.method or (local.flags ^ entry.flags) & 1:
            yield Trouble("header_mismatch", f"{display(name)}: its own header says another method")
        if _is_folder(entry):
            return
        mode = entry.attributes >> 16 if entry.host in (_UNIX, _DARWIN) else 0
        kind, detail = EntryKind.FILE, ""
        if stat.S_ISLNK(mode):
            target = self._target(entry, local)
            if len(target) <= _TARGET:
                kind, detail = EntryKind.SYMLINK, text(target)
        elif mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode) and entry.stored == 0:
            kind = EntryKind.SPECIAL
        yield Member(
            name=name,
            kind=kind,
            open=(lambda: self._content.open(entry, local)) if kind is EntryKind.FILE else None,
            stored_size=max(entry.stored, 1) if entry.stored >= 0 else None,
            times=tuple(self._times(entry, local)),
            mode=mode or None,
            locator=locator,
            detail=detail,
        )
        yield from self._notes.drain()

    def _again(self, entry: Entry, first: Entry) -> Member:
        return Member(
            name=text(entry.name),
            kind=EntryKind.HARDLINK,
            locator=f"offset {entry.header}",
            detail=f"the same bytes as {display(text(first.name))}",
        )

    def _target(self, entry: Entry, local: Local) -> bytes:
        try:
            with self._content.open(entry, local) as stream:
                return stream.read(_TARGET + 1)
        except (Encrypted, Malformed, OSError):
            return b""

    def _times(self, entry: Entry, local: Local) -> Iterator[Stamp]:
        if entry.date or entry.time:
            yield dos_stamp("ZIP DOS time", entry.date, entry.time, self._context.timezone)
        yield from _extended(extra_field(local.extra, 0x5455) or extra_field(entry.extra, 0x5455))
        yield from _windows(extra_field(entry.extra, 0x000A) or extra_field(local.extra, 0x000A))


def _extended(field: bytes) -> Iterator[Stamp]:
    """Read the extended timestamp field 0x5455 of Info-ZIP: present bits, then 32-bit seconds."""
    if not field:
        return
    at = 1
    for bit, word in ((1, "mtime"), (2, "atime"), (4, "ctime")):
        if field[0] & bit and at + 4 <= len(field):
            seconds = int.from_bytes(field[at : at + 4], "little", signed=True)
            yield unix_stamp(f"ZIP extended {word}", seconds)
            at += 4


def _windows(field: bytes) -> Iterator[Stamp]:
    """Read the NTFS field 0x000A (APPNOTE §4.5.5): attribute 1 holds three FILETIMEs."""
    at = 4
    while at + 4 <= len(field):
        tag, size = struct.unpack_from("<HH", field, at)
        if tag == 1 and size >= 24 and at + 28 <= len(field):
            ticks = struct.unpack_from("<3Q", field, at + 4)
            for word, value in zip(("mtime", "atime", "ctime"), ticks, strict=True):
                yield filetime_stamp(f"ZIP NTFS {word}", value)
        at += 4 + size


def _disagreements(directory: Directory) -> Iterator[Trouble]:
    count = len(directory.entries)
    if directory.broken:
        yield Trouble("malformed", f"the directory breaks off after {count} entries")
    elif (directory.declared ^ count) & 0xFFFF:
        said = directory.declared
        yield Trouble("header_mismatch", f"the end record counts {said} entries, {count} are there")


def _overlapping(ranges: Sequence[tuple[int, int] | None]) -> list[int]:
    """Return the numbers of entries whose bytes begin inside those of another."""
    shared = []
    reach = 0
    for number in sorted(
        (n for n, r in enumerate(ranges) if r is not None), key=lambda n: ranges[n] or (0, 0)
    ):
        start, end = ranges[number] or (0, 0)
        if start < reach:
            shared.append(number)
        reach = max(reach, end)
    return sorted(shared)


def _is_folder(entry: Entry) -> bool:
    named = entry.name.endswith((b"/", b"\\")) or bool(entry.attributes & _FOLDER)
    return named and entry.size == 0 and entry.stored <= ziplock.ZIPCRYPTO_HEADER + 16


def _is_text(comment: bytes) -> bool:
    return b"\0" not in comment

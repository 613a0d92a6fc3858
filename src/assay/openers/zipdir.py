"""Where the entries of a ZIP archive lie: by its central directory or, without one, by salvage.

Knows headers and offsets (PKWARE APPNOTE 6.3.10 §4.3), not content. Written out instead of using
``zipfile`` because that refuses a truncated archive and mismatched names, decodes names away from
their bytes and says nothing about bytes that no entry accounts for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assay.core.blob import Blob, open_blob
from assay.openers.streams import MIN_UNLISTED, find

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
LOCAL_SIZE, CENTRAL_SIZE, END_SIZE = 30, 46, 22  # bytes before the variable parts
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_SEARCH = (1 << 16) + 2 * END_SIZE  # bytes at the end that can hold the end record
_FULL = 0xFFFFFFFF
UNKNOWN = -1  # compressed size of a streamed member whose directory entry is lost
_VERSION_MAX = 63  # highest version of the format in use; plausibility of a salvaged header


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, from the central directory or from its own local header."""

    name: bytes
    header: int  # offset of the local header
    flags: int
    method: int
    time: int
    date: int
    crc: int
    stored: int  # compressed bytes, or UNKNOWN
    size: int
    extra: bytes
    host: int = 0  # 3 = Unix
    attributes: int = 0  # external; Unix mode in the high half
    salvaged: bool = False

    @property
    def locked(self) -> bool:
        return bool(self.flags & 1)

    @property
    def streamed(self) -> bool:
        """True where sizes and checksum stand behind the data (bit 3)."""
        return bool(self.flags & 8)


@dataclass(frozen=True, slots=True)
class Directory:
    """The entries, and what the archive's records say about each other."""

    entries: Sequence[Entry]
    base: int  # offset of the archive in the blob: what was put before it
    start: int  # of the central directory
    end: int  # first byte after the archive
    declared: int  # number of entries the end record claims
    comment: bytes
    disks: int  # above 0: the last part of a split archive
    broken: bool  # the directory ends before the place that the end record names


@dataclass(frozen=True, slots=True)
class Local:
    """A local header, as the second witness to its entry."""

    name: bytes
    flags: int
    method: int
    stored: int
    extra: bytes
    data: int  # offset of the first byte of content


def read_directory(blob: Blob, limit: int) -> Directory | None:
    """Return the directory named by the last end record that fits, or None."""
    for at in _end_records(blob):
        directory = _by_end_record(blob, at, limit)
        if directory is not None:
            return directory
    return None


def _end_records(blob: Blob) -> Iterator[int]:
    start = max(0, blob.size - _SEARCH)
    tail = blob.read(start, blob.size - start)
    at = len(tail)
    while (at := tail.rfind(END, 0, at)) >= 0:
        if len(tail) - at >= END_SIZE:
            yield start + at


def _by_end_record(blob: Blob, at: int, limit: int) -> Directory | None:
    _, disk, _, _, count, size, offset, comment = _END.unpack(blob.read(at, END_SIZE))
    directory_end, end = at, at + END_SIZE + comment
    wide = _wide_end_record(blob, at)
    if wide is not None and (count == 0xFFFF or _FULL in (size, offset)):
        directory_end, count, size, offset = wide
    start = directory_end - size
    base = start - offset
    if start < 0 or base < 0 or (size and blob.read(start, 4) != CENTRAL):
        if size == 0 or blob.read(offset, 4) != CENTRAL:
            return None
        start, base = offset, 0  # something stands between directory and end record
    entries, stop = _entries(blob, start, directory_end, base, limit)
    return Directory(
        entries,
        base=base,
        start=start,
        end=min(end, blob.size),
        declared=count,
        comment=blob.read(at + END_SIZE, comment),
        disks=disk,
        broken=stop < directory_end and len(entries) <= limit,
    )


def _wide_end_record(blob: Blob, at: int) -> tuple[int, int, int, int] | None:
    """Return (directory end, count, size, offset) from the ZIP64 end record, if there is one."""
    locator = blob.read(at - 20, 20) if at >= 20 else b""
    if not locator.startswith(b"PK\6\7"):
        return None
    said = int.from_bytes(locator[8:16], "little")
    for place in (at - 20 - _END64.size, said):  # first where it stands in a prefixed archive
        record = blob.read(place, _END64.size) if 0 <= place < blob.size else b""
        if record.startswith(b"PK\6\6") and len(record) == _END64.size:
            _, _, _, _, _, _, _, count, size, offset = _END64.unpack(record)
            return place, count, size, offset
    return None


def _entries(blob: Blob, start: int, end: int, base: int, limit: int) -> tuple[list[Entry], int]:
    """Read headers to the end of the directory, whatever number of them was declared."""
    file = open_blob(blob)
    file.seek(start)
    entries: list[Entry] = []
    while start + CENTRAL_SIZE <= end and len(entries) <= limit:
        head = file.read(CENTRAL_SIZE)
        if not head.startswith(CENTRAL) or len(head) < CENTRAL_SIZE:
            break
        (
            _, made, _, flags, method, time, date, crc, stored, size,
            name_size, extra_size, note_size, _, _, attributes, header,
        ) = _CENTRAL.unpack(head)  # fmt: skip
        name, extra = file.read(name_size), file.read(extra_size)
        file.seek(note_size, 1)
        start += CENTRAL_SIZE + name_size + extra_size + note_size
        size, stored, header = _wide(extra, size, stored, header)
        entries.append(
            Entry(
                name,
                header + base,
                flags,
                method,
                time,
                date,
                crc,
                stored,
                size,
                extra,
                host=made >> 8,
                attributes=attributes,
            )
        )
    return entries, start


def _wide(extra: bytes, size: int, stored: int, header: int) -> tuple[int, int, int]:
    """Replace full 32-bit fields by those of the ZIP64 extra field (0x0001), in its order."""
    field = extra_field(extra, 0x0001)
    values = [size, stored, header]
    for number, value in enumerate(values):
        if value == _FULL and len(field) >= 8:
            values[number] = int.from_bytes(field[:8], "little")
            field = field[8:]
    return values[0], values[1], values[2]


def extra_field(extra: bytes, wanted: int) -> bytes:
    """Return the data of one extra field, empty where absent."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == wanted:
            return extra[at + 4 : at + 4 + size]
        at += 4 + size
    return b""


def read_local(blob: Blob, offset: int) -> Local | None:
    """Return the local header at an offset, or None where there is none."""
    head = blob.read(offset, LOCAL_SIZE) if offset < blob.size else b""
    if len(head) < LOCAL_SIZE or not head.startswith(LOCAL):
        return None
    _, _, flags, method, _, _, _, stored, size, name_size, extra_size = _LOCAL.unpack(head)
    rest = blob.read(offset + LOCAL_SIZE, name_size + extra_size)
    extra = rest[name_size:]
    _, stored, _ = _wide(extra, size, stored, 0)
    data = offset + LOCAL_SIZE + name_size + extra_size
    return Local(rest[:name_size], flags, method, stored, extra, data)


def salvage(blob: Blob, start: int = 0) -> Iterator[Entry]:
    """Yield entries found by their own headers, in order; for archives without a directory."""
    at = start
    while (at := find(blob, LOCAL, at, blob.size)) >= 0:
        local = read_local(blob, at)
        head = blob.read(at, LOCAL_SIZE)
        if local is None or not _plausible(head, local):
            at += len(LOCAL)
            continue
        _, _, _, _, time, date, crc, _, size, _, _ = _LOCAL.unpack(head)
        known = not local.flags & 8 or local.stored > 0
        yield Entry(
            local.name,
            at,
            local.flags,
            local.method,
            time,
            date,
            crc,
            stored=local.stored if known else UNKNOWN,
            size=size,
            extra=local.extra,
            salvaged=True,
        )
        after = local.data + local.stored if known else local.data
        follows = blob.read(after, 2)
        at = after if follows in (b"PK", b"") and after <= blob.size else local.data


def _plausible(head: bytes, local: Local) -> bool:
    version = int.from_bytes(head[4:6], "little") & 0xFF
    return version <= _VERSION_MAX and 0 < len(local.name) < 4096 and local.method < 100


def data_end(blob: Blob, entry: Entry, local: Local) -> int:
    """Return the offset after an entry's data and its data descriptor, if it has one."""
    end = local.data + max(entry.stored, 0)
    if entry.streamed:
        after = blob.read(end, 24)
        signed = after.startswith(b"PK\7\x08")
        crc = entry.crc.to_bytes(4, "little")
        if after[4 if signed else 0 :][:4] == crc:
            wide = extra_field(local.extra, 1) != b"" or _eight(after[8 if signed else 4 :], entry)
            end += (4 if signed else 0) + (20 if wide else 12)
    return end


def _eight(sizes: bytes, entry: Entry) -> bool:
    return (
        int.from_bytes(sizes[:8], "little") == entry.stored
        and int.from_bytes(sizes[8:16], "little") == entry.size
        and entry.size != 0
    )


def gaps(covered: Sequence[tuple[int, int]], end: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of ``[0, end)`` that no covered range touches."""
    at = 0
    for start, stop in sorted(covered):
        if start - at >= MIN_UNLISTED:
            yield at, start
        at = max(at, stop)
    if end - at >= MIN_UNLISTED:
        yield at, end


def repeats(entries: Sequence[Entry]) -> dict[int, Entry]:
    """Return the entries that name the very same bytes as an earlier one: number -> that one."""
    first: dict[tuple[int, int, int, int], Entry] = {}
    same: dict[int, Entry] = {}
    for number, entry in enumerate(entries):
        earlier = first.setdefault(
            (entry.header, entry.method, entry.stored, entry.flags & 1), entry
        )
        if earlier is not entry:
            same[number] = earlier
    return same

"""Where a program or font ends by its own tables, so that what was put behind it shows.

Knows PE, ELF, Mach-O, sfnt, WOFF and ICC; says nothing of other kinds. Sources: Microsoft PE
format; System V ABI; Apple loader.h and fat.h; OpenType; W3C WOFF; ICC.1 §7.2.2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

_MAX_TABLES = 4096
_CERTIFICATES = 4  # index of the PE data directory that lies behind the sections by design


def end_of(data: bytes, media_type: str) -> int | None:
    """Return the offset of the first byte after the file's own content; None where unknown."""
    reader = _READERS.get(media_type)
    if reader is None:
        return None
    try:
        end = reader(data)
    except struct.error:
        return None  # cut short or damaged: nothing can be said
    return end if 0 < end <= len(data) else None


def _pe(data: bytes) -> int:
    (at,) = struct.unpack_from("<I", data, 60)
    sections, optional_size = struct.unpack_from("<H12xH", data, at + 6)
    optional = at + 24
    (magic,) = struct.unpack_from("<H", data, optional)
    directories = optional + (112 if magic == 0x20B else 96)
    end = 0
    table = optional + optional_size
    for index in range(min(sections, _MAX_TABLES)):
        size, start = struct.unpack_from("<II", data, table + 40 * index + 16)
        end = max(end, start + size)
    (count,) = struct.unpack_from("<I", data, directories - 4)
    if count > _CERTIFICATES:
        start, size = struct.unpack_from("<II", data, directories + 8 * _CERTIFICATES)
        # at most padding may lie between the sections and the signature
        if size and end <= start <= end + 8:
            end = start + size
    return int(end)


def _elf(data: bytes) -> int:
    wide, order = data[4:5] == b"\2", "<" if data[5:6] == b"\1" else ">"
    if wide:
        program, section = struct.unpack_from(order + "QQ", data, 32)
        _, p_size, p_count, s_size, s_count = struct.unpack_from(order + "HHHHH", data, 52)
    else:
        program, section = struct.unpack_from(order + "II", data, 28)
        _, p_size, p_count, s_size, s_count = struct.unpack_from(order + "HHHHH", data, 40)
    end = max(program + p_size * p_count, section + s_size * s_count if section else 0)
    for index in range(min(p_count, _MAX_TABLES)):
        at = program + p_size * index
        start, size = (
            struct.unpack_from(order + "Q16xQ", data, at + 8)
            if wide
            else struct.unpack_from(order + "I8xI", data, at + 4)
        )
        end = max(end, start + size)
    for index in range(min(s_count, _MAX_TABLES)):
        at = section + s_size * index
        (kind,) = struct.unpack_from(order + "I", data, at + 4)
        start, size = struct.unpack_from(
            order + ("QQ" if wide else "II"), data, at + (24 if wide else 16)
        )
        if kind != 8:  # SHT_NOBITS has no bytes in the file
            end = max(end, start + size)
    return int(end)


def _mach(data: bytes) -> int:
    if data[:4] == b"\xca\xfe\xba\xbe":  # one program for several processors
        (count,) = struct.unpack_from(">I", data, 4)
        rows = [struct.unpack_from(">II", data, 16 + 20 * i) for i in range(min(count, 32))]
        return int(max((start + size for start, size in rows), default=0))
    order = "<" if data[3:4] == b"\xfe" else ">"
    wide = b"\xcf" in (data[0:1], data[3:4])
    (commands,) = struct.unpack_from(order + "I", data, 16)
    at, end = (32 if wide else 28), 0
    for _ in range(min(commands, _MAX_TABLES)):
        command, size = struct.unpack_from(order + "II", data, at)
        if command in (0x01, 0x19):  # LC_SEGMENT, LC_SEGMENT_64
            layout = order + ("QQ" if command == 0x19 else "II")
            start, length = struct.unpack_from(layout, data, at + (40 if command == 0x19 else 32))
            end = max(end, start + length)
        at += max(size, 8)
    return int(end)


def _first_word(data: bytes) -> int:
    (end,) = struct.unpack_from(">I", data, 0)
    return int(end)


def _sfnt(data: bytes) -> int:
    (count,) = struct.unpack_from(">H", data, 4)
    end = 12 + 16 * count
    for index in range(count):
        start, size = struct.unpack_from(">II", data, 12 + 16 * index + 8)
        end = max(end, (start + size + 3) & ~3)
    # the last table may lack its padding
    return int(min(end, len(data)) if end - len(data) < 4 else end)


def _woff(data: bytes) -> int:
    (end,) = struct.unpack_from(">I", data, 8)
    return int(end)


_READERS: Mapping[str, Callable[[bytes], int]] = {
    "application/vnd.microsoft.portable-executable": _pe,
    "application/x-elf": _elf,
    "application/x-mach-binary": _mach,
    "application/vnd.iccprofile": _first_word,
    "font/ttf": _sfnt,
    "font/otf": _sfnt,
    "font/woff": _woff,
    "font/woff2": _woff,
}
KINDS = frozenset(_READERS)

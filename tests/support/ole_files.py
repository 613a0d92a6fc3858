"""Writes OLE compound files ([MS-CFB]) with what the tests need: fragments, free sectors, lies.

A file is a mapping of paths to bytes; storages arise from the paths.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence

from PIL import Image

FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Path = tuple[str, ...]


def compound(
    streams: Mapping[str, bytes],
    *,
    version: int = 3,
    fragmented: bool = False,
    free: Sequence[bytes] = (),
    unlinked: Mapping[str, bytes] | None = None,
    times: tuple[int, int] = (0, 0),
) -> bytes:
    """Return a compound file. Paths use "/"; ``free`` fills sectors that nothing uses.

    ``unlinked`` streams stand in the directory and no storage leads to them.
    """
    return _Writer(12 if version == 4 else 9, fragmented).write(
        {tuple(path.split("/")): data for path, data in streams.items()},
        free,
        {(path,): data for path, data in (unlinked or {}).items()},
        times,
    )


class _Writer:
    def __init__(self, shift: int, fragmented: bool) -> None:
        self.size = 1 << shift
        self.shift = shift
        self.fragmented = fragmented
        self.sectors: list[bytes] = []
        self.table: list[int] = []

    def write(
        self,
        streams: Mapping[Path, bytes],
        free: Sequence[bytes],
        unlinked: Mapping[Path, bytes],
        times: tuple[int, int],
    ) -> bytes:
        mini, mini_table, starts = b"", [], {}
        large = {}
        for path, data in {**streams, **unlinked}.items():
            if 0 < len(data) < 4096:
                first, count = len(mini) // 64, -(-len(data) // 64)
                mini_table += [*range(first + 1, first + count), END]
                mini += data.ljust(count * 64, b"\0")
                starts[path] = first
            elif data:
                large[path] = data
            else:
                starts[path] = END
        for data in free:
            for at in range(0, len(data), self.size):
                self._sector(data[at : at + self.size], FREE)
        starts |= self._chains(large)
        mini_start = self._chain(mini)
        mini_table_start = self._chain(b"".join(struct.pack("<I", n) for n in mini_table), b"\xff")
        directory = self._directory(streams, unlinked, starts, (mini_start, len(mini)), times)
        directory_start = self._chain(directory)
        mini_sectors = -(-len(mini_table) * 4 // self.size)
        return self._finish(directory_start, mini_table_start, mini_sectors, len(directory))

    # -- sectors -------------------------------------------------------------------------------

    def _sector(self, data: bytes, following: int, fill: bytes = b"\0") -> int:
        self.sectors.append(data.ljust(self.size, fill))
        self.table.append(following)
        return len(self.sectors) - 1

    def _chain(self, data: bytes, fill: bytes = b"\0") -> int:
        if not data:
            return END
        first = len(self.sectors)
        for at in range(0, len(data), self.size):
            self._sector(data[at : at + self.size], len(self.sectors) + 1, fill)
        self.table[-1] = END
        return first

    def _chains(self, large: Mapping[Path, bytes]) -> dict[Path, int]:
        if not self.fragmented:
            return {path: self._chain(data) for path, data in large.items()}
        starts: dict[Path, int] = {}
        last: dict[Path, int] = {}
        longest = max((len(data) for data in large.values()), default=0)
        for at in range(0, longest, self.size):
            for path, data in large.items():  # one sector of each in turn
                if at < len(data):
                    number = self._sector(data[at : at + self.size], END)
                    if path in last:
                        self.table[last[path]] = number
                    starts.setdefault(path, number)
                    last[path] = number
        return starts

    def _finish(
        self, directory: int, mini_table: int, mini_sectors: int, directory_size: int
    ) -> bytes:
        per = self.size // 4
        tables = 1
        while tables * per < len(self.table) + tables + self._lists(tables):
            tables += 1
        lists = self._lists(tables)
        first = len(self.sectors)
        numbers = list(range(first, first + tables))
        entries = self.table + [TABLE] * tables + [0xFFFFFFFC] * lists
        entries += [FREE] * (tables * per - len(entries))
        for number in range(tables):
            packed = struct.pack(f"<{per}I", *entries[number * per : (number + 1) * per])
            self.sectors.append(packed)
        listed = numbers[109:]
        for number in range(lists):
            part = listed[number * (per - 1) : (number + 1) * (per - 1)]
            part += [FREE] * (per - 1 - len(part))
            following = first + tables + number + 1 if number + 1 < lists else END
            self.sectors.append(struct.pack(f"<{per}I", *part, following))
        header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
        header += struct.pack("<HHHHH6x", 0x3E, 4 if self.shift == 12 else 3, 0xFFFE, self.shift, 6)
        header += struct.pack(
            "<9I",
            -(-directory_size // self.size) if self.shift == 12 else 0,
            tables,
            directory,
            0,
            4096,
            mini_table,
            mini_sectors,
            first + tables if lists else END,
            lists,
        )
        header += struct.pack("<109I", *(numbers[:109] + [FREE] * (109 - len(numbers[:109]))))
        return header.ljust(self.size, b"\0") + b"".join(self.sectors)

    def _lists(self, tables: int) -> int:
        return -(-max(0, tables - 109) // (self.size // 4 - 1))

    # -- directory -----------------------------------------------------------------------------

    def _directory(
        self,
        streams: Mapping[Path, bytes],
        unlinked: Mapping[Path, bytes],
        starts: Mapping[Path, int],
        mini: tuple[int, int],
        times: tuple[int, int],
    ) -> bytes:
        folders = {path[:depth] for path in streams for depth in range(1, len(path))}
        order: list[Path] = [(), *sorted(folders | set(streams))]
        number = {path: at for at, path in enumerate(order)}
        links: dict[Path, list[int]] = {path: [FREE, FREE, FREE] for path in order}
        for folder in [(), *folders]:
            children = [path for path in order if path and path[:-1] == folder]
            children.sort(key=lambda path: (len(path[-1]), path[-1].upper()))
            links[folder][2] = _tree(children, number, links)
        out = b""
        for path in order:
            data = streams.get(path)
            kind = 5 if not path else 2 if data is not None else 1
            start, size = mini if not path else (starts.get(path, 0), len(data or b""))
            name = path[-1] if path else "Root Entry"
            out += _entry(name, kind, links[path], start, size, times if kind == 1 else (0, 0))
        for path, data in unlinked.items():
            out += _entry(path[-1], 2, [FREE] * 3, starts[path], len(data), (0, 0))
        return out


def _tree(paths: list[Path], number: Mapping[Path, int], links: dict[Path, list[int]]) -> int:
    if not paths:
        return FREE
    middle = len(paths) // 2
    links[paths[middle]][0] = _tree(paths[:middle], number, links)
    links[paths[middle]][1] = _tree(paths[middle + 1 :], number, links)
    return number[paths[middle]]


def _entry(
    name: str, kind: int, links: list[int], start: int, size: int, times: tuple[int, int]
) -> bytes:
    raw = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBB3I16sIQQIQ",
        raw,
        len(raw) + 2,
        kind,
        1,
        *links,
        bytes(16),
        0,
        *times,
        start,
        size,
    )


# -- what Office, Outlook and Windows put into them ------------------------------------------------


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), seed: int = 1) -> bytes:
    """Return a picture of drawn gradients."""
    image = Image.new("RGB", size)
    image.putdata(
        [
            ((x * 3 + seed * 40) % 256, (y * 5 + seed * 17) % 256, (x * y + seed) % 256)
            for y in range(size[1])
            for x in range(size[0])
        ]
    )
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def dib(size: tuple[int, int] = (20, 10), seed: int = 1) -> bytes:
    """Return a bitmap without its file header."""
    return picture("BMP", size, seed)[14:]


def record(instance: int, kind: int, content: bytes, version: int = 0) -> bytes:
    """Return an Office drawing or PowerPoint record."""
    return struct.pack("<HHI", instance << 4 | version, kind, len(content)) + content


def blip(kind: int, instance: int, content: bytes, digests: int = 1) -> bytes:
    """Return a picture record of a bitmap kind ([MS-ODRAW] 2.2.27)."""
    return record(instance, kind, b"\x11" * 16 * digests + b"\xff" + content)


def metafile_blip(kind: int, instance: int, content: bytes, full: int, packing: int = 0) -> bytes:
    """Return a picture record of a metafile ([MS-ODRAW] 2.2.24)."""
    head = struct.pack("<I24xIBB", full, len(content), packing, 0xFE)
    return record(instance, kind, b"\x22" * 16 + head + content)


def packaged(name: str, content: bytes) -> bytes:
    """Return an Ole10Native stream that holds a file."""
    body = b"\2\0" + name.encode() + b"\0" + b"C:\\in\\" + name.encode() + b"\0"
    body += struct.pack("<HHI", 0, 3, 6) + b"C:\\t\\\0" + struct.pack("<I", len(content)) + content
    return struct.pack("<I", len(body)) + body


def biff(*records: tuple[int, bytes]) -> bytes:
    """Return the records of a workbook stream."""
    return b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in records)


def catalog(entries: Sequence[tuple[int, str, int]], *, wide: bool = False) -> bytes:
    """Return the catalog of a Thumbs.db: (number, name, FILETIME) each."""
    out = struct.pack("<HHIII", 16, 6 if wide else 5, len(entries), 96, 96)
    for number, name, ticks in entries:
        raw = (bytes(4) if wide else b"") + name.encode("utf-16-le") + bytes(4)
        out += struct.pack("<IIQ", 16 + len(raw), number, ticks) + raw
    return out


def thumbnail(content: bytes) -> bytes:
    """Return the stream of one thumbnail of Windows XP."""
    return struct.pack("<III", 12, 1, len(content)) + content


def old_thumbnail(content: bytes, size: tuple[int, int]) -> bytes:
    """Return the stream of one thumbnail of Windows 2000 around a JPEG without tables."""
    return thumbnail(struct.pack("<IIII", 1, len(content), *size) + content)


def without_tables(image: Image.Image) -> bytes:
    """Return a JPEG of four components, BGRA and upside down, without tables, as Windows 2000."""
    red, green, blue = image.convert("RGB").split()
    alpha = Image.new("L", image.size, 255)
    stored = Image.merge("CMYK", (blue, green, red, alpha)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=75)
    data, at, kept = out.getvalue(), 2, b""
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xC0:
            kept += data[at:end]
        at = end
    return data[:2] + kept + data[at:]


def cache_entry(
    version: int, name: str, content: bytes, *, padding: int = 0, room: int = 0
) -> bytes:
    """Return one entry of a thumbnail cache; ``room`` bytes more than it needs follow it."""
    raw = name.encode("utf-16-le")
    lengths = struct.pack("<III", len(raw), padding, len(content))
    if version == 20:
        head = b"j\0p\0g\0\0\0" + lengths + bytes(4)
    elif version == 21:
        head = lengths + bytes(4)
    else:
        head = lengths + bytes(12)
    body = bytes(8) + head + bytes(16) + raw + bytes(padding) + content
    return b"CMMM" + struct.pack("<I", 8 + len(body) + room) + body


def cache(version: int, *entries: bytes) -> bytes:
    """Return a thumbnail cache."""
    start = 24
    return b"CMMM" + struct.pack("<5I", version, 2, start, 0, len(entries)) + b"".join(entries)

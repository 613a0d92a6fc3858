"""Finds the beginnings of pictures, sound, archives and documents inside other files.

Each hit is checked beyond its magic number, so that a program which merely knows the number does
not count. It says where something begins, never that there is nothing: what is encrypted or
packed in a way it does not know stays unseen, and known packers are reported as such.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_FOUND = 64  # beginnings reported per file
_MAX_TRIES = 20_000  # places looked at per signature, and one more for each KiB of the file
_SHOWN = ("image/", "video/", "application/x-riff")
_PEEK = 1 << 12  # bytes a check may look at


@dataclass(frozen=True, slots=True)
class Beginning:
    media_type: str
    offset: int  # in bytes


@dataclass(frozen=True, slots=True)
class Search:
    found: tuple[Beginning, ...]  # by offset
    complete: bool  # False: a limit was met, so that absence proves nothing


@dataclass(frozen=True, slots=True)
class _Signature:
    media_type: str
    magic: bytes
    check: Callable[[bytes], bool] | None = None  # over up to _PEEK bytes from the beginning
    before: int = 0  # bytes between the beginning and the magic


def search(data: bytes, start: int = 1, *, shown: bool = False) -> Search:
    """Return what begins in ``data`` at or after ``start``; ``shown``: pictures and videos only."""
    found: dict[int, str] = {}
    complete = True
    allowed = _MAX_TRIES + len(data) // 1024
    for signature in _SIGNATURES:
        if shown and not signature.media_type.startswith(_SHOWN):
            continue
        for tries, at in enumerate(_places(data, signature, start)):
            if tries >= allowed or len(found) >= MAX_FOUND:
                complete = False
                break
            if signature.check is None or signature.check(data[at : at + _PEEK]):
                found.setdefault(at, signature.media_type)
    rows = (Beginning(media_type, at) for at, media_type in sorted(found.items()))
    return Search(tuple(rows), complete)


def _places(data: bytes, signature: _Signature, start: int) -> Iterator[int]:
    at = data.find(signature.magic, start + signature.before)
    while at >= 0:
        yield at - signature.before
        at = data.find(signature.magic, at + 1)


def _jpeg(part: bytes) -> bool:
    """Two segments in a row whose lengths lead from marker to marker (ITU-T T.81 B.1.1)."""
    pos = 2
    for _ in range(2):
        if len(part) < pos + 4 or part[pos] != 0xFF:
            return False
        marker, length = part[pos + 1], int.from_bytes(part[pos + 2 : pos + 4], "big")
        known = 0xE0 <= marker <= 0xEF or marker in (0xDB, 0xC4, 0xC0, 0xC1, 0xC2, 0xFE, 0xDD)
        if not known or length < 2:
            return False
        pos += 2 + length
        if pos >= len(part):
            # the first segment is larger than the look ahead: its name must do, and a picture
            # cut right there still counts
            return part[6:10] in (b"JFIF", b"Exif", b"ICC_", b"http", b"Adob", b"Phot", b"MPF\0")
    return part[pos] == 0xFF


def _gif(part: bytes) -> bool:
    if len(part) < 14 or part[4:6] not in (b"7a", b"9a"):
        return False
    body = 13 + (3 << ((part[10] & 7) + 1) if part[10] & 0x80 else 0)
    return part[6:8] != b"\0\0" and part[8:10] != b"\0\0" and part[body : body + 1] in b"\x21\x2c"


def _png(part: bytes) -> bool:
    return part[4:8] == b"\r\n\x1a\n" and part[12:16] in (b"IHDR", b"CgBI")


def _local_header(part: bytes) -> bool:
    """A ZIP member with a sane version, method and name (APPNOTE 4.3.7)."""
    if len(part) < 31:
        return False
    version, method = part[4], int.from_bytes(part[8:10], "little")
    length = int.from_bytes(part[26:28], "little")
    name = part[30 : 30 + min(length, 64)]
    sane = version <= 63 and method in (0, 1, 6, 8, 9, 12, 14, 93, 95, 98, 99)
    return sane and 1 <= length <= 4096 and len(name) > 0 and not re.search(rb"[\0-\x1f]", name)


def _seven_zip(part: bytes) -> bool:
    """The start header's own CRC fits (7zFormat.txt)."""
    return zlib.crc32(part[12:32]) == int.from_bytes(part[8:12], "little") and len(part) >= 32


def _rar(part: bytes) -> bool:
    return part[6:8] == b"\1\0" or (part[6:7] == b"\0" and part[9:10] == b"\x73")


def _gzip(part: bytes) -> bool:
    if len(part) < 18 or part[3] > 0x1F:
        return False
    try:
        return bool(zlib.decompressobj(31).decompress(part, 64))
    except zlib.error:
        return False


def _xz(part: bytes) -> bool:
    """The stream header's own CRC fits (xz-file-format 2.1.1)."""
    return len(part) >= 12 and zlib.crc32(part[6:8]) == int.from_bytes(part[8:12], "little")


def _bzip2(part: bytes) -> bool:
    return part[3:4] in b"123456789" and part[4:10] == b"1AY&SY"


def _zstd(part: bytes) -> bool:
    """A frame header without reserved bits whose first block is sane (RFC 8878 §3.1.1)."""
    if len(part) < 16 or part[4] & 0x18:
        return False
    flags = part[4]
    sizes = (1 if flags & 0x20 else 0, 2, 4, 8)[flags >> 6]
    head = 5 + (0 if flags & 0x20 else 1) + (0, 1, 2, 4)[flags & 3] + sizes
    block = int.from_bytes(part[head : head + 3], "little")
    return block >> 1 & 3 != 3 and 0 < block >> 3 <= 1 << 17


def _riff(part: bytes) -> bool:
    named = part[8:12] in (b"WEBP", b"WAVE", b"AVI ") and part[12:16].strip().isalnum()
    return named and int.from_bytes(part[4:8], "little") >= 20  # a writer's template says 0


def _boxes(part: bytes) -> bool:
    size = int.from_bytes(part[:4], "big")
    return 16 <= size <= 512 and part[8:12].isascii() and part[8:11].strip().isalnum()


def _tiff(part: bytes) -> bool:
    """A directory near the start, its tags ascending and of known types, with a picture size."""
    order = "little" if part[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(part[at : at + size], order)  # type: ignore[arg-type]

    at = number(4, 4)
    if not 8 <= at <= len(part) - 14:
        # the directory lies behind the picture: plausible only where it is even and not far
        return False
    count = number(at, 2)
    if not 4 <= count <= 200 or at + 2 + 12 * count > len(part):
        return False
    tags = [number(at + 2 + 12 * i, 2) for i in range(count)]
    kinds = {number(at + 4 + 12 * i, 2) for i in range(count)}
    return tags == sorted(tags) and kinds <= set(range(1, 14)) and {256, 257} <= set(tags)


def _bitmap(part: bytes) -> bool:
    info, planes = int.from_bytes(part[14:18], "little"), int.from_bytes(part[26:28], "little")
    bits = int.from_bytes(part[28:30], "little")
    known = info in (40, 52, 56, 108, 124) and bits in (1, 4, 8, 16, 24, 32)
    return known and planes == 1 and part[6:10] == bytes(4)


def _tar(part: bytes) -> bool:
    if len(part) < 512:
        return False
    try:
        stored = int(part[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    return sum(part[:148]) + 256 + sum(part[156:512]) == stored


def _sqlite(part: bytes) -> bool:
    """Programs with SQLite inside hold the text alone (fileformat2 §1.3)."""
    size = int.from_bytes(part[16:18], "big")
    return part[21:24] == b"\x40\x20\x20" and (size == 1 or size in {1 << n for n in range(9, 16)})


def _matroska(part: bytes) -> bool:
    return b"webm" in part[:64] or b"matroska" in part[:64]


def _mp3(part: bytes) -> bool:
    flags_clear = len(part) > 14 and not part[5] & 0x0F and not any(b & 0x80 for b in part[6:10])
    return flags_clear and part[3] in (2, 3, 4) and part[10:13].isalnum()


def _flac(part: bytes) -> bool:
    return part[4:8] in (b"\0\0\0\x22", b"\x80\0\0\x22")


def _pdf(part: bytes) -> bool:
    return part[5:8] in (b"1.0", b"1.1", b"1.2", b"1.3", b"1.4", b"1.5", b"1.6", b"1.7", b"2.0")


def _pdf_has_object(part: bytes) -> bool:
    return _pdf(part) and b" obj" in part


def _cabinet(part: bytes) -> bool:
    return part[4:8] == bytes(4) and part[12:16] == bytes(4) and part[24:26] in (b"\3\1", b"\2\1")


def _uuencoded(part: bytes) -> bool:
    return (
        re.match(rb"begin(?:-base64)? [0-7]{3,4} [^\r\n]{1,256}\r?\n[ -`]{20,}", part) is not None
    )


def _ole(part: bytes) -> bool:
    return part[28:30] == b"\xfe\xff" and part[24:28] in (
        b"\x3e\0\3\0",
        b"\x3e\0\4\0",
        b"\x3b\0\3\0",
    )


_SIGNATURES = (
    # sources: as in ``magic``; here with the check that tells a file from a mere number
    _Signature("image/jpeg", b"\xff\xd8\xff", _jpeg),
    _Signature("image/png", b"\x89PNG", _png),
    _Signature("image/gif", b"GIF8", _gif),
    _Signature("image/tiff", b"II*\0", _tiff),
    _Signature("image/tiff", b"MM\0*", _tiff),
    _Signature("image/bmp", b"BM", _bitmap),
    _Signature("image/vnd.adobe.photoshop", b"8BPS\0\1\0\0\0\0\0\0"),
    _Signature("image/jxl", b"\0\0\0\x0cJXL \r\n\x87\n"),
    _Signature("image/jp2", b"\0\0\0\x0cjP  \r\n\x87\n"),
    _Signature("application/x-riff", b"RIFF", _riff),
    _Signature("video/mp4", b"ftyp", _boxes, before=4),
    _Signature("video/x-matroska", b"\x1a\x45\xdf\xa3", _matroska),
    _Signature("video/x-ms-asf", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),
    _Signature("video/x-flv", b"FLV\1\5\0\0\0\x09"),
    _Signature("audio/ogg", b"OggS\0\2"),
    _Signature("audio/flac", b"fLaC", _flac),
    _Signature("audio/mpeg", b"ID3", _mp3),
    _Signature("audio/amr", b"#!AMR\n"),
    _Signature("audio/midi", b"MThd\0\0\0\6"),
    _Signature("application/pdf", b"%PDF-", _pdf_has_object),
    _Signature("application/x-ole-storage", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _ole),
    _Signature("application/zip", b"PK\3\4", _local_header),
    _Signature("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c", _seven_zip),
    _Signature("application/vnd.rar", b"Rar!\x1a\x07", _rar),
    _Signature("application/gzip", b"\x1f\x8b\x08", _gzip),
    _Signature("application/x-xz", b"\xfd7zXZ\0", _xz),
    _Signature("application/x-bzip2", b"BZh", _bzip2),
    _Signature("application/zstd", b"\x28\xb5\x2f\xfd", _zstd),
    _Signature("application/vnd.ms-cab-compressed", b"MSCF", _cabinet),
    _Signature("application/x-tar", b"ustar", _tar, before=257),
    _Signature("application/x-squashfs", b"hsqs", lambda part: part[28:32] == b"\4\0\0\0"),
    _Signature("application/vnd.sqlite3", b"SQLite format 3\0", _sqlite),
    _Signature("text/x-uuencode", b"begin", _uuencoded),
    # installers and packers: what they carry cannot be seen from outside
    _Signature("application/x-nsis", b"\xef\xbe\xad\xdeNullsoftInst"),
    _Signature("application/x-inno-setup", b"Inno Setup Setup Data ("),
    _Signature("application/x-pyinstaller", b"MEI\014\013\012\013\016"),
    _Signature(
        "application/x-upx-packed", b"UPX!", lambda part: part[4:5] in b"\x0a\x0b\x0c\x0d\x0e"
    ),
)

"""Picture, video and sound families that one magic number cannot tell apart.

Boxes by their brands, RIFF by its form, TIFF by its first directory, MPEG by two frames in a row.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"mif2": "image/heif",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"avio": "image/avif",
    b"crx ": "image/x-canon-cr3",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4P ": "audio/mp4",
    b"jpx ": "image/jp2",
    b"jp2 ": "image/jp2",
}
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def _boxes(head: bytes) -> str:
    """ISO base media by its brands (ISO/IEC 14496-12 §4.3; mp4ra.org), or old QuickTime."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp":
        # a size that would be four letters is a text such as "the free …"
        plausible = size == 1 or 8 <= size < 0x20000000
        return "video/quicktime" if head[4:8] in _OLD_QUICKTIME and plausible else ""
    if not 8 <= size <= 4096 or not head[8:12].isascii():
        return ""
    major = head[8:12]
    if major in _BRANDS and major not in (b"mif1", b"msf1", b"mif2"):
        return _BRANDS[major]
    compatible = [head[i : i + 4] for i in range(16, min(size, len(head)), 4)]
    if major in (b"mif1", b"msf1", b"mif2"):  # any codec: the other brands tell
        for brand in compatible:
            if _BRANDS.get(brand) in ("image/heic", "image/avif"):
                return _BRANDS[brand]
        return "image/heif"
    if major[:3] in (b"3gp", b"3gg", b"3gr", b"3gs"):
        return "video/3gpp"
    return "video/3gpp2" if major[:3] == b"3g2" else "video/mp4"


_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_RIFF |= {b"ACON": "image/x-ani", b"RMID": "audio/midi", b"CDDA": "application/x-cdda"}


def _riff(head: bytes) -> str:
    return _RIFF.get(head[8:12], "") if head[:4] in (b"RIFF", b"RF64", b"RIFX") else ""


def _form(head: bytes) -> str:
    if head[:4] != b"FORM":
        return ""
    return {b"AIFF": "audio/aiff", b"AIFC": "audio/aiff", b"ILBM": "image/x-ilbm"}.get(
        head[8:12], ""
    )


_RAW_MAKERS = (
    # Make, type, what IFD0 holds besides: raw files keep a preview there and say so
    (b"NIKON", "image/x-nikon-nef"),
    (b"SONY", "image/x-sony-arw"),
    (b"SAMSUNG", "image/x-samsung-srw"),
    (b"PENTAX", "image/x-pentax-pef"),
    (b"RICOH", "image/x-pentax-pef"),
)


def _tiff(head: bytes) -> str:
    """TIFF, or the raw photo that is shaped like one (TIFF 6.0; DNG 1.7; ExifTool)."""
    if head[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return ""
    if head[8:11] == b"CR\2":
        return "image/x-canon-cr2"
    order = "<" if head[:2] == b"II" else ">"
    if head[2:4] in (b"+\0", b"\0+"):
        return "image/tiff"
    tags = _first_directory(head, order)
    if 50706 in tags:  # DNGVersion
        return "image/x-adobe-dng"
    if 271 in tags:
        at, count = tags[271]
        make = head[at : at + min(count, 32)].upper()
        preview = tags.get(254, (0, 0))[0] == 1  # NewSubfileType: a reduced picture
        packed = tags.get(259, (0, 0))[0] & 0xFFFF in (65535, 32767, 34713, 32770, 32769)
        for maker, media_type in _RAW_MAKERS:
            if make.startswith(maker) and ((preview and 330 in tags) or packed):
                return media_type
    return "image/tiff"


def _first_directory(head: bytes, order: str) -> dict[int, tuple[int, int]]:
    """Return tag -> (value or offset, count) of the first directory, as far as the head goes."""
    (at,) = struct.unpack_from(order + "I", head.ljust(8, b"\0"), 4)
    if not 8 <= at <= len(head) - 2:
        return {}
    (count,) = struct.unpack_from(order + "H", head, at)
    tags = {}
    for index in range(min(count, 512)):
        pos = at + 2 + 12 * index
        if pos + 12 > len(head):
            break
        tag, kind, items = struct.unpack_from(order + "HHI", head, pos)
        (value,) = struct.unpack_from(order + ("H" if kind == 3 else "I"), head, pos + 8)
        tags[tag] = (value, items)
    return tags


def _bitmap(head: bytes) -> str:
    """BMP: the header names its own size and reserves four zero bytes (wingdi.h)."""
    if head[:2] != b"BM" or len(head) < 26 or head[6:10] != b"\0\0\0\0":
        return ""
    info = int.from_bytes(head[14:18], "little")
    return "image/bmp" if info in (12, 16, 40, 52, 56, 64, 108, 124) else ""


def _portable(head: bytes) -> str:
    """PBM, PGM, PPM, PAM: a number, then sizes as text (netpbm.sourceforge.net/doc)."""
    found = re.match(rb"P([1-6])\s(?:#[^\n]{0,256}\n|\s){0,16}\d{1,6}\s{1,8}\d{1,6}\s", head)
    if found is None:
        return ""
    return f"image/x-portable-{('bitmap', 'graymap', 'pixmap')[(int(found.group(1)) - 1) % 3]}"


def _pcx(head: bytes) -> str:
    """PCX: version, run-length coding, bits a pixel, and a reserved zero (ZSoft manual)."""
    good = head[:1] == b"\x0a" and head[1:2] in (b"\0", b"\2", b"\3", b"\4", b"\5")
    good = good and head[2:3] == b"\1" and head[3:4] in (b"\1", b"\2", b"\4", b"\x08")
    return "image/x-pcx" if good and len(head) >= 128 and head[64] == 0 else ""


def _icon(head: bytes) -> str:
    """ICO and CUR: a short directory whose first picture lies behind it."""
    if head[:4] not in (b"\0\0\1\0", b"\0\0\2\0") or len(head) < 22:
        return ""
    count = int.from_bytes(head[4:6], "little")
    size, at = struct.unpack_from("<II", head, 14)
    good = 1 <= count <= 256 and head[9] == 0 and at >= 6 + 16 * count and size >= 40
    return "image/vnd.microsoft.icon" if good else ""


def _transport(head: bytes) -> str:
    """MPEG-TS (188-byte packets) and M2TS (192 with a time code): ISO/IEC 13818-1 §2.4.3.2."""
    for first, step in ((0, 188), (4, 192)):
        marks = head[first : first + 8 * step : step]
        if len(marks) >= 3 and marks.count(0x47) == len(marks):
            return "video/mp2t"
    return ""


def _matroska(head: bytes) -> str:
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return ""
    return "video/webm" if b"webm" in head[:64] else "video/x-matroska"


def _ogg(head: bytes) -> str:
    if head[:5] != b"OggS\0":
        return ""
    return "video/ogg" if b"\x80theora" in head[:512] or b"\1video" in head[:512] else "audio/ogg"


_BITRATES = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44100, 48000, 32000)


def _mpeg_audio(head: bytes) -> str:
    """MP3 and ADTS AAC, behind an ID3 tag or by two frames in a row (ISO/IEC 11172-3, 13818-7)."""
    at = 0
    if head[:3] == b"ID3" and len(head) >= 10 and head[3] < 0x10:
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
        )
        at = 10 + size
        if head[at : at + 4] == b"fLaC":
            return "audio/flac"
        if head[at : at + 2] in (b"\xff\xf1", b"\xff\xf9"):
            return "audio/aac"
        return "audio/mpeg"
    first = _frame_size(head, at)
    if first and _frame_size(head, at + first):
        return "audio/aac" if head[1] & 6 == 0 else "audio/mpeg"
    return ""


def _frame_size(head: bytes, at: int) -> int:
    if at + 7 > len(head) or head[at] != 0xFF or head[at + 1] & 0xE0 != 0xE0:
        return 0
    second, third = head[at + 1], head[at + 2]
    if second & 0xF6 == 0xF0:  # ADTS: layer bits are zero
        size = (head[at + 3] & 3) << 11 | head[at + 4] << 3 | head[at + 5] >> 5
        return size if size > 7 and third >> 2 & 15 < 13 else 0
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    rate_at = third >> 2 & 3
    if version == 1 or layer == 4 or rate_at == 3 or third >> 4 in (0, 15):
        return 0
    table = _BITRATES[(1, layer)] if version == 3 else _BITRATES[(2, 1 if layer == 1 else 2)]
    rate = _RATES[rate_at] >> {3: 0, 2: 1, 0: 2}[version]
    bits = table[third >> 4] * 1000
    padding = third >> 1 & 1
    if layer == 1:
        return (12 * bits // rate + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // rate + padding


def _bare_jxl(head: bytes) -> str:
    """A JPEG XL codestream without a box: two bytes only, so it is asked last (ISO/IEC 18181-1)."""
    return "image/jxl" if head[:2] == b"\xff\x0a" and len(head) > 12 else ""


MEDIA_TESTS: tuple[Callable[[bytes], str], ...] = (
    _boxes,
    _riff,
    _tiff,
    _matroska,
    _ogg,
    _form,
    _bitmap,
    _icon,
    _portable,
    _pcx,
    _transport,
    _mpeg_audio,
)
LAST_TESTS: tuple[Callable[[bytes], str], ...] = (_bare_jxl,)

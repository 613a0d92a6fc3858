"""Walks the chunks of a PNG or APNG: texts, EXIF, XMP, colour profile, C2PA, and the end.

Checks every CRC but those of the picture data, which the decoder checks; decodes no pixels.
Sources: W3C PNG 3rd edition; PNG extensions register (eXIf); C2PA 2.x A.4; ImageMagick's
"Raw profile type" texts (coders/png.c).
"""

from __future__ import annotations

import re
import zlib

from assay.core.slots import SlotKind
from assay.media.gather import Gather
from assay.media.photoshop import read_resources

_XMP_KEY = "XML:com.adobe.xmp"
_PROFILE = "Raw profile type "
_PROFILE_HEAD = re.compile(rb"\s*[\w ]{1,32}\n\s*(\d{1,9})\n")
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_UNCHECKED = (b"IDAT", b"fdAT")
# Chunks without words that are skipped; any other one is kept as it stands
_PLAIN = frozenset(
    b"PLTE tRNS gAMA cHRM sRGB bKGD pHYs hIST sBIT tIME fcTL IEND oFFs sTER cICP mDCV cLLI".split()
)
_MAX_OTHER = 4 << 20  # bytes of an unknown chunk
_COLOURS = {0: "grey", 2: "rgb", 3: "palette", 4: "grey+alpha", 6: "rgba"}


def walk_png(gather: Gather) -> None:
    """Gather the slots of a PNG that starts at byte 0."""
    data, size = gather.data, len(gather.data)
    pos = 8
    while pos + 8 <= size:
        gather.step()
        length = int.from_bytes(data[pos : pos + 4], "big")
        name = data[pos + 4 : pos + 8]
        start, end = pos + 8, pos + 8 + length
        if not name.isalpha():
            gather.trouble("malformed", f"no chunk name at byte {pos + 4}")
            return
        complete = end + 4 <= size
        if complete and name not in _UNCHECKED:
            stored = int.from_bytes(data[end : end + 4], "big")
            if zlib.crc32(data[pos + 4 : end]) != stored:
                gather.trouble("malformed", f"chunk {name.decode()} at byte {pos} fails its CRC")
        _chunk(gather, name, start, min(end, size), complete=complete)
        if not complete:
            gather.trouble("truncated", f"chunk {name.decode()} at byte {pos} is cut")
            return
        pos = end + 4
        if name == b"IEND":
            gather.trailer(pos)
            return
    gather.trouble("truncated", "the PNG has no IEND chunk")


def _chunk(gather: Gather, name: bytes, start: int, end: int, *, complete: bool) -> None:
    if name in _UNCHECKED:
        gather.facts.setdefault("picture_data", str(start))
        gather.pixels(start - 8, end + 4)  # with its frame, so that neighbours touch
    elif name == b"IHDR":
        _header(gather, gather.data[start:end])
    elif name == b"acTL":
        gather.facts["frames"] = str(int.from_bytes(gather.data[start : start + 4], "big"))
    elif name in (b"tEXt", b"zTXt", b"iTXt"):
        _text(gather, name.decode(), start, end, complete=complete)
    elif name in (b"eXIf", b"zxIf"):
        skip = 6 if gather.data[start : start + 4] == b"Exif" else 0  # some writers add a prefix
        gather.slot(SlotKind.EXIF, start + skip, end, mechanism="PNG eXIf", complete=complete)
    elif name == b"caBX":
        gather.slot(SlotKind.C2PA, start, end, mechanism="PNG caBX", complete=complete)
    elif name == b"iCCP":
        head, _, rest = gather.data[start:end].partition(b"\0")
        profile, whole = gather.inflate(rest[1:], "PNG iCCP")
        key = head.decode("latin-1")
        gather.slot(
            SlotKind.ICC, start, end, key=key, mechanism="PNG iCCP", payload=profile, complete=whole
        )
    elif name not in _PLAIN:  # "comf" holds the graph of an animation by ComfyUI
        kept = min(end, start + _MAX_OTHER)
        gather.slot(
            SlotKind.OTHER, start, kept, key=name.decode(), mechanism="PNG chunk",
            complete=complete and kept == end,
        )  # fmt: skip


def _header(gather: Gather, body: bytes) -> None:
    if len(body) < 13:
        gather.trouble("malformed", "IHDR is shorter than 13 bytes")
        return
    gather.width = int.from_bytes(body[:4], "big")
    gather.height = int.from_bytes(body[4:8], "big")
    gather.facts["bits"] = str(body[8])
    gather.facts["colour"] = _COLOURS.get(body[9], str(body[9]))
    gather.facts["interlaced"] = "yes" if body[12] else "no"


def _text(gather: Gather, chunk: str, start: int, end: int, *, complete: bool) -> None:
    keyword, _, rest = gather.data[start:end].partition(b"\0")
    key = keyword[:79].decode("latin-1")
    what = f"PNG {chunk} {key!r}"
    mechanism = f"PNG {chunk}"
    if chunk == "zTXt":
        rest, whole = gather.inflate(rest[1:], what)
        complete = complete and whole
    elif chunk == "iTXt":
        packed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # language, translated keyword
        if packed:
            rest, whole = gather.inflate(rest, what)
            complete = complete and whole
    if key == _XMP_KEY:
        gather.slot(
            SlotKind.XMP, start, end, key=key, mechanism=mechanism, payload=rest, complete=complete
        )
        return
    if key.startswith(_PROFILE):
        _raw_profile(gather, key, rest, start, end)
    gather.slot(
        SlotKind.TEXT, start, end, key=key, mechanism=mechanism, payload=rest, complete=complete
    )


def _raw_profile(gather: Gather, key: str, text: bytes, start: int, end: int) -> None:
    """Keep the profile that ImageMagick writes as hexadecimal text: exif, APP1, iptc, xmp."""
    head = _PROFILE_HEAD.match(text)
    if head is None:
        return
    try:
        block = bytes.fromhex(text[head.end() :].decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        gather.trouble("malformed", f"{key!r} is no hexadecimal text")
        return
    complete = len(block) >= int(head.group(1))
    mechanism = "PNG raw profile"
    name = key.removeprefix(_PROFILE).lower()
    if name in ("iptc", "8bim"):
        read_resources(gather, block, start, mechanism, stored=False)
        return
    if block.startswith(b"Exif\0\0"):
        kind, block = SlotKind.EXIF, block[6:]
    elif block.startswith(_JPEG_XMP):
        kind, block = SlotKind.XMP, block[len(_JPEG_XMP) :]
    elif name in ("exif", "app1") and block[:2] in (b"II", b"MM"):
        kind = SlotKind.EXIF
    elif name == "xmp":
        kind = SlotKind.XMP
    elif name in ("icc", "icm"):
        kind = SlotKind.ICC
    else:
        return
    gather.slot(kind, start, end, key=key, mechanism=mechanism, payload=block, complete=complete)

"""Where a film, a document or a store ends by its own structure: boxes, EBML, FLV, ASF, Ogg, …

Sources: ISO/IEC 14496-12 §4.2; RFC 8794; Adobe FLV E.2; ASF §2; RFC 3533; MIDI 1.0;
ISO 32000-2 §7.5.5; APPNOTE 4.3.16; sqlite.org fileformat2 §1.3.
"""

from __future__ import annotations

import re
import struct

from assay.media.span import MAX_STEPS, Extent, Span

_BOXES = frozenset(
    b"ftyp styp moov mdat free skip wide meta moof mfra sidx ssix prft emsg uuid pdin udta mpvd "
    b"pnot PICT junk bloc jp2h jp2c jxlc jxlp jxll jxli jbrd Exif brob jumb sefd".split()
) | {b"jP  ", b"JXL ", b"xml "}
_BOX_ENDS = frozenset({b"moov", b"mdat", b"meta", b"moof", b"jp2c", b"jxlc", b"jxlp"})


def boxes_extent(span: Span) -> Extent | None:
    pos, content = 0, False
    for _ in range(MAX_STEPS):
        head = span.read(pos, 16)
        name = head[4:8]
        size = int.from_bytes(head[:4], "big")
        if (content and name == b"ftyp") or (pos and name in (b"jP  ", b"JXL ")):
            break  # the next file
        if size == 1 and len(head) == 16:
            size = int.from_bytes(head[8:16], "big")
        if name not in _BOXES or (size < 8 and size != 0):
            break
        content = content or name in _BOX_ENDS
        if size == 0 and name in _BOX_ENDS:
            return Extent(span.size, complete=False)  # "to the end" of which file?
        if size == 0:
            break
        if pos + size > span.size:
            return Extent(span.size, complete=False) if content else None
        pos += size
    return Extent(pos, complete=True) if content else None


_NEXT_PDF = re.compile(rb"%PDF-\d")
_PDF_END = re.compile(rb"%%EOF")
_ZIP_END = re.compile(rb"PK\x05\x06")


def pdf_extent(span: Span) -> Extent | None:
    """Up to the last end mark before the next document begins."""
    span = span.upto(span.find(_NEXT_PDF, 5, overlap=8))
    last = None
    while (found := span.find(_PDF_END, last or 0, overlap=8)) is not None:
        last = found + 5
    if last is None:
        return None
    line = span.read(last, 2)
    return Extent(last + (2 if line == b"\r\n" else 1 if line[:1] in (b"\r", b"\n") else 0), True)


def zip_extent(span: Span) -> Extent | None:
    """Up to the first end record whose directory lies where it says, counted from the start."""
    pos = 0
    for _ in range(64):
        found = span.find(_ZIP_END, pos, overlap=4)
        if found is None:
            return None
        size, at, comment = struct.unpack_from("<IIH", span.read(found + 12, 10))
        if size + at == found:
            return Extent(found + 22 + comment, complete=True)
        pos = found + 4
    return None


def ebml_extent(span: Span) -> Extent | None:
    """The header and the segment, where their sizes are known (RFC 8794 §4)."""
    pos = 0
    for _ in range(64):
        head = span.read(pos, 12)
        named = head[:4] in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67")
        if not named and (head[:1] != b"\xec" or pos == 0):  # Void may stand between
            break
        name = 1 if head[0] == 0xEC else 4
        width = 9 - head[name].bit_length()
        size = int.from_bytes(head[name : name + width], "big") & ((1 << 7 * width) - 1)
        if size == (1 << 7 * width) - 1 or width > 8:
            return None
        pos += name + width + size
    return Extent(pos, complete=True) if pos > 64 else None


def flv_extent(span: Span) -> Extent | None:
    pos = 13
    for _ in range(MAX_STEPS):
        head = span.read(pos, 11)
        if len(head) < 11 or head[0] not in (8, 9, 18) or head[8:11] != b"\0\0\0":
            break
        size = int.from_bytes(head[1:4], "big")
        if span.read(pos + 11 + size, 4) != (size + 11).to_bytes(4, "big"):
            break
        pos += 15 + size
    return Extent(pos, complete=True) if pos > 13 else None


_ASF_ENDS = (b"\xcf\x11", b"\xd1\x11", b"\xd3\x11")  # in the GUIDs of top-level objects


def asf_extent(span: Span) -> Extent | None:
    pos = 0
    for _ in range(64):
        head = span.read(pos, 24)
        size = int.from_bytes(head[16:24], "little")
        if len(head) < 24 or head[6:8] not in _ASF_ENDS or size < 24:
            break
        pos += size
    return Extent(pos, complete=True) if pos > 30 else None


def ogg_extent(span: Span) -> Extent | None:
    pos = 0
    for _ in range(MAX_STEPS):
        head = span.read(pos, 27)
        if len(head) < 27 or head[:5] != b"OggS\0" or (pos and head[5] & 2 and pos > 1 << 16):
            break
        lengths = span.read(pos + 27, head[26])
        pos += 27 + len(lengths) + sum(lengths)
    return Extent(pos, complete=True) if pos else None


def midi_extent(span: Span) -> Extent | None:
    pos = 0
    for _ in range(4096):
        if span.read(pos, 4) not in (b"MThd", b"MTrk"):
            break
        pos += 8 + span.number(pos + 4, 4)
    return Extent(pos, complete=True) if pos else None


def sqlite_extent(span: Span) -> Extent | None:
    page, pages = span.number(16, 2), span.number(28, 4)
    page = 65536 if page == 1 else page
    return Extent(page * pages, complete=True) if pages else None

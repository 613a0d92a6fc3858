"""Small, valid containers made byte by byte, for the tests of sniffing and walking."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

EXIF = b"II*\0\x08\0\0\0\1\0\x0f\1\2\0\4\0\0\0Abc\0\0\0\0\0"  # one tag: Make "Abc"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf/></x:xmpmeta>'
JUMBF = b"\0\0\0\x24jumb\0\0\0\x18jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\0\0\0\0"


def picture(
    kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: object
) -> bytes:
    """Return a small picture with something in it, as Pillow writes it."""
    pixels = np.random.default_rng(7).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, kind, **options)
    return out.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_with(*segments: bytes, tail: bytes = b"", **options: object) -> bytes:
    plain = picture("JPEG", **options)  # type: ignore[arg-type]
    return plain[:2] + b"".join(segments) + plain[2:] + tail


def chunk(name: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def png_with(*chunks: bytes, after: tuple[bytes, ...] = (), tail: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(b"\0\1\2\3" * 2))
        + b"".join(after)
        + chunk(b"IEND", b"")
        + tail
    )


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def riff(form: bytes, *chunks: bytes, tail: bytes = b"") -> bytes:
    body = form + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body + tail


def wav(*chunks: bytes, tail: bytes = b"") -> bytes:
    fmt = riff_chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
    return riff(b"WAVE", fmt, *chunks, riff_chunk(b"data", bytes(100)), tail=tail)


def gif_with(*blocks: bytes, tail: bytes = b"") -> bytes:
    plain = picture("GIF", "P")
    first = 13 + 3 * (2 << (plain[10] & 7))
    return plain[:first] + b"".join(blocks) + plain[first:] + tail


def sub_blocks(data: bytes) -> bytes:
    parts = [data[i : i + 255] for i in range(0, len(data), 255)]
    return b"".join(bytes([len(p)]) + p for p in parts) + b"\0"


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def full_box(name: bytes, *parts: bytes, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]), *parts)


def ftyp(brand: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", brand, bytes(4), *compatible)


def heif(exif: bytes, xmp: bytes, *, method: int = 0, coding: bytes = b"") -> bytes:
    """Return an HEIF of two metadata items and one picture size, in file order as phones write."""
    payloads = [b"\0\0\0\6Exif\0\0" + exif, xmp]
    infe = [
        full_box(b"infe", struct.pack(">HH", 1, 0), b"Exif\0", version=2),
        full_box(
            b"infe", struct.pack(">HH", 2, 0), b"mime\0application/rdf+xml\0", coding, version=2
        ),
    ]
    iinf = full_box(b"iinf", struct.pack(">H", 2), *infe)
    ispe = full_box(b"ispe", struct.pack(">II", 640, 480))
    iprp = box(b"iprp", box(b"ipco", full_box(b"ispe", struct.pack(">II", 64, 64)), ispe))

    def meta(first: int) -> bytes:
        rows, at = b"", first
        for number, payload in enumerate(payloads, 1):
            rows += struct.pack(">HHHHII", number, method, 0, 1, at, len(payload))
            at += len(payload)
        iloc = full_box(b"iloc", b"\x44\0", struct.pack(">H", 2), rows, version=1)
        hdlr = full_box(b"hdlr", bytes(4), b"pict", bytes(13))
        idat = [box(b"idat", *payloads)] if method == 1 else []
        return full_box(b"meta", hdlr, iinf, iloc, iprp, *idat)

    head = ftyp(b"heic", b"mif1", b"heic")
    if method == 1:
        return head + meta(0)
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *payloads)


def mp4(*boxes: bytes, brand: bytes = b"isom", tail: bytes = b"") -> bytes:
    return ftyp(brand, brand) + b"".join(boxes) + box(b"mdat", bytes(64)) + tail


def tiff(entries: list[tuple[int, int, int, bytes]], after: bytes = b"", next_at: int = 0) -> bytes:
    """Return a little-endian TIFF of one directory; values are the raw four bytes."""
    body = b"".join(struct.pack("<HHI", t, k, n) + v.ljust(4, b"\0") for t, k, n, v in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + body + struct.pack("<I", next_at) + after


def zip_of(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def zip_named(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def flac(*comments: bytes) -> bytes:
    body = vorbis_block(*comments)
    return b"fLaC\0\0\0\x22" + bytes(34) + b"\x84" + struct.pack(">I", len(body))[1:] + body


def id3(*frames: tuple[bytes, bytes]) -> bytes:
    body = b"".join(n + struct.pack(">IH", len(b), 0) + b for n, b in frames)
    size = len(body)
    safe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + safe + body + b"\xff\xfb\x90\x00" + bytes(413)


def synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


def id3_tag(version: int, *frames: bytes, flags: int = 0, footer: bool = False) -> bytes:
    """Return an ID3v2 tag without a sound behind it."""
    body = b"".join(frames)
    if flags & 0x80:
        body = body.replace(b"\xff", b"\xff\0")
    head = bytes([version, 0, flags | (0x10 if footer else 0)]) + synchsafe(len(body))
    return b"ID3" + head + body + (b"3DI" + head if footer else b"")


def frame(name: bytes, body: bytes, *, flags: int = 0, version: int = 4) -> bytes:
    size = synchsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return name + size + struct.pack(">H", flags) + body


def id3v1(title: bytes, comment: bytes) -> bytes:
    return b"TAG" + title.ljust(30, b"\0") + bytes(64) + comment.ljust(30, b" ") + b"\xff"


def ape(*items: tuple[bytes, bytes], header: bool = True) -> bytes:
    rows = b"".join(struct.pack("<II", len(v), 0) + k + b"\0" + v for k, v in items)

    def mark(flags: int) -> bytes:
        return (
            b"APETAGEX" + struct.pack("<IIII", 2000, len(rows) + 32, len(items), flags) + bytes(8)
        )

    return (mark(0xA0000000) if header else b"") + rows + mark(0x80000000 if header else 0)


MPEG = (b"\xff\xfb\x90\x00" + bytes(413)) * 3  # three silent frames of 417 bytes


def vorbis_block(*comments: bytes) -> bytes:
    fields = b"".join(struct.pack("<I", len(c)) + c for c in comments)
    return struct.pack("<I", 4) + b"test" + struct.pack("<I", len(comments)) + fields


def _ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def ogg_page(serial: int, number: int, flags: int, lengths: bytes, body: bytes) -> bytes:
    head = b"OggS\0" + bytes([flags]) + bytes(8) + struct.pack("<II", serial, number)
    rest = bytes([len(lengths)]) + lengths + body
    crc = _ogg_crc(head + bytes(4) + rest)
    return head + struct.pack("<I", crc) + rest


def ogg_pages(serial: int, *packets: bytes, segments: int = 255) -> list[bytes]:
    """Return the pages of one stream; the first packet has its own, ``segments`` are the most."""
    pages, first = [], True
    lengths, body = b"", b""
    for packet in packets:
        laces = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
        at = 0
        for lace in laces:
            lengths, body = lengths + bytes([lace]), body + packet[at : at + lace]
            at += lace
            if len(lengths) == segments:
                pages.append((lengths, body))
                lengths, body = b"", b""
        if first and lengths:
            pages.append((lengths, body))
            lengths, body = b"", b""
        first = False
    if lengths:
        pages.append((lengths, body))
    open_packet = [False, *(row[-1] == 255 for row, _ in pages)]
    return [
        ogg_page(serial, n, (2 if n == 0 else 0) | (1 if open_packet[n] else 0), *row)
        for n, row in enumerate(pages)
    ]


OPUS_HEAD = b"OpusHead\1\1\x38\1\x80\xbb\0\0\0\0\0"


def opus(*comments: bytes, segments: int = 255) -> bytes:
    tags = b"OpusTags" + vorbis_block(*comments)
    return b"".join(ogg_pages(7, OPUS_HEAD, tags, b"\xf8\xff\xfe", segments=segments))


def psd(*resources: tuple[int, bytes]) -> bytes:
    """Return a Photoshop document of 4 x 3 pixels with these image resources."""
    rows = b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) & 1)
        for number, body in resources
    )
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 3, 4, 8, 3)
    return head + bytes(4) + struct.pack(">I", len(rows)) + rows + bytes(4) + bytes(2 + 3 * 12)


def element(number: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + b"\x08" + len(body).to_bytes(4, "big") + body


def webm(*tags: tuple[bytes, bytes]) -> bytes:
    simple = [element(0x67C8, element(0x45A3, n), element(0x4487, v)) for n, v in tags]
    size = element(0xE0, element(0xB0, b"\1\x40"), element(0xBA, b"\xf0"))
    return element(0x1A45DFA3, element(0x4282, b"webm")) + element(
        0x18538067,
        element(0x1654AE6B, element(0xAE, size)),
        element(0x1254C367, element(0x7373, *simple)),
    )


def portable_executable(overlay: bytes = b"") -> bytes:
    """Return the smallest thing that a PE reader follows: one section, no code."""
    optional = struct.pack("<H", 0x20B) + bytes(106) + struct.pack("<I", 16) + bytes(128)
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0)
    at = 64 + 4 + len(coff) + len(optional) + 40
    section = b".text\0\0\0" + struct.pack("<IIII", 64, 0x1000, 64, at) + bytes(16)
    stub = b"MZ" + bytes(58) + struct.pack("<I", 64)
    return stub + b"PE\0\0" + coff + optional + section + b"\xc3" * 64 + overlay


def font(tail: bytes = b"") -> bytes:
    """Return a table directory of a TrueType font and its four short tables."""
    names = (b"OS/2", b"cvt ", b"glyf", b"head")
    rows, body, at = b"", b"", 12 + 16 * len(names)
    for name in names:
        rows += name + struct.pack(">III", 0, at + len(body), 16)
        body += bytes(16)
    return b"\0\1\0\0" + struct.pack(">HHHH", len(names), 64, 2, 0) + rows + body + tail

"""A file's type comes from its bytes, for every family that the table names."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media.kinds import HOLDS_PICTURES, NO_PICTURES
from assay.media.magic import MAGICS
from assay.media.sniff import sniff
from tests.support.containers import (
    flac,
    font,
    ftyp,
    id3,
    picture,
    portable_executable,
    riff,
    tiff,
    wav,
    webm,
    zip_named,
)


def kind(data: bytes) -> str:
    return sniff(data[: 1 << 16], len(data))


def tar(format_: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return out.getvalue()


def old_tar() -> bytes:
    data = bytearray(tar(tarfile.USTAR_FORMAT))
    data[257:265] = bytes(8)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def raw_photo(make: bytes, *more: tuple[int, int, int, bytes]) -> bytes:
    entries = [(254, 4, 1, b"\1\0\0\0"), (271, 2, len(make), struct.pack("<I", 200)), *more]
    return tiff(sorted(entries)).ljust(200, b"\0") + make + bytes(50)


def disk(**parts: bytes) -> bytes:
    data = bytearray(4096)
    data[510:512] = b"\x55\xaa"
    for at, value in parts.items():
        start = int(at[1:])
        data[start : start + len(value)] = value
    return bytes(data)


def mp3() -> bytes:
    return (b"\xff\xfb\x90\x00" + bytes(413)) * 3


SUB_IFDS = (330, 4, 1, b"\0\1\0\0")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
CASES: list[tuple[str, bytes]] = [
    ("inode/x-empty", b""),
    # pictures
    ("image/jpeg", picture("JPEG")),
    ("image/jpeg", picture("JPEG", progressive=True)),
    ("image/jpeg", picture("JPEG", "CMYK")),
    ("image/jpeg", b"\xff\xd8\xff\xdb\0\x43" + bytes(100)),  # without JFIF or Exif
    ("image/png", picture("PNG")),
    ("image/webp", picture("WEBP")),
    ("image/gif", picture("GIF", "P")),
    ("image/tiff", picture("TIFF")),
    ("image/bmp", picture("BMP")),
    ("image/vnd.microsoft.icon", picture("ICO")),
    ("image/avif", picture("AVIF")),
    ("image/jp2", picture("JPEG2000")),
    ("image/heic", ftyp(b"heic", b"mif1", b"heic")),
    ("image/heic", ftyp(b"mif1", b"mif1", b"heic")),
    ("image/heif", ftyp(b"mif1", b"mif1")),
    ("image/x-canon-cr3", ftyp(b"crx ", b"crx ", b"isom")),
    ("image/x-canon-cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(100)),
    ("image/x-adobe-dng", tiff([(50706, 1, 4, b"\1\4\0\0")])),
    ("image/x-nikon-nef", raw_photo(b"NIKON CORPORATION\0", SUB_IFDS)),
    ("image/x-sony-arw", raw_photo(b"SONY\0", SUB_IFDS)),
    ("image/tiff", raw_photo(b"NIKON CORPORATION\0")),  # a scan, no raw photo
    ("image/x-olympus-orf", b"IIRO\x08\0\0\0" + bytes(50)),
    ("image/x-panasonic-rw2", b"IIU\0\x18\0\0\0" + bytes(50)),
    ("image/x-fuji-raf", b"FUJIFILMCCD-RAW 0201" + bytes(50)),
    ("image/vnd.adobe.photoshop", b"8BPS\0\1" + bytes(50)),
    ("image/jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50)),
    ("image/jxl", b"\xff\x0a" + bytes(range(60))),
    ("image/svg+xml", b'<?xml version="1.0"?>\n<!-- <html> -->\n<svg width="1"></svg>'),
    ("image/svg+xml", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg:svg></svg:svg>'),
    ("image/x-portable-pixmap", b"P6\n# made here\n3 2\n255\n" + bytes(18)),
    # video and sound
    ("video/mp4", ftyp(b"isom", b"mp42")),
    ("video/quicktime", ftyp(b"qt  ", b"qt  ")),
    ("video/quicktime", b"\0\0\0\x08wide\0\0\0\x10mdat"),
    ("video/3gpp", ftyp(b"3gp5", b"3gp5")),
    ("audio/mp4", ftyp(b"M4A ", b"M4A ")),
    ("video/webm", webm()),
    ("video/x-matroska", webm().replace(b"webm", b"matr")),
    ("video/x-msvideo", riff(b"AVI ")),
    ("audio/wav", wav()),
    ("video/x-flv", b"FLV\1\5\0\0\0\x09" + bytes(20)),
    ("video/mp2t", (b"\x47" + bytes(187)) * 4),
    ("video/mp2t", (bytes(4) + b"\x47" + bytes(187)) * 4),
    ("video/mpeg", b"\0\0\1\xba" + bytes(50)),
    ("audio/ogg", b"OggS\0\2" + bytes(22) + b"\1vorbis"),
    ("video/ogg", b"OggS\0\2" + bytes(22) + b"\x80theora"),
    ("audio/flac", flac()),
    ("audio/mpeg", mp3()),
    ("audio/mpeg", id3((b"TIT2", b"\0abc"))),
    ("audio/aac", (b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)) * 3),
    ("audio/aiff", b"FORM\0\0\0\x20AIFF" + bytes(20)),
    ("audio/amr", b"#!AMR\n" + bytes(20)),
    ("audio/midi", b"MThd\0\0\0\6\0\1" + bytes(20)),
    ("video/x-ms-asf", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(20)),
    # documents and archives
    ("application/pdf", b"%PDF-1.7\n"),
    ("application/x-ole-storage", OLE),
    ("application/msword", OLE + "WordDocument\0".encode("utf-16-le")),
    ("application/x-thumbs-db", OLE + "Catalog\0".encode("utf-16-le")),
    ("application/zip", zip_named(("a.txt", b"hello"))),
    ("application/zip", zip_named()),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        zip_named(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")),
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        zip_named(("_rels/.rels", b"<x/>"), ("ppt/presentation.xml", b"<x/>")),
    ),
    (
        "application/vnd.oasis.opendocument.text",
        zip_named(("mimetype", b"application/vnd.oasis.opendocument.text")),
    ),
    ("application/epub+zip", zip_named(("mimetype", b"application/epub+zip"))),
    ("application/vnd.android.package-archive", zip_named(("AndroidManifest.xml", b"x"))),
    ("application/java-archive", zip_named(("META-INF/MANIFEST.MF", b"x"))),
    ("application/x-aff4", zip_named(("container.description", b"aff4://x"))),
    ("application/vnd.rar", b"Rar!\x1a\x07\1\0" + bytes(20)),
    ("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24)),
    ("application/gzip", gzip.compress(b"hello")),
    ("application/x-bzip2", bz2.compress(b"hello")),
    ("application/x-xz", lzma.compress(b"hello")),
    ("application/x-lzma", lzma.compress(b"hello", lzma.FORMAT_ALONE)),
    ("application/zstd", b"\x28\xb5\x2f\xfd\x24\5" + bytes(20)),
    ("application/x-tar", tar(tarfile.USTAR_FORMAT)),
    ("application/x-tar", tar(tarfile.GNU_FORMAT)),
    ("application/x-tar", old_tar()),
    ("application/vnd.ms-cab-compressed", b"MSCF\0\0\0\0" + bytes(30)),
    ("application/x-iso9660-image", bytes(0x8001) + b"CD001\1" + bytes(100)),
    # stores, disks, locked things
    ("application/vnd.sqlite3", b"SQLite format 3\0" + bytes(84)),
    ("application/x-ese-database", bytes(4) + b"\xef\xcd\xab\x89" + bytes(50)),
    ("application/x-thumbcache", b"CMMM\x20\0\0\0" + bytes(50)),
    ("application/x-bplist", b"bplist00" + bytes(20)),
    ("application/x-ewf", b"EVF\x09\x0d\x0a\xff\0" + bytes(20)),
    ("application/x-vhd", b"conectix" + bytes(20)),
    ("application/x-vmdk", b"KDMV" + bytes(20)),
    ("application/x-qcow2", b"QFI\xfb" + bytes(20)),
    ("application/x-luks", b"LUKS\xba\xbe" + bytes(20)),
    ("application/x-keepass", b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5" + bytes(20)),
    ("application/pgp-encrypted", b"-----BEGIN PGP MESSAGE-----\n\nabc\n"),
    ("application/x-raw-disk-image", disk(_3=b"NTFS    ")),
    ("application/x-raw-disk-image", disk(_54=b"FAT16   ")),
    ("application/x-raw-disk-image", disk(_446=b"\x80\1\1\0\x07\1\1\1\1\0\0\0\x10\0\0\0")),
    ("application/x-raw-disk-image", disk(_1024=b"\1", _1080=b"\x53\xef\1")),
    # programs, fonts, code
    ("application/vnd.microsoft.portable-executable", portable_executable()),
    ("application/x-dosexec", b"MZ\x90\0\3\0\0\0" + bytes(60)),
    ("application/x-elf", b"\x7fELF\2\1\1" + bytes(60)),
    ("application/x-mach-binary", b"\xcf\xfa\xed\xfe" + bytes(60)),
    ("application/x-mach-binary", b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(60)),
    ("application/java-vm", b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60)),
    ("application/x-python-bytecode", b"\xa7\x0d\r\n" + bytes(60)),
    ("font/ttf", font()),
    ("font/otf", b"OTTO\0\x0c" + bytes(60)),
    ("font/woff2", b"wOF2" + bytes(60)),
    # text
    ("text/plain", b"benign test note\n" * 20),
    ("text/plain", "Grüße aus Köln, und mehr Text".encode("latin-1")),
    ("text/plain", "\ufeffGrüße".encode("utf-16-le")),
    ("text/plain", ("日本語 " * 20_000 + "x").encode()),  # cut inside a character
    ("text/plain", "abc def ghi jkl".encode("utf-16-be")),
    ("text/plain", b"MZ is how his letter began"),
    ("text/plain", b"the free text says nothing"),
    ("text/plain", b"[12:30] hello\n[12:31] hi\n"),
    ("text/x-python", b"#!/usr/bin/env python3\nprint(1)\n"),
    ("text/x-perl", b"#!/usr/bin/perl -w\nprint 1;\n"),
    ("text/x-shellscript", b"#!/bin/sh\nexit 0\n"),
    ("application/json", json.dumps({"a": [1, 2]}).encode()),
    ("application/json", b'{"a": 1}\n{"a": 2}\n'),
    ("application/json", json.dumps(["x" * 100] * 1000).encode()),
    ("text/html", b"<!DOCTYPE html>\n<html></html>"),
    ("text/xml", b'<?xml version="1.0"?><note/>'),
    ("application/x-plist", b'<?xml version="1.0"?><!DOCTYPE plist><plist/>'),
    ("application/rdf+xml", b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'),
    ("application/rtf", b"{\\rtf1 hello}"),
    ("message/rfc822", b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\nhi\r\n"),
    ("application/mbox", b"From a@example.org Mon Jan  1 00:00:00 2024\nFrom: a\n\nhi\n"),
    ("message/rfc822", b"MIME-Version: 1.0\nContent-Type: text/plain\n\nhi\n"),
    ("message/rfc822", b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAA\n"),
    ("text/plain", b"Content-Type: text/html\nDate: today\n\nhi\n"),
    (
        "application/x-mimearchive",
        b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\n',
    ),
    (
        "application/x-mimearchive",
        b"From: <Saved by Blink>\nSubject: a\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/related; boundary="b"\n\n--b\n',
    ),
    ("message/x-emlx", b"59      \nFrom: a@example.org\nTo: b@example.org\nSubject: x\n\nhi\n"),
    ("text/plain", b"59\nwords alone\n"),
    ("application/vnd.ms-tnef", b"\x78\x9f\x3e\x22\1\0" + bytes(20)),
    ("text/vcard", b"begin:vcard\nFN:A\nend:vcard\n"),
    ("text/vcard", "BEGIN:VCARD\nFN:A\n".encode("utf-16")),
    ("text/calendar", b"BEGIN:VCALENDAR\nVERSION:2.0\n"),
    # nothing
    ("application/octet-stream", bytes(range(256)) * 4),
]


@pytest.mark.parametrize(
    ("media_type", "data"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_the_type_comes_from_the_bytes(media_type: str, data: bytes) -> None:
    assert kind(data) == media_type


def test_an_animated_png_is_a_png() -> None:
    from PIL import Image

    out = io.BytesIO()
    frames = [Image.new("L", (4, 4), n) for n in (0, 99)]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    assert kind(out.getvalue()) == "image/png"


@given(st.binary(max_size=600))
@settings(max_examples=100, deadline=None)
def test_random_bytes_never_raise_and_name_one_type(data: bytes) -> None:
    assert "/" in kind(data)


@given(st.sampled_from([data for _, data in CASES if data]), st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_files_never_raise(data: bytes, draw: st.DataObject) -> None:
    content = bytearray(data[:4096])
    for _ in range(draw.draw(st.integers(0, 8))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(content)))
    assert "/" in sniff(bytes(content[:cut]), draw.draw(st.integers(cut, 1 << 40)))


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_words_are_never_taken_for_a_kind_that_holds_no_pictures(text: str) -> None:
    data = text.encode("utf-8", "replace")
    found = kind(data)
    assert found not in NO_PICTURES or not data or data.startswith(b"#!")


def test_every_row_of_the_table_names_its_source_and_no_row_hides_another() -> None:
    for number, row in enumerate(MAGICS):
        assert row.source
        for earlier in MAGICS[:number]:
            same = earlier.offset == row.offset and row.magic.startswith(earlier.magic)
            assert not same or earlier.media_type == row.media_type, row


def test_no_kind_is_in_both_tables() -> None:
    assert not NO_PICTURES.keys() & HOLDS_PICTURES.keys()


@pytest.mark.shared_data
def test_shared_media_have_the_types_their_names_say(shared_data: Path) -> None:
    expected = {".png": "image/png", ".webp": "image/webp", ".heic": "image/heic"}
    expected |= {".avif": "image/avif", ".tiff": "image/tiff", ".pdf": "application/pdf"}
    for path in (shared_data / "provenance" / "files").rglob("*"):
        wanted = expected.get(path.suffix.lower())
        if wanted is not None and path.stat().st_size:
            assert kind(path.read_bytes()) == wanted, path.name

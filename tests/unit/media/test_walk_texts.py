"""Texts in places that few programs use: RIFF, PNG chunks, GIF, SVG, Matroska, 3GPP, HEIF."""

from __future__ import annotations

import struct
import zlib

import pytest

from assay.core.slots import SlotKind
from assay.media.slots import walk
from assay.media.sniff import sniff
from tests.support.containers import (
    EXIF,
    XMP,
    box,
    chunk,
    element,
    gif_with,
    heif,
    mp4,
    png_with,
    psd,
    riff,
    riff_chunk,
    sub_blocks,
    wav,
)


def said(data: bytes, media_type: str) -> dict[tuple[str, str], bytes]:
    return {
        (s.mechanism, s.key): s.data
        for s in walk(data, media_type).slots
        if s.kind in (SlotKind.TEXT, SlotKind.COMMENT)
    }


def test_a_broadcast_wave_gives_its_texts() -> None:
    bext = b"a take".ljust(256, b"\0") + b"Recorder 5".ljust(32, b"\0") + bytes(32)
    bext += b"2026-01-0210:00:00" + bytes(264) + b"A=PCM"
    assert said(wav(riff_chunk(b"bext", bext)), "audio/wav") == {
        ("RIFF bext", "Description"): b"a take",
        ("RIFF bext", "Originator"): b"Recorder 5",
        ("RIFF bext", "OriginationDate"): b"2026-01-0210:00:00",
        ("RIFF bext", "CodingHistory"): b"A=PCM",
    }


def test_a_camera_s_avi_gives_make_model_and_time() -> None:
    exif = riff_chunk(
        b"LIST", b"exif" + riff_chunk(b"ecor", b"Abc\0") + riff_chunk(b"emdl", b"X\0")
    )
    head = riff_chunk(b"LIST", b"hdrl" + exif + riff_chunk(b"IDIT", b"MON JAN 05\n\0"))
    assert said(riff(b"AVI ", head), "video/x-msvideo") == {
        ("RIFF exif", "ecor"): b"Abc",
        ("RIFF exif", "emdl"): b"X",
        ("RIFF", "IDIT"): b"MON JAN 05\n",
    }


def test_a_chunk_that_no_standard_names_is_kept_and_a_plain_one_is_not() -> None:
    graph = b"prompt\0{}"
    data = png_with(chunk(b"gAMA", b"\0\0\xb1\x8f"), after=(chunk(b"comf", graph),))
    (slot,) = walk(data, "image/png").slots
    assert (slot.kind, slot.key, slot.data) == (SlotKind.OTHER, "comf", graph)


def test_plain_text_of_a_gif() -> None:
    block = b"\x21\x01\x0c" + bytes(12) + sub_blocks(b"made so")
    assert said(gif_with(block), "image/gif") == {("GIF plain text", "plain text"): b"made so"}


SVG = (
    '<?xml version="1.0" encoding="{}"?><!-- Generator: Example 1 -->\n'
    '<svg xmlns="http://www.w3.org/2000/svg" inkscape:version="1.3 é" '
    'sodipodi:docname=\'a.svg\' width="2" height="3"><title>a title</title>'
    '<desc id="d">made so</desc><metadata>' + XMP.decode() + "</metadata></svg>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_words_of_an_svg(encoding: str) -> None:
    data = SVG.format(encoding).encode(encoding)
    assert said(data, "image/svg+xml") == {
        ("SVG attribute", "inkscape:version"): "1.3 é".encode(),
        ("SVG attribute", "sodipodi:docname"): b"a.svg",
        ("SVG element", "title"): b"a title",
        ("SVG element", "desc"): b"made so",
        ("SVG comment", ""): b" Generator: Example 1 ",
    }
    found = walk(data, "image/svg+xml")
    assert [s.data for s in found.slots if s.kind is SlotKind.XMP] == [XMP]
    assert (found.width, found.height, found.troubles) == (2, 3, ())
    if encoding == "utf-8":
        for slot in found.slots:
            assert data[slot.offset : slot.offset + slot.length] == slot.data


def test_attached_files_and_binary_tags_of_a_matroska_file() -> None:
    attached = element(
        0x61A7, element(0x466E, b"graph.json"), element(0x467E, b"how"), element(0x465C, b"{}")
    )
    tag = element(0x67C8, element(0x45A3, b"RAW"), element(0x4485, b"\1\2"))
    data = element(0x1A45DFA3, element(0x4282, b"matroska")) + element(
        0x18538067, element(0x1941A469, attached), element(0x1254C367, element(0x7373, tag))
    )
    found = {(s.kind, s.key): s.data for s in walk(data, "video/x-matroska").slots}
    assert found == {
        (SlotKind.TEXT, "FileName"): b"graph.json",
        (SlotKind.TEXT, "FileDescription"): b"how",
        (SlotKind.OTHER, "FileData"): b"{}",
        (SlotKind.OTHER, "RAW"): b"\1\2",
    }


@pytest.mark.parametrize(
    "text", [b"a title\0", "a title".encode("utf-16-be").join((b"\xfe\xff", b""))]
)
def test_asset_texts_of_a_3gpp_file(text: bytes) -> None:
    titl = box(b"titl", bytes(4), struct.pack(">H", 0x15C7), text)
    data = mp4(box(b"moov", box(b"udta", titl)), brand=b"3gp5")
    assert said(data, "video/3gpp") == {("3GPP udta", "titl"): b"a title"}


def test_a_maker_s_atom_of_that_name_stays_as_it_stands() -> None:
    data = mp4(box(b"moov", box(b"udta", box(b"auth", b"Abc"))))
    (slot,) = walk(data, "video/mp4").slots
    assert (slot.kind, slot.data) == (SlotKind.OTHER, b"Abc")


def test_resources_of_a_photoshop_document() -> None:
    iptc = b"\x1c\2\x50\0\3abc"
    data = psd((0x0404, iptc), (0x0422, EXIF), (0x0424, XMP))
    assert sniff(data, len(data)) == "image/vnd.adobe.photoshop"
    found = walk(data, "image/vnd.adobe.photoshop")
    assert {s.kind: s.data for s in found.slots} == {
        SlotKind.IPTC: iptc, SlotKind.EXIF: EXIF, SlotKind.XMP: XMP
    }  # fmt: skip
    assert all(data[s.offset : s.offset + s.length] == s.data for s in found.slots)
    assert (found.width, found.height, found.facts["colour"]) == (4, 3, "rgb")
    cut = walk(data[:60], "image/vnd.adobe.photoshop")
    assert "truncated" in {t.flag for t in cut.troubles}


def test_xmp_of_an_heif_that_is_deflated() -> None:
    packed = heif(EXIF, zlib.compress(XMP), coding=b"deflate\0")
    found = {s.kind: s.data for s in walk(packed, "image/heic").slots}
    assert found == {SlotKind.EXIF: EXIF, SlotKind.XMP: XMP}

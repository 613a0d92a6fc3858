"""Every walker on damaged input: it never raises, and what it keeps lies inside the file."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts.fuzz_walkers import load, one_input, seeds

from assay.core.slots import SlotKind
from assay.media import gather
from assay.media.slots import walk
from assay.media.sniff import sniff
from tests.support.containers import (
    EXIF,
    JUMBF,
    XMP,
    box,
    chunk,
    flac,
    gif_with,
    heif,
    id3,
    jpeg_with,
    mp4,
    opus,
    png_with,
    psd,
    riff_chunk,
    segment,
    sub_blocks,
    tiff,
    wav,
    webm,
)
from tests.support.pdfs import pdf

SAMPLES = {
    "image/jpeg": jpeg_with(
        segment(0xE1, b"Exif\0\0" + EXIF),
        segment(0xEB, b"JP\0\1\0\0\0\1" + JUMBF),
        segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\4abcd"),
        tail=b"tail",
    ),
    "image/png": png_with(chunk(b"tEXt", b"k\0v"), chunk(b"zTXt", b"k\0\0x\x9c"), tail=b"tail"),
    "image/gif": gif_with(b"\x21\xfe" + sub_blocks(b"hello")),
    "image/tiff": tiff([(256, 3, 1, b"\1\0"), (700, 1, 8, b"\x08\0\0\0")], after=XMP),
    "image/heic": heif(EXIF, XMP),
    "video/mp4": mp4(box(b"moov", box(b"udta", box(b"\xa9cmt", b"\0\3\0\0abc")))),
    "audio/wav": wav(riff_chunk(b"LIST", b"INFO" + riff_chunk(b"ICMT", b"text"))),
    "audio/flac": flac(b"a=b"),
    "audio/mpeg": id3((b"TIT2", b"\0abc")),
    "audio/ogg": opus(b"a=b", b"c=" + bytes(300), segments=1),
    "application/pdf": pdf(
        ("/Type /Metadata /Filter /FlateDecode", zlib.compress(XMP)),
        ("/Type /EmbeddedFile", JUMBF),
        trailer="/Info 1 0 R",
    ),
    "image/vnd.adobe.photoshop": psd((0x0404, b"abcd"), (0x0424, XMP)),
    "video/webm": webm((b"A", b"b")),
    "image/svg+xml": b'<svg xmlns="http://www.w3.org/2000/svg"><metadata/><a href="#a"/></svg>',
}
SAMPLES["image/webp"] = SAMPLES["audio/wav"].replace(b"WAVE", b"WEBP")


def check(data: bytes, media_type: str) -> None:
    found = walk(data, media_type)
    flags = [t.flag for t in found.troubles]
    assert all(flags.count(flag) <= gather.MAX_TROUBLES for flag in flags)
    for slot in found.slots:
        assert 0 <= slot.offset <= slot.offset + slot.length <= len(data)
    assert found.end is None or found.end <= len(data)


@pytest.mark.parametrize("media_type", sorted(SAMPLES))
@given(noise=st.binary(max_size=200), data=st.data())
@settings(max_examples=60, deadline=None)
def test_damage_never_raises(media_type: str, noise: bytes, data: st.DataObject) -> None:
    content = bytearray(SAMPLES[media_type])
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    at = data.draw(st.integers(0, len(content)))
    check(bytes(content[:at]), media_type)
    check(bytes(content[:at]) + noise + bytes(content[at:]), media_type)
    check(SAMPLES[media_type][:12] + noise, media_type)


@pytest.mark.parametrize("media_type", sorted(SAMPLES))
def test_every_truncation_of_a_sample_is_survived(media_type: str) -> None:
    content = SAMPLES[media_type]
    for size in range(min(len(content), 600)):
        check(content[:size], media_type)


def test_samples_are_what_they_claim_and_walk_without_trouble() -> None:
    assert {sniff(d, len(d)) for m, d in SAMPLES.items() if m != "image/webp"} <= set(SAMPLES)
    for media_type in (
        "image/jpeg",
        "image/gif",
        "image/heic",
        "video/mp4",
        "audio/flac",
        "audio/ogg",
    ):
        assert walk(SAMPLES[media_type], media_type).troubles == ()


def test_xmp_outside_every_structure_is_found_by_searching() -> None:
    data = jpeg_with() + bytes(100_000) + XMP
    packets = [s for s in walk(data, "image/jpeg").slots if s.kind is SlotKind.XMP]
    assert [(p.data, p.mechanism, p.offset) for p in packets] == [
        (XMP, "scan", len(data) - len(XMP))
    ]


def test_xmp_of_a_member_is_not_read_as_the_archive_s_own() -> None:
    assert walk(b"PK\3\4" + XMP, "application/zip").slots == ()


def test_a_pdf_s_xmp_is_found() -> None:
    (slot,) = walk(b"%PDF-1.7\n" + XMP, "application/pdf").slots
    assert slot.data == XMP


@pytest.mark.shared_data
def test_all_shared_media_walk_within_their_bounds(shared_data: Path) -> None:
    folders = ("provenance/files", "evidence/hostile", "evidence/folder")
    for path in (p for f in folders for p in (shared_data / f).rglob("*") if p.is_file()):
        data = path.read_bytes()
        check(data, sniff(data, len(data)))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("hostile/mp4_size_loop.mp4", "malformed"),
        ("hostile/wav_size_max.wav", "truncated"),
        ("hostile/truncated.jpg", "truncated"),
        ("hostile/ztxt_bomb.png", "metadata_bomb"),
        ("hostile/svg_script.svg", "active_content"),
    ],
)
def test_hostile_files_get_their_flag(shared_data: Path, name: str, flag: str) -> None:
    data = (shared_data / "evidence" / name).read_bytes()
    assert flag in {t.flag for t in walk(data, sniff(data, len(data))).troubles}


def test_the_seeds_of_the_fuzzer_cover_every_container_and_hold_what_it_checks() -> None:
    types = load()
    made = list(seeds(types, []))
    containers = {walk(data[1:], types[data[0]]).container for data in made}
    assert containers >= {
        "jpeg", "png", "webp", "riff", "gif", "tiff", "isobmff", "svg", "psd", "flac", "id3", "ogg",
        "ebml", "pdf",
    }  # fmt: skip
    for data in made:
        one_input(data, types)

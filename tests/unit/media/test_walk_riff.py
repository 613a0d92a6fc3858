"""The RIFF walker reads WebP, WAV and AVI, and says where the declared size is not the real one."""

from __future__ import annotations

import struct

from assay.core.slots import SlotKind
from assay.media.slots import walk
from tests.support.containers import EXIF, JUMBF, XMP, picture, riff, riff_chunk, wav


def test_webp_keeps_exif_xmp_profile_and_manifest() -> None:
    data = riff(
        b"WEBP",
        riff_chunk(b"VP8X", b"\x10\0\0\0" + b"\x3f\0\0" + b"\x1f\0\0"),
        riff_chunk(b"ICCP", b"profile"),
        riff_chunk(b"EXIF", b"Exif\0\0" + EXIF),
        riff_chunk(b"XMP ", XMP),
        riff_chunk(b"C2PA", JUMBF),
    )
    found = walk(data, "image/webp")
    assert {s.kind: s.data for s in found.slots} == {
        SlotKind.ICC: b"profile",
        SlotKind.EXIF: EXIF,
        SlotKind.XMP: XMP,
        SlotKind.C2PA: JUMBF,
    }
    assert (found.width, found.height) == (64, 32)
    assert found.facts["alpha"] == "yes"
    assert found.container == "webp"


def test_both_codings_of_webp_give_their_size() -> None:
    for lossless in (False, True):
        found = walk(picture("WEBP", size=(40, 30), lossless=lossless), "image/webp")
        assert (found.width, found.height) == (40, 30)
        assert found.troubles == ()


def test_info_texts_of_a_wav_are_read() -> None:
    info = riff_chunk(b"LIST", b"INFO" + riff_chunk(b"ICMT", b"made with care\0"))
    (slot,) = walk(wav(info), "audio/wav").slots
    assert (slot.kind, slot.key, slot.data) == (SlotKind.TEXT, "ICMT", b"made with care")


def test_a_declared_size_beyond_the_file_is_truncated() -> None:
    data = wav()
    broken = data[:4] + struct.pack("<I", 0xFFFFFFFF) + data[8:]
    assert {t.flag for t in walk(broken, "audio/wav").troubles} == {"truncated"}


def test_what_follows_the_declared_end_is_a_trailer() -> None:
    (slot,) = walk(wav(tail=b"secret"), "audio/wav").slots
    assert (slot.kind, slot.data) == (SlotKind.TRAILER, b"secret")


def test_lists_nested_without_end_stop_at_a_depth() -> None:
    nested = b""
    for _ in range(1000):
        nested = riff_chunk(b"LIST", b"abcd" + nested)
    assert {t.flag for t in walk(wav(nested), "audio/wav").troubles} == {"malformed"}

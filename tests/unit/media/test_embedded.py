"""Beginnings inside other files are found when they are real, and not when only a number is."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media import embedded
from tests.support.containers import flac, ftyp, picture, tiff, wav, webm, zip_of

SIZE = [(t, 4, 1, b"\x10\0\0\0") for t in (256, 257, 258, 259)]
REAL = {
    "image/jpeg": picture("JPEG"),
    "image/png": picture("PNG"),
    "image/gif": picture("GIF", "P"),
    "image/bmp": picture("BMP"),
    "image/tiff": tiff(SIZE),
    "application/x-riff": wav(),
    "video/mp4": ftyp(b"isom", b"mp42"),
    "video/x-matroska": webm(),
    "audio/flac": flac(),
    "application/zip": zip_of(a=b"hello"),
    "application/gzip": gzip.compress(b"hello " * 50),
    "application/x-bzip2": bz2.compress(b"hello"),
    "application/x-xz": lzma.compress(b"hello"),
    "application/pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
    "text/x-uuencode": b"begin 644 a.jpg\n" + b"M" + b"A" * 60 + b"\n",
}


@pytest.mark.parametrize("media_type", sorted(REAL))
def test_a_real_file_inside_another_is_found_at_its_place(media_type: str) -> None:
    found = embedded.search(b"\x7fELF" + bytes(997) + REAL[media_type] + bytes(100))
    assert embedded.Beginning(media_type, 1001) in found.found
    assert found.complete


@pytest.mark.parametrize(
    "numbers",
    [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a\0GIF87a\0",
        b"PK\3\4\0PK\1\2\0",
        b"%PDF-%s\0",
        b"SQLite format 3\0",
        b"7z\xbc\xaf\x27\x1c",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\x1f\x8b\x08\0",
        b"BM\0\0",
        b"ID3\3",
    ],
)
def test_a_program_that_knows_a_magic_number_is_no_hiding_place(numbers: bytes) -> None:
    assert embedded.search(bytes(100) + numbers + bytes(400)).found == ()


def test_the_file_s_own_beginning_is_not_embedded() -> None:
    assert embedded.search(picture("PNG")).found == ()


def test_a_flood_of_numbers_ends_the_search_and_says_so() -> None:
    found = embedded.search(b"\0" + b"BM" * 100_000)
    assert not found.complete


def test_a_flood_of_files_is_cut_and_said() -> None:
    found = embedded.search(b"\0" + REAL["application/x-bzip2"] * 200)
    assert len(found.found) == embedded.MAX_FOUND
    assert not found.complete


@given(st.binary(max_size=400), st.sampled_from(sorted(REAL)), st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_damage_never_raises(noise: bytes, media_type: str, cut: int) -> None:
    embedded.search(noise + REAL[media_type][:cut] + noise)

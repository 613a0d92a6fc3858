"""The EXIF reader: what it reads, and what it does with blocks made to hurt it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media.tiff import read_exif
from tests.support.tiffs import ASCII, BYTE, LONG, RATIONAL, SHORT, UNDEFINED, block, directory

MAKE, MODEL, COMMENT, XP_COMMENT = 0x010F, 0x0110, 0x9286, 0x9C9C
PHOTO = block(
    [(MAKE, ASCII, "Example Corp"), (MODEL, ASCII, "Model 7"), (0x0112, SHORT, 6)],
    exif=[
        (0x829A, RATIONAL, (1, 60)),
        (0x9003, ASCII, "2024:05:06 07:08:09"),
        (0xA002, LONG, 4000),
    ],
    gps=[(1, ASCII, "N"), (2, RATIONAL, (52, 1))],
    ifd1=[(0x0103, SHORT, 6)],
    thumbnail=b"\xff\xd8\xff\xd9",
)


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_directory_is_read_in_either_byte_order(order: str) -> None:
    exif = read_exif(
        block(
            [(MAKE, ASCII, "Example Corp"), (0x0112, SHORT, 6)],
            exif=[(0x829A, RATIONAL, (1, 60)), (0xA002, LONG, 4000)],
            gps=[(2, RATIONAL, (52, 1))],
            thumbnail=b"\xff\xd8\xff\xd9",
            order=order,
        )
    )
    assert exif.troubles == ()
    assert exif.text("Make") == "Example Corp"
    assert exif.number("Orientation") == 6
    assert exif.number("ExposureTime") == pytest.approx(1 / 60)
    assert exif.get("PixelXDimension", "Exif") == 4000
    assert exif.get("GPSLatitude", "GPS") == 52.0
    assert exif.thumbnail == b"\xff\xd8\xff\xd9"
    assert exif.little is (order == "<")


def test_a_tag_knows_where_its_value_stands() -> None:
    tag = read_exif(PHOTO).find("Make")
    assert tag is not None
    assert PHOTO[tag.offset :].startswith(b"Example Corp\0")


def test_the_first_directory_answers_before_the_thumbnails() -> None:
    exif = read_exif(block([(MAKE, ASCII, "Camera")], ifd1=[(MAKE, ASCII, "Thumbnail")]))
    assert exif.text("Make") == "Camera"
    assert exif.text("Make", "IFD1") == "Thumbnail"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ASCII\0\0\0a lighthouse\0\0", "a lighthouse"),
        (b"\0" * 8 + b"a lighthouse", "a lighthouse"),
        (b"a lighthouse", "a lighthouse"),
        (b"UNICODE\0" + "a lighthouse".encode("utf-16-le"), "a lighthouse"),
        (b"UNICODE\0" + "a lighthouse".encode("utf-16-be"), "a lighthouse"),
        (b"UNICODE\0" + "a lighthouse".encode("utf-16"), "a lighthouse"),
        (b"UNICODE\0" + b"a lighthouse", "a lighthouse"),
        (b"UNICODE\0" + "灯台 at noon".encode("utf-16-be"), "灯台 at noon"),
        (b"JIS\0\0\0\0\0" + "灯台".encode("iso2022_jp"), "灯台"),
        (b"UNICODE\0", None),
        (b"ASCII\0\0\0" + b" " * 40, None),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_user_comment_is_text_whatever_its_code_and_byte_order(
    raw: bytes, text: str | None, order: str
) -> None:
    exif = read_exif(block([], exif=[(COMMENT, UNDEFINED, raw)], order=order))
    assert exif.text("UserComment") == text


def test_microsofts_tags_are_utf_16() -> None:
    raw = "a lighthouse\0".encode("utf-16-le")
    exif = read_exif(block([(XP_COMMENT, BYTE, raw)], order=">"))
    assert exif.text("XPComment") == "a lighthouse"


def test_a_text_ends_at_its_nul_and_old_latin_1_is_read() -> None:
    exif = read_exif(block([(MAKE, ASCII, b"Caf\xe9\0left over\0")]))
    assert exif.text("Make") == "Café"


def test_a_megabyte_in_make_is_kept_whole() -> None:
    graph = 'workflow:{"nodes": ["' + "x" * (2 << 20) + '"]}'
    exif = read_exif(block([(MAKE, ASCII, graph)]))
    assert exif.text("Make") == graph
    assert exif.troubles == ()


def test_a_zero_denominator_is_no_number() -> None:
    exif = read_exif(block([], exif=[(0x829D, RATIONAL, (0, 0))]))
    assert exif.number("FNumber") is None


def test_a_chain_that_returns_to_itself_ends_and_loses_nothing() -> None:
    loop = b"II*\0" + struct.pack("<I", 8) + directory([(MAKE, ASCII, "Example Corp")], 8, 8)
    exif = read_exif(loop)
    assert exif.text("Make") == "Example Corp"
    assert exif.troubles == ()


def test_a_sub_directory_that_is_another_directory_is_reported() -> None:
    loop = b"II*\0" + struct.pack("<I", 8) + directory([(0x8769, LONG, 8)], 8)
    assert [t.flag for t in read_exif(loop).troubles] == ["metadata_loop"]


def test_a_value_beyond_the_block_is_reported_and_what_exists_is_read() -> None:
    cut = block([(MODEL, ASCII, "Model 7"), (MAKE, ASCII, "Example Corporation")])[:-12]
    exif = read_exif(cut)
    assert exif.text("Model") == "Model 7"
    assert exif.text("Make") == "Example"
    assert [t.flag for t in exif.troubles] == ["malformed"]


def test_entries_that_share_one_huge_value_stop_at_the_sum() -> None:
    rows = 40
    entries = b"".join(struct.pack("<HHII", 0x9999, 7, 8 << 20, 8) for _ in range(rows))
    bomb = b"II*\0" + struct.pack("<IH", 8 << 20, rows) + b"\0" * ((8 << 20) - 10)
    bomb += struct.pack("<H", rows) + entries + b"\0\0\0\0"
    exif = read_exif(bomb)
    assert "metadata_bomb" in {t.flag for t in exif.troubles}
    assert sum(len(t.value) for t in exif.tags if isinstance(t.value, bytes)) < 100 << 20


def test_bigtiff_is_read() -> None:
    make = b"Example Corp\0"
    big = b"II+\0" + struct.pack("<HHQ", 8, 0, 16) + struct.pack("<Q", 1)
    big += struct.pack("<HHQQ", MAKE, ASCII, len(make), 52) + struct.pack("<Q", 0) + make
    assert read_exif(big).text("Make") == "Example Corp"


@pytest.mark.parametrize("data", [b"", b"II", b"not a TIFF block", b"II*\0\xff\xff\xff\xff"])
def test_what_is_no_block_is_reported(data: bytes) -> None:
    assert [t.flag for t in read_exif(data).troubles] == ["malformed"]


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_random_bytes_never_raise(data: bytes) -> None:
    read_exif(data)
    read_exif(b"II*\0\x08\0\0\0" + data)
    read_exif(b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10" + data)


@given(st.integers(0, len(PHOTO)), st.lists(st.tuples(st.integers(0, len(PHOTO) - 1), st.binary())))
@settings(max_examples=100, deadline=None)
def test_damage_never_raises(cut: int, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(PHOTO)
    for at, new in changes:
        data[at : at + len(new)] = new
    exif = read_exif(bytes(data[:cut]))
    for tag in exif.tags:
        exif.text(tag.name)
        exif.number(tag.name)


@pytest.mark.shared_data
def test_the_looping_file_gives_its_tags_and_no_finding(shared_data: Path) -> None:
    data = (shared_data / "evidence/hostile/exif_loop.jpg").read_bytes()
    start = data.index(b"Exif\0\0") + 6
    exif = read_exif(data[start : start + int.from_bytes(data[start - 8 : start - 6]) - 8])
    assert exif.tags
    assert exif.troubles == ()

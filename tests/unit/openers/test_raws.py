"""Raw photos: their previews come out as stored; the sensor data stays said to be unread, once."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import NotApplicable
from assay.core.vocab import Allocation, Role
from assay.media.sniff import sniff
from assay.openers.raws import RawsOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.nested import (
    OTHER,
    SMALL,
    THIRD,
    cr2,
    cr3,
    crw,
    raf,
    strip,
    tiff_of,
    x3f,
)
from tests.support.tiffs import ASCII, LONG, SHORT, Row
from tests.support.unit import examine

LOSSLESS = b"\xff\xd8\xff\xc4\0\4\0\0\xff\xc3\0\x0b\x10\0\x10\0\x10\1\0\x11\0" + bytes(200)
DNG: Row = (50706, 1, b"\1\4\0\0")
REDUCED: Row = (254, LONG, 1)


def pointed(jpeg: bytes) -> list[Row]:
    return [(513, LONG, jpeg), (514, LONG, len(jpeg))]


def nef() -> bytes:
    """Return a small uncompressed picture first, a JPEG and the sensor data below it."""
    first = [REDUCED, *strip(bytes([9]) * 40 * 30 * 3, 1, 2, (40, 30)), (271, ASCII, "NIKON CORP")]
    sensor = [(259, SHORT, 34713), (262, SHORT, 32803), (273, LONG, bytes(500)), (279, LONG, 500)]
    return tiff_of(first, sub=[[REDUCED, *pointed(OTHER)], sensor])


def dng(main: bytes, compression: int = 7) -> bytes:
    first = [DNG, REDUCED, *strip(bytes([9]) * 40 * 30 * 3, 1, 2, (40, 30))]
    sub = [(254, LONG, 0), *strip(main, compression, 34892, (80, 60))]
    return tiff_of(first, sub=[sub, [REDUCED, *strip(SMALL, 7, 6, (64, 48))]])


def arw() -> bytes:
    sensor = [(259, SHORT, 32767), (262, SHORT, 32803), (273, LONG, bytes(400)), (279, LONG, 400)]
    return tiff_of([REDUCED, (271, ASCII, "SONY"), *pointed(OTHER)], pointed(SMALL), sub=[sensor])


def rw2() -> bytes:
    return tiff_of([(0x2E, 7, OTHER), (0x118, LONG, 5)], magic=b"U\0")


def orf() -> bytes:
    """Return a raw photo whose only preview is named by its maker's note."""
    note = b"OLYMPUS\0II\3\0" + bytes(30) + OTHER
    return tiff_of([(271, ASCII, "OLYMPUS"), (0x927C, 7, note)], magic=b"RO")


RAWS = {
    "image/x-canon-cr2": (cr2(), [OTHER, SMALL]),
    "image/x-canon-cr3": (cr3(), [SMALL, THIRD, OTHER]),
    "image/x-canon-crw": (crw(), [OTHER, SMALL]),
    "image/x-fuji-raf": (raf(), [OTHER]),
    "image/x-sigma-x3f": (x3f(), [OTHER]),
    "image/x-nikon-nef": (nef(), [bytes([9]) * 3600, OTHER]),
    "image/x-sony-arw": (arw(), [OTHER, SMALL]),
    "image/x-panasonic-rw2": (rw2(), [OTHER]),
    "image/x-olympus-orf": (orf(), [OTHER]),
    "image/x-adobe-dng": (dng(LOSSLESS), [bytes([9]) * 3600, SMALL]),
}


def read(data: bytes) -> Contents:
    return contents(RawsOpener(), data)


@pytest.mark.parametrize("media_type", RAWS)
def test_every_preview_comes_out_once_byte_for_byte(media_type: str) -> None:
    data, previews = RAWS[media_type]
    assert sniff(data[: 1 << 16], len(data)) == media_type
    seen = read(data)
    assert [seen.data[name] for name in seen.names] == previews
    for member, preview in zip(seen.members, previews, strict=True):
        start = data.index(preview)
        assert member.role is Role.PREVIEW
        assert member.locator == f"bytes {start}-{start + len(preview)}"
    carved = media_type == "image/x-olympus-orf"  # its maker's note is not followed
    assert {m.state for m in seen.members} == {
        Allocation.CARVED if carved else Allocation.ALLOCATED
    }
    assert seen.flags == set()


@pytest.mark.parametrize("media_type", RAWS)
def test_the_sensor_data_is_said_to_be_unread_exactly_once(media_type: str) -> None:
    link = examine("photo", RAWS[media_type][0])
    unread = [f for f in link.failures() if f["reason"] == "unsupported"]
    assert [f["detail"] for f in unread] == ["a raw photo; its full picture is not decoded yet"]
    assert len(link.of("item")) == 1 + len(RAWS[media_type][1])


def test_a_raw_photo_without_previews_is_still_said_to_be_unread() -> None:
    link = examine("photo", raf(preview=b""))
    assert "not_opened" in link.flags()
    assert len(link.of("item")) == 1


def test_the_lossy_picture_of_a_dng_comes_out_as_more_than_a_preview() -> None:
    seen = read(dng(THIRD, 34892))
    assert {name: m.role for name, m in zip(seen.names, seen.members, strict=True)} == {
        "IFD0 preview": Role.PREVIEW,
        "SubIFD1 preview": Role.MEMBER,
        "SubIFD2 preview": Role.PREVIEW,
    }
    assert seen.data["SubIFD1 preview"] == THIRD


def test_tiles_of_lossy_sensor_data_are_no_previews() -> None:
    tiles: list[Row] = [
        (256, SHORT, 160),
        (257, SHORT, 60),
        (259, SHORT, 34892),
        (262, SHORT, 34892),
        (322, SHORT, 80),
        (323, SHORT, 60),
        (324, LONG, OTHER + OTHER),
        (325, LONG, struct.pack("<II", len(OTHER), len(OTHER))),
    ]
    data = bytearray(tiff_of([DNG, REDUCED, *pointed(SMALL)], sub=[tiles]))
    # two offsets do not fit the maker of test files: point both at the first tile's data
    at = data.index(struct.pack("<HHI", 324, LONG, 1))
    first = data.index(OTHER)
    data += struct.pack("<II", first, first + len(OTHER))
    struct.pack_into("<HHII", data, at, 324, LONG, 2, len(data) - 8)
    assert list(read(bytes(data)).data.values()) == [SMALL]


def test_what_is_named_where_nothing_lies_is_left_out() -> None:
    with pytest.raises(NotApplicable):
        read(raf(preview=b"").replace(struct.pack(">II", 160, 0), struct.pack(">II", 1 << 31, 9)))
    broken = x3f()
    with pytest.raises(NotApplicable):
        read(broken.replace(OTHER, bytes(len(OTHER)))[:-4] + b"\xff\xff\xff\xff")


def test_heaps_inside_themselves_end() -> None:
    row = struct.pack("<HII", 0x300A, 24, 0)
    heap = b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + bytes(12)
    heap += struct.pack("<H", 2) + row * 2 + struct.pack("<I", 0)
    with pytest.raises(NotApplicable):
        read(heap)


def test_a_flood_of_beginnings_is_bounded() -> None:
    flood = raf(sensor=b"\xff\xd8\xff\xe0\0\2" * 200_000)
    seen = read(flood)
    assert seen.names == ["JPEG of the RAF head"]
    assert seen.flags == {"count_limit"}


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from([data for data, _ in RAWS.values()]),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 8000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(RawsOpener(), damaged(data, cut, flips))

"""Caches of browsers and of Android's gallery, built by their published layouts."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import Malformed, NotApplicable
from assay.core.opening import Opener
from assay.core.vocab import Allocation, Role
from assay.media.sniff import sniff
from assay.openers.caches import (
    CacheBlockOpener,
    CacheEntryOpener,
    ThumbdataOpener,
    sample_blocks,
    sample_entry,
    sample_thumbdata,
)
from assay.openers.carve import CarveOpener
from tests.support.databases import PICTURES, SMALL
from tests.support.members import contents, damaged, keeps_the_contract

FIRST, LAST = bytes.fromhex("305c72a71b6dfbfc"), bytes.fromhex("d8410d97456ffaf4")
RANGE = bytes.fromhex("6b67536501bf97eb")
URL = b"https://example.org/pictures/one.jpg"


def record(flags: int, size: int, padding: int) -> bytes:
    return LAST + struct.pack("<III", flags, 0, size) + bytes(padding)


def entry(
    body: bytes, key: bytes = URL, headers: bytes = b"HTTP/1.1 200 OK\0\0", padding: int = 4
) -> bytes:
    """Return an entry as Chromium writes it: body, record, headers, digest of the key, record."""
    head = FIRST + struct.pack("<III", 9, len(key), 0) + bytes(padding)
    end = headers + bytes(32) + record(3, len(headers), padding)
    return head + key + body + record(1, 0, padding) + end


@pytest.mark.parametrize("padding", [4, 0])
def test_the_body_of_a_response_comes_out_under_its_address(padding: int) -> None:
    data = entry(PICTURES[0], padding=padding)
    assert sniff(data, len(data)) == "application/x-chromium-cache-entry"
    seen = contents(CacheEntryOpener(), data)
    assert seen.data == {URL.decode(): PICTURES[0]}
    assert seen.flags == set()
    start, end = (int(n) for n in seen.members[0].locator.removeprefix("bytes ").split("-"))
    assert data[start:end] == PICTURES[0]


def test_a_key_with_its_site_in_front_gives_the_address() -> None:
    key = b"1/0/_dk_https://example.org https://example.org " + URL
    assert contents(CacheEntryOpener(), entry(SMALL, key)).names == [URL.decode()]


def test_a_body_that_holds_a_record_itself_is_not_cut_there() -> None:
    body = SMALL + record(1, 5, 4) + PICTURES[1]
    assert list(contents(CacheEntryOpener(), entry(body)).data.values()) == [body]


def test_a_file_of_one_stream_ends_at_its_record() -> None:
    data = FIRST + struct.pack("<III", 9, len(URL), 0) + bytes(4) + URL + SMALL + record(1, 0, 4)
    assert list(contents(CacheEntryOpener(), data).data.values()) == [SMALL]


def test_an_entry_cut_short_gives_what_is_there() -> None:
    data = entry(PICTURES[0])[:3000]
    seen = contents(CacheEntryOpener(), data)
    assert seen.flags == {"truncated"}
    assert PICTURES[0].startswith(seen.data[URL.decode()])


def test_an_entry_without_a_body_gives_nothing() -> None:
    assert contents(CacheEntryOpener(), entry(b"")).members == []


def test_ranges_of_a_sparse_entry_are_joined_where_they_meet() -> None:
    body = PICTURES[3]
    ranges = [(4000, body[4000:6000]), (0, body[:4000]), (20000, SMALL)]
    data = FIRST + struct.pack("<III", 9, len(URL), 0) + bytes(4) + URL
    for offset, part in ranges:
        data += RANGE + struct.pack("<qqII", offset, len(part), 0, 0) + part
    seen = contents(CacheEntryOpener(), data)
    name = URL.decode()
    assert seen.data[f"{name}/bytes 0-6000"] == body[:6000]
    assert seen.data[f"{name}/bytes 20000-{20000 + len(SMALL)}"] == SMALL


def test_a_range_that_lies_ends_the_list() -> None:
    data = FIRST + struct.pack("<III", 9, len(URL), 0) + bytes(4) + URL
    data += RANGE + struct.pack("<qqII", 0, len(SMALL), 0, 0) + SMALL
    data += RANGE + struct.pack("<qqII", 0, 1 << 62, 0, 0) + SMALL
    seen = contents(CacheEntryOpener(), data)
    assert list(seen.data.values()) == [SMALL]
    assert seen.flags == {"malformed"}


def blocks(size: int, parts: dict[int, bytes]) -> bytes:
    out = bytearray(bytes.fromhex("c3ca04c1") + struct.pack("<Ihhi", 0x30000, 2, 0, size))
    out.extend(bytes(8192 - len(out)))
    for number, part in parts.items():
        start = 8192 + number * size
        out.extend(bytes(max(0, start + 4 * size - len(out))))
        out[start : start + len(part)] = part
    return bytes(out)


def test_pictures_in_block_files_begin_at_blocks() -> None:
    assert len(PICTURES[0]) < 4 * 4096
    data = blocks(4096, {0: PICTURES[0], 5: b"words " * 90, 9: SMALL})
    assert sniff(data[: 1 << 16], len(data)) == "application/x-chromium-cache-block"
    seen = contents(CacheBlockOpener(), data)
    assert seen.data == {"block 0": PICTURES[0], "block 9": SMALL}
    assert {m.state for m in seen.members} == {Allocation.CARVED}


def test_a_block_size_that_cannot_be_is_malformed() -> None:
    with pytest.raises(Malformed):
        contents(CacheBlockOpener(), blocks(4096, {0: SMALL}).replace(b"\0\x10\0\0", bytes(4), 1))


def thumbnails(pictures: dict[int, bytes]) -> bytes:
    out = bytearray(10_000 * (max(pictures) + 1))
    for number, picture in pictures.items():
        block = struct.pack(">Bqi", 1, 1234 + number, len(picture)) + picture
        out[number * 10_000 : number * 10_000 + len(block)] = block
    return bytes(out)


def test_thumbnails_of_androids_gallery_by_the_number_of_their_picture() -> None:
    seen = contents(ThumbdataOpener(), thumbnails({7: SMALL, 900: PICTURES[0]}))
    assert seen.data == {"picture 7": SMALL, "picture 900": PICTURES[0]}
    assert {m.role for m in seen.members} == {Role.THUMBNAIL}
    assert seen.members[0].locator == f"bytes 70013-{70013 + len(SMALL)}"


@pytest.mark.parametrize("data", [bytes(50_000), b"\1" * 50_000, SMALL * 20, b"", b"\1" * 15])
def test_other_unknown_files_are_left_to_others(data: bytes) -> None:
    with pytest.raises(NotApplicable):
        contents(ThumbdataOpener(), data)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            (CacheEntryOpener(), entry(SMALL)),
            (CacheEntryOpener(), sample_entry()),
            (CacheBlockOpener(), blocks(1024, {0: SMALL, 6: SMALL})),
            (CacheBlockOpener(), sample_blocks()),
            (ThumbdataOpener(), thumbnails({2: SMALL})),
            (ThumbdataOpener(), sample_thumbdata()),
        ]
    ),
    st.integers(0, 2000),
    st.lists(st.tuples(st.integers(0, 1 << 15), st.integers(1, 255)), max_size=8),
)
def test_damage_never_raises_past_the_contract(
    case: tuple[Opener, bytes], cut: int, flips: list[tuple[int, int]]
) -> None:
    opener, data = case
    keeps_the_contract(opener, damaged(data, cut, flips))


def test_a_thumbnail_of_android_is_not_carved_a_second_time() -> None:
    slots = [b"\x01" + struct.pack(">qi", 7, len(SMALL)) + SMALL, bytes(20) + PICTURES[0]]
    data = bytes(10_000) + b"".join(slot.ljust(10_000, b"\0") for slot in slots)
    with pytest.raises(NotApplicable):  # the second slot is not marked as used by a thumbnail
        contents(CarveOpener(), data[:20_000])
    assert list(contents(CarveOpener(), data).data.values()) == [PICTURES[0]]
    assert list(contents(ThumbdataOpener(), data).data.values()) == [SMALL]

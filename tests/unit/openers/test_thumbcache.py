"""Thumbnail caches of every version: pictures byte for byte, names, remnants, lies."""

from __future__ import annotations

import os
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import NotApplicable
from assay.core.vocab import Allocation, Role
from assay.media.kinds import NO_PICTURES
from assay.media.sniff import sniff
from assay.openers.thumbcache import ThumbcacheOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.ole_files import cache, cache_entry, picture

JPEG, PNG, BMP = picture("JPEG"), picture("PNG"), picture("BMP")
VERSIONS = (20, 21, 26, 28, 30, 31, 32)


def read(data: bytes) -> Contents:
    return contents(ThumbcacheOpener(), data)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_gives_its_pictures_and_identifiers(version: int) -> None:
    data = cache(
        version,
        cache_entry(version, "1a2b", JPEG),
        cache_entry(version, "c3d4e5f600112233", PNG, padding=6),
        cache_entry(version, "none", b""),
        cache_entry(version, "ff", BMP),
    )
    seen = read(data)
    assert seen.data == {"1a2b": JPEG, "c3d4e5f600112233": PNG, "ff": BMP}
    assert {member.role for member in seen.members} == {Role.THUMBNAIL}
    assert seen.flags == set()
    start = data.index(JPEG)
    assert seen.member("1a2b").locator == f"bytes {start}-{start + len(JPEG)}"
    assert sniff(data[:65536], len(data)) == "application/x-thumbcache"


def test_a_first_entry_behind_a_longer_header_is_found() -> None:
    data = cache(30, bytes(4), cache_entry(30, "aa", JPEG))
    assert read(data).data == {"aa": JPEG}


def test_a_remnant_behind_a_shorter_entry_is_carved() -> None:
    old = cache_entry(32, "old", JPEG)
    new = cache_entry(32, "new", b"\x89PNG", room=0)
    room = len(old) + 200 - len(new)
    data = cache(32, cache_entry(32, "new", PNG[:40], room=room) + bytes(room - len(JPEG)) + JPEG)
    seen = read(data)
    assert JPEG in seen.data.values()
    carved = [member for member in seen.members if member.state is Allocation.CARVED]
    assert [member.role for member in carved] == [Role.THUMBNAIL]


def test_a_remnant_in_the_free_entry_at_the_end_is_carved() -> None:
    free = cache_entry(21, "", b"", room=5000)
    seen = read(cache(21, cache_entry(21, "a", PNG), free + bytes(100) + JPEG.ljust(4900, b"\0")))
    assert list(seen.data.values()) == [PNG, JPEG]


def test_an_entry_that_claims_more_than_the_file_is_reported_and_the_next_one_read() -> None:
    liar = bytearray(cache_entry(32, "liar", JPEG))
    struct.pack_into("<I", liar, 4, 0xFFFFFFF0)
    seen = read(cache(32, bytes(liar), cache_entry(32, "b", PNG)))
    assert seen.data["b"] == PNG
    assert JPEG in seen.data.values()  # by its structure
    assert seen.flags == {"malformed"}


def test_lengths_that_do_not_fit_their_entry_are_not_believed() -> None:
    for at in (16, 20, 24):
        liar = bytearray(cache_entry(32, "liar", JPEG))
        struct.pack_into("<I", liar, at, 0x7FFFFFFF)
        seen = read(cache(32, bytes(liar), cache_entry(32, "b", PNG)))
        assert {JPEG, PNG} <= set(seen.data.values())


def test_an_unknown_version_says_so_and_gives_what_fits() -> None:
    seen = read(cache(99, cache_entry(99, "a", JPEG)))
    assert seen.flags == {"not_opened"}
    assert seen.data == {"a": JPEG}


@pytest.mark.parametrize("before", [b"", b"\1\0\0\0"])
def test_the_index_beside_it_holds_no_pictures(before: bytes) -> None:
    data = before + b"IMMM" + struct.pack("<I", 32) + bytes(300)
    assert sniff(data, len(data)) in NO_PICTURES
    with pytest.raises(NotApplicable):
        read(data)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        [
            cache(v, cache_entry(v, "a", JPEG), cache_entry(v, "b", PNG, padding=3, room=30))
            + bytes(30)
            for v in VERSIONS
        ]
    ),
    st.integers(0, 5000),
    st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(ThumbcacheOpener(), damaged(data, cut, flips))


def test_many_magic_numbers_in_noise_end() -> None:
    seen = read(b"CMMM" + struct.pack("<I", 32) + bytes(16) + (b"CMMM" + os.urandom(12)) * 20_000)
    assert seen.flags <= {"malformed"}

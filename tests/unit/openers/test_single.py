"""One file in compressed form: names, times, several streams, damage."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import Malformed, NotApplicable
from assay.openers.single import SingleOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract

NOISE = os.urandom(50_000)
PACKS = [gzip.compress, bz2.compress, lzma.compress, zstd.compress]


def read(data: bytes) -> Contents:
    return contents(SingleOpener(), data)


@pytest.mark.parametrize("pack", PACKS)
def test_the_one_file_comes_out(pack: Callable[[bytes], bytes]) -> None:
    seen = read(pack(NOISE))
    assert list(seen.data.values()) == [NOISE]
    assert seen.flags == set()


@pytest.mark.parametrize("pack", PACKS)
def test_several_streams_are_one_content(pack: Callable[[bytes], bytes]) -> None:
    assert list(read(pack(NOISE[:100]) + pack(NOISE[100:])).data.values()) == [NOISE]


def test_gzip_gives_its_name_and_time() -> None:
    out = io.BytesIO()
    with gzip.GzipFile("caf\u00e9.jpg", "wb", fileobj=out, mtime=1717400000) as file:
        file.write(b"x")
    member = read(out.getvalue()).members[0]
    assert member.name == "caf\udce9.jpg"  # stored as Latin-1, kept as its byte
    assert (member.times[0].raw, member.times[0].utc) == ("1717400000", "2024-06-03T07:33:20Z")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_truncated_stream_gives_what_is_there(pack: Callable[[bytes], bytes]) -> None:
    seen = read(pack(NOISE)[:30_000])
    assert len(seen.data["content"]) > 10_000
    assert NOISE.startswith(seen.data["content"])
    assert seen.flags == {"truncated"}


def test_a_wrong_checksum_is_reported_and_the_content_still_given() -> None:
    data = bytearray(gzip.compress(NOISE))
    data[-6] ^= 1
    seen = read(bytes(data))
    assert len(seen.data["content"]) > 40_000
    assert seen.flags == {"malformed"}


def test_bytes_behind_the_stream_are_a_member_of_their_own_and_padding_is_not() -> None:
    assert len(read(gzip.compress(NOISE) + bytes(512)).members) == 1
    assert len(read(gzip.compress(b"x") + bytes(20) + NOISE).members) == 2


def test_a_stream_that_gives_nothing_is_malformed() -> None:
    assert isinstance(read(b"\x1f\x8b\xff" + bytes(60)).errors["content"], Malformed)


def test_another_kind_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(NOISE)


def test_a_large_dictionary_does_not_take_the_memory() -> None:
    claimed = b"\x5d" + (1 << 31).to_bytes(4, "little") + b"\xff" * 8 + bytes(100)
    assert isinstance(read(claimed).errors["content"], Malformed)


@pytest.mark.shared_data
def test_the_sample_gives_one_picture(shared_data: Path) -> None:
    data = (shared_data / "evidence" / "hostile" / "jpg_in_gz.jpg.gz").read_bytes()
    assert read(data).data["content"].startswith(b"\xff\xd8\xff")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([pack(NOISE[:400]) for pack in PACKS]),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 255)), max_size=5),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(SingleOpener(), damaged(data, cut, flips))

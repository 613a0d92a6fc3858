"""JPEGs inside other bytes: where they begin and end, by their markers alone."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media.jpegs import JpegSearch, measure
from tests.support.pictures import jpeg

ONE, TWO = jpeg(1, (40, 30)), jpeg(2, (24, 16))
LOSSLESS = b"\xff\xd8\xff\xc3\0\x0b\x10\0\x10\0\x10\1\0\x11\0\xff\xda\0\x08\1\0\0\1\0\0ab\xff\xd9"


def found(data: bytes, *taken: tuple[int, int]) -> list[bytes]:
    return [data[j.start : j.end] for j in JpegSearch(data, 0, len(data)).found(taken)]


def test_each_is_measured_to_its_last_byte_with_its_size() -> None:
    data = b"before" + ONE + b"between" + TWO + b"after"
    assert found(data) == [ONE, TWO]
    jpeg_ = measure(data, 6)
    assert jpeg_ is not None
    assert (jpeg_.width, jpeg_.height, jpeg_.complete, jpeg_.decoded) == (40, 30, True, True)


def test_one_that_breaks_off_ends_where_its_coded_bytes_do() -> None:
    cut = measure(ONE[:-40], 0)
    assert cut is not None
    assert (cut.end, cut.complete) == (len(ONE) - 40, False)


def test_a_lossless_one_is_told_apart_from_what_viewers_show() -> None:
    lossless = measure(LOSSLESS, 0)
    assert lossless is not None
    assert (lossless.decoded, lossless.end) == (False, len(LOSSLESS))


def test_nothing_is_looked_for_in_what_is_taken() -> None:
    data = ONE + TWO
    assert found(data, (0, len(ONE))) == [TWO]


def test_a_beginning_without_a_picture_is_none() -> None:
    assert measure(b"\xff\xd8\xff\xe0\0\x04ab\xff\xd9", 0) is None
    assert measure(b"\xff\xd8", 0) is None
    assert found(os.urandom(100_000)) == []


def test_a_search_that_met_its_limit_says_so() -> None:
    search = JpegSearch(b"\xff\xd8\xff\xe0\0\2" * 200_000, 0, 1_200_000)
    assert list(search.found()) == []
    assert not search.complete


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), max_size=6))
def test_damage_gives_ranges_inside_the_bytes_in_order(flips: list[tuple[int, int]]) -> None:
    data = bytearray(b"ab" + ONE + TWO + b"cd")
    for place, value in flips:
        data[place % len(data)] ^= value
    at = 0
    for one in JpegSearch(bytes(data), 0, len(data)).found():
        assert at <= one.start < one.end <= len(data)
        at = one.end

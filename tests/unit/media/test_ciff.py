"""Canon's CIFF block: the names, the clock, the size; and hostile heaps."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.media.ciff import is_ciff, read_ciff
from tests.support.ciff_blocks import ciff, heap


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_block_is_read_in_either_byte_order(order: str) -> None:
    block = read_ciff(ciff(order=order))
    assert (block.make, block.model) == ("Canon", "Canon Example 5")
    assert block.firmware == "Version 1.0"
    assert block.taken_at == "2000-10-27T22:56:26"
    assert block.size == (400, 300)
    assert block.exposure == {"ExposureTime": 0.03125, "FNumber": 4.0}


def test_a_clock_that_was_never_set_gives_no_time() -> None:
    assert read_ciff(ciff(seconds=86400)).taken_at is None


def test_a_heap_that_holds_itself_ends() -> None:
    inner = heap([(0x080A, b"Canon\0A\0")])
    head = b"II" + struct.pack("<I", 26) + b"HEAPJPGM" + bytes(12)
    # the one record is a heap from the first byte to the last: the root again
    whole = heap([(0x2807, inner)])
    table = len(inner) + 2
    again = struct.pack("<HII", 0x2807, len(whole), 0)
    looped = whole[:table] + again + whole[table + 10 :]
    assert read_ciff(head + looped).make is None


def test_what_is_no_block_says_nothing() -> None:
    assert not is_ciff(b"JFIF\0\1\2")
    assert read_ciff(b"II" + bytes(20)).make is None


@given(st.integers(0, 200), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_damage_never_raises(cut: int, at: int, noise: bytes) -> None:
    data = bytearray(ciff())
    at %= len(data)
    data[at : at + len(noise)] = noise
    read_ciff(bytes(data[: len(data) - cut]))
    read_ciff(bytes(data))

"""Binary property lists: every data object, by its place; lies lead nowhere."""

from __future__ import annotations

import plistlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import NotApplicable
from assay.core.vocab import Allocation
from assay.openers.bplist import BplistOpener, sample
from tests.support.databases import PICTURES, SMALL
from tests.support.members import Contents, contents, damaged, keeps_the_contract


def read(data: bytes) -> Contents:
    return contents(BplistOpener(), data)


def listed(value: object) -> bytes:
    return plistlib.dumps(value, fmt=plistlib.FMT_BINARY)


def test_data_objects_come_out_with_their_keys_and_places() -> None:
    data = listed({"person": {"photo": PICTURES[0], "name": "N"}, "all": [1, PICTURES[1]]})
    seen = read(data)
    assert set(seen.data.values()) == {PICTURES[0], PICTURES[1]}
    assert {name.split(" (")[0] for name in seen.names} == {"person/photo", "all/1"}
    for member in seen.members:
        start, end = (int(n) for n in member.locator.removeprefix("bytes ").split("-"))
        assert data[start:end] == seen.data[member.name]


def test_an_archive_of_objects_needs_nothing_of_its_own() -> None:
    archive = {
        "$archiver": "NSKeyedArchiver",
        "$version": 100000,
        "$top": {"root": plistlib.UID(1)},
        "$objects": ["$null", {"NS.data": PICTURES[2], "$class": plistlib.UID(2)}, {"x": "NSData"}],
    }
    seen = read(listed(archive))
    assert list(seen.data.values()) == [PICTURES[2]]
    assert seen.names[0].startswith("$objects/1/NS.data (")


def test_a_list_inside_a_list_is_given_as_it_is() -> None:
    inner = listed({"photo": SMALL})
    assert list(read(listed({"packed": inner})).data.values()) == [inner]


def test_wrapped_pictures_and_long_texts_are_searched_and_plain_data_is_not_given() -> None:
    wrapped = b"\x0a\x03" + PICTURES[3] + b"\x12\x01\x00"
    values = {"wrapped": wrapped, "plain": bytes(range(256)) * 9, "words": "some words " * 200}
    assert list(read(listed(values)).data.values()) == [PICTURES[3]]


@pytest.mark.parametrize("letter", ["", "\u00e9"])
def test_a_data_uri_in_a_string_of_either_width(letter: str) -> None:
    import base64

    text = letter + " data:image/jpeg;base64," + base64.b64encode(SMALL).decode()
    assert list(read(listed({"t": text})).data.values()) == [SMALL]


def test_odd_keys_are_escaped() -> None:
    seen = read(listed({"a/b": {"..": SMALL}}))
    assert seen.names[0].startswith("a%2Fb/.. (object ") or seen.names[0].startswith("a%2Fb/")


def test_a_list_without_its_table_is_searched() -> None:
    seen = read(listed({"a": PICTURES[0], "b": PICTURES[1]})[:-7])
    assert set(seen.data.values()) == {PICTURES[0], PICTURES[1]}
    assert {m.state for m in seen.members} == {Allocation.CARVED}
    assert seen.flags == {"malformed"}


def trailer(count: int, table: int, size: int = 1, width: int = 1) -> bytes:
    return bytes(6) + bytes((size, width)) + struct.pack(">QQQ", count, 0, table)


@pytest.mark.parametrize("count", [10**9, 1 << 62, (1 << 64) - 1])
def test_claims_of_many_objects_are_not_believed(count: int) -> None:
    seen = read(b"bplist00" + b"\x4f\x10\x40" + bytes(64) + trailer(count, 8))
    assert seen.flags == {"malformed"}


def test_containers_that_hold_themselves_end() -> None:
    body = b"bplist00" + b"\xa1\x00" + b"\xa1\x01" + b"\x4f\x10\x40" + SMALL[:64].ljust(64, b"x")
    table = bytes((8, 10, 12))
    seen = read(body + table + trailer(3, len(body)))
    assert [m.stored_size for m in seen.members] == [64]


def test_objects_over_the_same_bytes_multiply_nothing() -> None:
    picture = PICTURES[0]
    head = b"\x4f\x12" + struct.pack(">I", len(picture))
    body = b"bplist00" + head + picture
    table = bytes((8,)) * 200
    seen = read(body + table + trailer(200, len(body)))
    assert "overlapping_entries" in seen.flags
    assert len(seen.members) <= 3


def test_a_data_object_that_claims_too_much_is_cut_at_the_end() -> None:
    body = b"bplist00" + b"\x4f\x13" + struct.pack(">Q", 1 << 62) + PICTURES[0]
    seen = read(body + bytes((8,)) + trailer(1, len(body)))
    assert seen.flags & {"malformed", "overlapping_entries"}


def test_another_kind_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(b"<?xml version='1.0'?><plist/>")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([sample(), listed({"a": {"b": [SMALL, "x" * 300, PICTURES[0]]}, "c": 1})]),
    st.integers(0, 500),
    st.lists(
        st.tuples(st.one_of(st.integers(0, 1 << 16), st.integers(-60, -1)), st.integers(1, 255)),
        max_size=8,
    ),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(BplistOpener(), damaged(data, cut, flips))

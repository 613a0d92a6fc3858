"""Frames arrive whole or not at all, whatever bytes come instead."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.jsonvalue import Json
from assay.sandbox import platform, wire

FAST = settings(max_examples=100, deadline=None)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@FAST
@given(st.lists(JSON, max_size=5), st.integers(1, 40))
def test_values_come_back_in_order_however_they_were_cut(values: list[Json], piece: int) -> None:
    data = b"".join(wire.encode(value) for value in values)
    decoder = wire.Decoder()

    found: list[Json] = []
    for start in range(0, len(data), piece):
        found += decoder.feed(data[start : start + piece])

    assert found == values


@FAST
@given(st.binary(max_size=300))
def test_random_bytes_are_a_wire_error_or_nothing(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.Decoder().feed(data)


@FAST
@given(JSON, st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_never_raises_past_the_contract(value: Json, at: int, mask: int) -> None:
    data = bytearray(wire.encode(value))
    data[at % len(data)] ^= mask
    with contextlib.suppress(wire.WireError):
        wire.Decoder().feed(bytes(data))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b"NaN",
        b"[-Infinity]",
        b"[1e999]",
        b"9" * 20_000,
        b'"\xff"',
        b"",
    ],
    ids=["nested", "nan", "infinity", "overflow", "digits", "not-ascii", "empty"],
)
def test_what_is_not_plain_json_is_refused(body: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.Decoder().feed(struct.pack(">I", len(body)) + body)


def test_a_length_above_the_limit_is_refused_before_any_of_it_comes() -> None:
    with pytest.raises(wire.WireError, match="limit"):
        wire.Decoder().feed(struct.pack(">I", wire.MAX_FRAME + 1))


def test_a_value_above_the_limit_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 100)
    with pytest.raises(wire.WireError, match="limit"):
        wire.encode("x" * 100)


def test_read_only_mappings_and_tuples_are_json_and_lone_surrogates_survive() -> None:
    value = MappingProxyType({"a": (1, 2), "name": "\udcff"})

    found = wire.Decoder().feed(wire.encode(value))

    assert found == [{"a": [1, 2], "name": "\udcff"}]
    assert json.loads(wire.encode(value)[4:]) == found[0]


@pytest.mark.skipif(not platform.has_fork_server(), reason="needs descriptor passing")
def test_descriptors_come_in_the_order_of_their_frames() -> None:
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    os.write(writing, b"through the pipe")
    try:
        for number, descriptors in enumerate(((), (reading,), (), (writing,))):
            wire.send(ours, wire.encode(number), descriptors)
        decoder, values, passed = wire.Decoder(), [], []
        while len(values) < 4:
            data, descriptors_in = wire.receive(theirs, 1 << 16)
            values += decoder.feed(data)
            passed += descriptors_in

        assert values == [0, 1, 2, 3]
        assert os.read(passed[0], 100) == b"through the pipe"
        assert os.fstat(passed[1]).st_ino == os.fstat(writing).st_ino
    finally:
        for descriptor in (reading, writing, *passed):
            os.close(descriptor)
        ours.close()
        theirs.close()

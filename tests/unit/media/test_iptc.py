"""The IPTC-IIM reader."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media.iptc import parse_iptc, read_iptc


def dataset(record: int, number: int, text: bytes) -> bytes:
    return bytes([0x1C, record, number]) + len(text).to_bytes(2) + text


BLOCK = (
    dataset(1, 90, b"\x1b%G")
    + dataset(2, 0, b"\0\4")
    + dataset(2, 25, b"harbour")
    + dataset(2, 25, "Köln".encode())
    + dataset(2, 110, b"Example Agency")
)


def test_fields_are_named_and_repeated_ones_kept() -> None:
    assert read_iptc(BLOCK) == {"Keywords": ("harbour", "Köln"), "Credit": ("Example Agency",)}


def test_undeclared_latin_1_is_read() -> None:
    assert read_iptc(dataset(2, 80, b"Jos\xe9")) == {"By-line": ("José",)}


def test_an_unknown_field_keeps_its_number() -> None:
    assert read_iptc(dataset(2, 231, b"x")) == {"2:231": ("x",)}


def test_an_extended_length_is_read() -> None:
    text = b"y" * 40_000
    long = bytes([0x1C, 2, 120]) + (0x8004).to_bytes(2) + len(text).to_bytes(4) + text
    assert read_iptc(long)["Caption-Abstract"] == (text.decode(),)


def test_a_field_that_is_cut_is_kept_and_reported() -> None:
    iptc = parse_iptc(BLOCK[:-4])
    assert iptc.fields["Credit"] == ("Example Ag",)
    assert [t.flag for t in iptc.troubles] == ["malformed"]


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_never_raise(data: bytes) -> None:
    parse_iptc(data)
    parse_iptc(b"\x1c\x02" + data)


@given(st.integers(0, len(BLOCK)), st.integers(0, len(BLOCK) - 1), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_damage_never_raises(cut: int, at: int, byte: int) -> None:
    data = bytearray(BLOCK)
    data[at] = byte
    parse_iptc(bytes(data[:cut]))

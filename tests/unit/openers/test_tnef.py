"""winmail.dat: the attachments inside have their names, times and exact bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import NotApplicable
from assay.openers.tnef import TnefOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.pictures import jpeg

PICTURE = jpeg(5)
GUID = bytes(range(16))


def read(data: bytes, **options: str) -> Contents:
    return contents(TnefOpener(), data, timezone=options.get("timezone"))


def attribute(number: int, data: bytes, *, level: int = 2, kind: int = 6) -> bytes:
    checksum = struct.pack("<H", sum(data) & 0xFFFF)
    return struct.pack("<BHHI", level, number, kind, len(data)) + data + checksum


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def value(number: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<HHII", kind, number, 1, len(data)) + padded(data)


def fixed(number: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, number) + data


def named(kind: int, name: str, data: bytes) -> bytes:
    text = name.encode("utf-16-le")
    head = struct.pack("<HH", kind, 0x8001) + GUID + struct.pack("<II", 1, len(text))
    return head + padded(text) + struct.pack("<II", 1, len(data)) + padded(data)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


def tnef(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(attributes)


def attached(name: bytes, data: bytes, *values: bytes) -> bytes:
    return (
        attribute(0x9002, bytes(14))
        + attribute(0x8010, name + b"\0", kind=1)
        + attribute(0x8013, struct.pack("<7H", 2024, 1, 2, 10, 30, 5, 2), kind=3)
        + attribute(0x800F, data)
        + (attribute(0x9005, properties(*values)) if values else b"")
    )


LONG = value(0x3707, 0x1F, "caf\u00e9 long name.jpg\0".encode("utf-16-le"))
CREATED = fixed(0x3007, 0x40, struct.pack("<Q", 133_500_000_000_000_000))
RICH = struct.pack("<IIII", 20, 8, 0x414C454D, 0) + b"{\\rtf1 }"
SAMPLE = tnef(
    attribute(0x9003, properties(value(0x1009, 0x102, RICH)), level=1),
    attribute(0x800C, b"hello\0", level=1, kind=2),
    attached(b"CAF~1.JPG", PICTURE, fixed(0x0E21, 3, bytes(4)), LONG, CREATED),
    attached(b"two.jpg", PICTURE[::-1]),
)


def test_attachments_come_out_with_names_and_times() -> None:
    seen = read(SAMPLE, timezone="UTC")
    assert seen.data["caf\u00e9 long name.jpg"] == PICTURE
    assert seen.data["two.jpg"] == PICTURE[::-1]
    assert seen.data["body.rtf"] == b"{\\rtf1 }"
    assert seen.data["body.txt"] == b"hello\0"
    assert seen.troubles == []
    times = seen.member("caf\u00e9 long name.jpg").times
    assert [(t.field, t.utc) for t in times] == [
        ("TNEF modify date", "2024-01-02T10:30:05Z"),
        ("TNEF creation time", "2024-01-17T21:20:00Z"),
    ]


def test_an_attached_message_is_a_stream_of_its_own() -> None:
    inner = tnef(attached(b"in.jpg", PICTURE))
    outer = tnef(attached(b"a message", b"", value(0x3701, 0x0D, GUID + inner)))
    seen = read(outer)
    assert seen.data["a message"] == inner
    assert read(seen.data["a message"]).data["in.jpg"] == PICTURE


def test_named_properties_and_files_in_other_properties() -> None:
    seen = read(tnef(attached(b"a", b"x", named(0x1F, "Author", b"A\0"), value(1, 0x102, PICTURE))))
    assert seen.data["a/property 0x0001"] == PICTURE


def test_several_values_of_one_property() -> None:
    many = struct.pack("<HHI", 0x1102, 2, 2) + b"".join(
        struct.pack("<I", len(data)) + padded(data) for data in (PICTURE, PICTURE[:-3])
    )
    seen = read(tnef(attached(b"a", b"x", many)))
    assert [len(seen.data["a"]), seen.names.count("a/property 0x0002")] == [1, 2]


def test_a_cut_attachment_gives_what_is_there() -> None:
    seen = read(tnef(attached(b"a.jpg", PICTURE))[:-500])
    assert PICTURE.startswith(seen.data["a.jpg"])
    assert len(seen.data["a.jpg"]) > 1000
    assert seen.flags == {"truncated"}


@pytest.mark.parametrize("data", [b"nothing", b"\x78\x9f\x3e\x22\x01\x00", b""])
def test_what_holds_nothing_is_not_applicable(data: bytes) -> None:
    with pytest.raises(NotApplicable):
        read(data)


def test_claimed_counts_are_bounded_by_the_bytes() -> None:
    liar = struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHI", 0x1003, 1, 0xFFFFFFFF) + bytes(40)
    assert read(tnef(attribute(0x9003, liar, level=1), attached(b"a", b"x"))).data == {"a": b"x"}
    keeps_the_contract(TnefOpener(), tnef(*[attribute(0x9002, b"")] * 10_000))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(SAMPLE)),
    st.lists(st.tuples(st.integers(0, 6000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(cut: int, flips: list[tuple[int, int]]) -> None:
    keeps_the_contract(TnefOpener(), damaged(SAMPLE, cut, flips))

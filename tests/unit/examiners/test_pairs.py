"""Live Photos and bursts: both halves state the same identifier; anything else states none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.facts import Observation
from assay.examiners.pairs import PairsExaminer
from assay.media.apple_note import read_apple_note
from tests.support.containers import box, ftyp, heif, segment
from tests.support.nested import insert
from tests.support.pictures import jpeg
from tests.support.tiffs import block
from tests.support.views import make_view

MAIN = jpeg(1)
IDENTIFIER = "0A1B2C3D-0000-4000-8000-1234567890AB"
KEY = b"com.apple.quicktime.content.identifier"


def note(*rows: tuple[int, str], order: str = ">") -> bytes:
    at = 14 + 2 + 12 * len(rows) + 4
    entries = values = b""
    for tag, text in rows:
        raw = text.encode() + b"\0"
        entries += struct.pack(order + "HHI", tag, 2, len(raw))
        if len(raw) <= 4:
            entries += raw.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", at + len(values))
            values += raw
    mark = b"MM" if order == ">" else b"II"
    count = struct.pack(order + "H", len(rows))
    return b"Apple iOS\0\0\1" + mark + count + entries + bytes(4) + values


def exif(maker_note: bytes) -> bytes:
    return block([(271, 2, "Apple")], exif=[(0x927C, 7, maker_note)])


def still(maker_note: bytes) -> bytes:
    return insert(MAIN, segment(0xE1, b"Exif\0\0" + exif(maker_note)))


def movie(identifier: str, key: bytes = KEY) -> bytes:
    keys = box(b"keys", bytes(4), struct.pack(">II", 1, 8 + len(key)), b"mdta", key)
    value = box(b"data", struct.pack(">II", 1, 0), identifier.encode())
    ilst = box(b"ilst", box(struct.pack(">I", 1), value))
    handler = box(b"hdlr", bytes(8), b"mdta", bytes(13))
    return ftyp(b"qt  ") + box(b"moov", box(b"meta", handler, keys, ilst))


def seen(data: bytes, media_type: str) -> list[Observation]:
    examiner = PairsExaminer()
    return list(examiner.examine(make_view(examiner, data, media_type)))


def test_both_halves_state_the_same_identifier() -> None:
    (one,) = seen(still(note((0x11, IDENTIFIER))), "image/jpeg")
    (two,) = seen(movie(IDENTIFIER), "video/quicktime")
    assert (one.kind, two.kind) == ("pair", "pair")
    assert one.value == {"identifier": IDENTIFIER, "part": "still"}
    assert two.value == {"identifier": IDENTIFIER, "part": "video"}
    assert one.locator.startswith("bytes ")


def test_the_still_half_in_a_heic() -> None:
    data = heif(exif(note((0x11, IDENTIFIER))), b"<x:xmpmeta/>")
    (one,) = seen(data, "image/heic")
    assert one.value["identifier"] == IDENTIFIER


def test_a_burst_is_stated_with_the_pair_or_alone() -> None:
    (one,) = seen(still(note((0x0B, "BURST-9"))), "image/jpeg")
    assert (one.kind, one.value) == ("pair", {"burst": "BURST-9"})
    (two,) = seen(still(note((0x0B, "BURST-9"), (0x11, IDENTIFIER))), "image/jpeg")
    assert two.value == {"identifier": IDENTIFIER, "part": "still", "burst": "BURST-9"}


@pytest.mark.parametrize("order", [">", "<"])
def test_the_notes_own_byte_order_counts(order: str) -> None:
    found = read_apple_note(note((0x0B, "B12"), (0x11, IDENTIFIER), order=order))
    assert found is not None
    assert (found.content, found.burst) == (IDENTIFIER, "B12")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (MAIN, "image/jpeg"),
        (still(b"NIKON" + bytes(40)), "image/jpeg"),
        (still(note((0x11, "control\x07characters"))), "image/jpeg"),
        (movie(IDENTIFIER, b"com.apple.quicktime.make"), "video/quicktime"),
        (movie("x" * 5000), "video/quicktime"),
        (movie(""), "video/quicktime"),
    ],
)
def test_whatever_states_none_gives_none(data: bytes, media_type: str) -> None:
    assert seen(data, media_type) == []


def test_an_identifier_in_the_wrong_half_is_none() -> None:
    assert seen(movie(IDENTIFIER), "image/heic") == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 255)), max_size=8), st.integers(0, 120)
)
def test_a_damaged_note_never_raises(flips: list[tuple[int, int]], cut: int) -> None:
    raw = bytearray(note((0x0B, "BURST-9"), (0x11, IDENTIFIER)))
    for place, value in flips:
        raw[place % len(raw)] ^= value
    found = read_apple_note(bytes(raw[: len(raw) - cut]))
    assert found is None or len(found.content) <= 256

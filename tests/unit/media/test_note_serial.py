"""Serial numbers of maker notes, made in code after the layouts of four makers."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.media.note_serial import note_serial
from tests.support.tiffs import ASCII, LONG, SHORT, UNDEFINED, directory

START = 100  # where a note stands in its block


def canon(serial: int = 330128148) -> bytes:
    return directory([(1, SHORT, 7), (0x0C, LONG, serial)], START)


def nikon(text: str = "3105364", order: str = ">") -> bytes:
    mark = b"MM\0*" if order == ">" else b"II*\0"
    rows = directory([(1, UNDEFINED, b"0210"), (0x1D, ASCII, text)], 8, order=order)
    return b"Nikon\0\2\x10\0\0" + mark + struct.pack(order + "I", 8) + rows


def fuji(text: str = "FC  A3115393     592D31333533070731962330313C44") -> bytes:
    rows = directory([(0, UNDEFINED, b"0130"), (0x10, ASCII, text)], 12)
    return b"FUJIFILM" + struct.pack("<I", 12) + rows


def panasonic(text: bytes = b"S020409080103\0\0\0") -> bytes:
    head = b"Panasonic\0\0\0"
    return head + directory([(1, SHORT, 2), (0x25, UNDEFINED, text)], START + len(head))


NOTES = [
    ("Canon", canon(), "330128148"),
    ("NIKON CORPORATION", nikon(), "3105364"),
    ("NIKON", nikon(order="<"), "3105364"),
    ("FUJIFILM", fuji(), "FC  A3115393     592D31333533070731962330313C44"),
    ("Panasonic", panasonic(), "S020409080103"),
]


def read(make: str, note: bytes) -> str:
    block = bytes(START) + note
    return note_serial(make, note, block, START, little=True)


@pytest.mark.parametrize(("make", "note", "serial"), NOTES)
def test_a_serial_number_is_read(make: str, note: bytes, serial: str) -> None:
    assert read(make, note) == serial


def test_a_note_without_a_head_is_read_for_canon_alone() -> None:
    assert read("Example Corp", canon()) == ""


def test_what_is_no_serial_number_is_left_out() -> None:
    assert read("Canon", canon(0)) == ""
    assert read("NIKON", nikon("x" * 65)) == ""
    assert read("NIKON", nikon("\x01\x02")) == ""
    assert read("Example Corp", b"Apple iOS\0\0\1MM" + bytes(40)) == ""


@given(
    st.sampled_from(NOTES), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255))), st.data()
)
def test_damage_gives_a_text_or_nothing(
    row: tuple[str, bytes, str], changes: list[tuple[int, int]], data: st.DataObject
) -> None:
    make, whole, _ = row
    note = bytearray(whole)
    for at, value in changes:
        note[at % len(note)] = value
    cut = bytes(note[: data.draw(st.integers(0, len(note)))])
    assert len(read(make, cut)) <= 64

"""Programs and fonts end where their tables say; what follows shows."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media.ends import end_of
from assay.media.sniff import sniff
from tests.support.containers import font, portable_executable


def mach() -> bytes:
    """Return a 64-bit Mach-O of one segment that covers the file."""
    head = struct.pack("<IIIIIIII", 0xFEEDFACF, 0, 0, 2, 1, 72, 0, 0)
    return head + struct.pack("<II16sQQQQ16x", 0x19, 72, b"__TEXT", 0, 0, 0, 200) + bytes(96)


SAMPLES = [
    ("application/vnd.microsoft.portable-executable", portable_executable()),
    ("font/ttf", font()),
    ("application/x-mach-binary", mach()),
    ("application/vnd.iccprofile", (128).to_bytes(4, "big") + bytes(124)),
    ("font/woff", b"wOFF" + bytes(4) + (44).to_bytes(4, "big") + bytes(32)),
]


@pytest.mark.parametrize(("media_type", "data"), SAMPLES)
def test_the_end_stays_where_it_is_when_something_follows(media_type: str, data: bytes) -> None:
    assert end_of(data, media_type) == len(data)
    assert end_of(data + b"appended", media_type) == len(data)


def test_a_real_program_ends_at_its_end() -> None:
    data = Path(sys.executable).resolve().read_bytes()
    media_type = sniff(data[: 1 << 16], len(data))
    if media_type != "application/x-elf":
        pytest.skip(f"this Python is {media_type}")
    assert end_of(data, media_type) == len(data)
    assert end_of(data + b"PK\3\4", media_type) == len(data)


@given(st.sampled_from(SAMPLES), st.data())
@settings(max_examples=80, deadline=None)
def test_damage_never_raises(sample: tuple[str, bytes], draw: st.DataObject) -> None:
    media_type, data = sample
    content = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 6))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    end_of(bytes(content[: draw.draw(st.integers(0, len(content)))]), media_type)
    end_of(bytes(content[:4]) + draw.draw(st.binary(max_size=200)), "application/x-elf")

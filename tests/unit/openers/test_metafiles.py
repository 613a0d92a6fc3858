"""Bitmaps inside Windows metafiles: EMF, EMF+, WMF; damage and lies."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assay.core.errors import Malformed, NotApplicable
from assay.core.vocab import Allocation, Role
from assay.media.sniff import sniff
from assay.openers.metafiles import MetafileOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.ole_files import dib, picture
from tests.unit.openers.test_ole import sealed

JPEG, PNG = picture("JPEG"), picture("PNG")
PIXELS = dib((20, 10), 3)
HEAD, BITS = PIXELS[:40], PIXELS[40:]
END = struct.pack("<IIIII", 14, 20, 0, 0, 20)


def read(data: bytes) -> Contents:
    return contents(MetafileOpener(), data)


def emf(*records: bytes) -> bytes:
    header = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    return header + b"".join(records) + END


def stretch(head: bytes, bits: bytes) -> bytes:
    """EMR_STRETCHDIBITS."""
    fixed = bytes(40) + struct.pack("<4I", 80, len(head), 80 + len(head), len(bits)) + bytes(16)
    body = fixed + head + bits
    body += bytes(-len(body) % 4)
    return struct.pack("<II", 81, 8 + len(body)) + body


def blend(head: bytes, bits: bytes) -> bytes:
    """EMR_ALPHABLEND."""
    fixed = bytes(76) + struct.pack("<4I", 108, len(head), 108 + len(head), len(bits)) + bytes(8)
    body = fixed + head + bits
    return struct.pack("<II", 114, 8 + len(body)) + body


def comment(*records: bytes) -> bytes:
    body = b"EMF+" + b"".join(records)
    body += bytes(-len(body) % 4)
    return struct.pack("<III", 70, 12 + len(body), len(body)) + body


def plus(content: bytes, *, total: int | None = None) -> bytes:
    """An EMF+ image object, or a piece of one that goes on."""
    flags = 0x0500 | (0x8000 if total is not None else 0)
    data = (struct.pack("<I", total) if total is not None else b"") + content
    return struct.pack("<HHII", 0x4008, flags, 12 + len(data), len(data)) + data


def bitmap(content: bytes, kind: int, layout: int = 0, size: tuple[int, int] = (4, 2)) -> bytes:
    return struct.pack("<IIiiiII", 0xDBC01002, 1, *size, size[0] * 4, layout, kind) + content


def wmf(*records: tuple[int, bytes], placeable: bool = True) -> bytes:
    body = b"".join(
        struct.pack("<IH", (6 + len(data)) // 2, kind) + data for kind, data in (*records, (0, b""))
    )
    head = b"\xd7\xcd\xc6\x9a" + bytes(18) if placeable else b""
    return head + struct.pack("<HHHIHIH", 1, 9, 0x300, 9 + len(body) // 2, 0, 0, 0) + body


@pytest.mark.parametrize("record", [stretch, blend])
def test_a_bitmap_of_an_emf_is_shown(record: object) -> None:
    assert callable(record)
    data = emf(record(HEAD, BITS))
    assert sniff(data, len(data)) == "image/emf"
    seen = read(data)
    (member,) = seen.members
    assert (member.name, member.role) == ("bitmap-88.dib", Role.STREAM)
    assert seen.data[member.name] == PIXELS
    assert member.rendering is not None
    with Image.open(member.rendering()) as shown, Image.open(
        io.BytesIO(picture("BMP", (20, 10), 3))
    ) as expected:  # fmt: skip
        assert shown.convert("RGB").tobytes() == expected.convert("RGB").tobytes()


@pytest.mark.parametrize(("packing", "stored"), [(4, JPEG), (5, PNG)])
def test_a_file_in_place_of_pixels_comes_out_byte_for_byte(packing: int, stored: bytes) -> None:
    head = struct.pack("<IiiHHIIiiII", 40, 64, 48, 1, 0, packing, len(stored), 0, 0, 0, 0)
    seen = read(emf(stretch(head, stored)))
    assert list(seen.data.values()) == [stored]
    assert seen.members[0].role is Role.MEMBER


def test_a_compressed_object_of_emf_plus_comes_out_byte_for_byte() -> None:
    assert list(read(emf(comment(plus(bitmap(PNG, 1))))).data.values()) == [PNG]


def test_an_object_that_goes_on_over_several_comments_is_joined() -> None:
    whole = bitmap(JPEG, 1)
    parts = [whole[:300], whole[300:900], whole[900:]]
    data = emf(
        comment(plus(parts[0], total=len(whole))),
        comment(plus(parts[1], total=len(whole))),
        comment(plus(parts[2])),
    )
    assert JPEG in read(data).data.values()


def test_raw_pixels_of_emf_plus_are_shown() -> None:
    raw = bytes(range(32))
    (member,) = read(emf(comment(plus(bitmap(raw, 0, 0x0026200A))))).members
    assert member.rendering is not None
    with Image.open(member.rendering()) as shown:
        assert shown.size == (4, 2)
        assert shown.getpixel((1, 0)) == (6, 5, 4, 7)  # stored as BGRA


def test_raw_pixels_of_an_unknown_layout_are_given_and_reported() -> None:
    seen = read(emf(comment(plus(bitmap(bytes(32), 0, 0x00101004)))))
    assert seen.flags == {"not_opened"}
    assert list(seen.data.values()) == [bytes(32)]


@pytest.mark.parametrize("placeable", [True, False])
@pytest.mark.parametrize(
    ("kind", "before"), [(0x0940, 16), (0x0B41, 20), (0x0F43, 22), (0x0D33, 18), (0x0142, 4)]
)
def test_a_bitmap_of_a_wmf_is_shown(kind: int, before: int, placeable: bool) -> None:
    data = wmf((kind, bytes(before) + PIXELS), placeable=placeable)
    assert sniff(data, len(data)) == "image/wmf"
    seen = read(data)
    assert list(seen.data.values()) == [PIXELS]
    assert seen.members[0].rendering is not None


def test_a_picture_in_any_other_record_is_carved() -> None:
    body = bytes(8) + JPEG + bytes(-len(JPEG) % 4)
    seen = read(emf(struct.pack("<II", 9999, 8 + len(body)) + body))
    assert list(seen.data.values()) == [JPEG]
    assert seen.members[0].state is Allocation.CARVED


def test_a_drawing_without_bitmaps_is_not_applicable() -> None:
    for data in (emf(), wmf((0x0213, bytes(4))), b"\1\0\x09\0"):
        with pytest.raises(NotApplicable):
            read(data)


def test_a_record_that_claims_more_than_the_file_is_reported() -> None:
    data = emf(stretch(HEAD, BITS), struct.pack("<II", 81, 0xFFFFFFF0))
    seen = read(data)
    assert list(seen.data.values()) == [PIXELS]
    assert seen.flags == {"truncated"}


def test_pixels_that_are_not_there_have_no_rendering() -> None:
    (member,) = read(emf(comment(plus(bitmap(b"\0", 0, 0x0026200A, (4000, 4000)))))).members
    assert member.rendering is not None
    with pytest.raises(Malformed):
        member.rendering()


def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path) -> None:
    path = tmp_path / "a.emf"
    path.write_bytes(
        emf(stretch(HEAD, BITS), comment(plus(bitmap(bytes(range(32)), 0, 0x0026200A))))
    )
    assert sealed("metafiles", "MetafileOpener", path) == "2 2"


SAMPLES = [
    emf(stretch(HEAD, BITS), blend(HEAD, BITS), comment(plus(bitmap(PNG, 1))), os.urandom(40)),
    wmf((0x0F43, bytes(22) + PIXELS), (0x0142, bytes(4) + PIXELS)),
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 3000),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 255)), max_size=8),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(MetafileOpener(), damaged(data, cut, flips))

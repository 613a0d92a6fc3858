"""The PNG walker reads texts wherever they stand, inflates within limits, checks checksums."""

from __future__ import annotations

import zlib

import pytest

from assay.core.slots import Slot, SlotKind
from assay.media import gather
from assay.media.slots import walk
from tests.support.containers import EXIF, JUMBF, XMP, chunk, png_with


def texts(data: bytes) -> dict[str, Slot]:
    return {s.key: s for s in walk(data, "image/png").slots if s.kind is SlotKind.TEXT}


def test_all_three_kinds_of_text_are_read() -> None:
    data = png_with(
        chunk(b"tEXt", b"parameters\0a cat"),
        chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"a dog")),
        chunk(b"iTXt", b"Title\0\1\0en\0titre\0" + zlib.compress(b"ein Haus")),
    )
    found = texts(data)
    assert {key: slot.data for key, slot in found.items()} == {
        "parameters": b"a cat",
        "prompt": b"a dog",
        "Title": b"ein Haus",
    }
    assert found["prompt"].mechanism == "PNG zTXt"


def test_text_after_the_picture_data_is_read() -> None:
    assert texts(png_with(after=(chunk(b"tEXt", b"late\0yes"),)))["late"].data == b"yes"


def test_xmp_exif_and_manifest_have_their_own_kinds() -> None:
    data = png_with(
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
        chunk(b"eXIf", EXIF),
        chunk(b"caBX", JUMBF),
    )
    found = {s.kind: s.data for s in walk(data, "image/png").slots}
    assert found == {SlotKind.XMP: XMP, SlotKind.EXIF: EXIF, SlotKind.C2PA: JUMBF}


@pytest.mark.parametrize(
    ("name", "block", "kind", "expected"),
    [
        (b"exif", b"Exif\0\0" + EXIF, SlotKind.EXIF, EXIF),
        (b"APP1", b"http://ns.adobe.com/xap/1.0/\0" + XMP, SlotKind.XMP, XMP),
        (b"xmp", XMP, SlotKind.XMP, XMP),
        (b"iptc", b"8BIM\4\4\0\0\0\0\0\4abcd", SlotKind.IPTC, b"abcd"),
    ],
)
def test_profiles_written_as_hexadecimal_text_are_decoded(
    name: bytes, block: bytes, kind: SlotKind, expected: bytes
) -> None:
    text = b"\n%s\n%8d\n%s\n" % (name, len(block), block.hex().encode())
    data = png_with(chunk(b"zTXt", b"Raw profile type " + name + b"\0\0" + zlib.compress(text)))
    assert expected in [s.data for s in walk(data, "image/png").slots if s.kind is kind]


def test_a_text_that_inflates_too_far_is_cut_and_said() -> None:
    bomb = zlib.compress(bytes(gather.MAX_TEXT * 3), 9)
    found = walk(png_with(chunk(b"zTXt", b"parameters\0\0" + bomb)), "image/png")
    assert [t.flag for t in found.troubles] == ["metadata_bomb"]
    (slot,) = found.slots
    assert not slot.complete
    assert len(slot.data) == gather.MAX_TEXT


def test_many_texts_share_one_allowance() -> None:
    bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(gather.MAX_TEXT), 9))
    found = walk(png_with(*[bomb] * 8), "image/png")
    assert sum(len(s.data) for s in found.slots) <= gather.MAX_INFLATED
    assert {t.flag for t in found.troubles} == {"metadata_bomb"}


def test_a_wrong_checksum_is_malformed_and_the_text_still_read() -> None:
    bad = bytearray(chunk(b"tEXt", b"k\0value"))
    bad[-1] ^= 1
    found = walk(png_with(bytes(bad)), "image/png")
    assert [t.flag for t in found.troubles] == ["malformed"]
    assert found.slots[0].data == b"value"


def test_a_flood_of_one_trouble_hides_no_other() -> None:
    bad = chunk(b"teSt", b"x")[:-4] + b"\0\0\0\0"
    bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(gather.MAX_TEXT * 2), 9))
    found = walk(png_with(*[bad] * 100, bomb), "image/png")
    assert {t.flag for t in found.troubles} == {"malformed", "metadata_bomb"}
    assert len(found.troubles) == gather.MAX_TROUBLES + 1


def test_size_and_trailer() -> None:
    data = png_with(tail=b"behind")
    found = walk(data, "image/png")
    assert (found.width, found.height) == (3, 2)
    assert found.end == len(data) - 6
    assert found.slots[-1].kind is SlotKind.TRAILER


def test_a_cut_text_is_kept_as_far_as_it_goes() -> None:
    data = png_with(chunk(b"tEXt", b"k\0" + b"v" * 100))
    found = walk(data[:60], "image/png")
    assert "truncated" in {t.flag for t in found.troubles}
    assert not found.slots[0].complete

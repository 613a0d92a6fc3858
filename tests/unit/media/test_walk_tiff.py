"""The TIFF walker keeps the blocks beside EXIF and never follows a loop."""

from __future__ import annotations

import struct

from assay.core.slots import SlotKind
from assay.media.slots import walk
from assay.media.tiff import read_exif
from tests.support.containers import JUMBF, XMP, picture, tiff

SIZE = [(256, 4, 1, struct.pack("<I", 20)), (257, 3, 1, struct.pack("<H", 10))]


def test_blocks_by_tag_and_the_whole_as_exif() -> None:
    at = 8 + 2 + 4 * 12 + 4
    data = tiff(
        [
            *SIZE,
            (700, 1, len(XMP), struct.pack("<I", at)),
            (52545, 7, len(JUMBF), struct.pack("<I", at + len(XMP))),
        ],
        after=XMP + JUMBF,
    )
    found = walk(data, "image/tiff")
    assert {s.kind: s.data for s in found.slots} == {
        SlotKind.EXIF: data,
        SlotKind.XMP: XMP,
        SlotKind.C2PA: JUMBF,
    }
    assert (found.width, found.height) == (20, 10)
    assert found.troubles == ()


def test_a_real_tiff_gives_its_size() -> None:
    found = walk(picture("TIFF"), "image/tiff")
    assert (found.width, found.height, found.facts["pages"]) == (40, 30, "1")


def test_a_directory_that_is_its_own_successor_is_a_loop() -> None:
    found = walk(tiff(SIZE, next_at=8), "image/tiff")
    assert [t.flag for t in found.troubles] == ["metadata_loop"]


def test_a_directory_beyond_the_file_is_truncated() -> None:
    found = walk(tiff(SIZE, next_at=99_999), "image/tiff")
    assert [t.flag for t in found.troubles] == ["truncated"]


def test_many_entries_naming_the_whole_file_cost_bounded_memory() -> None:
    filler = bytes(8 << 20)
    entries = [(700, 1, len(filler), struct.pack("<I", 8))] * 200
    found = walk(tiff(entries, after=filler), "image/tiff")
    assert sum(len(s.data) for s in found.slots if s.kind is SlotKind.XMP) <= 64 << 20
    assert "metadata_bomb" in {t.flag for t in found.troubles}


def test_the_fields_of_a_bigtiff_are_read_as_well() -> None:
    make = b"Example Corp\0"
    data = b"II+\0" + struct.pack("<HHQ", 8, 0, 16) + struct.pack("<Q", 1)
    data += struct.pack("<HHQQ", 271, 2, len(make), 52) + struct.pack("<Q", 0) + make
    (slot,) = walk(data, "image/tiff").slots
    assert read_exif(slot.data).text("Make") == "Example Corp"

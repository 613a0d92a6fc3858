"""The JPEG walker keeps every slot with its bytes, and knows where the picture ends."""

from __future__ import annotations

import struct

from assay.core.slots import Slot, SlotKind, Walk
from assay.media.slots import walk
from tests.support.containers import EXIF, JUMBF, XMP, jpeg_with, picture, segment


def kept(found: Walk, kind: SlotKind) -> list[Slot]:
    return [slot for slot in found.slots if slot.kind is kind]


def flags(found: Walk) -> set[str]:
    return {trouble.flag for trouble in found.troubles}


def test_exif_and_comment_point_to_their_bytes() -> None:
    data = jpeg_with(segment(0xE1, b"Exif\0\0" + EXIF), segment(0xFE, b"hello"))
    found = walk(data, "image/jpeg")
    (exif,) = kept(found, SlotKind.EXIF)
    (comment,) = kept(found, SlotKind.COMMENT)
    assert exif.data == EXIF
    assert data[exif.offset : exif.offset + exif.length] == EXIF
    assert comment.data == b"hello"
    assert comment.mechanism == "JPEG COM"
    assert found.troubles == ()


def test_size_tables_and_subsampling_come_from_the_headers() -> None:
    found = walk(picture("JPEG", size=(48, 32), subsampling=2), "image/jpeg")
    assert (found.width, found.height) == (48, 32)
    assert found.facts["subsampling"] == "4:2:0"
    assert found.facts["progressive"] == "no"
    assert found.facts["scans"] == "1"
    assert len(found.facts["dqt"]) == 64


def test_the_digest_of_the_tables_tells_qualities_apart() -> None:
    low, high = (walk(picture("JPEG", quality=q), "image/jpeg") for q in (50, 90))
    again = walk(picture("JPEG", quality=50, size=(64, 64)), "image/jpeg")
    assert low.facts["dqt"] != high.facts["dqt"]
    assert low.facts["dqt"] == again.facts["dqt"]


def test_a_progressive_picture_has_several_scans_and_one_end() -> None:
    data = picture("JPEG", progressive=True)
    found = walk(data, "image/jpeg")
    assert found.facts["progressive"] == "yes"
    assert int(found.facts["scans"]) > 1
    assert found.end == len(data)


def test_extended_xmp_is_put_together_by_offset() -> None:
    guid = b"0" * 32
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid
    first = segment(0xE1, head + struct.pack(">II", 10, 0) + b"01234")
    second = segment(0xE1, head + struct.pack(">II", 10, 5) + b"56789")
    main = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
    packets = kept(walk(jpeg_with(main, second, first), "image/jpeg"), SlotKind.XMP)
    assert [p.data for p in packets] == [XMP, b"0123456789"]
    assert all(p.complete for p in packets)


def test_a_missing_part_of_extended_xmp_is_said() -> None:
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32
    data = jpeg_with(segment(0xE1, head + struct.pack(">II", 10, 5) + b"56789"))
    assert [p.complete for p in kept(walk(data, "image/jpeg"), SlotKind.XMP)] == [False]


def test_a_manifest_split_over_segments_is_one_store() -> None:
    head, rest = JUMBF[:20], JUMBF[20:]
    one = segment(0xEB, b"JP\0\1" + struct.pack(">I", 1) + head)
    two = segment(0xEB, b"JP\0\1" + struct.pack(">I", 2) + JUMBF[:8] + rest)
    (store,) = kept(walk(jpeg_with(one, two), "image/jpeg"), SlotKind.C2PA)
    assert store.data == JUMBF
    assert store.complete


def test_iptc_is_found_in_the_photoshop_block() -> None:
    iptc = b"\x1c\x02\x69\0\5Title"
    resource = b"8BIM\4\4\0\0" + struct.pack(">I", len(iptc)) + iptc
    data = jpeg_with(segment(0xED, b"Photoshop 3.0\0" + resource))
    (slot,) = kept(walk(data, "image/jpeg"), SlotKind.IPTC)
    assert data[slot.offset : slot.offset + slot.length] == slot.data == iptc


def test_what_follows_the_end_is_a_trailer() -> None:
    data = jpeg_with(tail=b"PK\3\4 and more")
    (trailer,) = kept(walk(data, "image/jpeg"), SlotKind.TRAILER)
    assert trailer.data == b"PK\3\4 and more"
    assert trailer.offset == len(data) - len(trailer.data)


def test_a_huge_trailer_is_kept_in_part_only() -> None:
    (trailer,) = kept(walk(jpeg_with(tail=b"x" * 300_000), "image/jpeg"), SlotKind.TRAILER)
    assert trailer.length == 300_000
    assert len(trailer.data) == 65_536
    assert not trailer.complete


def test_a_picture_without_an_end_is_truncated() -> None:
    data = picture("JPEG")
    assert flags(walk(data[:-2], "image/jpeg")) == {"truncated"}
    assert flags(walk(data[: len(data) // 2], "image/jpeg")) == {"truncated"}


def test_bytes_between_segments_are_malformed_and_the_walk_goes_on() -> None:
    data = jpeg_with(b"\0\1\2\3", segment(0xFE, b"still read"))
    found = walk(data, "image/jpeg")
    assert flags(found) == {"malformed"}
    assert kept(found, SlotKind.COMMENT)[0].data == b"still read"


def test_fill_bytes_and_restart_markers_are_no_trouble() -> None:
    fill = b"\xff" * 5_000 + segment(0xFE, b"x")[1:]
    data = jpeg_with(fill, restart_marker_blocks=1)
    assert walk(data, "image/jpeg").troubles == ()


def test_a_run_of_fill_bytes_costs_no_more_than_its_length() -> None:
    data = b"\xff\xd8" + segment(0xDA, b"\1\1\0\0\x3f\0") + b"\xff" * 2_000_000 + b"\0"
    assert flags(walk(data, "image/jpeg")) == {"truncated"}

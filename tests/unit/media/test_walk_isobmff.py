"""The box walker finds metadata items, uuid boxes and texts, and stops at absurd sizes."""

from __future__ import annotations

import struct

import pytest

from assay.core.slots import SlotKind, Walk
from assay.media.slots import walk
from tests.support.containers import EXIF, JUMBF, XMP, box, ftyp, full_box, heif, mp4

XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def slots(found: Walk) -> dict[str, bytes]:
    return {s.key: s.data for s in found.slots}


@pytest.mark.parametrize("method", [0, 1])
def test_exif_and_xmp_items_of_an_heif(method: int) -> None:
    data = heif(EXIF, XMP, method=method)
    found = walk(data, "image/heic")
    kinds = {s.kind: s for s in found.slots}
    assert kinds[SlotKind.EXIF].data == EXIF
    assert kinds[SlotKind.XMP].data == XMP
    exif = kinds[SlotKind.EXIF]
    assert data[exif.offset : exif.offset + exif.length] == EXIF
    assert (found.width, found.height) == (640, 480)
    assert found.troubles == ()


def test_uuid_boxes_of_xmp_and_c2pa() -> None:
    data = mp4(
        box(b"uuid", XMP_UUID, XMP),
        box(b"uuid", C2PA_UUID, bytes(4), b"manifest\0", bytes(8), JUMBF),
    )
    found = {s.kind: s.data for s in walk(data, "video/mp4").slots}
    assert found == {SlotKind.XMP: XMP, SlotKind.C2PA: JUMBF}


def test_itunes_and_mdta_texts() -> None:
    def value(text: bytes) -> bytes:
        return box(b"data", struct.pack(">II", 1, 0), text)

    hdlr = full_box(b"hdlr", bytes(4), b"mdir", bytes(13))
    ilst = box(b"ilst", box(b"\xa9cmt", value(b'{"prompt": 1}')))
    keys = full_box(b"keys", struct.pack(">I", 1), box(b"mdta", b"AIGC"))
    keyed = box(b"ilst", box(struct.pack(">I", 1), value(b'{"Label": "1"}')))
    data = mp4(
        box(
            b"moov",
            box(b"udta", full_box(b"meta", hdlr, ilst), box(b"\xa9mak", b"\0\3\x15\xc7Abc")),
            full_box(b"meta", hdlr, keys, keyed),
        )
    )
    found = walk(data, "video/mp4")
    assert slots(found) == {"©cmt": b'{"prompt": 1}', "©mak": b"Abc", "AIGC": b'{"Label": "1"}'}
    assert found.troubles == ()


def test_a_track_gives_the_size() -> None:
    tkhd = full_box(b"tkhd", bytes(72), struct.pack(">II", 320 << 16, 240 << 16))
    found = walk(mp4(box(b"moov", box(b"trak", tkhd))), "video/mp4")
    assert (found.width, found.height) == (320, 240)


@pytest.mark.parametrize(
    "bad",
    [
        struct.pack(">I", 4) + b"moov",
        struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 1 << 62),
        struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 3),
    ],
)
def test_sizes_that_cannot_be_are_malformed(bad: bytes) -> None:
    assert {t.flag for t in walk(ftyp(b"isom") + bad, "video/mp4").troubles} == {"malformed"}


def test_a_cut_file_is_truncated() -> None:
    assert {t.flag for t in walk(mp4()[:-10], "video/mp4").troubles} == {"truncated"}


def test_boxes_nested_without_end_stop_at_a_depth() -> None:
    nested = b""
    for _ in range(1000):
        nested = box(b"moov", nested)
    assert {t.flag for t in walk(mp4(nested), "video/mp4").troubles} == {"malformed"}


def test_what_is_no_box_behind_the_last_one_is_a_trailer() -> None:
    found = walk(mp4(tail=b"\0\0\0\x20\1\2\3\4 hidden"), "video/mp4")
    assert [s.kind for s in found.slots] == [SlotKind.TRAILER]


def test_exif_of_a_jpeg_xl() -> None:
    head = b"\0\0\0\x0cJXL \r\n\x87\n"
    found = walk(head + box(b"Exif", bytes(4), EXIF) + box(b"jumb", JUMBF[8:]), "image/jxl")
    assert {s.kind: s.data for s in found.slots} == {SlotKind.EXIF: EXIF, SlotKind.C2PA: JUMBF}

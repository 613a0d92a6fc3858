"""ID3v2 in all its codings, ID3v1 and APE at the end, and the same tags in WAV and MP4 files."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.slots import SlotKind, Walk
from assay.media.slots import walk
from tests.support.containers import (
    JUMBF,
    MPEG,
    XMP,
    ape,
    box,
    frame,
    full_box,
    id3_tag,
    id3v1,
    mp4,
    riff_chunk,
    synchsafe,
    wav,
)


def texts(found: Walk) -> dict[str, bytes]:
    return {s.key: s.data for s in found.slots if s.kind is SlotKind.TEXT}


AIGC = b"\3AIGC\0" + b'{"Label": "1"}'
WIDE = b"\1" + "Stück".encode("utf-16")  # holds FF FE


def packed(body: bytes) -> bytes:
    return synchsafe(len(body)) + zlib.compress(body)


@pytest.mark.parametrize(
    "tag",
    [
        id3_tag(3, frame(b"TXXX", AIGC, version=3)),
        id3_tag(4, frame(b"TXXX", AIGC)),
        id3_tag(2, b"TXX" + len(AIGC).to_bytes(3, "big") + AIGC),
        id3_tag(4, frame(b"TXXX", packed(AIGC), flags=0x09)),
        id3_tag(4, frame(b"TXXX", b"\7" + AIGC, flags=0x40)),
        id3_tag(3, frame(b"TXXX", (200).to_bytes(4, "big") + zlib.compress(AIGC), flags=0x80,
                         version=3)),
        id3_tag(3, b"\0\0\0\6" + bytes(6), frame(b"TXXX", AIGC, version=3), flags=0x40),
        id3_tag(4, synchsafe(6) + bytes(2), frame(b"TXXX", AIGC), flags=0x40),
        id3_tag(4, frame(b"TXXX", AIGC), footer=True),
    ],
)  # fmt: skip
def test_a_label_is_found_however_its_frame_is_coded(tag: bytes) -> None:
    found = walk(tag + MPEG, "audio/mpeg")
    assert texts(found) == {"AIGC": b'{"Label": "1"}'}
    assert found.troubles == ()


@pytest.mark.parametrize(
    "tag",
    [
        id3_tag(3, frame(b"TIT2", WIDE, version=3), frame(b"TALB", b"\0x", version=3), flags=0x80),
        id3_tag(
            4,
            frame(b"TIT2", WIDE.replace(b"\xff", b"\xff\0"), flags=0x02),
            frame(b"TALB", b"\0x"),
        ),
    ],
)
def test_unsynchronisation_is_undone_and_ranges_point_to_the_stored_bytes(tag: bytes) -> None:
    found = walk(tag + MPEG, "audio/mpeg")
    assert texts(found) == {"TIT2": "Stück".encode(), "TALB": b"x"}
    title, album = found.slots
    assert tag[title.offset : title.offset + title.length] == WIDE.replace(b"\xff", b"\xff\0")
    assert tag[album.offset : album.offset + album.length] == b"\0x"


def test_a_plain_size_in_a_tag_of_version_4_is_understood() -> None:
    body = b"\3" + b"x" * 200
    frames = b"TIT2" + (201).to_bytes(4, "big") + b"\0\0" + body + frame(b"TALB", b"\3y")
    assert texts(walk(id3_tag(4, frames) + MPEG, "audio/mpeg")) == {
        "TIT2": body[1:], "TALB": b"y"
    }  # fmt: skip


def test_xmp_and_a_packed_c2pa_store_have_their_kinds() -> None:
    geob = b"\0application/c2pa\0\0\0" + JUMBF
    tag = id3_tag(4, frame(b"PRIV", b"XMP\0" + XMP), frame(b"GEOB", packed(geob), flags=0x09))
    assert {s.kind: s.data for s in walk(tag + MPEG, "audio/mpeg").slots} == {
        SlotKind.XMP: XMP, SlotKind.C2PA: JUMBF
    }  # fmt: skip


def test_an_encrypted_frame_is_kept_as_incomplete() -> None:
    (slot,) = walk(id3_tag(4, frame(b"TIT2", b"\3abc", flags=4)) + MPEG, "audio/mpeg").slots
    assert (slot.kind, slot.complete) == (SlotKind.OTHER, False)


def test_tags_at_the_end_are_read_in_any_order() -> None:
    second = id3_tag(4, frame(b"TXXX", AIGC), footer=True)
    data = MPEG + second + ape((b"Comment", b"{}")) + id3v1(b"song", b"made so")
    assert texts(walk(data, "audio/mpeg")) == {
        "AIGC": b'{"Label": "1"}', "Comment": b"{}", "title": b"song", "comment": b"made so"
    }  # fmt: skip
    for slot in walk(data, "audio/mpeg").slots:
        if slot.mechanism in ("ID3v1", "APE tag"):
            assert data[slot.offset : slot.offset + slot.length] == slot.data


def test_tags_inside_wav_and_mp4_files() -> None:
    tag = id3_tag(4, frame(b"TXXX", AIGC))
    assert texts(walk(wav(riff_chunk(b"id3 ", tag)), "audio/wav")) == {"AIGC": b'{"Label": "1"}'}
    hdlr = full_box(b"hdlr", bytes(4), b"ID32", bytes(13))
    meta = full_box(b"meta", hdlr, full_box(b"ID32", b"\x15\xc7", tag))
    assert texts(walk(mp4(box(b"moov", meta)), "video/mp4")) == {"AIGC": b'{"Label": "1"}'}


@pytest.mark.parametrize(
    ("data", "flag"),
    [
        (b"ID3\3\0\0" + synchsafe(500) + b"TIT2", "truncated"),
        (b"ID3\x09\0\0" + synchsafe(20) + bytes(20) + MPEG, "malformed"),
        (id3_tag(3, b"TIT2\0\0\1\0\0\0abc") + MPEG, "malformed"),
        (id3_tag(4, frame(b"TIT2", synchsafe(3) + b"no zlib", flags=9)) + MPEG, "malformed"),
        (MPEG + ape((b"a", b"b"))[:-20] + b"\xff" * 4 + bytes(16), "malformed"),
        (MPEG + ape((b"a", b"b")).replace(b"\1\0\0\0\0\0\0\0a", b"\xff\xff\0\0\0\0\0\0a"),
         "malformed"),
    ],
)  # fmt: skip
def test_damage_is_told(data: bytes, flag: str) -> None:
    assert flag in {t.flag for t in walk(data, "audio/mpeg").troubles}


TAGGED = (
    id3_tag(3, frame(b"TIT2", WIDE, version=3), frame(b"GEOB", JUMBF, version=3), flags=0x80)
    + id3_tag(4, frame(b"TXXX", packed(AIGC), flags=0x0B), frame(b"PRIV", b"XMP\0" + XMP))
    + MPEG
    + id3_tag(4, frame(b"COMM", b"\0engx\0y"), footer=True)
    + ape((b"Comment", b"{}"))
    + id3v1(b"a", b"b")
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_damage_raises_or_points_outside(data: st.DataObject) -> None:
    damaged = bytearray(TAGGED)
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[data.draw(st.integers(0, 20)) : data.draw(st.integers(0, len(damaged)))])
    for slot in walk(cut, "audio/mpeg").slots:
        assert 0 <= slot.offset <= slot.offset + slot.length <= len(cut)

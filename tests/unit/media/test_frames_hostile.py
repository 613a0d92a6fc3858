"""Moving pictures that lie, loop or break: findings, limits that name themselves, no surprise."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.media.frames import Moving, open_moving
from assay.media.frames_headers import read_header
from assay.media.frames_pages import tiff_directories
from assay.media.frames_png import read_apng
from assay.media.frames_samples import SAMPLES as TINY
from assay.media.frames_source import Source
from tests.support.clips import animation, clip, mp4, patched, track
from tests.support.members import damaged

VIDEO = "video/mp4"
HUGE = struct.pack(">I", 0xFFFFFFFE)
MANY = struct.pack(">I", 10**9)
SAMPLES = [
    *TINY,
    (VIDEO, clip("mp4", "mp4v")),
    ("video/x-msvideo", clip("avi", "MJPG")),
    ("video/x-matroska", clip("mkv", "FFV1")),
    ("video/mp2t", clip("ts", "mp2v")),
    ("video/x-flv", clip("flv", "FLV1")),
    ("video/x-ms-asf", clip("wmv", "WMV2")),
    ("image/gif", animation("GIF", range(4))),
]


def look(data: bytes, media_type: str = VIDEO) -> Moving:
    """Open and decode every chosen frame; fails where one that was announced is missing."""
    moving = open_moving(MemoryBlob(data), media_type)
    pictures = list(moving.frames())
    assert tuple(frame for frame, _ in pictures) == moving.info.frames
    for frame, picture in pictures:
        assert frame.index >= 0
        assert picture.rgb(8).shape[2] == 3
    return moving


def said(moving: Moving, flag: str) -> str:
    return "; ".join(t.detail for t in moving.troubles if t.flag == flag)


# MP4


@pytest.mark.parametrize(
    ("mark", "offset", "value"),
    [
        (b"mvhd", 4 + 8, bytes(4)),  # time scale 0
        (b"mdhd", 4 + 8, bytes(4)),
        (b"mdhd", 4 + 8, HUGE),
        (b"mvhd", 4 + 12, HUGE),  # duration
        (b"mdhd", 4 + 12, HUGE),
        (b"stts", 4 + 4, MANY),  # 10^9 frames in the table of times
        (b"stts", 4 + 8, bytes(4)),  # that take no time
        (b"stts", 4 + 8, HUGE),  # or an age each
        (b"tkhd", 76, HUGE + HUGE),  # width and height shown
    ],
)
def test_numbers_that_cannot_be_true_hide_no_frame(mark: bytes, offset: int, value: bytes) -> None:
    moving = look(patched(clip("mp4", "mp4v"), mark, offset, value))
    assert moving.info.counted == 12
    assert len(moving.info.frames) == 12


def test_a_lying_duration_is_said() -> None:
    moving = look(patched(clip("mp4", "mp4v"), b"mdhd", 4 + 12, HUGE))
    assert "claimed, frames end at 1.100 s" in said(moving, "lying_header")


def test_a_duration_of_2_to_the_63_is_said() -> None:
    data = clip("mp4", "mp4v")
    at = data.index(b"mdhd") - 4
    old = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    scale = old[20:24]
    # the longer box takes the place of a free one, so that no other offset changes
    new = struct.pack(">I", len(old) + 12) + b"mdhd" + b"\1\0\0\0" + bytes(16) + scale
    new += struct.pack(">Q", 1 << 63) + old[28:]
    grown = data[:at] + new + data[at + len(old) :]
    for name in (b"moov", b"trak", b"mdia"):
        place = grown.index(name) - 4
        size = int.from_bytes(grown[place : place + 4], "big") + len(new) - len(old)
        grown = grown[:place] + struct.pack(">I", size) + grown[place + 4 :]
    moving = look(grown)
    assert moving.info.counted == 12
    assert moving.info.duration is not None
    assert moving.info.duration > 1e14
    assert "s claimed" in said(moving, "lying_header")


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_claim_of_more_samples_than_bytes_is_cut_before_the_decoder_sees_it(size: int) -> None:
    lie = struct.pack(">II", size, 2 * 10**9)
    data = patched(clip("mp4", "mp4v"), b"stsz", 4, lie)
    data = patched(data, b"stts", 8, struct.pack(">I", 2 * 10**9))
    data = patched(data, b"stsc", 12, struct.pack(">I", 2 * 10**9))
    header = read_header(MemoryBlob(data), VIDEO)
    assert header.lies
    (count,) = struct.unpack(">I", next(iter(header.patches.values())))
    assert count <= len(data) + 1
    with contextlib.suppress(Malformed):
        assert said(look(data), "lying_header")


def test_a_table_of_sizes_without_its_frames_leaves_frames_unread() -> None:
    data = clip("mp4", "mp4v", tuple(range(12)))
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    middle = at + 8 + (size - 8) // 2
    broken = data[:middle] + bytes(at + size - middle) + data[at + size :]
    moving = look(broken)
    assert moving.info.counted is not None
    assert moving.info.counted < 12
    assert "12 claimed" in said(moving, "frames_unread")
    assert not moving.info.complete


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x18ftypisom",
        mp4(),
        mp4(track(b"vide", b"avc1")),
        clip("mp4", "mp4v")[:200],
        b"\0\0\0\x08moov" * 9000,
        b"\0\0\0\0moov" * 50,
    ],
    ids=["empty", "brand", "no track", "no sample", "cut", "many", "nested"],
)
def test_a_video_without_any_frame_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        look(data)


def test_frames_found_without_an_index_never_count_as_all() -> None:
    moving = look(clip("mp4", "mp4v").replace(b"moov", b"free"))
    assert moving.info.frames
    assert said(moving, "frames_unread")
    assert not moving.info.complete


def test_index_without_media_data_is_malformed() -> None:
    data = clip("mp4", "mp4v")
    index = data[data.index(b"moov") - 4 :]
    with pytest.raises(Malformed):
        look(data[:32] + index)


# AVI


@pytest.mark.parametrize(
    ("offset", "value"),
    [(20, 0), (24, 0), (24, 0xFFFFFFFF), (20, 0xFFFFFFFF), (32, 0), (32, 1), (32, 0xFFFFFFFF)],
    ids=["scale 0", "rate 0", "rate max", "scale max", "no frames", "1 frame", "2^32 frames"],
)
def test_rates_and_lengths_of_an_avi_are_not_believed(offset: int, value: int) -> None:
    data = patched(clip("avi", "MJPG"), b"strh", 4 + offset, struct.pack("<I", value))
    moving = look(data, "video/x-msvideo")
    assert moving.info.counted == 12
    if offset == 32 or value == 0xFFFFFFFF:
        assert said(moving, "lying_header")


def test_a_broken_index_of_an_avi_hides_no_frame() -> None:
    data = clip("avi", "MJPG")
    at = data.index(b"idx1") + 8
    for changed in (data[:at] + b"\xff" * (len(data) - at), data[: at - 8]):
        assert look(changed, "video/x-msvideo").info.counted == 12


def test_a_cut_avi_gives_what_is_there_and_says_so() -> None:
    data = clip("avi", "MJPG")
    moving = look(data[: len(data) * 2 // 3], "video/x-msvideo")
    assert 0 < len(moving.info.frames) < 12
    assert said(moving, "truncated")
    assert "12 claimed" in said(moving, "frames_unread")


def test_a_giant_picture_is_refused_by_its_header() -> None:
    data = clip("avi", "FFV1", (1, 2))
    format_block = data.index(b"strf") + 8
    giant = struct.pack("<ii", 60_000, 60_000)
    with pytest.raises((LimitReached, Malformed)):
        look(data[: format_block + 4] + giant + data[format_block + 12 :], "video/x-msvideo")


# others


def test_a_cut_matroska_says_how_much_is_missing() -> None:
    data = clip("mkv", "FFV1")
    assert said(look(data[: len(data) // 2], "video/x-matroska"), "truncated")


def test_an_index_that_repeats_the_same_bytes_empties_an_account() -> None:
    source = Source(MemoryBlob(bytes(1 << 20)))
    total = 0
    for _ in range(1000):
        source.seek(0)
        total += len(source.read(1 << 20))
    assert source.spent
    assert total <= 100 << 20


def test_what_the_medium_does_not_give_is_raised_and_not_taken_for_the_end() -> None:
    data = clip("avi", "MJPG", tuple(range(40)))

    class Torn:
        size = len(data)

        def read(self, offset: int, length: int) -> bytes:
            if offset + length > 100_000:
                raise OSError(5, "Input/output error")
            return data[offset : offset + length]

    with pytest.raises(OSError, match="Input/output"):
        open_moving(Torn(), "video/x-msvideo")


def test_patched_numbers_are_read_across_the_edges_of_reads() -> None:
    source = Source(MemoryBlob(b"0123456789"), {3: b"abcd"})
    assert source.read() == b"012abcd789"
    source.seek(5)
    assert source.read(1) == b"c"
    source.seek(2)
    assert source.read(2) == b"2a"


def test_animations_that_claim_10_to_the_9_frames_give_those_that_are_there() -> None:
    data = patched(animation("PNG", range(3)), b"acTL", 0, struct.pack(">II", 10**9, 0))
    moving = look(data, "image/png")
    assert moving.info.counted == 3
    assert "1000000000" in said(moving, "lying_header")


def test_a_cut_gif_gives_the_frames_before_the_cut() -> None:
    data = animation("GIF", range(6))
    moving = look(data[: len(data) // 2], "image/gif")
    assert 0 < len(moving.info.frames) < 6
    assert said(moving, "truncated")
    assert not moving.info.complete


@given(
    sample=st.sampled_from(SAMPLES),
    cut=st.integers(0, 1 << 16),
    flips=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(1, 255)), max_size=8),
)
@settings(max_examples=250, deadline=None)
def test_damage_never_raises_past_the_contract(
    sample: tuple[str, bytes], cut: int, flips: list[tuple[int, int]]
) -> None:
    media_type, data = sample
    with contextlib.suppress(Malformed, LimitReached, NotApplicable):
        look(damaged(data, cut if cut % 3 == 0 else 0, flips), media_type)


@given(
    start=st.sampled_from([b"", b"RIFF\0\0\0\0AVI ", b"\x1a\x45\xdf\xa3", b"II*\0", b"MM\0+"]),
    rest=st.binary(max_size=200),
    media_type=st.sampled_from(sorted({t for t, _ in SAMPLES} | {"video/ogg", "video/mpeg"})),
)
@settings(max_examples=150, deadline=None)
def test_header_readers_survive_any_bytes(start: bytes, rest: bytes, media_type: str) -> None:
    data = start + rest
    assert len(read_header(MemoryBlob(data), media_type).tracks) <= 4096
    assert len(tiff_directories(data)) <= 200
    read_apng(b"\x89PNG\r\n\x1a\n" + rest)

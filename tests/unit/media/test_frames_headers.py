"""What headers say of tracks and sound, container by container."""

from __future__ import annotations

import pytest

from assay.core.blob import MemoryBlob
from assay.media.frames_headers import read_header
from tests.support.clips import clip, mp4, track


def header(data: bytes, media_type: str):  # type: ignore[no-untyped-def]
    return read_header(MemoryBlob(data), media_type)


@pytest.mark.parametrize(
    ("suffix", "code", "media_type"),
    [
        ("avi", "MJPG", "video/x-msvideo"),
        ("mp4", "mp4v", "video/mp4"),
        ("mkv", "FFV1", "video/x-matroska"),
        ("webm", "VP80", "video/webm"),
        ("flv", "FLV1", "video/x-flv"),
        ("wmv", "WMV2", "video/x-ms-asf"),
        ("rm", "RV10", "application/vnd.rn-realmedia"),
    ],
)
def test_a_silent_video_has_one_track_and_no_sound(suffix: str, code: str, media_type: str) -> None:
    found = header(clip(suffix, code), media_type)
    assert [t.kind for t in found.tracks] == ["video"]
    assert found.sound is False


@pytest.mark.parametrize(("suffix", "code"), [("avi", "MJPG"), ("mp4", "mp4v"), ("mkv", "FFV1")])
def test_durations_are_in_seconds(suffix: str, code: str) -> None:
    types = {"avi": "video/x-msvideo", "mp4": "video/mp4", "mkv": "video/x-matroska"}
    (found,) = header(clip(suffix, code), types[suffix]).videos
    assert found.duration == pytest.approx(1.2, abs=0.11)


def test_frames_are_counted_where_the_header_does() -> None:
    assert header(clip("avi", "MJPG"), "video/x-msvideo").videos[0].frames == 12
    assert header(clip("mp4", "mp4v"), "video/mp4").videos[0].frames == 12


def test_sound_beside_the_picture_is_told() -> None:
    found = header(mp4(track(b"vide", b"avc1"), track(b"soun", b"mp4a")), "video/mp4")
    assert [(t.kind, t.codec) for t in found.tracks] == [("video", "avc1"), ("sound", "mp4a")]
    assert found.sound is True


def test_where_the_header_does_not_tell_sound_is_unknown() -> None:
    assert header(clip("ts", "mp2v"), "video/mp2t").sound is None
    assert header(b"", "video/mp4").sound is None


def test_streams_of_flv_asf_and_ogg_are_told_apart() -> None:
    assert header(b"FLV\1\5\0\0\0\x09" + bytes(4), "video/x-flv").sound is True
    page = b"OggS\0\2" + bytes(20) + b"\1\x1e"
    both = page + b"\x80theora" + bytes(23) + page + b"\1vorbis" + bytes(23)
    found = header(both, "video/ogg")
    assert [t.kind for t in found.tracks] == ["video", "sound"]


def test_a_program_stream_names_its_streams_by_their_packets() -> None:
    data = b"\0\0\1\xba" + bytes(10) + b"\0\0\1\xe0" + bytes(20) + b"\0\0\1\xc0" + bytes(20)
    assert {t.kind for t in header(data, "video/mpeg").tracks} == {"video", "sound"}


def test_bytes_missing_at_the_end_are_counted() -> None:
    data = clip("mkv", "FFV1")
    assert header(data, "video/x-matroska").missing == 0
    assert header(data[:-100], "video/x-matroska").missing == 100
    data = clip("avi", "MJPG")
    assert header(data[:-100], "video/x-msvideo").missing == 100

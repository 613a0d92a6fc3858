"""Frames of videos, animations and pages: which are chosen, and that they decode again the same."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.blob import MemoryBlob
from assay.core.contract import Frame
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.media import frames_stills, frames_video
from assay.media.decode_samples import SAMPLES as STILLS
from assay.media.frames import Moving, open_moving
from assay.media.frames_pages import tiff_directories
from assay.media.frames_samples import SAMPLES
from assay.media.frames_video import PASS_PIXELS
from assay.media.sniff import sniff
from tests.support.clips import (
    RATE,
    SIZE,
    animation,
    bare_avi,
    box,
    clip,
    mp4,
    patched,
    scene,
    track,
)

VIDEOS = [
    ("avi", "MJPG", "video/x-msvideo", "avi"),
    ("mp4", "mp4v", "video/mp4", "mp4"),
    ("mov", "mp4v", "video/quicktime", "quicktime"),
    ("3gp", "mp4v", "video/3gpp", "3gpp"),
    ("mkv", "FFV1", "video/x-matroska", "matroska"),
    ("webm", "VP80", "video/webm", "webm"),
    ("flv", "FLV1", "video/x-flv", "flv"),
    ("wmv", "WMV2", "video/x-ms-asf", "asf"),
    ("ts", "mp2v", "video/mp2t", "mp2t"),
]
ROOT = Path(__file__).resolve().parents[3]


def look(data: bytes, media_type: str, limit: int = 16) -> Moving:
    return open_moving(MemoryBlob(data), media_type, limit)


def shown(moving: Moving) -> dict[int, np.ndarray]:
    """Decode the chosen frames; fails where they are not the ones that were announced."""
    pictures = list(moving.frames())
    assert tuple(frame for frame, _ in pictures) == moving.info.frames
    return {frame.index: picture.rgb() for frame, picture in pictures}


def unlike(picture: np.ndarray, number: int) -> float:
    """Return how far a frame is from a scene, in levels of 255."""
    size = (picture.shape[1], picture.shape[0])
    return float(np.abs(picture.astype(int) - scene(number, size)).mean())


def flags(moving: Moving) -> set[str]:
    return {trouble.flag for trouble in moving.troubles}


# video


@pytest.mark.parametrize(("suffix", "code", "media_type", "container"), VIDEOS)
def test_every_frame_of_a_short_video_is_looked_at(
    suffix: str, code: str, media_type: str, container: str
) -> None:
    data = clip(suffix, code)
    assert sniff(data[:65536], len(data)) == media_type
    moving = look(data, media_type)
    info = moving.info
    assert (info.container, info.width, info.height) == (container, *SIZE)
    assert info.counted == len(info.frames) == 12
    assert info.complete
    assert moving.troubles == ()
    assert [f.time for f in info.frames] == pytest.approx([n / RATE for n in range(12)], abs=0.02)
    for index, picture in shown(moving).items():
        assert min(range(12), key=lambda n: unlike(picture, n)) == index


def test_the_frames_at_which_scenes_change_are_chosen() -> None:
    scenes = (0,) * 30 + (1,) * 2 + (2,) * 25 + (3,) * 40
    moving = look(clip("mp4", "mp4v", scenes), "video/mp4", 4)
    assert {scenes[frame.index] for frame in moving.info.frames} == {0, 1, 2, 3}
    assert not moving.info.complete  # the others are alike, not equal


def test_a_video_of_one_picture_gives_one_frame() -> None:
    moving = look(clip("mkv", "FFV1", (5,) * 40), "video/x-matroska")
    assert [frame.index for frame in moving.info.frames] == [0]
    assert moving.info.complete  # the codec is lossless, so the others equal it
    assert moving.info.counted == 40


def test_a_one_frame_video_is_read() -> None:
    moving = look(clip("avi", "MJPG", (3,)), "video/x-msvideo")
    assert moving.info.frames == (Frame(0, 0.0),)
    assert unlike(shown(moving)[0], 3) < 12


def test_more_frames_can_be_asked_for() -> None:
    data = clip("avi", "MJPG", tuple(range(40)))
    assert len(look(data, "video/x-msvideo").info.frames) == 16
    more = look(data, "video/x-msvideo", 64)
    assert len(more.info.frames) == 40
    assert more.info.complete


def test_the_same_bytes_give_the_same_frames() -> None:
    data = clip("mp4", "mp4v", tuple(range(60)))
    first, second = look(data, "video/mp4"), look(data, "video/mp4")
    assert first.info == second.info
    assert all(np.array_equal(a, shown(second)[n]) for n, a in shown(first).items())


def test_orientation_is_told_and_not_applied() -> None:
    turned = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 48 << 16, 0, 1 << 30)
    data = patched(clip("mp4", "mp4v"), b"tkhd", 40, turned)
    moving = look(data, "video/mp4")
    assert (moving.info.width, moving.info.height) == SIZE
    _, picture = next(iter(moving.frames()))
    assert picture.info.orientation == 6
    assert unlike(picture.rgb(), 0) < 12


def test_planes_agree_with_each_other() -> None:
    _, picture = next(iter(look(clip(), "video/x-msvideo").frames()))
    grey = np.asarray(Image.fromarray(picture.rgb()).convert("L"))
    assert np.abs(grey.astype(int) - picture.luma()).max() <= 1
    assert picture.rgb(32).shape == (24, 32, 3)
    assert picture.variants() == ()


# long videos: the budget is lowered instead of decoding minutes of film


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let a run decode 100 frames of the test size."""
    for name in ("PASS_PIXELS", "JUMP_PIXELS"):
        monkeypatch.setattr(frames_video, name, 100 * SIZE[0] * SIZE[1])
    return 100


@pytest.mark.parametrize(("suffix", "code"), [("mp4", "mp4v"), ("webm", "VP80"), ("flv", "FLV1")])
def test_a_long_video_is_sampled_from_end_to_end(suffix: str, code: str, small_budget: int) -> None:
    scenes = tuple(n // 12 for n in range(600))
    data = clip(suffix, code, scenes)
    moving = look(data, sniff(data[:65536], len(data)))
    numbers = [frame.index for frame in moving.info.frames]
    assert moving.info.counted is None
    assert not moving.info.complete
    assert len(numbers) >= 12
    assert numbers[0] == 0
    assert numbers[-1] > 480
    for index, picture in shown(moving).items():
        near = min(range(50), key=lambda n: unlike(picture, n))
        assert abs(near - scenes[index]) <= 1


def test_where_all_frames_are_key_frames_jumps_reach_the_rest(small_budget: int) -> None:
    data = clip("avi", "MJPG", tuple(range(500)))
    moving = look(data, "video/x-msvideo")
    numbers = [frame.index for frame in moving.info.frames]
    assert len(numbers) == 16
    assert numbers[-1] > 250
    for index, picture in shown(moving).items():
        assert unlike(picture, index) < 12


def test_a_header_that_counts_too_few_frames_ends_nothing(small_budget: int) -> None:
    data = patched(clip("avi", "MJPG", tuple(range(300))), b"strh", 4 + 32, struct.pack("<I", 5))
    moving = look(data, "video/x-msvideo")
    assert moving.info.frames[-1].index >= small_budget // 2
    assert flags(moving) == {"frames_unread"}


def test_a_header_that_counts_too_few_frames_hides_no_key_frame(small_budget: int) -> None:
    data = clip("mp4", "mp4v", tuple(n // 12 for n in range(600)))
    table = data.index(b"stts")
    few = data[: table + 12] + struct.pack(">I", 5) + data[table + 16 :]
    few = patched(few, b"stsz", 0, bytes(4))
    moving = look(few, "video/mp4")
    assert moving.info.frames[-1].index > 300
    assert "lying_header" in flags(moving)


@pytest.mark.parametrize("claim", [2e4, 4e4, 1e6])
def test_a_duration_that_leads_every_jump_astray_hides_no_frame(
    claim: float, small_budget: int
) -> None:
    data = clip("webm", "VP80")
    lying = patched(data, b"\x44\x89\x88", 0, struct.pack(">d", claim))
    moving = look(lying, "video/webm")
    assert moving.info.counted == 12
    assert sorted(shown(moving)) == list(range(12))


def test_a_frame_rate_and_a_count_that_lie_together_hide_no_frame(small_budget: int) -> None:
    data = patched(clip("avi", "MJPG"), b"strh", 4 + 20, struct.pack("<IIII", 1, 1000, 0, 5000))
    moving = look(data, "video/x-msvideo")
    assert len(shown(moving)) == 12


def test_frames_beyond_every_reach_are_an_incomplete_finding(
    small_budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames_video, "PASS_FRAMES", 20)
    data = patched(clip("avi", "MJPG", tuple(range(60))), b"strh", 4 + 32, struct.pack("<I", 5))
    moving = look(data, "video/x-msvideo")
    assert "frames_unread" in flags(moving)
    assert not moving.info.complete


# sound


def test_sound_alone_is_named_and_is_no_failure() -> None:
    moving = look(mp4(track(b"soun", b"mp4a")), "video/mp4")
    assert moving.info.sound is True
    assert moving.info.frames == ()
    assert moving.info.complete
    assert moving.info.duration == 4.0
    assert list(moving.frames()) == []


def test_a_promised_video_that_does_not_decode_is_a_failure() -> None:
    with pytest.raises(Malformed, match="avc1"):
        look(mp4(track(b"vide", b"avc1"), track(b"soun", b"mp4a")), "video/mp4")


def test_a_second_video_track_is_not_passed_over_in_silence() -> None:
    data = clip("mp4", "mp4v")
    at = data.index(b"moov") - 4
    moov = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    both = data[:at] + box(b"moov", moov[8:], track(b"vide", b"avc1")) + data[at + len(moov) :]
    moving = look(both, "video/mp4")
    assert ("frames_unread", "1 of 2 video tracks was read") in {
        (t.flag, t.detail) for t in moving.troubles
    }
    assert len(shown(moving)) == 12


def test_av1_is_decoded_by_the_other_library() -> None:
    sequence = dict(SAMPLES)["image/avif"]
    data = sequence[:8] + b"isom" + sequence[12:]
    assert sniff(data, len(data)) == "video/mp4"
    moving = look(data, "video/mp4")
    assert (moving.info.codec, moving.info.counted) == ("av01", 3)
    assert len(shown(moving)) == 3


# animations and pages


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("PNG", "image/png"),
        ("PNG", "image/apng"),
        ("AVIF", "image/avif"),
        ("AVIF", "image/avif-sequence"),
    ],
)
def test_frames_of_an_animation_come_as_shown_with_their_times(kind: str, media_type: str) -> None:
    moving = look(animation(kind, range(5), duration=200), media_type)
    info = moving.info
    assert [frame.index for frame in info.frames] == [0, 1, 2, 3, 4]
    assert [f.time for f in info.frames] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert info.complete
    assert not info.pages
    assert moving.troubles == ()
    for index, picture in shown(moving).items():
        assert min(range(5), key=lambda n: unlike(picture, n)) == index


def test_gif_frames_that_change_a_corner_are_composed() -> None:
    first = Image.fromarray(scene(1)).quantize(64)
    second = first.copy()
    second.paste(0, (0, 0, 16, 16))
    out = io.BytesIO()
    first.save(out, "GIF", save_all=True, append_images=[second], duration=50)
    pictures = shown(look(out.getvalue(), "image/gif"))
    assert np.abs(pictures[1][20:].astype(int) - pictures[0][20:]).max() == 0
    assert np.abs(pictures[1][:16, :16].astype(int) - pictures[0][:16, :16]).max() > 0


@pytest.mark.parametrize(("media_type", "data"), STILLS)
def test_a_still_picture_is_quietly_not_applicable(media_type: str, data: bytes) -> None:
    with pytest.raises(NotApplicable):
        look(data, media_type)


def test_text_has_no_frames() -> None:
    with pytest.raises(NotApplicable):
        look(b"a note", "text/plain")


def test_pages_of_a_tiff_have_numbers_and_no_times() -> None:
    moving = look(animation("TIFF", range(4)), "image/tiff")
    assert moving.info.frames == tuple(Frame(n, None) for n in range(4))
    assert moving.info.pages
    assert moving.info.complete
    assert all(np.array_equal(picture, scene(n)) for n, picture in shown(moving).items())


def test_pictures_below_a_tiff_directory_are_pages_too() -> None:
    data = animation("TIFF", range(2))
    first, second = tiff_directories(data)
    entries = int.from_bytes(data[first : first + 2], "little")
    start = len(data)
    directory = data[first + 2 : first + 2 + 12 * entries] + struct.pack("<HHII", 330, 4, 1, second)
    changed = struct.pack("<H", entries + 1) + directory + bytes(4)  # no next page
    below = data[:4] + struct.pack("<I", start) + data[8:] + changed
    assert tiff_directories(below) == (start, second)
    assert np.array_equal(shown(look(below, "image/tiff"))[1], scene(1))


def test_a_tiff_whose_chain_loops_ends() -> None:
    data = animation("TIFF", range(3))
    offsets = tiff_directories(data)
    last = offsets[-1]
    after = last + 2 + 12 * int.from_bytes(data[last : last + 2], "little")
    looped = data[:after] + struct.pack("<I", offsets[0]) + data[after + 4 :]
    assert tiff_directories(looped) == offsets


def test_a_damaged_page_spoils_no_other() -> None:
    data = bytearray(animation("TIFF", range(3), compression="tiff_lzw"))
    second = tiff_directories(bytes(data))[1]
    data[second + 2 : second + 14] = b"\xff" * 12
    moving = look(bytes(data), "image/tiff")
    assert [frame.index for frame in moving.info.frames] == [0, 2]
    assert "frames_unread" in flags(moving)
    assert not moving.info.complete


def test_sizes_of_an_icon_are_pages() -> None:
    out = io.BytesIO()
    sizes = [(16, 16), (32, 32), (48, 48)]
    Image.fromarray(scene(2, (64, 64))).save(out, "ICO", sizes=sizes)
    moving = look(out.getvalue(), "image/x-icon")
    assert moving.info.pages
    assert moving.info.counted == 3


def test_frames_that_an_animated_png_hides_are_found() -> None:
    data = animation("PNG", range(4))
    for changed in (
        patched(data, b"acTL", 0, struct.pack(">II", 1, 0)),
        data.replace(b"acTL", b"abCd"),
    ):
        moving = look(changed, "image/png")
        assert moving.info.counted == 4
        assert flags(moving) == {"lying_header"}


def test_an_animation_beyond_the_budget_says_how_far_it_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frames_stills, "PIXELS", 10 * SIZE[0] * SIZE[1])
    moving = look(animation("GIF", range(30)), "image/gif")
    assert moving.info.counted is None
    assert [f.index for f in moving.info.frames] == list(range(10))
    assert flags(moving) == {"frames_unread"}


def test_an_animation_larger_than_a_worker_holds_is_refused() -> None:
    class Large:
        size = 1 << 40

        def read(self, offset: int, length: int) -> bytes:
            raise AssertionError("must not be read")

    with pytest.raises(LimitReached) as error:
        open_moving(Large(), "image/gif")
    assert error.value.flag == "size_limit"


# in the sealed worker

SEALED = """
import sys
from assay.core.blob import MemoryBlob
from assay.media import decode, frames
from assay.media.frames_samples import SAMPLES

decode.warm()
frames.warm()

def sealed(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "socket.__new__"):
        raise RuntimeError(f"{event} {arguments[0]} after the seal")

sys.addaudithook(sealed)
for media_type, data in SAMPLES:
    for cut in (len(data), len(data) * 2 // 3):
        try:
            list(frames.open_moving(MemoryBlob(data[:cut]), media_type).frames())
        except Exception as error:
            if type(error).__name__ not in ("Malformed", "NotApplicable", "LimitReached"):
                raise
print("done")
"""


def test_nothing_is_loaded_and_no_file_opened_after_warming() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEALED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"
    assert done.stderr == ""  # neither library prints what it met


@pytest.mark.parametrize("bottom_up", [False, True])
def test_bare_pixels_come_out_upright_whichever_way_they_are_stored(*, bottom_up: bool) -> None:
    frames = []
    for number in range(4):
        rows = np.full((48, 64, 3), 200, np.uint8)
        rows[:24] = 20 + 40 * number
        frames.append((rows[::-1] if bottom_up else rows).tobytes())
    moving = look(bare_avi(frames, 64, 48, bottom_up=bottom_up), "video/x-msvideo")
    tops = [int(rgb[2, 2, 0]) for rgb in shown(moving).values()]
    assert tops == [20, 60, 100, 140]
    assert all(int(rgb[-2, 2, 0]) == 200 for rgb in shown(moving).values())


@pytest.mark.shared_data
def test_real_clips_are_read_to_the_frame(shared_data: Path) -> None:
    clips = sorted((shared_data / "video").rglob("*.m*[4v]"))
    assert clips
    for path in clips:
        data = path.read_bytes()
        info = look(data, sniff(data[:65536], len(data))).info
        if info.width * info.height * (info.declared or 0) <= PASS_PIXELS:
            assert info.counted == info.declared, path.name
        assert len(info.frames) >= 10, path.name


@pytest.mark.shared_data
def test_a_gif_of_1500_equal_frames_is_one_picture(shared_data: Path) -> None:
    data = (shared_data / "evidence" / "hostile" / "gif_1500_frames.gif").read_bytes()
    info = look(data, "image/gif").info
    assert (info.counted, len(info.frames), info.complete) == (1500, 1, True)

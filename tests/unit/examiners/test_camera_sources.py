"""Camera text outside EXIF (CIFF, video keys), and the facts beside it: times, odd values, ends."""

from __future__ import annotations

import io

import pytest

from assay.core.contract import Settings
from assay.core.facts import Observation
from assay.core.vocab import Level, Polarity
from assay.examiners.camera import CameraExaminer
from tests.support.ciff_blocks import ciff, with_ciff
from tests.support.containers import box, mp4
from tests.support.photos import EXPOSURE, MAKE, MODEL, exif_block, photo, scene
from tests.support.tiffs import ASCII, LONG, RATIONAL, Row, block
from tests.support.views import make_view


def examine(data: bytes, media_type: str = "image/jpeg") -> list[Observation]:
    examiner = CameraExaminer()
    examiner.prepare(Settings(evaluation_date="2026-01-01"))
    return list(examiner.examine(make_view(examiner, data, media_type)))


def camera(rows: list[Observation]) -> Observation:
    (found,) = [o for o in rows if o.kind == "camera"]
    return found


def test_a_ciff_block_is_camera_text_as_exif_is() -> None:
    found = camera(examine(with_ciff(scene(), ciff())))
    assert (found.level, found.value["mechanism"]) == (Level.C2, "JPEG APP0 CIFF")
    assert (found.value["make"], found.value["model"]) == ("Canon", "Canon Example 5")
    assert found.value["taken_at"] == "2000-10-27T22:56:26"


def test_a_ciff_block_that_states_another_shape_contradicts() -> None:
    rows = examine(with_ciff(scene(size=(300, 300)), ciff()))
    assert [o.value["outcome"] for o in rows if o.kind == "structure"] == ["contradiction"]
    assert camera(rows).level is Level.C1


def test_the_text_of_early_cameras_is_camera_text() -> None:
    text = (
        b"EXAMPLE CO.\0 713\r\n[picture info]\r\nTimeDate=909698819\r\nShutter=33363\r\n"
        b"ImageSize=400-300\r\n[camera info]\r\nType=SR99\r\n"
    )
    data = with_ciff(scene(), text)  # puts any payload into APP0
    at = data.index(b"\xff\xe0", 4)
    found = camera(examine(data[:at] + b"\xff\xec" + data[at + 2 :]))
    assert (found.value["make"], found.value["model"]) == ("EXAMPLE CO.", "SR99")
    assert (found.level, found.value["mechanism"]) == (Level.C2, "JPEG APP12 picture info")


@pytest.mark.parametrize(
    ("boxes", "make", "model"),
    [
        ((box(b"\xa9mak", b"\0\3\x15\xc7Abc"), box(b"\xa9mod", b"\0\2\x15\xc7X1")), "Abc", "X1"),
        ((box(b"manu", b"Abc\0"), box(b"modl", b"X1\0")), "Abc", "X1"),
        ((box(b"manu", b"\0\0\0\0\x15\xc7Abc"), box(b"modl", b"\0\0\0\0\x15\xc7X1")), "Abc", "X1"),
        ((box(b"CNMN", b"Canon Example 5\0"), box(b"CNFV", b"1.0\0")), "Canon", "Canon Example 5"),
    ],
    ids=["©mak", "manu", "manu with six bytes", "CNMN"],
)
def test_a_video_that_names_its_device_is_c1(
    boxes: tuple[bytes, ...], make: str, model: str
) -> None:
    found = camera(examine(mp4(box(b"moov", box(b"udta", *boxes))), "video/mp4"))
    assert found.level is Level.C1
    assert (found.value["make"], found.value["model"]) == (make, model)


def test_time_and_place_of_a_video_are_shown() -> None:
    boxes = (
        box(b"\xa9mak", b"\0\3\x15\xc7Abc"),
        box(b"\xa9day", b"\0\x18\x15\xc72024-05-06T07:08:09+0200"),
        box(b"\xa9xyz", b"\0\x12\x15\xc7+52.5000-013.2500/"),
    )
    found = camera(examine(mp4(box(b"moov", box(b"udta", *boxes))), "video/mp4"))
    assert (found.value["taken_at"], found.value["zone"]) == ("2024-05-06T07:08:09", "+02:00")
    assert found.value["gps"] == [52.5, -13.25]


def test_a_screen_recording_of_a_computer_is_no_camera() -> None:
    boxes = (box(b"\xa9mak", b"\0\5\x15\xc7Apple"), box(b"\xa9mod", b"\0\7\x15\xc7Mac15,9"))
    assert examine(mp4(box(b"moov", box(b"udta", *boxes))), "video/mp4") == []


def _timed(taken: str, changed: str, *gps: Row) -> bytes:
    rows: list[Row] = [(MAKE, ASCII, "Example Corp"), (MODEL, ASCII, "Model 7")]
    if changed:
        rows.append((0x0132, ASCII, changed))
    size: list[Row] = [(0xA002, LONG, 400), (0xA003, LONG, 300)]
    return photo(scene(), block(rows, exif=[*EXPOSURE, (0x9003, ASCII, taken), *size], gps=gps))


@pytest.mark.parametrize(
    "data",
    [
        _timed("2024:05:06 07:08:09", "2023:01:01 00:00:00"),
        _timed("2024:05:06 07:08:09", "", (0x1D, ASCII, "2024:03:01")),
        _timed("2031:05:06 07:08:09", ""),
    ],
    ids=["changed before taken", "fixed in another month", "after the evaluation date"],
)
def test_times_in_the_wrong_order_are_a_finding_and_change_no_level(data: bytes) -> None:
    rows = examine(data)
    (finding,) = [o for o in rows if o.kind == "finding"]
    assert (finding.value["flag"], finding.level) == ("time_order", Level.N)
    assert camera(rows).level is Level.C2


@pytest.mark.parametrize(
    "data",
    [
        _timed("2024:05:06 07:08:09", "2024:05:06 07:08:09"),
        _timed("2024:05:06 07:08:09", "2024:05:05 22:00:00"),  # another zone
        _timed("2024:05:06 07:08:09", "0000:00:00 00:00:00"),
        _timed("2024:05:06 07:08:09", "2025:01:01 00:00:00", (0x1D, ASCII, "2024:05:05")),
        _timed("1980:01:01 00:00:00", ""),  # a clock that was never set
    ],
)
def test_times_that_zones_or_an_unset_clock_explain_are_no_finding(data: bytes) -> None:
    assert [o for o in examine(data) if o.kind == "finding"] == []


def test_values_that_no_camera_writes_are_named() -> None:
    odd: list[Row] = [(0x829A, RATIONAL, (1, 125)), (0x829D, RATIONAL, (1, 100))]
    found = camera(examine(photo(scene(), exif_block(exposure=odd))))
    assert found.value["doubts"] == ["FNumber of 0.01"]
    assert found.level is Level.C2  # a fact; the levels of DESIGN §5 do not ask for it
    assert camera(examine(photo(scene(), exif_block()))).value["doubts"] == []


@pytest.mark.parametrize(
    ("tail", "what"),
    [
        (bytes(9) + b"\xff\xd8\xff\xe1", "another JPEG"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "MP4 video"),
        (b"\0\0\x01\x0aMotionPhoto_Data" + b"x" * 90 + b"SEFT", "Samsung trailer (SEFT)"),
        (b"PK\3\4" + bytes(60), "ZIP archive"),
        (bytes(300), "zeros"),
        (b"a note", "plain text"),
        (bytes(range(1, 255)), "unknown data"),
    ],
)
def test_what_follows_the_end_is_named(tail: bytes, what: str) -> None:
    data = photo(scene(), exif_block())
    (found,) = [o for o in examine(data + tail) if o.kind == "trailer"]
    assert (found.value["what"], found.value["bytes"]) == (what, len(tail))
    assert (found.level, found.polarity) == (Level.N, Polarity.NONE)
    assert found.locator == f"bytes {len(data)}-{len(data) + len(tail)}"


def test_a_picture_that_ends_with_its_end_has_no_trailer() -> None:
    assert [o for o in examine(photo(scene(), exif_block())) if o.kind == "trailer"] == []


def test_a_stripped_picture_says_nothing_at_all() -> None:
    out = io.BytesIO()
    scene().save(out, "JPEG", quality=90)
    assert examine(out.getvalue()) == []

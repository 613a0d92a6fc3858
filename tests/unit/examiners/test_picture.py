"""``picture`` says how a file decoded and is the one that reports what was wrong."""

from __future__ import annotations

import struct
import zlib

import pytest

from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.facts import Observation
from assay.examiners.picture import PictureExaminer
from assay.media.decode_samples import SAMPLES
from tests.support.views import make_view

JPEG = dict(SAMPLES)["image/jpeg"]


def examined(data: bytes, media_type: str) -> list[Observation]:
    examiner = PictureExaminer()
    return list(examiner.examine(make_view(examiner, data, media_type)))


def raising(data: bytes, media_type: str) -> tuple[list[Observation], Exception]:
    """Return what was seen before the examiner gave up, and why it did."""
    examiner = PictureExaminer()
    seen: list[Observation] = []
    with pytest.raises((Malformed, LimitReached, NotApplicable)) as caught:
        seen.extend(examiner.examine(make_view(examiner, data, media_type)))
    return seen, caught.value


def test_a_whole_picture_gives_its_facts_and_no_finding() -> None:
    (seen,) = examined(JPEG, "image/jpeg")
    assert seen.kind == "picture"
    assert {k: seen.value[k] for k in ("format", "width", "height", "mode", "bits", "decoded")} == {
        "format": "JPEG",
        "width": 24,
        "height": 16,
        "mode": "YCbCr",
        "bits": 8,
        "decoded": "full",
    }


def test_a_cut_picture_is_partial_with_a_finding() -> None:
    picture, finding = examined(JPEG[:-20], "image/jpeg")
    assert picture.value["decoded"] == "partial"
    assert finding.value["flag"] == "truncated"


def test_a_pixel_bomb_gives_its_header_size_and_the_limit() -> None:
    header = struct.pack(">IIBBBBB", 65000, 65000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        crc = zlib.crc32(name + body)
        bomb += struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)
    (picture,), error = raising(bomb, "image/png")
    assert isinstance(error, LimitReached)
    assert error.flag == "pixel_limit"
    assert (picture.value["decoded"], picture.value["width"]) == ("none", 65000)


def test_a_picture_that_does_not_decode_says_so_and_fails() -> None:
    (picture,), error = raising(JPEG[:40], "image/jpeg")
    assert isinstance(error, Malformed)
    assert picture.value["decoded"] == "none"


def test_svg_is_not_rendered() -> None:
    seen, error = raising(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    assert isinstance(error, NotApplicable)
    assert seen == []

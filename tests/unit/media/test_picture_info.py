"""The "[picture info]" text of early cameras."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.media.picture_info import is_picture_info, read_picture_info

TEXT = (
    b"EXAMPLE OPTICAL CO.,LTD.   \0 713\r\n[picture info]\r\nTimeDate=909698819\r\n"
    b"Shutter=33363\r\nFlash=1\r\nImageSize=640-480\r\nFNumber=F2.8\r\n"
    b"[camera info]\r\nType=SR99\r\nSerial#=#00000001\r\nVersion=v55-76\r\n"
    b"ID=EXAMPLE DIGITAL CAMERA\r\n[end]\r\n"
)


def test_the_fields_are_read() -> None:
    found = read_picture_info(TEXT)
    assert (found.make, found.model) == ("EXAMPLE OPTICAL CO.,LTD.", "SR99")
    assert (found.taken_at, found.size) == ("1998-10-29T22:06:59", (640, 480))
    assert found.exposure == {"ExposureTime": 0.033363, "FNumber": 2.8}
    assert (found.serial, found.firmware) == ("#00000001", "v55-76")


def test_the_maker_may_stand_in_the_id_alone() -> None:
    found = read_picture_info(b"[picture info]\r\nType=SR99\r\nID=EXAMPLE DIGITAL CAMERA\r\n")
    assert (found.make, found.model) == ("EXAMPLE", "SR99")


def test_another_segment_is_no_such_text() -> None:
    assert not is_picture_info(b"Ducky\0\1\0\4")
    assert read_picture_info(b"Ducky\0\1\0\4").make is None


@given(st.integers(0, len(TEXT) - 1), st.binary(min_size=1, max_size=9), st.integers(0, 300))
def test_damage_never_raises(at: int, noise: bytes, cut: int) -> None:
    data = TEXT[:at] + noise + TEXT[at + len(noise) :]
    read_picture_info(data[: len(data) - cut])
    read_picture_info(data)

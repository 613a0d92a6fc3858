"""Motion photos: the video behind or beside the picture comes out with its exact range."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.vocab import Allocation, Role
from assay.openers.previews import PreviewsOpener
from tests.support.containers import box
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.nested import (
    OTHER,
    SMALL,
    VIDEO,
    container,
    heif_with,
    insert,
    samsung,
    xmp,
)
from tests.support.pictures import jpeg
from tests.support.unit import examine

MAIN = jpeg(1, (200, 150))
HEIC = heif_with((b"jpeg", "", SMALL))


def read(data: bytes) -> Contents:
    return contents(PreviewsOpener(), data)


def micro(size: int) -> bytes:
    return xmp("", f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{size}"')


def motion_photo(*, gain: bytes = b"") -> bytes:
    items = [("image/jpeg", "Primary", 0)]
    items += [("image/jpeg", "GainMap", len(gain))] if gain else []
    listed = container(*items, ("video/mp4", "MotionPhoto", len(VIDEO)))
    return insert(MAIN, listed) + gain + VIDEO


def is_the_video(data: bytes, *, state: Allocation = Allocation.ALLOCATED) -> None:
    seen = read(data)
    start = data.index(VIDEO)
    (member,) = [m for m in seen.members if m.role is Role.MOTION]
    assert seen.data[member.name] == VIDEO
    assert member.locator == f"bytes {start}-{start + len(VIDEO)}"
    assert member.state is state
    assert seen.flags == set()


def test_micro_video_is_counted_from_the_end() -> None:
    is_the_video(insert(MAIN, micro(len(VIDEO))) + VIDEO)


def test_a_motion_photo_of_the_container_format() -> None:
    is_the_video(motion_photo())


def test_a_gain_map_before_the_video_comes_out_too() -> None:
    data = motion_photo(gain=OTHER)
    is_the_video(data)
    assert read(data).data["container GainMap"] == OTHER


def test_a_video_in_a_samsung_trailer() -> None:
    is_the_video(MAIN + samsung(("Image_UTC_Data", b"17"), ("MotionPhoto_Data", VIDEO)))


def test_a_samsung_trailer_behind_a_container_names_the_video_once() -> None:
    trailer = samsung(("MotionPhoto_Data", VIDEO))
    size = len(trailer) - trailer.index(VIDEO)
    data = insert(MAIN, micro(size)) + trailer
    is_the_video(data)
    assert len(read(data).members) == 1


def test_a_video_that_nothing_names_ends_where_its_boxes_end() -> None:
    is_the_video(MAIN + VIDEO + b"some trailer of the maker", state=Allocation.CARVED)


def test_the_video_box_of_a_heic() -> None:
    is_the_video(HEIC + box(b"mpvd", VIDEO))


def test_a_video_behind_the_boxes_of_a_heic_is_part_of_no_box() -> None:
    seen = read(HEIC + box(b"sefd", samsung(("MotionPhoto_Data", VIDEO))))
    assert seen.data == {"Samsung MotionPhoto_Data": VIDEO}


def test_a_promised_video_that_is_not_there_is_said() -> None:
    data = insert(MAIN, micro(len(VIDEO))) + bytes(len(VIDEO))
    assert read(data).flags == {"lying_header"}


@pytest.mark.parametrize("size", [0, 1 << 62, 10**15])
def test_sizes_that_cannot_be_lead_nowhere(size: int) -> None:
    items = [("image/jpeg", "Primary", 0), ("video/mp4", "MotionPhoto", size)]
    data = insert(MAIN, container(*items), micro(size)) + VIDEO
    is_the_video(data, state=Allocation.CARVED)  # by its structure


def test_bytes_behind_the_end_stay_reported_and_the_video_is_an_item() -> None:
    link = examine("motion.jpg", motion_photo())
    assert "trailing_data" in link.flags()
    assert link.paths() == ["motion.jpg", "motion.jpg!/container MotionPhoto"]
    assert link.of("item")[1]["item"]["media_type"] == "video/mp4"  # type: ignore[index, call-overload]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            motion_photo(gain=OTHER),
            MAIN + samsung(("MotionPhoto_Data", VIDEO)),
            HEIC + box(b"mpvd", VIDEO),
            MAIN + VIDEO,
        ]
    ),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(PreviewsOpener(), damaged(data, cut, flips))

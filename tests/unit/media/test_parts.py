"""Parts of a picture: found where the marks are plain, and nothing where there are none."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.media import parts as module
from assay.media.decode import open_picture
from assay.media.lines import Box
from assay.media.parts import MOST, Part, parts
from assay.media.pdq import DISTANCE, pdq_hash
from tests.support.collages import band, grid, photo, saved
from tests.support.planes import make

Grey = NDArray[np.uint8]
_OFF = 2  # pixels: blur of saving


def named(grey: Grey, name: str) -> list[Box]:
    return [part.box for part in parts(grey) if part.name == name]


def near(box: Box, wanted: Box) -> bool:
    """Tell whether no edge of a box is off by more than the blur."""
    edges = [(b[0], b[1], b[0] + b[2], b[1] + b[3]) for b in (box, wanted)]
    return all(abs(one - other) <= _OFF for one, other in zip(*edges, strict=True))


def has_panels(grey: Grey, wanted: list[Box]) -> bool:
    found = [part.box for part in parts(grey) if part.name.startswith("panel ")]
    return all(any(near(box, each) for box in found) for each in wanted)


def cells(across: int, down: int, gap: int, frame: int, size: tuple[int, int]) -> list[Box]:
    width, height = size
    return [
        (frame + x * (width + gap), frame + y * (height + gap), width, height)
        for y in range(down)
        for x in range(across)
    ]


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "coins"])
@pytest.mark.parametrize("size", [(640, 480), (300, 400), (200, 150)])
def test_an_ordinary_photograph_has_no_parts(name: str, size: tuple[int, int]) -> None:
    assert list(parts(make(name, 5, *size, 1))) == []


@pytest.mark.parametrize("value", [0, 90, 255])
def test_bars_on_all_sides_go(value: int) -> None:
    framed = np.pad(photo(0), ((30, 40), (20, 10)), constant_values=value)
    assert list(parts(framed)) == [Part("without bars", (20, 30, 300, 220))]


def test_bars_of_less_than_two_per_cent_are_not_worth_a_hash() -> None:
    assert list(parts(np.pad(photo(0), ((2, 2), (2, 2))))) == []


def test_a_wide_picture_on_an_upright_screen_loses_bars_that_are_more_than_it() -> None:
    story = np.pad(photo(2, 300, 170), ((180, 183), (0, 0)))
    assert list(parts(story)) == [Part("without bars", (0, 180, 300, 170))]


@pytest.mark.parametrize(("ground", "ink"), [(255, 0), (0, 255), (230, 30)])
@pytest.mark.parametrize("above", [True, False])
def test_a_band_of_text_goes(ground: int, ink: int, above: bool) -> None:
    text = band(300, 60, ground, ink)
    meme = saved(np.concatenate((text, photo(0)) if above else (photo(0), text)))
    (box,) = named(meme, "without caption")
    assert near(box, (0, 60 if above else 0, 300, 220))


def test_bands_above_and_below_go_together() -> None:
    meme = saved(np.concatenate((band(300, 60), photo(0), band(300, 50))))
    (box,) = named(meme, "without caption")
    assert near(box, (0, 60, 300, 220))


def test_a_caption_inside_a_frame_goes_too() -> None:
    meme = saved(np.pad(np.concatenate((band(300, 60), photo(0))), 40))
    assert any(near(box, (40, 100, 300, 220)) for box in named(meme, "without caption"))


def test_a_caption_around_a_picture_with_margins_is_named_with_them_and_without() -> None:
    inset = np.pad(photo(0), ((0, 0), (25, 25)), constant_values=255)
    shot = saved(np.concatenate((band(350, 60), inset)))
    whole, bare = named(shot, "without caption")
    assert near(whole, (0, 60, 350, 220))
    assert near(bare, (25, 60, 300, 220))


def test_a_band_without_text_is_a_bar_and_no_caption() -> None:
    assert named(np.concatenate((np.full((60, 300), 255, np.uint8), photo(0))),
                 "without caption") == []  # fmt: skip


@pytest.mark.parametrize("gap", [2, 6, 15])
@pytest.mark.parametrize("ground", [0, 255])
@pytest.mark.parametrize("frame", [0, 12])
@pytest.mark.parametrize(("across", "down"), [(2, 1), (1, 2), (2, 2), (3, 2), (3, 3)])
def test_a_collage_with_lines_falls_into_its_panels(
    gap: int, ground: int, frame: int, across: int, down: int
) -> None:
    rows = [[photo((y * across + x) % 6) for x in range(across)] for y in range(down)]
    collage = saved(grid(rows, gap, ground, frame))
    assert has_panels(collage, cells(across, down, gap, frame, (300, 220)))


@pytest.mark.parametrize(("across", "down"), [(2, 1), (1, 2), (2, 2), (3, 1)])
def test_a_collage_without_lines_falls_into_its_panels(across: int, down: int) -> None:
    rows = [[photo((y * across + x) * 5 % 6) for x in range(across)] for y in range(down)]
    assert has_panels(saved(grid(rows)), cells(across, down, 0, 0, (300, 220)))


def test_pictures_of_different_heights_one_upon_the_other_are_told_apart() -> None:
    stack = saved(np.concatenate((photo(0, 300, 260), photo(1, 300, 140))))
    assert has_panels(stack, [(0, 0, 300, 260), (0, 260, 300, 140)])


def test_one_large_picture_beside_two_small_ones() -> None:
    side = np.concatenate((photo(1, 150, 110), photo(2, 150, 110)))
    mixed = saved(np.concatenate((photo(0), side), axis=1))
    assert has_panels(mixed, [(0, 0, 300, 220), (300, 0, 150, 110), (300, 110, 150, 110)])


def test_a_panel_hashes_like_the_picture_that_was_put_there() -> None:
    pictures = [photo(n) for n in range(4)]
    collage = saved(grid([pictures[:2], pictures[2:]], 6))
    found = [pdq_hash(collage[y : y + h, x : x + w]) for x, y, w, h in
             (part.box for part in parts(collage))]  # fmt: skip
    for picture in pictures:
        assert min(pdq_hash(picture).distance(each) for each in found) <= DISTANCE


def test_panels_too_small_to_tell_anything_are_not_named() -> None:
    tiny = grid([[photo(x, 60, 50) for x in range(4)]], 4)
    assert list(parts(tiny)) == []


def test_a_picture_names_at_most_ten_parts() -> None:
    sheet = grid([[photo((x + y) % 6, 120, 90) for x in range(4)] for y in range(4)])
    framed = np.concatenate((band(480, 60), np.pad(sheet, ((20, 20), (0, 0)))))
    assert 0 < len(list(parts(framed))) <= MOST


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (31, 900), (40_000, 64)])
def test_what_is_no_picture_has_no_parts(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert list(parts(noise)) == []


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(64, 64), (300, 200), (33, 500)])
def test_a_uniform_picture_has_no_parts(value: int, shape: tuple[int, int]) -> None:
    assert list(parts(np.full(shape, value, np.uint8))) == []


def test_how_the_pixels_lie_in_memory_changes_nothing() -> None:
    collage = grid([[photo(0), photo(1)], [photo(2), photo(3)]], 6, 255, 10)
    wanted = list(parts(collage))
    assert len(wanted) > 3
    assert list(parts(np.dstack([collage] * 3)[..., 1])) == wanted
    assert list(parts(np.asfortranarray(collage))) == wanted


PATTERNS = st.sampled_from(("noise", "flat", "stripes", "columns", "checks", "halves", "ramp"))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), PATTERNS, st.integers(1, 120), st.integers(0, 255))
def test_parts_lie_inside_any_picture(
    width: int, height: int, pattern: str, period: int, value: int
) -> None:
    y, x = np.mgrid[0:height, 0:width]
    grey = {
        "noise": lambda: make("noise", period, width, height, 1),
        "flat": lambda: np.full((height, width), value, np.uint8),
        "stripes": lambda: y // period % 2 * value,
        "columns": lambda: x // period % 2 * value,
        "checks": lambda: (x // period + y // period) % 2 * value,
        "halves": lambda: np.where(y < period, value, make("noise", 1, width, height, 1)),
        "ramp": lambda: make("ramp", period, width, height, 1),
    }[pattern]()
    found = list(parts(grey.astype(np.uint8)))
    assert len(found) <= MOST
    for part in found:
        x0, y0, w, h = part.box
        assert 0 <= x0 < x0 + w <= width
        assert 0 <= y0 < y0 + h <= height
        assert (w, h) != (width, height)


@pytest.mark.shared_data
def test_photographs_seldom_have_panels_or_captions(shared_data: Path) -> None:
    folder = shared_data / "images"
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as rows:
        paths = [row["path"] for row in csv.DictReader(rows) if "/coco/" in row["path"]]
    found = [
        {
            part.name
            for part in parts(open_picture((folder / path).read_bytes(), "image/jpeg").luma())
        }
        for path in paths
    ]
    assert len(paths) > 100
    assert sum("without caption" in names for names in found) <= len(found) // 100
    assert sum("panel 1" in names for names in found) <= len(found) // 12  # some are collages


def test_the_limits_are_those_that_the_reference_names() -> None:
    assert (module.MOST, module.PANELS) == (10, 9)

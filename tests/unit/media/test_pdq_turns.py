"""The eight looks of a picture: each is the hash that its pixels, so laid, would have."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from assay.media import pdq
from assay.media.pdq_turns import TURNED, VARIANTS, eight
from tests.support.planes import SKIMAGE, make

Pixels = NDArray[np.uint8]
LAID: dict[str, Callable[[Pixels], Pixels]] = {
    "": lambda p: p,
    "mirrored": np.fliplr,
    "flipped": np.flipud,
    "turned 180": lambda p: np.rot90(p, 2),
    "transposed": lambda p: p.swapaxes(0, 1),
    "turned 270": lambda p: np.rot90(p, 1),  # numpy turns against the clock
    "turned 90": lambda p: np.rot90(p, -1),
    "transverse": lambda p: np.rot90(p, 2).swapaxes(0, 1),
}
SIZES = ((200, 150), (451, 300), (333, 517), (512, 512), (64, 64), (97, 640))


def looks(found: pdq.PdqHash) -> Pixels:
    hashes = np.frombuffer(bytes.fromhex(found.hex), np.uint8)
    return eight(hashes[None], np.frombuffer(found.turned, np.uint8)[None])[0]


def apart(pixels: Pixels) -> dict[str, int]:
    """Return in how many bits each look differs from the hash of the pixels laid so."""
    found = {}
    for name, made in zip(VARIANTS, looks(pdq.pdq_hash(pixels)), strict=True):
        wanted = np.frombuffer(bytes.fromhex(pdq.pdq_hash(LAID[name](pixels)).hex), np.uint8)
        found[name] = int(np.bitwise_count(made ^ wanted).sum())
    return found


def test_every_variant_has_its_place() -> None:
    assert set(VARIANTS) == set(LAID)
    assert len(VARIANTS) == 8
    assert VARIANTS[0] == ""


@pytest.mark.parametrize("name", SKIMAGE)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_look_is_the_hash_of_the_picture_laid_so(
    name: str, size: tuple[int, int], channels: int
) -> None:
    assert apart(make(name, 3, *size, channels)) == dict.fromkeys(VARIANTS, 0)


def test_the_eight_looks_of_a_picture_are_far_from_each_other() -> None:
    made = looks(pdq.pdq_hash(make("chelsea", 0, 451, 300, 3)))
    assert min(
        int(np.bitwise_count(a ^ b).sum()) for n, a in enumerate(made) for b in made[n + 1 :]
    ) > pdq.DISTANCE  # fmt: skip


def test_plain_numpy_gives_the_same_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    planes = [make(name, 1, 320, 240, channels) for name in SKIMAGE for channels in (1, 3)]
    compiled = [pdq.pdq_hash(plane).turned for plane in planes]
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    pdq._kernel.cache_clear()
    plain = [pdq.pdq_hash(plane).turned for plane in planes]
    pdq._kernel.cache_clear()
    assert plain == compiled


def test_many_hashes_at_once_give_what_each_gives_alone() -> None:
    found = [pdq.pdq_hash(make(name, 0, 200, 150, 1)) for name in SKIMAGE]
    hashes = np.frombuffer(b"".join(bytes.fromhex(f.hex) for f in found), np.uint8).reshape(-1, 32)
    turned = np.frombuffer(b"".join(f.turned for f in found), np.uint8).reshape(-1, TURNED)
    together = eight(hashes, turned)
    assert together.shape == (len(SKIMAGE), 8, 32)
    assert np.array_equal(together, np.stack([looks(f) for f in found]))


def test_no_hashes_give_no_looks() -> None:
    assert eight(np.zeros((0, 32), np.uint8), np.zeros((0, 96), np.uint8)).shape == (0, 8, 32)


def test_turns_do_not_tell_two_hashes_apart() -> None:
    found = pdq.pdq_hash(make("coins", 0, 200, 150, 1))
    assert pdq.PdqHash(found.hex, found.quality) == found


def test_a_picture_too_small_to_hash_has_no_turns() -> None:
    assert pdq.pdq_hash(np.zeros((4, 900), np.uint8)).turned == b""


@given(st.integers(32, 400), st.integers(32, 400), st.integers(0, 9), st.sampled_from((1, 3)))
@settings(max_examples=40, deadline=None)
def test_noise_of_any_size_but_tiny_too(width: int, height: int, seed: int, channels: int) -> None:
    pixels = make("noise", seed, width, height, channels)
    # Sums in another order: two components at the median may change places. Of fewer pixels
    # than frequencies many components are equal, and rounding orders them.
    assert max(apart(pixels).values()) <= 2


@pytest.mark.shared_data
def test_real_and_generated_pictures_too(shared_data: Path) -> None:
    assert {name: most for name, most in _most(shared_data / "images").items() if most} == {}


def _most(folder: Path) -> dict[str, int]:
    """Return the largest difference of each look over one picture in forty."""
    most = dict.fromkeys(VARIANTS, 0)
    for pixels in _pictures(folder):
        if pdq.pdq_hash(pixels).quality >= pdq.QUALITY:
            most = {name: max(most[name], bits) for name, bits in apart(pixels).items()}
    return most


def _pictures(folder: Path) -> Iterator[Pixels]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as rows:
        paths = sorted(row["path"] for row in csv.DictReader(rows))
    for path in paths[::40]:
        yield np.asarray(Image.open(folder / path).convert("RGB"))

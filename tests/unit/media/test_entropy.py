"""Random bytes always pass; structure of any kind does not, however the file is mixed."""

from __future__ import annotations

import bz2
import hashlib
import zlib
from pathlib import Path

import numpy as np
import pytest

from assay.core.blob import MemoryBlob
from assay.media.entropy import MIN_SIZE, WINDOW, Randomness, randomness
from tests.support.containers import picture


def noise(seed: int, size: int) -> bytes:
    return hashlib.shake_256(b"entropy %d" % seed).digest(size)


def of(data: bytes) -> Randomness:
    return randomness(MemoryBlob(data))


@pytest.mark.parametrize("size", [MIN_SIZE, 20_001, 300_000, 3 << 20])
def test_random_bytes_always_look_random(size: int) -> None:
    for seed in range(40 if size < 1 << 20 else 6):
        seen = of(noise(seed, size))
        assert seen.looks_random, seen
        assert seen.entropy > 7.98
        assert 150 < seen.chi_square < 360


def test_the_same_bytes_give_the_same_answer() -> None:
    assert of(noise(1, 500_000)) == of(noise(1, 500_000))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("zeros", bytes(100_000)),
        ("one value a time", bytes(range(256)) * 400),
        ("text", b"neutral words in a row " * 5000),
        ("base64", noise(1, 100_000).hex().encode()),
        ("a picture", picture("JPEG", size=(300, 300))[700:-64]),
        ("deflate", zlib.compress(np.arange(200_000, dtype=np.uint16).tobytes())),
        ("bzip2", bz2.compress(np.arange(200_000, dtype=np.uint16).tobytes())),
        ("low bit always clear", bytes(b & 0xFE for b in noise(2, 100_000))),
        ("small", noise(3, MIN_SIZE - WINDOW)),
    ],
)
def test_structure_does_not(name: str, data: bytes) -> None:
    assert not of(data).looks_random


def test_a_hole_or_a_header_anywhere_that_is_sampled_speaks_against_it() -> None:
    data = bytearray(noise(1, 400_000))
    data[200_000:204_096] = bytes(4096)
    assert not of(bytes(data)).looks_random
    assert not of(bytes(4096) + noise(1, 400_000)).looks_random
    assert not of(noise(1, 400_000) + bytes(4096)).looks_random


def test_large_files_are_sampled_over_their_whole_length() -> None:
    data = noise(1, 3 << 20)
    seen = of(data + bytes(3 << 20))
    assert seen.sampled == 2 << 20
    assert not seen.looks_random


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097])
def test_little_data_says_nothing(size: int) -> None:
    assert not of(noise(1, size)).looks_random


def test_a_blob_that_gives_less_than_it_promises_does_not_look_random() -> None:
    class Short(MemoryBlob):
        @property
        def size(self) -> int:
            return 1 << 20

    assert not randomness(Short(noise(1, 70_000))).looks_random


@pytest.mark.shared_data
def test_bodies_of_real_photographs_hardly_ever_look_random(shared_data: Path) -> None:
    taken = [
        p for p in sorted((shared_data / "images").rglob("*.jpg")) if p.stat().st_size > 40_000
    ]
    bodies = [path.read_bytes()[4096:-4096] for path in taken[:200]]
    random = sum(of(body).looks_random for body in bodies)
    assert len(bodies) > 100
    assert random / len(bodies) < 0.01

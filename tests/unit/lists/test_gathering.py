"""Hashes that come and go: the same answer one by one, from a segment, and by brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.lists import gathering
from assay.lists.gathering import Gathering

Bytes = NDArray[np.uint8]


def random(count: int, seed: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def changed(hashes: Bytes, bits: int) -> Bytes:
    """Return the hashes with their first bits turned over."""
    flipped = np.unpackbits(hashes, axis=1)
    flipped[:, :bits] ^= 1
    return np.packbits(flipped, axis=1)


def test_what_is_near_is_found_nearest_first_and_what_was_removed_is_not(tmp_path: Path) -> None:
    base, names = random(3, 1), random(3, 2)
    held = Gathering(tmp_path)
    held.add(np.concatenate([base, changed(base[:1], 31)]), np.concatenate([names, names[:1]]))
    found = held.search(changed(base[:1], 3), 31, 10)
    assert found.distance.tolist() == [3, 28]
    assert {held.item(n) for n in found.place.tolist()} == {names[0].tobytes()}
    held.remove([names[0].tobytes()])
    assert len(held) == 2
    assert not len(held.search(base[:1], 31, 10).query)
    assert (held.hashes(np.array([1, 2])) == base[1:]).all()


def test_a_cap_keeps_the_nearest_and_says_so(tmp_path: Path) -> None:
    base = random(1, 1)
    near = np.concatenate([changed(base, bits) for bits in (9, 1, 5)])
    held = Gathering(tmp_path)
    held.add(near, random(3, 2))
    found = held.search(np.concatenate([base, random(1, 8)]), 31, 2)
    assert found.distance.tolist() == [1, 5]
    assert found.capped.tolist() == [True, False]


def test_a_segment_answers_as_brute_force_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_SEAL", 200)
    base, names = random(1000, 3), random(1000, 4)
    held = Gathering(tmp_path)
    for start in range(0, 1000, 90):
        held.add(base[start : start + 90], names[start : start + 90])
    held.remove([names[n].tobytes() for n in (0, 500, 999)])
    asked = changed(base[::50], 20)
    answers = []
    plain = Gathering(tmp_path)
    monkeypatch.setattr(gathering, "_SEAL", 1 << 20)
    plain.add(base, names)
    plain.remove([names[n].tobytes() for n in (0, 500, 999)])
    for one, few in ((held, 0), (plain, 0), (plain, 1 << 30)):
        monkeypatch.setattr(gathering, "_FEW", few)
        found = one.search(asked, 31, 4)
        answers.append((found.query.tolist(), found.place.tolist(), found.distance.tolist()))
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0][0]) == 18  # of 20: two were removed
    assert (held.hashes(np.array([1, 998])) == base[[1, 998]]).all()
    assert not list(tmp_path.iterdir())

"""Looks of one picture: what is asked for, and what stays of the answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.lists import variants
from assay.lists.library import Library
from tests.support.listing import entry, imported, near

NAMES = ("", *(f"look {n}" for n in range(1, 8)))


def eight(hashes: NDArray[np.uint8], turned: NDArray[np.uint8], /) -> NDArray[np.uint8]:
    """Stand in for the real one: the n-th look has its n-th byte taken from ``turned``."""
    looks = np.repeat(hashes[:, None], 8, axis=1)
    for which in range(1, 8):
        looks[:, which, which] = turned[:, which]
    return looks


def test_a_hash_without_its_turns_is_asked_for_as_it_is_alone() -> None:
    hashes = np.concatenate((near(1), near(2)))
    queries, owner, names = variants.expand(hashes, [b"", bytes(96)], eight, NAMES)
    assert owner.tolist() == [0] + [1] * 8
    assert names == ("", *NAMES)
    assert (queries[:2] == hashes).all()
    assert (queries[2:] != hashes[1]).any()


def test_a_part_gives_its_name_to_all_its_looks() -> None:
    _, _, names = variants.expand(near(1), [bytes(96)], eight, NAMES, ["panel 2"])
    assert names[:2] == ("panel 2", "panel 2, look 1")


def test_as_many_turns_as_hashes_are_needed() -> None:
    with pytest.raises(ValueError, match="1 hashes, but 0"):
        variants.expand(near(1), [], eight, NAMES)


def test_no_hashes_give_no_queries() -> None:
    queries, owner, names = variants.expand(np.zeros((0, 32), np.uint8), [], eight, NAMES)
    assert (queries.shape, len(owner), names) == ((0, 32), 0, ())
    assert variants.fold(owner, names, [], 0) == []


def test_of_a_record_met_in_several_looks_the_nearest_stays_and_of_equals_the_earliest(
    tmp_path: Path,
) -> None:
    imported(tmp_path, "a", [entry(1), entry(2)])
    imported(tmp_path, "b", [entry(1)])
    found = Library.open(tmp_path)
    queries = np.concatenate((near(1, 9), near(1, 4), near(1, 4), near(2, 3)))
    hits = variants.fold([0, 0, 0, 0], ("", "second", "third", "fourth"),
                         found.match_pdq(queries), 2)  # fmt: skip
    told = [(hit.list, hit.entry.id, hit.distance, hit.variant) for hit in hits[0]]
    assert told == [
        ("a", "e2", 3, "fourth"), ("a", "e1", 4, "second"), ("b", "e1", 4, "second"),
    ]  # fmt: skip
    assert hits[1] == []
    assert hits[0][0].to_json()["variant"] == "fourth"


def test_what_one_look_left_out_is_told_with_every_hit_of_that_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.lists.matching.CAP", 2)
    alike = entry(1).hashes
    imported(tmp_path, "a", [entry(n, hashes=alike) for n in range(5)] + [entry(9)])
    found = Library.open(tmp_path).match_pdq(np.concatenate((near(1), near(9))))
    assert [hit.more for hit in found[0]] == [3, 3]
    hits = variants.fold([0, 0], ("", "look"), found, 1)[0]
    assert [(hit.variant, hit.more) for hit in hits] == [("", 3), ("", 3), ("look", 3)]

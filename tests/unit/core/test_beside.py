"""Which names belong together: a sidecar and what it may describe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.beside import WORDS, Listing, candidates, is_sidecar, stem_of, stems
from assay.core.findings import KINDS


@pytest.mark.parametrize(
    ("name", "sidecar", "word"),
    [
        ("DCIM/photo.png", "DCIM/photo.txt", "sidecar_txt"),
        ("photo.png", "photo.TXT", "sidecar_txt"),
        ("photo.png", "photo.civitai.info", "sidecar_civitai_info"),
        ("photo.png", "photo.png.json", "sidecar_name_json"),
        ("a.b.png", "a.b.xmp", "sidecar_xmp"),
        ("in.d/photo", "in.d/photo.json", "sidecar_json"),
        ("dir\\photo.png", "dir\\photo.txt", "sidecar_txt"),
    ],
)
def test_a_sidecar_is_found_from_both_sides(name: str, sidecar: str, word: str) -> None:
    assert candidates(name)[sidecar] == word
    assert is_sidecar(sidecar)
    assert name in stems(sidecar) or any(name.startswith(f"{s}.") for s in stems(sidecar))


@pytest.mark.parametrize("other", ["photo.txt", "other.txt", "sub/photo.png.txt", "photo.md"])
def test_other_names_are_no_sidecars_of_it(other: str) -> None:
    assert other not in candidates("photo.a.png")


def test_a_file_is_no_sidecar_of_its_own() -> None:
    assert "photo.txt" not in candidates("photo.txt")
    assert "photo.json" in candidates("photo.txt")


_NAMES = st.text(st.sampled_from("ab./\\ \udcff"), max_size=6)
_ENDINGS = st.sampled_from(["", ".txt", ".png", ".JSON", ".civitai.info", ".png.xmp"])


@given(_NAMES, _ENDINGS, _NAMES, _ENDINGS)
def test_every_candidate_leads_back(one: str, first: str, two: str, second: str) -> None:
    """The search from a new sidecar finds whatever finds the sidecar."""
    path, other = one + first, two + second
    if other not in candidates(path):
        return
    assert is_sidecar(other)
    back = list(stems(other))
    begun = any(path.startswith(f"{s}.") and "." not in path[len(s) + 1 :] for s in back)
    assert path in back or begun


@given(st.lists(st.builds(str.__add__, _NAMES, _ENDINGS)))
def test_a_listing_names_what_lies_there(names: list[str]) -> None:
    listing = Listing(names)
    for name in names:
        there = candidates(name)
        assert set(listing.words(name)) == {there[n] for n in names if n in there}


def test_every_word_is_a_finding_that_leaves_nothing_incomplete() -> None:
    assert len(WORDS) == 11
    assert not any(KINDS[word].incomplete for word in WORDS)
    assert stem_of(".hidden") == ".hidden"

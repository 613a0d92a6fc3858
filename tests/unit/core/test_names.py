"""Chains of names stay as they are up to any honest length, and bounded beyond it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.names import LONG_CHAIN, bounded

NAMES = st.lists(st.text(max_size=300) | st.text("ab", min_size=1000, max_size=9000), max_size=16)


@given(st.text(max_size=400), NAMES)
def test_a_chain_is_left_alone_or_cut_to_a_bound(first: str, names: list[str]) -> None:
    chain = (first, *names)
    kept = bounded(chain)
    assert len(kept) == len(chain)
    assert kept[0] == first
    if sum(map(len, chain)) <= LONG_CHAIN:
        assert kept == chain
    else:
        assert all(len(name) < 300 for name in kept[1:])


def test_two_long_names_that_begin_alike_stay_two() -> None:
    one, other = (bounded(("a.zip", "n" * 60_000 + tail)) for tail in "xy")
    assert one != other
    assert one[1].startswith("n" * 200)
    assert "60001 characters" in one[1]


def test_bytes_that_are_no_text_are_cut_as_any_other() -> None:
    assert bounded(("a.zip", "\udcff" * 5000))[1].startswith("\udcff" * 200 + "[cut: 5000")

"""Keys as bytes: the index of the queue must order exactly as the keys do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.store.sortable import sortable, unsorted_key

NUMBERS = st.integers(-(1 << 53), 1 << 53) | st.floats(allow_nan=False)
KEYS = st.tuples(NUMBERS, st.text(st.characters()), NUMBERS, st.text(st.characters()))


@given(KEYS, KEYS)
def test_bytes_compare_as_keys_do(
    one: tuple[float | str, ...], two: tuple[float | str, ...]
) -> None:
    assert (one < two) == (sortable(one) < sortable(two))
    assert (one == two) == (sortable(one) == sortable(two))


@given(KEYS)
def test_a_key_comes_back_equal(key: tuple[float | str, ...]) -> None:
    assert unsorted_key(sortable(key)) == key


def test_a_prefix_and_a_nul_sort_as_text_does() -> None:
    words = ["", "a", "a\0", "a\0b", "ab", "b", "\udcff", "\U0001f600"]
    assert sorted(words, key=lambda w: sortable((w,))) == sorted(words)

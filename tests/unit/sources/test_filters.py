"""What --include, --exclude and --since leave out, and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UsageError
from assay.sources.filters import Filters, Pattern


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("*.jpg", "a/b/C.JPG", True),
        ("*.jpg", "a.jpg/b.png", False),
        ("thumbs.db", "x/Thumbs.db", True),
        ("DCIM/*.jpg", "DCIM/a.jpg", True),
        ("DCIM/*.jpg", "DCIM/x/a.jpg", False),
        ("DCIM/**/*.jpg", "DCIM/a.jpg", True),
        ("DCIM/**/*.jpg", "DCIM/x/y/a.jpg", True),
        ("**/cache/**", "a/cache/b/c", True),
        ("cache/", "cache/b/c", True),
        ("cache/", "x/cache/b", False),
        ("/a.jpg", "a.jpg", True),
        ("/a.jpg", "b/a.jpg", False),
        ("img_????.jpg", "IMG_0001.JPG", True),
        ("[ab].jpg", "b.jpg", True),
        ("[!ab].jpg", "b.jpg", False),
        ("a[1].jpg", "a1.jpg", True),
        ("a+(b).jpg", "a+(b).jpg", True),
        ("new*", "new\nline.jpg", True),
    ],
)
def test_patterns_match_as_documented(pattern: str, key: str, *, matches: bool) -> None:
    assert Pattern.of(pattern).matches(key) is matches


def test_without_filters_nothing_is_left_out() -> None:
    assert Filters().reason("a", 0) is None


def test_the_reason_names_the_option() -> None:
    filters = Filters.of(include=("*.jpg",), exclude=("cache/**",), since="2024-01-01")
    assert filters.reason("a.png", 2**62) == "matches no --include pattern"
    assert filters.reason("cache/a.jpg", 2**62) == "matches --exclude cache/**"
    assert filters.reason("a.jpg", 0) == "last changed before --since 2024-01-01"
    assert filters.reason("a.jpg", 1_704_067_200 * 10**9) is None


def test_a_file_without_a_time_is_never_too_old() -> None:
    assert Filters.of(since="2024-01-01").reason("a.jpg", None) is None


@pytest.mark.parametrize("since", ["yesterday", "2024-13-01", ""])
def test_a_date_that_is_none_is_a_usage_error(since: str) -> None:
    with pytest.raises(UsageError, match="not an ISO date"):
        Filters.of(since=since)


def test_an_empty_pattern_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        Filters.of(exclude=("",))


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_any_pattern_compiles_or_is_a_usage_error(pattern: str, key: str) -> None:
    try:
        Pattern.of(pattern).matches(key)
    except UsageError:
        assert not pattern.removeprefix("./").strip("/")

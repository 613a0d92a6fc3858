"""The policy and scheme files: what they may say, and what is refused."""

from __future__ import annotations

from importlib import resources

import pytest

from assay.core.errors import PolicyError, UsageError
from assay.core.vocab import Lane, Level, Origin
from assay.verdict.policy import parse_policy, shipped_policy
from assay.verdict.scheme import parse_scheme, shipped_scheme

TEXT = resources.files("assay.verdict").joinpath("data/policy.toml").read_text("utf-8")


def changed(old: str, new: str) -> bytes:
    assert old in TEXT
    return TEXT.replace(old, new).encode()


def test_the_shipped_policy_ends_in_unknown_and_lane_1() -> None:
    policy = shipped_policy()
    assert policy.origins[-1].origin is Origin.UNKNOWN
    assert policy.lanes[-1].lane is Lane.POSSIBLE_NEW_VICTIM


def test_a_synthetic_rule_without_finished_checks_is_refused() -> None:
    with pytest.raises(PolicyError, match="unfinished"):
        parse_policy(changed('ai = "S4"\nchecks_finished = true', 'ai = "S4"'), "p.toml")


def test_a_misspelt_condition_is_refused_and_not_ignored() -> None:
    with pytest.raises(PolicyError, match=r"p\.toml"):
        parse_policy(changed("contradiction = true", "contradicted = true"), "p.toml")


def test_setting_unfinished_files_aside_is_refused() -> None:
    with pytest.raises(PolicyError, match="set unfinished files aside"):
        parse_policy(changed("no_pictures = true\ncomplete = true", "no_pictures = true"), "p.toml")


@pytest.mark.parametrize(
    ("old", "new"),
    [("distance = 31", "distance = 64"), ("distance = 31", "distance = -1"),
     ("quality = 50", "quality = 101"), ("quality = 50", "quality = -1")],
)  # fmt: skip
def test_near_copies_that_no_search_finds_are_refused(old: str, new: str) -> None:
    with pytest.raises(PolicyError, match="near copies"):
        parse_policy(changed(old, new), "p.toml")


def test_broken_toml_names_the_file() -> None:
    with pytest.raises(PolicyError, match=r"^p\.toml: not valid TOML"):
        parse_policy(b"version = ", "p.toml")


def test_every_level_says_what_would_make_it_stronger() -> None:
    levels = shipped_policy().levels
    assert [level for level, row in levels.items() if not row.strengthen] == [Level.N]


def test_a_policy_from_before_that_was_said_still_loads() -> None:
    older = "".join(
        line for line in TEXT.splitlines(keepends=True) if not line.startswith("strengthen")
    )
    assert {row.strengthen for row in parse_policy(older.encode(), "p.toml").levels.values()} == {
        ""
    }


@pytest.mark.parametrize(
    ("llr", "words"),
    [
        (0.1, "no support either way"),
        (0.5, "weak support for synthetic"),
        (-1.5, "moderate support for camera"),
        (2.5, "moderately strong support for synthetic"),
        (7.0, "extremely strong support for synthetic"),
    ],
)
def test_the_verbal_scale_follows_enfsi(llr: float, words: str) -> None:
    assert shipped_policy().verbal(llr) == words


def test_the_neutral_scheme_maps_every_lane_and_names_its_categories_when_asked_wrongly() -> None:
    scheme = shipped_scheme()
    assert {c.lane for c in scheme.categories.values()} == set(Lane)
    assert scheme.category("category 4").lane is Lane.SYNTHETIC
    with pytest.raises(UsageError) as error:
        scheme.category("9")
    assert "1, 2, 3, 4, 5" in error.value.hint


def test_a_scheme_with_an_unknown_lane_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"s\.toml"):
        parse_scheme(b'name = "x"\n[category.1]\ntitle = "t"\nlane = 7\n', "s.toml")

"""Whose category a VICS record states, and when it states none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.vocab import Lane
from assay.exports.vics_category import category_of

US = "vics:US"
LANES = {(US, "1"): Lane(1), (US, "2"): Lane(2), (US, "5"): Lane(5)}


def made(category: str | None, actor: str = "A", scheme: str = US, at: str = "2024") -> Any:
    return {"scheme": scheme, "category": category, "actor": actor, "at": at, "note": ""}


def hit(category: str | None, name: str = "alpha", **more: Any) -> Any:
    row = {"list": name, "namespace": US, "category": category, "disputed": False, "value": ""}
    return {**row, "differs": [], "unread": "", "more": 0, "record": {}, **more}


def test_a_person_comes_before_every_list() -> None:
    found = category_of([made("5")], [hit("1")], US, LANES)
    assert (found.code, found.lists, found.decision) == ("5", (), made("5"))


def test_of_people_the_lower_lane_counts_and_of_equals_the_latest() -> None:
    rows = [made("5", "A"), made("2", "B", at="2023"), made("2", "C", at="2024")]
    found = category_of(rows, [], US, LANES)
    assert (found.code, found.decision) == ("2", rows[2])


def test_people_who_disagree_about_codes_without_a_lane_leave_none() -> None:
    found = category_of([made("7", "A"), made("8", "B")], [hit("1")], US, LANES)
    assert (found.code, found.contradicted) == (None, True)


def test_a_note_and_another_scheme_are_no_category() -> None:
    rows = [made(None), made("2", scheme="neutral"), made("2", scheme="vics:UK")]
    assert category_of(rows, [], US, LANES).code is None


def test_lists_that_agree_are_all_named() -> None:
    record = {"DateUpdated": "2024-05-18T16:40:02Z"}
    found = category_of([], [hit("1", record=record), hit("1", "beta"), hit("1")], US, LANES)
    assert (found.code, found.lists) == ("1", ("alpha", "beta"))
    assert found.updated == "2024-05-18T16:40:02Z"


@pytest.mark.parametrize(
    "more",
    [
        {"value": "ab" * 32},  # near, not equal
        {"differs": ["size"]},
        {"unread": "damaged"},
        {"namespace": "vics:UK"},
        {"disputed": True},
        {"category": "0"},
        {"category": None},
    ],
)
def test_what_is_not_said_for_certain_is_no_category(more: dict[str, Any]) -> None:
    found = category_of([], [hit(**{"category": "1", **more})], US, LANES)
    assert (found.code, found.contradicted) == (None, False)


def test_lists_that_disagree_or_were_not_read_to_the_end_leave_none() -> None:
    assert category_of([], [hit("1"), hit("2", "beta")], US, LANES).contradicted
    assert category_of([], [hit("1", more=3)], US, LANES).code is None


@given(
    st.lists(st.tuples(st.sampled_from("1257"), st.sampled_from("ABC")), max_size=5),
    st.lists(st.tuples(st.sampled_from("0157"), st.booleans()), max_size=4),
)
def test_a_category_is_always_somebodys(
    people: list[tuple[str, str]], lists: list[tuple[str, bool]]
) -> None:
    matches = [hit(code, disputed=disputed) for code, disputed in lists]
    found = category_of([made(*one) for one in people], matches, US, LANES)
    if found.code is not None:
        said = {code for code, _ in people} if people else {code for code, bad in lists if not bad}
        assert found.code in said
        assert (found.decision is None) == bool(found.lists)
    assert not (people and found.lists)

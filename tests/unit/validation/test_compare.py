"""Expected against found: exact, complete, and each difference by its place and name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from assay.core.jsonvalue import Json
from assay.validation.answers import Answer
from assay.validation.compare import Check, Value, compare


def record(path: str, **fields: Json) -> dict[str, Json]:
    return {
        "occurrences": [{"path": path}],
        "claims": [],
        "failures": [],
        "findings": [],
        **fields,
    }


def checked(expect: Mapping[str, Mapping[str, Json]], *rows: dict[str, Json]) -> Check:
    return compare(Answer("a", "b", "box.zip", "0" * 64, "by hand", expect), rows)


def different(check: Check) -> list[tuple[str, str, Json, Json]]:
    return [(v.path, v.field, v.expected, v.found) for v in check.values if not v.agrees]


def test_inner_fields_and_sums_over_lists_are_compared() -> None:
    expect: dict[str, dict[str, Json]] = {
        "box.zip": {"failures": ["open:zip limit"], "findings": ["bomb"], "lane": None},
        "box.zip!/a.png": {"picture.width": 3, "claims": ["C2 camera"]},
    }
    box = record(
        "box.zip",
        lane=None,
        failures=[{"examiner": "open:zip", "reason": "limit"}],
        findings=[{"kind": "bomb", "text": "one"}, {"kind": "bomb", "text": "two"}],
    )
    claims: list[Json] = [{"level": "C2", "polarity": "camera"}]
    inside = record("box.zip!/a.png", picture={"width": 3}, claims=claims)

    assert checked(expect, box, inside, record("other.zip", lane=1)).passed


def test_what_was_not_expected_inside_is_a_difference() -> None:
    check = checked({"box.zip": {}}, record("box.zip"), record("box.zip!/more.png"))

    assert different(check) == [
        ("box.zip", "contents", ["box.zip"], ["box.zip", "box.zip!/more.png"])
    ]


def test_what_is_missing_is_a_difference_in_each_of_its_values() -> None:
    check = checked({"box.zip": {}, "box.zip!/a.png": {"lane": 1}}, record("box.zip"))

    assert ("box.zip!/a.png", "lane", 1, None) in different(check)
    assert not check.passed


@pytest.mark.parametrize(
    ("expected", "found"),
    [(1, True), (0, False), (1, 1.0), (1, "1"), (None, ""), ([1], [1, 1]), ({"a": 1}, {"a": 2})],
)
def test_nothing_is_rounded_or_taken_for_the_same(expected: Json, found: Json) -> None:
    assert not Value("", "x", expected, found).agrees
    assert Value("", "x", expected, expected).agrees

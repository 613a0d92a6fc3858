"""What a VICS case says of itself: who wrote it, and how many media it holds."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from assay.lists.adapters.vics import VicsAdapter
from assay.lists.writers.vics import write_vics
from tests.support.list_files import CONTEXT_13, CONTEXT_20, Read, media, read

TOOL = {"SourceApplicationName": "Example Review", "ContactName": "A. Examiner"}


def cases(*value: dict[str, Any], cut: int = 0) -> Read:
    document = {"@odata.context": CONTEXT_20.format("US", "Cases"), "value": list(value)}
    data = json.dumps(document).encode()
    return read(VicsAdapter(), data[: len(data) - cut])


def stated(result: Read) -> list[dict[str, str]]:
    return [dict(facts.stated) for facts in result.facts if facts.stated is not None]


@pytest.mark.parametrize("behind", [False, True])
def test_the_tool_is_stated_once_a_case_wherever_it_stands(behind: bool) -> None:
    records = {"Media": [media(1)]}
    first = {**records, **TOOL} if behind else {**TOOL, **records}
    assert stated(cases(first, records)) == [TOOL, {}]


def test_a_case_that_breaks_off_states_what_stood_before() -> None:
    assert stated(cases({**TOOL, "Media": [media(1)]}, cut=20)) == [TOOL]


def test_a_hash_set_states_nothing_of_a_case() -> None:
    data = json.dumps({"value": [media(1)], **TOOL}).encode()
    assert stated(read(VicsAdapter(), data)) == []


def test_the_context_behind_the_records_is_said_at_the_end() -> None:
    context = CONTEXT_20.format("UK", "Media")
    late = read(
        VicsAdapter(), json.dumps({"value": [media(1)], "@odata.context": context}).encode()
    )
    assert [facts.namespace for facts in late.facts] == ["vics:1.x", "vics:UK"]
    old = {"odata.metadata": CONTEXT_13.format("Media"), "value": [media(1)]}
    assert len(read(VicsAdapter(), json.dumps(old).encode()).facts) == 1


def test_a_written_case_counts_its_media() -> None:
    entries = read(
        VicsAdapter(),
        json.dumps({"value": [media(1, IsPrecategorized=True), media(2)]}).encode(),
    ).entries
    out = io.BytesIO()
    told = write_vics(entries, out, "US", {"CaseNumber": "7", "TotalMediaFiles": 99})
    (case,) = json.loads(out.getvalue())["value"]
    assert (told.count, told.precategorized) == (2, 1)
    assert (case["TotalMediaFiles"], case["TotalPrecategorized"]) == (2, 1)
    assert (case["CaseNumber"], len(case["Media"])) == ("7", 2)

"""What another tool says about an item: which of it counts, and which items it is about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.core.facts import Decision, Item
from assay.core.vocab import Lane
from assay.engine.foreign_choice import (
    chosen,
    disagrees,
    instant,
    is_known,
    is_own,
    overtaken,
    own_decision,
)
from assay.engine.foreign_record import ForeignFile, Speaker, Told, moment, note
from assay.engine.foreign_rows import Gathered
from assay.store.case import Case
from assay.store.records import Bundle
from assay.store.values import dump
from tests.support import cases
from tests.support.list_files import CONTEXT_20, damaged

FILE = ForeignFile("lab.json", "0" * 64, 1, "VICS 2.0 cases", "vics:US")
LANES = {("vics:US", str(n)): Lane(n) for n in (1, 2, 5)}
TIMES = st.datetimes().map(lambda at: at.isoformat() + "Z")


def told(category: str = "2", at: str = "2024-01-01T00:00:00Z", own: str = "") -> Told:
    speaker = Speaker(FILE, {"SourceApplicationName": "Example Review"})
    return Told(cases.sha(1), speaker, category, at, "", "lab.json byte 1", listed=False, own=own)


def made(category: str = "2", at: str = "2024-01-01T00:00:00Z", actor: str = "A") -> Decision:
    return Decision(cases.sha(1), actor, "vics:US", category, "", at)


@given(st.lists(st.tuples(st.sampled_from("1259"), TIMES | st.just("")), min_size=1, max_size=6))
def test_what_counts_is_the_latest_or_where_that_is_unknown_the_most_urgent(
    rows: list[tuple[str, str]],
) -> None:
    found = chosen([told(*row) for row in rows], LANES)
    dated = all(at for _, at in rows)
    latest = max(instant(at) for _, at in rows)
    rivals = [c for c, at in rows if not dated or instant(at) == latest]
    assert found.category in rivals
    lanes = [LANES.get(("vics:US", c)) for c in rivals]
    if Lane(1) in lanes:
        assert found.category == "1"
    elif None not in lanes:
        assert LANES["vics:US", found.category] == min(lane for lane in lanes if lane is not None)


def test_times_order_whatever_their_digits() -> None:
    times = ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.05Z", "2024-01-01T00:00:00.5000000Z")
    late_first = list(reversed(times))
    assert sorted(late_first, key=instant) == list(times)
    assert instant("2024-01-01T00:00:00.50Z") == instant(times[2])


def test_only_a_later_decision_of_the_same_actor_overtakes() -> None:
    early = made(at="2023-01-01T00:00:00Z")
    assert overtaken(early, [made("5")])
    assert not overtaken(early, [made("5", actor="B")])
    assert not overtaken(made("5"), [early])
    assert not overtaken(replace(early, at=""), [made("5")])


def test_a_decision_without_a_time_is_known_only_as_the_newest() -> None:
    undated = made(at="")
    note_of_it = "its time is not stated: that of the import is given"
    first = replace(undated, at="2026-01-01T00:00:00Z", note=note_of_it)
    other = replace(first, category="5")
    assert is_known(undated, [first])
    assert not is_known(undated, [first, other])
    assert is_known(undated, [other, first])


def test_others_disagree_only_over_lanes() -> None:
    assert disagrees([made("2")], [made("5", actor="B")], LANES)
    assert not disagrees([made("2")], [made("9", actor="B")], LANES)
    assert not disagrees([made("2")], [made("5")], LANES)  # the actor's own, which it replaces


def test_a_decision_that_went_out_is_known_when_it_comes_back() -> None:
    decision = made(at="2024-01-01T00:00:00.500000Z", actor="J. Doe")
    bundle = Bundle(cases.item(1), decisions=(decision,))
    word = own_decision(decision)
    assert is_own(told(at="2024-01-01T00:00:00.5000000Z", own=word), bundle)
    assert not is_own(told("5", at=decision.at, own=word), bundle)
    assert not is_own(told(at="2024-01-02T00:00:00Z", own=word), bundle)
    assert not is_own(told(at=decision.at), bundle)


@given(st.text(max_size=40) | TIMES, st.sampled_from((None, "Europe/Amsterdam")))
def test_any_time_is_utc_or_none(text: str, zone: str | None) -> None:
    at, remark = moment(text, zone)
    assert at == "" or (at.endswith("Z") and at[10] == "T")
    assert at or remark or not text or text.startswith("0001-")


def test_a_time_without_a_zone_is_taken_in_the_zone_of_the_case() -> None:
    assert moment("2024-07-01T12:00:00", "Europe/Amsterdam")[0] == "2024-07-01T10:00:00Z"
    assert moment("2024-07-01T12:00:00.1234567+02:00", None)[0] == "2024-07-01T10:00:00.123456Z"
    assert moment("9999-12-31T23:00:00-05:00", None)[0] == ""
    both = moment("2024-07-01T12:00:00.007+02:00Z", None)
    assert (both[0], "taken with its offset" in both[1]) == ("2024-07-01T10:00:00.007000Z", True)


def test_a_note_leaves_out_what_assay_itself_wrote_and_is_bounded() -> None:
    record = {
        "Comments": "before [Assay 0.1: lane 1, camera] after",
        "Tags": "assay:lane-1; mine;assay:x",
    }
    assert note(record, "") == "before after; tags: mine"
    assert note({"Comments": None, "Tags": ["a"]}, "r") == 'tags: ["a"]; r'
    assert len(note({"Comments": "x" * 10**6}, "")) < 5000


def records_of(*records: dict[str, object]) -> str:
    return json.dumps({"@odata.context": CONTEXT_20.format("US", "Media"), "value": records})


@pytest.mark.parametrize("sha1", [True, False])
def test_an_md5_that_two_items_have_decides_about_neither_unless_the_sha1_tells(
    tmp_path: Path, sha1: bool
) -> None:
    md5 = hashlib.md5(b"same").hexdigest()
    with cases.create(tmp_path / "case") as case:
        with case.transaction(cases.ACTOR, "facts.added") as tx:
            tx.add_items(
                Item(cases.sha(n), md5, f"{n:040x}", 5, "application/octet-stream") for n in (1, 2)
            )
        record: dict[str, object] = {"MediaID": 1, "Category": 5, "MD5": md5}
        if sha1:
            record["SHA1"] = f"{2:040x}"
        (tmp_path / "lab.json").write_text(records_of(record))
        with Gathered(case.connection, None) as gathered:
            gathered.read(tmp_path / "lab.json")
            found = [one.item for page in gathered.by_item() for rows in page for one in rows]
            assert found == ([cases.sha(2)] if sha1 else [])
            assert gathered.differs.count == (not sha1)
            if not sha1:
                assert gathered.differs.first[0]["reason"] == "2 items have all that it states"


def test_pages_come_whole_and_in_the_order_of_items(tmp_path: Path) -> None:
    with cases.create(tmp_path / "case") as case:
        cases.fill(case, 1, 1200)
        records = [
            {"MediaID": n, "Category": 1 + n % 2, "MD5": cases.item(n).md5} for n in range(1, 1201)
        ]
        (tmp_path / "lab.json").write_text(records_of(*records, *records[:3]))
        with Gathered(case.connection, None) as gathered:
            gathered.read(tmp_path / "lab.json")
            pages = list(gathered.by_item())
    assert (gathered.records, [len(page) for page in pages]) == (1203, [500, 500, 200])
    shas = [rows[0].item for page in pages for rows in page]
    assert shas == sorted(cases.sha(n) for n in range(1, 1201))
    assert sum(len(rows) for page in pages for rows in page) == 1203


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with cases.create(tmp_path_factory.mktemp("known") / "case") as case:
        cases.fill(case, 1, 3)
        yield case


SAMPLE = json.dumps(
    {
        "@odata.context": CONTEXT_20.format("US", "Cases"),
        "value": [
            {
                "SourceApplicationName": "Example \ud800 Review\0",
                "Media": [
                    {
                        "MediaID": n,
                        "Category": 2,
                        "MD5": cases.item(n).md5,
                        "Comments": "é \udfff\0 '",
                        "DateUpdated": "2024-05-18T16:40:02Z",
                    }
                    for n in (1, 2, 3)
                ],
            }
        ],
    }
).encode()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_raises_or_makes_more_than_was_there(known: Case, data: st.DataObject) -> None:
    raw = data.draw(damaged(SAMPLE))
    path = known.folder.parent / "lab.json"
    path.write_bytes(raw)
    with Gathered(known.connection, None) as gathered:
        try:
            gathered.read(path)
        except AssayError:
            return
        told = [one for page in gathered.by_item() for rows in page for one in rows]
    told_of = gathered.uncategorised + gathered.unmet + gathered.differs.count + len(told)
    assert gathered.records == told_of
    for one in told:
        assert one.item in {cases.sha(n) for n in (1, 2, 3)}
        assert "\0" not in one.speaker.name
        dump([one.note, one.place, one.category])


def test_undamaged_every_record_is_told(known: Case) -> None:
    path = known.folder.parent / "lab.json"
    path.write_bytes(SAMPLE)
    with Gathered(known.connection, None) as gathered:
        gathered.read(path)
        (page,) = gathered.by_item()
    assert [len(rows) for rows in page] == [1, 1, 1]
    assert page[0][0].speaker.name == "Example \\ud800 Review\\u0000"

"""Rows of other cases: one key once, what differs kept, what may be replaced by what is better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Table

from assay.core.facts import SourceId
from assay.core.vocab import EntryKind, SealLevel
from assay.store import schema
from assay.store.case import Case
from assay.store.check import check_case
from assay.store.joining import _TABLES, Joiner, _lookup
from assay.store.records import Entry, EntryState, Hash, LedgerState, Relocation
from tests.support import cases
from tests.support.cases import ACTOR, SOURCE, failed, item, met, place, seen, sha, source


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Case, Case, Case]]:
    """Return two cases to join and an empty one to take them."""
    with (
        cases.create(tmp_path / "one") as one,
        cases.create(tmp_path / "two") as two,
        cases.create(tmp_path / "target") as target,
    ):
        yield one, two, target


def join(one: Case, two: Case, target: Case) -> Joiner:
    joiner = Joiner(target, ACTOR)
    for case, name in ((one, "one"), (two, "two")):
        joiner.join(case, name)
    joiner.decide([one, two], ["one", "two"])
    return joiner


def test_a_check_that_ended_well_once_has_ended_well(three: tuple[Case, Case, Case]) -> None:
    one, two, target = three
    for case, states in ((one, ("done", "failed")), (two, ("failed", "done"))):
        with case.transaction(ACTOR, "batch") as tx:
            tx.add_source(source())
            tx.add_items([item(1)])
            for name, state in zip(("a", "b"), states, strict=True):
                tx.mark(sha(1), name, "1", "", LedgerState(state))
    join(*three)
    assert [row.state for row in target.reader.ledger(sha(1))] == [LedgerState.DONE] * 2


def test_the_hash_that_knows_its_picture_stays(three: tuple[Case, Case, Case]) -> None:
    one, two, target = three
    for case, pixels in ((one, 0), (two, 4800)):
        with case.transaction(ACTOR, "batch") as tx:
            tx.put_hashes([Hash(sha(1), bytes(32), 90, pixels=pixels)])
    join(*three)
    rows = target.connection.execute(schema.hashes.select()).all()
    assert [row.pixels for row in rows] == [4800]


def test_of_one_source_the_later_look_counts_and_the_earlier_is_kept(
    three: tuple[Case, Case, Case],
) -> None:
    one, two, target = three
    for case, n in ((one, 1), (two, 2)):
        with case.transaction(ACTOR, "batch") as tx:
            tx.add_source(source())
            tx.put_entry(Entry(SOURCE, "a", EntryKind.FILE, EntryState.DONE, sha256=sha(n)))
    join(*three)
    [entry] = target.reader.entries(SOURCE)
    assert entry.sha256 == sha(2)
    [kept] = [e.detail["apart"] for e in target.reader.events() if e.detail.get("apart")]
    assert sha(1) in str(kept)


def test_what_differs_under_one_key_is_kept_word_for_word(three: tuple[Case, Case, Case]) -> None:
    one, two, target = three
    with one.transaction(ACTOR, "batch") as tx:
        tx.add_items([item(1)])
        tx.add_failures([failed(1, "at byte 3")])
        tx.add_observations([seen(1)])
    with two.transaction(ACTOR, "batch") as tx:
        tx.add_items([replace(item(1), media_type="image/png", parent=sha(9))])
        tx.add_failures([failed(1, "at byte \udcff 4")])
        tx.add_observations([replace(seen(1), seal=SealLevel.FULL), seen(1, "other")])
    joiner = join(*three)
    assert target.reader.item(sha(1)) == item(1)
    assert len(target.reader.observations(sha(1))) == 2
    said = str([e.detail.get("apart") for e in target.reader.events()])
    for words in ("image/png", sha(9), "at byte \\udcff 4", "'seal': 'full'"):
        assert words in said
    assert joiner.differing == {sha(1): {"image/jpeg", "image/png"}}
    assert [joiner.tallies[t].apart for t in ("items", "failures", "observations")] == [1, 1, 1]
    assert check_case(target).problems == []


def test_another_source_under_the_same_id_keeps_its_places(three: tuple[Case, Case, Case]) -> None:
    one, two, target = three
    for case, who in ((one, "A"), (two, "B")):
        with case.transaction(ACTOR, "batch") as tx:
            tx.add_source(replace(source(), operator=who))
            tx.add_items([item(1)])
            tx.add_occurrences([place(1, cases.BAD_NAME)])
            tx.put_entry(Entry(SOURCE, cases.BAD_NAME, EntryKind.FILE, EntryState.DONE))
            tx.add_relocation(Relocation(SOURCE, "/new/\udcff", tx.at, {"files": 1}))
    renamed = Joiner(target, ACTOR)
    assert renamed.join(one, "one") == {}
    [new] = renamed.join(two, "two").values()
    assert {s.id: s.operator for s in target.reader.sources()} == {SOURCE: "A", new: "B"}
    places = {found.occurrence.source for found in target.reader.occurrences(sha(1))}
    assert places == {SOURCE, new} == set(target.reader.relocations())
    assert all(len(list(target.reader.entries(SourceId(name)))) == 1 for name in (SOURCE, new))
    assert check_case(target).problems == []


def test_decisions_come_in_the_order_of_their_times(three: tuple[Case, Case, Case]) -> None:
    one, two, target = three
    for case, ats in ((one, "13"), (two, "24")):
        with case.transaction(ACTOR, "batch") as tx:
            tx.add_items([item(1)])
            made = tx.add_decision(sha(1), scheme="neutral", category="category 1", note=ats)
            tx.add_decisions(replace(made, at=f"2026-01-01T00:00:0{at}Z", note=at) for at in ats)
    joiner = join(*three)
    notes = [d.note for d in target.reader.decisions(sha(1))]
    assert [note for note in notes if len(note) == 1] == ["1", "2", "3", "4"]
    again = Joiner(target, ACTOR)
    again.decide([one], ["one"])
    assert (joiner.tallies["decisions"].added, again.tallies["decisions"].same) == (6, 3)


def test_hits_on_lists_are_joined_once(three: tuple[Case, Case, Case]) -> None:
    one, two, target = three
    for case, names in ((one, ("a", "b")), (two, ("b", "c"))):
        with case.transaction(ACTOR, "batch") as tx:
            tx.add_source(source())
            tx.add_items([item(1)])
            tx.add_matches(met(1, name) for name in names)
    joiner = join(*three)
    assert sorted(m.list_id for m in target.reader.matches(sha(1))) == ["a", "b", "c"]
    tally = joiner.tallies["matches"]
    assert (tally.read, tally.added, tally.same, tally.apart) == (4, 3, 1, 0)
    assert check_case(target).sound


@pytest.mark.parametrize("table", _TABLES, ids=lambda table: str(table.name))
def test_keys_are_looked_up_and_no_table_is_read_whole(
    three: tuple[Case, Case, Case], table: Table
) -> None:
    query = _lookup(table, 2)
    plan = three[2].connection.exec_driver_sql(
        f"EXPLAIN QUERY PLAN {query}", ("",) * query.count("?")
    )
    steps = [str(row[-1]) for row in plan]
    assert any(step.startswith("SEARCH t USING") for step in steps), steps

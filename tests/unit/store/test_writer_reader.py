"""What is written comes back equal, once, in a bounded number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event as sa_event

from assay.core.errors import CaseError
from assay.core.facts import Decision, Item, Observation, Sha256, SourceId, Stamp
from assay.core.vocab import Allocation, Band, EntryKind, Lane, Origin, SealLevel
from assay.store import queries
from assay.store.case import Case
from assay.store.check import check_case
from assay.store.records import Entry, EntryState, Found, LedgerRow, LedgerState, standing
from tests.support.cases import (
    ACTOR,
    BAD_NAME,
    SOURCE,
    create,
    failed,
    fill,
    item,
    judged,
    met,
    place,
    placed,
    seen,
    sha,
    source,
)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with create(tmp_path) as case:
        yield case


# ---- facts


def test_facts_come_back_equal(case: Case) -> None:
    fill(case)
    reader = case.reader
    assert reader.item(sha(2)) == item(2)
    assert reader.occurrences(sha(2)) == (Found(place(2)),)
    wanted = sorted((seen(2, "camera"), seen(2, "exif")), key=lambda o: o.id)
    assert list(reader.observations(sha(2))) == wanted
    assert reader.failures(sha(2)) == (failed(2),)
    assert reader.matches(sha(2)) == (met(2),)
    assert reader.facts_of([sha(2)])[sha(2)].matches == (met(2),)
    assert reader.verdict(sha(2)) == judged(2)
    assert reader.placement(sha(2)) == placed(2)
    assert reader.sources() == (source(),)


def test_adding_the_same_facts_again_adds_only_an_event(case: Case) -> None:
    fill(case)
    rows = _all_rows(case)
    at = case.reader.decisions(sha(1))[0].at
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_source(source())
        tx.add_items(map(item, (1, 2, 3)))
        tx.add_occurrences(map(place, (1, 2, 3)))
        tx.add_observations(seen(n, kind) for n in (1, 2, 3) for kind in ("camera", "exif"))
        tx.add_failures(map(failed, (1, 2, 3)))
        tx.add_matches(map(met, (1, 2, 3)))
        tx.put_verdicts(map(judged, (1, 2, 3)))
        tx.put_placements(map(placed, (1, 2, 3)))
        tx.add_decisions((replace(case.reader.decisions(sha(1))[0], at=at),))
    assert _all_rows(case) == rows
    head = case.reader.head()
    assert head is not None
    assert head.seq == 3
    assert head.detail["counts"] == {}


def _all_rows(case: Case) -> dict[str, object]:
    facts = ("sources", "items", "occurrences", "observations", "failures", "decisions", "matches")
    tables = (*facts, "verdicts", "placements", "ledger", "entries")
    return {t: case.connection.exec_driver_sql(f"SELECT * FROM {t}").all() for t in tables}


def test_one_event_records_what_a_transaction_wrote(case: Case) -> None:
    fill(case)
    head = case.reader.head()
    assert head is not None
    assert (head.seq, head.action, head.subject, head.actor) == (
        2,
        "batch.examined",
        "source-1",
        ACTOR,
    )
    assert head.detail["counts"] == {
        "decisions": 1,
        "failures": 3,
        "items": 3,
        "matches": 3,
        "observations": 6,
        "occurrences": 3,
        "placements": 3,
        "sources": 1,
        "verdicts": 3,
    }


def test_an_error_leaves_nothing_of_the_transaction(case: Case) -> None:
    before = case.reader.head()
    with pytest.raises(KeyboardInterrupt):
        _interrupted(case)
    assert case.reader.item(sha(1)) is None
    assert case.reader.head() == before
    fill(case)


def _interrupted(case: Case) -> None:
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_items([item(1)])
        raise KeyboardInterrupt


def test_a_transaction_inside_a_transaction_is_refused(case: Case) -> None:
    with case.transaction(ACTOR, "outer") as tx:
        with pytest.raises(CaseError, match="open already"), case.transaction(ACTOR, "inner"):
            pass
        tx.add_items([item(1)])
    assert case.reader.item(sha(1)) == item(1)


def test_details_are_recorded_and_the_stores_own_words_are_refused(case: Case) -> None:
    with case.transaction(ACTOR, "note", BAD_NAME) as tx:
        tx.detail(policy="1", path=BAD_NAME)
        with pytest.raises(ValueError, match="facts"):
            tx.detail(facts="mine")
        with pytest.raises(ValueError):
            tx.detail(number=float("nan"))
    head = case.reader.head()
    assert head is not None
    assert head.detail["path"] == BAD_NAME
    assert head.subject == "DCIM/\\xff\\u202egpj.exe"


# ---- hostile values


def test_no_byte_of_a_hostile_name_is_lost(case: Case) -> None:
    chain = ("a.zip", BAD_NAME, "\ud83d lone", "nul \0 inside")
    hostile = replace(
        place(1, *chain),
        inode="offset:\udcfe",
        mode=1 << 70,
        size=-(1 << 64),
        state=Allocation.CARVED,
        times=(Stamp("ZIP DOS time", "\udc80", "unknown", None),),
        flags=("undecodable_name",),
    )
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_occurrences([Found(hostile, sha(9))])
        tx.put_entry(Entry(SOURCE, BAD_NAME, EntryKind.FILE, EntryState.DONE, size=3))
    assert case.reader.occurrences(sha(1)) == (Found(hostile, sha(9)),)
    assert case.reader.members(sha(9)) == (Found(hostile, sha(9)),)
    entry = case.reader.entry(SOURCE, BAD_NAME)
    assert entry is not None
    assert entry.key == BAD_NAME
    assert check_case(case).sound


@pytest.mark.parametrize("llr", [None, 0.0, -0.0, 2, 2.0, 1e-300, -1.25])
def test_observation_ids_hold_for_every_number(case: Case, llr: float | None) -> None:
    hostile = replace(
        seen(1),
        llr=llr,
        basis="text \udcff and \ud83d\ude00 and \0",
        locator="é",
        value={"big": 1 << 80, "text": "\ud83d\ude00", "float": -0.0, "list": [None, True]},
        seal=SealLevel.FULL,
    )
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_observations([hostile])
    (back,) = case.reader.observations(sha(1))
    assert back.id == hostile.id
    assert back.basis == hostile.basis
    assert back.seal is SealLevel.FULL
    assert check_case(case).sound


def test_another_content_at_the_same_path_is_another_occurrence(case: Case) -> None:
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_occurrences([place(1, "a.jpg"), place(2, "a.jpg")])
    assert case.reader.occurrences(sha(1)) == (Found(place(1, "a.jpg")),)
    assert case.reader.occurrences(sha(2)) == (Found(place(2, "a.jpg")),)


# ---- what may be replaced


def test_entries_ledger_and_verdicts_are_replaced(case: Case) -> None:
    entry = Entry(SOURCE, "a.jpg", EntryKind.FILE, EntryState.FAILED, detail="vanished")
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.put_entry(entry)
        tx.mark(sha(1), "exif", "1", "", LedgerState.FAILED)
        tx.put_verdicts([judged(1)])
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.put_entry(replace(entry, state=EntryState.DONE, detail=""))
        tx.mark(sha(1), "exif", "1", "", LedgerState.DONE)
        tx.put_verdicts([replace(judged(1), origin=Origin.CONFLICT)])
    assert case.reader.entry(SOURCE, "a.jpg") == replace(entry, state=EntryState.DONE, detail="")
    assert list(case.reader.entries(SOURCE)) == [case.reader.entry(SOURCE, "a.jpg")]
    assert list(case.reader.entries(SourceId("other"))) == []
    assert case.reader.ledger(sha(1)) == (LedgerRow(sha(1), "exif", "1", "", LedgerState.DONE),)
    verdict = case.reader.verdict(sha(1))
    assert verdict is not None
    assert verdict.origin is Origin.CONFLICT


def test_a_ledger_row_says_how_its_check_ended(case: Case) -> None:
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.mark(sha(7), "exif", "1", "c", LedgerState.FAILED)
        tx.mark(sha(7), "c2pa", "1", "", LedgerState.DONE)
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.mark(sha(7), "exif", "1", "c", LedgerState.DONE)
    rows = queries.ledger_keys(case.connection, sha(7))
    assert sorted(rows) == [("c2pa", "1", "", "done"), ("exif", "1", "c", "done")]
    assert queries.ledger_keys(case.connection, sha(8)) == []


def test_counts_leave_out_what_is_shown_with_a_picture(case: Case) -> None:
    fill(case, items=5)
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.put_placements([placed(5, None), placed(4, Lane.SYNTHETIC)])
        tx.put_placements([replace(placed(3), shown_with=sha(1))])
    lane = Lane.POSSIBLE_NEW_VICTIM
    assert len(list(case.reader.placements())) == 5
    counts = case.reader.counts()
    assert (counts.items, counts.shown_with) == (5, 1)
    assert counts.lanes == {lane: 2, Lane.SYNTHETIC: 1, None: 1}
    assert counts.bands == {Band.A: 2}
    assert counts.origins == {Origin.CAMERA: 5}
    assert list(queries.apart(case.connection, inventory=True)) == [sha(5)]
    assert list(queries.apart(case.connection, inventory=False)) == [sha(3)]


# ---- decisions


def decided(actor: str, category: str | None, *, undone: bool = False) -> Decision:
    return Decision(sha(1), actor, "neutral", category, "", "2026-01-01T00:00:00Z", undone)


def test_the_latest_decision_of_each_actor_stands() -> None:
    first, second = decided("A", "category 1"), decided("A", "category 2")
    other = decided("B", "category 1")
    note, undo = decided("A", None), decided("A", None, undone=True)
    assert standing((first, other, second, note)) == (second, other)
    assert standing((first, other, undo)) == (other,)
    assert standing((first, undo, second)) == (second,)
    assert standing((undo, note)) == ()


def test_decisions_keep_their_order_and_their_transactions_time(case: Case) -> None:
    for category in ("category 2", "category 1"):
        with case.transaction(ACTOR, "decided") as tx:
            made = tx.add_decision(sha(1), scheme="neutral", category=category, note="é \udcff")
            assert made.at == tx.at
    head = case.reader.head()
    assert head is not None
    assert head.at == case.reader.decisions(sha(1))[-1].at
    assert [d.category for d in case.reader.decisions(sha(1))] == ["category 2", "category 1"]
    assert case.reader.standing(sha(1))[0].category == "category 1"


# ---- many at once


def test_bundles_take_a_bounded_number_of_queries(case: Case) -> None:
    fill(case, items=400)
    statements: list[str] = []
    sa_event.listen(
        case.connection.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )
    wanted = [sha(n) for n in (300, 5, 999_999, 1)] + [sha(n) for n in range(10, 290)]
    bundles = case.reader.facts_of(wanted)
    assert len(statements) <= 12
    assert list(bundles) == [s for s in wanted if s != sha(999_999)]
    bundle = bundles[sha(1)]
    assert bundle.item == item(1)
    assert bundle.occurrences == case.reader.occurrences(sha(1))
    assert bundle.observations == case.reader.observations(sha(1))
    assert bundle.failures == (failed(1),)
    assert bundle.decisions == case.reader.decisions(sha(1))
    assert bundle.verdict == judged(1)
    assert bundle.placement == case.reader.placement(sha(1)) == placed(1)


def test_pages_yield_every_item_once(case: Case) -> None:
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_items(map(item, range(2500)))
    found = [i.sha256 for i in case.reader.items()]
    assert found == sorted(sha(n) for n in range(2500))


@pytest.mark.parametrize(
    "text",
    [
        sha(2),
        sha(2).upper(),
        sha(2)[:12],
        item(2).md5,
        item(2).sha1,
        "DCIM/0002.jpg",
        "/evidence/card/DCIM/0002.jpg",
    ],
)
def test_an_item_is_found_by_digest_and_by_path(case: Case, text: str) -> None:
    fill(case)
    assert case.reader.resolve(text) == (sha(2),)


@pytest.mark.parametrize("text", ["", "abc", "nothing", "0" * 64, "/evidence/card", "%", "x' OR 1"])
def test_what_is_not_there_is_not_found(case: Case, text: str) -> None:
    fill(case)
    assert case.reader.resolve(text) == ()


def test_given_ids_are_stored_as_they_are(case: Case) -> None:
    observation: Observation = seen(1)
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_observations([(observation, observation.id)])
    assert check_case(case).sound


def test_an_item_knows_its_container(case: Case) -> None:
    inner: Item = replace(item(2), parent=Sha256(sha(1)))
    with case.transaction(ACTOR, "batch.examined") as tx:
        tx.add_items([inner])
        tx.add_occurrences([Found(place(2, "a.zip", "b.jpg"), sha(1))])
    assert case.reader.item(sha(2)) == inner
    assert case.reader.resolve("a.zip!/b.jpg") == (sha(2),)

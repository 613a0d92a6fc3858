"""Keys of a case: who carries them, counted for the pinned version alone, through the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.facts import Observation
from assay.core.vocab import Level, Polarity
from assay.store import fingerprints
from assay.store.case import Case
from tests.support import cases
from tests.support.cases import ACTOR, item, place, placed, sha

INDEX = (
    "CREATE INDEX IF NOT EXISTS observations_fingerprints ON observations "
    "(json_extract(value, '$.key'), item) WHERE kind = 'fingerprint'"
)
CHECK = {"name": "fingerprint", "version": "2", "config": "", "moving_config": "ab"}
A, B = "a" * 32, "b" * 32


def print_of(n: int, key: str = A, kind: str = "generator", version: str = "2") -> Observation:
    return Observation(
        item=sha(n),
        examiner="fingerprint",
        version=version,
        kind="fingerprint",
        value={"kind": kind, "key": key, "parts": {"tool": "x"}, "text": f"what {key[0]} is"},
        level=Level.N,
        polarity=Polarity.NONE,
    )


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """Return a case of 6 items: 1-3 carry A, 3-4 carry B, 5 and 6 carried A in an old version."""
    made = Case.create(tmp_path / "case", cases.PINS, actor=ACTOR, settings={"checks": [CHECK]})
    with made.transaction(ACTOR, "batch.examined", "source-1") as tx:
        tx.add_source(cases.source())
        tx.add_items(map(item, range(1, 7)))
        tx.add_occurrences(map(place, range(1, 6)))
        tx.add_observations(print_of(n) for n in (1, 2, 3))
        tx.add_observations(print_of(n, B, "camera") for n in (3, 4))
        tx.add_observations([print_of(5, version="1"), print_of(1, B, version="1")])
        tx.add_observations([replace(print_of(6), config="other")])
        tx.add_observations([replace(print_of(3), config="ab")])  # of the same version: counts once
        tx.put_placements([placed(1, None), placed(2)])
    yield made
    made.close()


def now(case: Case) -> fingerprints.Current:
    found = fingerprints.current(case.connection)
    assert found is not None
    return found


def test_items_are_counted_once_and_history_does_not_count(case: Case) -> None:
    assert now(case) == fingerprints.Current("2", "", "ab")
    assert list(fingerprints.counts(case.connection, now(case))) == [(A, 3), (B, 2)]
    assert list(fingerprints.counts(case.connection, now(case), least=3)) == [(A, 3)]
    assert list(fingerprints.counts(case.connection, now(case), "camera")) == [(B, 2)]
    assert fingerprints.ever(case.connection, A) == {sha(n) for n in (1, 2, 3, 5, 6)}
    those = [sha(n) for n in (1, 4, 5, 6)]
    assert fingerprints.among(case.connection, now(case), A, those) == {sha(1)}


def test_a_key_says_what_it_stands_for_and_who_carries_it(case: Case) -> None:
    carriers = [(B, sha(3)), (A, sha(4)), ("c" * 32, sha(1))]  # 4 does not carry A
    said = fingerprints.said(case.connection, now(case), carriers)
    assert said == {B: fingerprints.Said("camera", "what b is", {"tool": "x"})}
    members = fingerprints.members(case.connection, now(case), {A: 3, B: 2}, first=2)
    assert members[A].lanes == {1: 1, fingerprints.INVENTORY: 1, fingerprints.UNPLACED: 1}
    assert members[A].first[0] == (sha(2), "DCIM/0002.jpg")  # lane 1 comes before all others
    assert [len(members[key].first) for key in (A, B)] == [2, 2]


def test_links_of_an_item_are_its_keys_with_how_many_carry_them(case: Case) -> None:
    shas = [sha(n) for n in (1, 3, 5, 99)]
    links = fingerprints.links_of(case.connection, shas)
    assert {key: sorted(rows) for key, rows in links.items()} == {
        sha(1): [("generator", A, 3)],
        sha(3): [("camera", B, 2), ("generator", A, 3)],
    }
    known = dict(fingerprints.counts(case.connection, now(case), least=2))
    assert fingerprints.links_of(case.connection, shas, known) == links
    assert fingerprints.links_of(case.connection, [sha(4)], {}) == {sha(4): [("camera", B, 1)]}


def test_a_case_that_does_not_pin_the_examiner_has_no_keys(tmp_path: Path) -> None:
    case = cases.create(tmp_path / "case")
    cases.fill(case)
    assert fingerprints.current(case.connection) is None
    assert fingerprints.links_of(case.connection, [sha(1)]) == {}
    case.close()


def test_every_query_uses_the_index_where_there_is_one(tmp_path: Path, case: Case) -> None:
    case.close()
    with cases.tampering(tmp_path / "case") as database:
        database.execute(INDEX)
        given = {
            **now_of(CHECK),
            "kind": None,
            "least": 2,
            "keys": f'["{A}"]',
            "key": A,
            "first": 1,
        }
        for query in (
            fingerprints._COUNTS,
            fingerprints._CARRIERS,
            fingerprints._HOW_MANY,
            fingerprints._HOW_MANY_EVER,
            fingerprints._MEMBERS % fingerprints._EVERYONE,
            fingerprints._MEMBERS % fingerprints._CARRIERS,
            fingerprints._EVER,
        ):
            rows = database.execute("EXPLAIN QUERY PLAN " + query, given).fetchall()
            plan = [str(row[3]) for row in rows]
            assert any(" INDEX observations_fingerprints" in line for line in plan), plan
            assert not any("SCAN observations" in line and "INDEX" not in line for line in plan)


def now_of(check: dict[str, str]) -> dict[str, str | int | None]:
    return fingerprints.Current(check["version"], check["config"], check["moving_config"]).given()

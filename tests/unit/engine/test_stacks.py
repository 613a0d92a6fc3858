"""Stacks: one place in the queue for near-duplicates, bounded, of one origin, never later."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.facts import Sha256
from assay.core.vocab import Level
from assay.engine.judging import Judge
from assay.engine.ranking import in_order, rank_of
from assay.engine.stacks import find_stacks, restack
from assay.store.case import Case
from assay.verdict.place import earliest
from assay.verdict.policy import shipped_policy
from tests.support import cases
from tests.support.near import Picture, commit, committer, lanes, looks, pinned


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return cases.create(tmp_path / "case")


def stack(case: Case) -> None:
    judge = Judge(case.reader, pinned(), shipped_policy())
    with case.transaction(cases.ACTOR, "test") as tx:
        restack(case, judge, shipped_policy(), tx)


def heads(case: Case) -> dict[int, int]:
    """Return the number of the head of each item that stands with one."""
    numbers = {cases.sha(n): n for n in range(700)}
    found = {}
    for placement in case.reader.placements():
        if placement.stack is not None:
            found[numbers[placement.item]] = numbers[placement.stack]
    return found


def test_near_duplicates_have_one_place_in_the_queue(case: Case) -> None:
    commit(committer(case), *(Picture(n, looks(1, n)) for n in range(5)), Picture(9, looks(2)))
    stack(case)
    assert heads(case) == {1: 0, 2: 0, 3: 0, 4: 0}
    order = list(in_order(case.connection))
    assert [(cases.sha(0), 1), (cases.sha(9), 2)] == [pair for pair in order if pair[1]]
    assert [sha for sha, _ in order][:5] == [cases.sha(n) for n in range(5)]  # nearest first
    assert len(order) == 6
    head, member = (case.reader.placement(cases.sha(n)) for n in (0, 3))
    assert head is not None
    assert member is not None
    assert rank_of(case.connection, head) == 1
    assert rank_of(case.connection, member) is None
    assert member.reasons[-1].params == {"head": cases.sha(0), "distance": 3}


def test_no_chain_leads_farther_than_the_distance_from_the_head(case: Case) -> None:
    commit(committer(case), *(Picture(n, looks(1, n)) for n in range(0, 100, 10)))
    stack(case)
    assert heads(case) == {10: 0, 20: 0, 30: 0, 50: 40, 60: 40, 70: 40, 90: 80}
    assert all(s.distance <= 31 for s in find_stacks(case, shipped_policy()))


def test_a_stack_has_one_origin(case: Case) -> None:
    photo = Picture(2, looks(1, 2), (Level.C2,))
    commit(committer(case), Picture(1, looks(1, 1)), photo, Picture(3, looks(1, 3)))
    stack(case)
    assert heads(case) == {3: 1}


def test_a_decided_file_is_in_no_stack_and_the_others_stand_alone_at_once(case: Case) -> None:
    commit(committer(case), *(Picture(n, looks(1, n)) for n in (1, 2, 3)))
    stack(case)
    assert heads(case) == {2: 1, 3: 1}
    with case.transaction(cases.ACTOR, "decision.recorded") as tx:
        tx.add_decision(cases.sha(1), scheme="neutral", category="5")
    judge = Judge(case.reader, pinned(), shipped_policy())
    with case.transaction(cases.ACTOR, "case.placed") as tx:
        tx.put_placements(r.placement for r in judge.rulings([cases.sha(1)]))
    assert heads(case) == {}
    assert lanes(case)[2] == ("unknown", 1)  # a decision is about what was shown
    stack(case)
    assert heads(case) == {3: 2}


def test_a_stack_takes_the_lowest_lane_number(case: Case) -> None:
    signed = (Level.S5,)
    commit(committer(case), Picture(1, looks(1), signed), Picture(2, looks(1, 40), signed))
    commit(committer(case), Picture(3, looks(1, 20), signed), Picture(4, looks(1, 70)))
    # 2 is near the unknown 4 and stands in lane 2; 3 is near 2 and not near 4
    assert lanes(case) == {
        1: ("synthetic", 4), 2: ("synthetic", 2), 3: ("synthetic", 4), 4: ("unknown", 1),
    }  # fmt: skip
    alone = {p.item: p for p in case.reader.placements()}
    stack(case)
    assert heads(case) == {3: 2}
    assert lanes(case)[3] == ("synthetic", 2)
    assert all(earliest(p) <= earliest(alone[p.item]) for p in case.reader.placements())
    raised = case.reader.placement(cases.sha(3))
    assert raised is not None
    assert (raised.reasons[-1].code, raised.reasons[-1].params["lane"]) == ("stack.raised", 4)
    stack(case)
    assert heads(case) == {3: 2}  # the raised one has not become a head


def test_a_head_that_stands_later_now_is_none(case: Case) -> None:
    commit(committer(case), *(Picture(n, looks(1, n)) for n in (1, 2)))
    stack(case)
    # it is worth less now; nothing else changed
    row = "UPDATE stacks SET head = ?, item = ?"
    case.connection.exec_driver_sql(row, (cases.sha(2), cases.sha(1)))
    judge = Judge(case.reader, pinned(), shipped_policy())
    found = {r.verdict.item: r.placement.stack for r in judge.rulings([cases.sha(1), cases.sha(2)])}
    assert found == {cases.sha(1): None, cases.sha(2): None}


def test_a_flood_is_stacked_in_pieces(case: Case) -> None:
    some = [Picture(n, looks(1, n % 25)) for n in range(600)]
    commit(committer(case), *some)
    stack(case)
    assert len(heads(case)) == 599
    assert set(heads(case).values()) == {min(range(600), key=_path)}


def _path(n: int) -> tuple[str, Sha256]:
    return (f"DCIM/{n:04d}.jpg", cases.sha(n))

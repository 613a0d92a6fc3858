"""Near copies: a label on a copy of a photograph is a conflict, near lane 1 nothing stays in 4."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from assay.core.facts import Sha256
from assay.core.vocab import Lane, Level
from assay.engine import neighbours
from assay.engine.judging import Judge
from assay.engine.rejudge import Changes
from assay.media.pdq_turns import VARIANTS, eight
from assay.store import near as rows
from assay.store.case import Case
from assay.verdict.policy import parse_policy, shipped_policy, shipped_policy_bytes
from tests.support import cases
from tests.support.near import Picture, commit, committer, lanes, looks, pinned

SIGNED, LABEL, PHOTO = (Level.S5,), (Level.S1,), (Level.C2,)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return cases.create(tmp_path / "case")


def neighbour(case: Case, n: int) -> tuple[Sha256 | None, int | None, Sha256 | None, int | None]:
    found = rows.neighbours_of(case.connection, [cases.sha(n)])[cases.sha(n)]
    return found.camera, found.camera_distance, found.possible, found.possible_distance


PICTURES = (
    Picture(1, looks(1), PHOTO),
    Picture(2, looks(1, 31), SIGNED),  # a near copy of the photograph
    Picture(3, looks(2), SIGNED),
    Picture(4, looks(2, 20)),  # an unknown picture
    Picture(5, looks(3), SIGNED),
    Picture(6, looks(3, 4), SIGNED),  # two synthetic ones near each other
    Picture(7, looks(1, 32), SIGNED),  # one bit too far from the photograph, 1 from its copy
    Picture(8, looks(5), LABEL),
)
WANTED = {
    1: ("camera", 1),
    2: ("conflict", 1),
    3: ("synthetic", 2),
    4: ("unknown", 1),
    5: ("synthetic", 4),
    6: ("synthetic", 4),
    7: ("synthetic", 2),  # near the conflict, which stands in lane 1
    8: ("unknown", 1),
}


@pytest.mark.parametrize("split", range(9))
def test_the_order_of_arrival_does_not_matter(case: Case, split: int) -> None:
    to = committer(case)
    commit(to, *PICTURES[split:])
    commit(to, *PICTURES[:split])
    assert lanes(case) == WANTED


def test_one_by_one_in_any_order_and_by_several_runs(tmp_path: Path) -> None:
    some = [PICTURES[n] for n in (0, 1, 6, 3, 2)]
    for number, order in enumerate(list(permutations(some))[::11]):
        case = cases.create(tmp_path / f"case-{number}")
        for n, picture in enumerate(order):
            if n % 2 == 0:
                to = committer(case)  # another run
            commit(to, picture)
        found = lanes(case)
        assert found == {n: WANTED[n] for n in found}, order


def test_what_was_found_is_kept_with_its_distance(case: Case) -> None:
    commit(committer(case), *PICTURES)
    assert neighbour(case, 2) == (cases.sha(1), 31, None, None)
    assert neighbour(case, 3) == (None, None, cases.sha(4), 20)
    assert neighbour(case, 7) == (None, None, cases.sha(2), 1)
    assert neighbour(case, 5) == (None, None, None, None)
    verdict = case.reader.verdict(cases.sha(2))
    assert verdict is not None
    assert verdict.reasons[0].params == {"neighbour": cases.sha(1), "distance": 31}


def test_a_flat_picture_is_compared_with_nothing(case: Case) -> None:
    commit(
        committer(case),
        Picture(1, looks(1), PHOTO, quality=49),
        Picture(2, looks(1), SIGNED),
        Picture(3, looks(2), PHOTO),
        Picture(4, looks(2), SIGNED, quality=49),
    )
    assert lanes(case)[2] == ("synthetic", 4)
    assert lanes(case)[4] == ("synthetic", 4)


def test_a_mirrored_copy_is_a_copy(case: Case) -> None:
    turned = bytes.fromhex(looks(7) + looks(8) + looks(9))
    stored = np.frombuffer(bytes.fromhex(looks(6)), np.uint8)[None]
    looked = eight(stored, np.frombuffer(turned, np.uint8)[None])[0]
    for n, name in enumerate(VARIANTS):
        commit(
            committer(case),
            Picture(2 * n + 1, looks(6), SIGNED, turned=turned.hex()),
            Picture(2 * n + 2, looked[n].tobytes().hex(), PHOTO),
        )
        assert lanes(case)[2 * n + 1] == ("conflict", 1), name


def test_a_copy_inside_a_frame_of_bars_is_a_copy(case: Case) -> None:
    part = Picture(1, looks(1, 2), SIGNED, part="without bars")
    commit(committer(case), part, Picture(2, looks(1), PHOTO))
    assert lanes(case)[1] == ("conflict", 1)


def test_until_the_search_ran_a_signed_file_is_held_back(case: Case) -> None:
    """What an earlier Assay stored has no row; nothing but the search itself lets it down."""
    commit(committer(case), Picture(1, looks(1), SIGNED))
    case.connection.exec_driver_sql("DELETE FROM neighbours")
    judge = Judge(case.reader, pinned(), shipped_policy())
    (ruling,) = judge.rulings([cases.sha(1)])
    assert ruling.placement.lane is Lane.POSSIBLE_NEW_VICTIM
    assert "held_back" in [r.code for r in ruling.verdict.reasons]
    with case.transaction(cases.ACTOR, "test") as tx:
        neighbours.settle_all(case, judge, shipped_policy(), tx)
    assert lanes(case)[1] == ("synthetic", 4)


def decide(case: Case, n: int, category: str | None) -> Changes:
    judge = Judge(case.reader, pinned(), shipped_policy())
    with case.transaction(cases.ACTOR, "decision.recorded") as tx:
        tx.add_decision(cases.sha(n), scheme="neutral", category=category, undone=category is None)
    changes = Changes()
    with case.transaction(cases.ACTOR, "case.placed") as tx:
        rulings = judge.rulings([cases.sha(n)])
        tx.put_placements(r.placement for r in rulings)
        hood = neighbours.Neighbourhood(case, judge, shipped_policy())
        changes.take(rulings)
        changes.take(hood.settle(tx, rulings))
    return changes


def test_a_decision_frees_the_neighbours_and_its_undo_takes_them_back(case: Case) -> None:
    commit(committer(case), Picture(1, looks(1)), Picture(2, looks(1, 3), SIGNED))
    assert lanes(case)[2] == ("synthetic", 2)
    changes = decide(case, 1, "5")
    assert lanes(case)[2] == ("synthetic", 4)
    assert sorted(changes.moves()) == sorted([[cases.sha(1), 1, 5], [cases.sha(2), 2, 4]])
    decide(case, 1, None)
    assert lanes(case)[2] == ("synthetic", 2)


def test_another_neighbour_takes_the_place_of_one_that_was_decided(case: Case) -> None:
    commit(
        committer(case), *(Picture(n, looks(1, n)) for n in (1, 2)), Picture(9, looks(1), SIGNED)
    )
    assert neighbour(case, 9)[2:] == (cases.sha(1), 1)
    decide(case, 1, "5")
    assert neighbour(case, 9)[2:] == (cases.sha(2), 2)
    assert lanes(case)[9] == ("synthetic", 2)


def test_a_flood_of_labelled_copies_is_raised_by_one_photograph(case: Case) -> None:
    to = committer(case)
    flood = [Picture(n, looks(1, n % 30), SIGNED) for n in range(200, 500)]
    commit(to, *flood[:150])
    commit(to, *flood[150:])
    assert set(lanes_of(case, flood)) == {4}
    commit(to, Picture(1, looks(1), PHOTO))
    assert set(lanes_of(case, flood)) == {1}


def lanes_of(case: Case, pictures: list[Picture]) -> list[int]:
    placed = [case.reader.placement(cases.sha(p.number)) for p in pictures]
    return [int(p.lane or 0) for p in placed if p is not None]


def test_a_case_without_statements_is_not_compared(case: Case) -> None:
    commit(committer(case), Picture(1, looks(1)), Picture(2, looks(1), PHOTO))
    assert not rows.is_compared(case.connection)


def test_an_older_policy_knows_no_near_copies(case: Case) -> None:
    text = shipped_policy_bytes().decode()
    for kind in ("origin", "lane"):
        blocks = text.split(f"[[{kind}]]")
        text = f"[[{kind}]]".join(b for b in blocks if "\nnear_" not in b.split("[[")[0])
    policy = parse_policy(text.encode(), "a test")
    assert not policy.compares
    commit(committer(case, policy), *PICTURES[:2])
    assert lanes(case)[2] == ("synthetic", 4)

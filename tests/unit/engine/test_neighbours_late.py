"""Near copies where facts come late: a hash, a camera record, a fall from a stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.facts import Observation
from assay.core.vocab import Level, Polarity, Role
from assay.engine.batch import Batch, Committer
from assay.engine.judging import Judge
from assay.engine.neighbours import Neighbourhood
from assay.engine.stacks import restack
from assay.store.case import Case
from assay.store.records import Found
from assay.verdict.policy import shipped_policy
from tests.support import cases
from tests.support.near import Picture, commit, committer, lanes, looks, pinned

SIGNED, PHOTO = (Level.S5,), (Level.C2,)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return cases.create(tmp_path / "case")


def learn(to: Committer, *found: Observation) -> None:
    """Commit more about items that are there already."""
    to.commit(Batch(observations=list(found), dirty={o.item: None for o in found}), "in a test")


def first(picture: Picture) -> Batch:
    """Return all of a picture but its hash, which is yet to come."""
    return Batch(
        items=[cases.item(picture.number)],
        occurrences=[Found(cases.place(picture.number))],
        observations=picture.observations()[1:],
        dirty={cases.sha(picture.number): None},
    )


def said(n: int, level: Level) -> Observation:
    plain = replace(cases.seen(n, f"late {level.value}"), polarity=Polarity.NONE, llr=None)
    return replace(plain, level=level, value={"text": "in a test"})


@pytest.mark.parametrize("same_run", [True, False])
@pytest.mark.parametrize(("levels", "wanted"), [((), 2), (PHOTO, 1)])
def test_a_hash_that_comes_late_is_compared(
    case: Case, same_run: bool, levels: tuple[Level, ...], wanted: int
) -> None:
    to = committer(case)
    real = Picture(1, looks(1), levels)
    to.commit(first(real), "in a test")
    commit(to, Picture(2, looks(1, 5), SIGNED))
    assert lanes(case)[2] == ("synthetic", 4)
    learn(to if same_run else committer(case), real.observations()[0])
    assert lanes(case)[2][1] == wanted


def test_a_labelled_file_asks_again_with_a_later_hash(case: Case) -> None:
    to = committer(case)
    commit(to, Picture(1, looks(1), PHOTO), Picture(2, looks(2), SIGNED))
    assert lanes(case)[2] == ("synthetic", 4)
    learn(to, Picture(2, looks(1, 5), SIGNED, part="panel 2").observations()[0])
    assert lanes(case)[2] == ("conflict", 1)


def test_a_camera_record_that_comes_late_to_a_conflict_is_one(case: Case) -> None:
    to = committer(case)
    commit(to, Picture(1, looks(1), (Level.C1, Level.S1)), Picture(2, looks(1, 5), SIGNED))
    assert lanes(case) == {1: ("conflict", 1), 2: ("synthetic", 2)}
    learn(to, said(1, Level.C2))
    assert lanes(case)[2] == ("conflict", 1)


def test_what_was_set_free_is_found_by_the_next(case: Case) -> None:
    to = committer(case)
    commit(to, Picture(1, looks(1)), Picture(2, looks(1, 5), SIGNED))
    assert lanes(case)[2] == ("synthetic", 2)
    learn(to, said(1, Level.S5))  # it is synthetic itself, as it turns out
    assert lanes(case) == {1: ("synthetic", 4), 2: ("synthetic", 4)}
    commit(to, Picture(3, looks(1, 10)))
    assert lanes(case) == {1: ("synthetic", 2), 2: ("synthetic", 2), 3: ("unknown", 1)}


def test_a_member_that_falls_with_its_head_was_searched(case: Case) -> None:
    to = committer(case)
    commit(to, Picture(2, looks(1), SIGNED), Picture(3, looks(1, 20), SIGNED))
    commit(to, Picture(1, "".join(f"{b ^ 255:02x}" for b in bytes.fromhex(looks(1)))))
    # 1 is the head's neighbour and far from the member
    base = bytes.fromhex(looks(1))
    near = bytes([*base[:-3], *(b ^ 255 for b in base[-3:])])  # 24 bits from 2, 44 from 3
    commit(to, Picture(4, near.hex()))
    assert (lanes(case)[2], lanes(case)[3]) == (("synthetic", 2), ("synthetic", 4))
    judge = Judge(case.reader, pinned(), shipped_policy())
    with case.transaction(cases.ACTOR, "test") as tx:
        restack(case, judge, shipped_policy(), tx)
    assert lanes(case)[3] == ("synthetic", 2)  # raised by its head
    commit(committer(case), Picture(5, looks(1, 45)))  # 25 bits from the member, 45 from the head
    with case.transaction(cases.ACTOR, "decision.recorded") as tx:
        tx.add_decision(cases.sha(4), scheme="neutral", category="5")
    with case.transaction(cases.ACTOR, "case.placed") as tx:
        rulings = judge.rulings([cases.sha(4)])
        tx.put_placements(r.placement for r in rulings)
        Neighbourhood(case, judge, shipped_policy()).settle(tx, rulings)
    assert lanes(case)[2] == ("synthetic", 4)
    assert lanes(case)[3] == ("synthetic", 2)  # near 5, which stands in lane 1


def test_a_preview_with_a_camera_record_that_turns_up_as_a_file_is_a_photograph(case: Case) -> None:
    to = committer(case)
    inside = replace(cases.place(1, "9.jpg", "preview"), role=Role.PREVIEW)
    alike = {"member": cases.sha(1), "distance": 0, "quality": 100}
    relation = replace(said(9, Level.N), kind="preview", value=alike)
    commit(to, Picture(9, looks(9)))
    photo = Picture(1, looks(1), PHOTO)
    to.commit(
        Batch(
            items=[cases.item(1)],
            occurrences=[Found(inside, cases.sha(9))],
            observations=[*photo.observations(), relation],
            dirty={cases.sha(1): None},
        ),
        "in a test",
    )
    decision = {"scheme": "neutral", "category": "5"}
    with case.transaction(cases.ACTOR, "decision.recorded") as tx:
        tx.add_decision(cases.sha(9), **decision)
    to.commit(Batch(entries=[], dirty={cases.sha(9): None}), "in a test")
    placement = case.reader.placement(cases.sha(1))
    assert placement is not None
    assert placement.shown_with == cases.sha(9)
    commit(to, Picture(2, looks(1, 5), SIGNED))
    assert lanes(case)[2] == ("synthetic", 4)  # a preview is nobody's neighbour
    to.commit(Batch(occurrences=[Found(cases.place(1))], dirty={cases.sha(1): None}), "in a test")
    assert lanes(case)[1] == ("camera", 1)
    assert lanes(case)[2] == ("conflict", 1)

"""Where cases disagree on what a content is, doubt moves it up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.facts import Item, Match, Observation, Sha256
from assay.core.jsonvalue import Json
from assay.core.vocab import Lane, ListPolarity
from assay.engine import editions
from assay.engine.merging import merge_cases
from assay.engine.session import CaseOptions, Session, create, open_session
from assay.engine.verify import verify
from assay.store.records import LedgerState
from tests.support.cases import item, place, source

DAY = CaseOptions(evaluation_date="2026-01-01")


def a_program(session: Session, media_type: str) -> Sha256:
    """Add a content of a kind without pictures on which every check has finished."""
    found: Item = replace(item(1), media_type=media_type)
    sha = found.sha256
    with session.case.transaction("A", "facts.added") as tx:
        tx.add_source(source())
        tx.add_items([found])
        tx.add_occurrences([place(1, "a")])
        for check in session.checks:
            name, version, config = check.key(media_type)
            tx.mark(sha, name, version, config, LedgerState.DONE)
        name, version, config = session.pinned.checks["digest"].key(media_type)
        tx.add_observations(
            [
                Observation(
                    sha, name, version, "content", {"no_pictures": "a program"}, config=config
                )
            ]
        )
    return sha


def merged_lane(root: Path, *kinds: str) -> Lane | None:
    for number, kind in enumerate(kinds):
        with create(root / str(number), DAY, "A") as session:
            sha = a_program(session, kind)
    merge_cases([root / str(number) for number in range(len(kinds))], root / "merged", "A")
    with open_session(root / "merged") as session:
        assert list(verify(session)) == []
        placement = session.case.reader.placement(sha)
    assert placement is not None
    return placement.lane


def test_cases_that_agree_leave_a_program_in_the_inventory(tmp_path: Path) -> None:
    assert merged_lane(tmp_path, "application/x-elf", "application/x-elf") is None


def test_cases_that_disagree_on_a_kind_put_it_first(tmp_path: Path) -> None:
    assert merged_lane(tmp_path, "application/x-elf", "application/x-sharedlib") == 1


def decided_and_met(folder: Path, order: str) -> Sha256:
    """Make a case with a content that a person decided ("d") and a list came to know ("m")."""
    found = item(1)
    row: dict[str, Json] = {"version": "1", "in_force": True}
    hit = Match(
        found.sha256, "known", "7", "md5", 0, 0, "1",
        edition=editions.edition(row), polarity=ListPolarity.POSITIVE,
    )  # fmt: skip
    with create(folder, DAY, "A") as session:
        case = session.case
        with case.transaction("A", "facts.added") as tx:
            tx.add_source(source())
            tx.add_items([found])
            tx.add_occurrences([place(1, "a")])
            tx.set_pins(case.pins, {**case.settings, editions.SETTING: {"known": row}})
        for what in order:
            with case.transaction(f"examiner of {folder.name}", "test") as tx:
                if what == "d":
                    tx.add_decision(found.sha256, scheme="neutral", category="5")
                else:
                    tx.add_matches([hit])
    return found.sha256


@pytest.mark.parametrize(
    ("orders", "lane"),
    [
        (("dm", "m"), 2),  # the hit reopened the decision, in whatever case it lies as well
        (("m", "dm"), 2),
        (("md", "m"), 5),  # decided with the hit at hand
        (("m", "md"), 5),
        (("dmd", "m"), 5),
        (("md", "dm"), 2),  # one of the two did not know of it
    ],
)
def test_a_merge_closes_no_decision_that_a_hit_had_reopened(
    tmp_path: Path, orders: tuple[str, ...], lane: int
) -> None:
    for number, order in enumerate(orders):
        sha = decided_and_met(tmp_path / str(number), order)
    merge_cases([tmp_path / str(number) for number in range(len(orders))], tmp_path / "merged", "A")
    with open_session(tmp_path / "merged") as session:
        assert list(verify(session)) == []
        placement = session.case.reader.placement(sha)
    assert placement is not None
    assert placement.lane == lane

"""Where cases disagree on what a content is, doubt moves it up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assay.core.facts import Item, Observation, Sha256
from assay.core.vocab import Lane
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

"""An upgrade is carried out whole or not at all, and asking for it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.engine import upgrade
from assay.engine.rejudge import apply
from assay.engine.session import CaseOptions, Session, create
from assay.engine.upgrade import Target, target_of
from assay.engine.verify import verify
from assay.verdict.policy import shipped_policy_bytes
from tests.support import cases

ACTOR = "A. Examiner"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with create(tmp_path / "case", CaseOptions(), ACTOR) as session:
        with session.case.transaction(ACTOR, "facts.added") as tx:
            tx.add_source(cases.source())
            tx.add_items([cases.item(1)])
            tx.add_occurrences([cases.place(1)])
        apply(session, [cases.sha(1)], ACTOR, "case.placed")
        yield session


def target(session: Session, folder: Path) -> Target:
    policy = folder / "policy.toml"
    policy.write_bytes(shipped_policy_bytes().replace(b'version = "3"', b'version = "test"'))
    return target_of(session, CaseOptions(policy=policy))


def test_asking_leaves_the_case_as_it_was(session: Session, tmp_path: Path) -> None:
    before = (session.case.reader.head(), session.case.pins, session.case.settings)
    (change,) = upgrade.preview(session, target(session, tmp_path), ACTOR)
    assert change.new_verdict.policy == "test"
    assert (session.case.reader.head(), session.case.pins, session.case.settings) == before
    assert list(verify(session)) == []


def test_what_is_cut_short_is_taken_back(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    wanted, pins = target(session, tmp_path), session.case.pins
    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "carry_out", killed)
        with pytest.raises(KeyboardInterrupt):
            upgrade.accept(session, wanted, ACTOR)
    assert session.case.pins == pins
    with Session(session.case) as again:
        assert list(verify(again)) == []


def test_what_was_accepted_is_pinned_and_verifies(session: Session, tmp_path: Path) -> None:
    upgrade.accept(session, target(session, tmp_path), ACTOR)
    assert session.case.pins.policy_version == "test"
    with Session(session.case) as again:
        assert list(verify(again)) == []


def test_what_the_run_before_it_set_stays(session: Session, tmp_path: Path) -> None:
    """``run --upgrade --prior`` works out the target, then remembers the other case."""
    wanted = target(session, tmp_path)
    case = session.case
    case.repin(case.pins, actor=ACTOR, settings={**case.settings, "remembered": 1})
    upgrade.accept(session, wanted, ACTOR)
    assert case.settings["remembered"] == 1
    assert 'version = "test"' in str(case.settings["policy"])

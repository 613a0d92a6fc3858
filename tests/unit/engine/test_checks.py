"""Which stored facts count: the newest opener's, and no complaint that an opener has answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.core.facts import Decision, Failure, Match, Observation
from assay.core.vocab import FailureReason, Lane, ListPolarity
from assay.engine.checks import Pinned
from assay.store.records import Bundle, LedgerRow, LedgerState
from assay.verdict.decide import decide
from assay.verdict.policy import shipped_policy
from assay.verdict.signals import ItemFacts
from tests.support import facts as f

ZIP = f.item("application/zip")


def container(version: str, *, complete: bool) -> Observation:
    made = f.seen("container", examiner="open:zip", complete=complete, members=2)
    return replace(made, version=version)


def failure(examiner: str, version: str) -> Failure:
    return Failure(f.SHA, examiner, version, "open", FailureReason.MALFORMED)


def row(version: str, state: LedgerState, examiner: str = "open:zip") -> LedgerRow:
    return LedgerRow(f.SHA, examiner, version, "", state)


def facts_of(bundle: Bundle) -> ItemFacts:
    return Pinned((), {}).facts(bundle)


@pytest.mark.parametrize(("old", "new"), [("1", "2"), ("9", "10")])
def test_an_older_opener_that_succeeded_hides_no_failure_of_the_newest(old: str, new: str) -> None:
    once = Bundle(
        ZIP,
        observations=(container(old, complete=True),),
        ledger=(row(old, LedgerState.DONE),),
    )
    assert decide(facts_of(once), shipped_policy())[1].lane is None
    now = replace(
        once,
        observations=(*once.observations, container(new, complete=False)),
        failures=(failure("open:zip", new),),
        ledger=(*once.ledger, row(new, LedgerState.FAILED)),
    )
    placed = decide(facts_of(now), shipped_policy())[1]
    assert placed.lane is Lane.POSSIBLE_NEW_VICTIM


def test_what_the_newest_opener_saw_replaces_what_an_older_one_saw() -> None:
    bundle = Bundle(
        ZIP,
        observations=(container("9", complete=True), container("10", complete=False)),
        ledger=(row("9", LedgerState.DONE), row("10", LedgerState.DONE)),
    )
    assert [o.version for o in facts_of(bundle).observations] == ["10"]


@pytest.mark.parametrize("kind", ["container", "part"])
def test_a_kind_that_was_not_opened_once_is_no_failure_when_an_opener_has_read_it(
    kind: str,
) -> None:
    label = replace(f.finding("not_opened", examiner="open"))
    before = Bundle(
        f.item("message/rfc822"),
        observations=(label,),
        failures=(failure("open", "1"),),
        ledger=(row("1", LedgerState.FAILED, "open"),),
    )
    assert facts_of(before).failures
    read = f.seen(kind, examiner="open:mail", complete=True, members=1)
    after = replace(
        before,
        observations=(label, read),
        ledger=(*before.ledger, row("1", LedgerState.DONE, "open:mail")),
    )
    assert (facts_of(after).failures, facts_of(after).observations) == ((), (read,))
    beside = replace(after, observations=(label, replace(read, kind="appended")))
    assert facts_of(beside).failures


@pytest.mark.parametrize(("media_type", "stands"), [("video/mp4", 0), ("image/x-xcf", 1)])
def test_frames_answer_not_opened_for_videos_and_for_no_other_kind(
    media_type: str, stands: int
) -> None:
    bundle = Bundle(
        f.item(media_type),
        observations=(f.seen("motion", examiner="motion", complete=True),),
        failures=(failure("open", "1"),),
        ledger=(row("1", LedgerState.FAILED, "open"),),
    )
    assert len(facts_of(bundle).failures) == stands


def test_a_record_that_turns_positive_reopens_what_was_decided_before() -> None:
    said = Match(f.SHA, "known", "7", "md5", 0, 0, "v", edition="1", polarity=ListPolarity.NEGATIVE)
    says = replace(said, edition="2", polarity=ListPolarity.POSITIVE)
    bundle = Bundle(
        f.item("image/jpeg"),
        decisions=(Decision(f.SHA, "A. Examiner", "neutral", "5", "", "2026-01-01T00:00:00Z"),),
        decided_in=(4,),
        matches=(said, says),
        met_in=(3, 9),
    )
    pinned = Pinned((), {("neutral", "5"): Lane.NOT_RELEVANT}, {"known": "2"})
    assert pinned.facts(bundle).reopened == {"A. Examiner": says}
    unchanged = replace(bundle, matches=(replace(says, edition="1"), says))
    assert pinned.facts(unchanged).reopened == {}

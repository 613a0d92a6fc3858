"""Hits on known-hash lists as the shipped policy reads them (DESIGN §5, rules b, d and e)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.core.errors import PolicyError
from assay.core.facts import Failure, Match, Observation, Placement
from assay.core.vocab import Lane, ListPolarity
from assay.verdict.catalogue import render
from assay.verdict.decide import Carrier, decide, with_carriers
from assay.verdict.judge import judge
from assay.verdict.policy import parse_policy, shipped_policy, shipped_policy_bytes
from assay.verdict.signals import ItemFacts
from tests.support import facts as f

POLICY = shipped_policy()
NEGATIVE, GENERATED = ListPolarity.NEGATIVE, ListPolarity.GENERATED


def facts(*matches: Match, observations: tuple[Observation, ...] = (f.PICTURE,)) -> ItemFacts:
    return ItemFacts(
        item=f.item(),
        observations=observations,
        place_checks=f.CHECKS,
        lanes_of={("neutral", "1"): Lane.POSSIBLE_NEW_VICTIM},
        path="p.jpg",
        matches=matches,
    )


def placed(given: ItemFacts) -> Placement:
    return decide(given, POLICY)[1]


def lane(*matches: Match, observations: tuple[Observation, ...] = (f.PICTURE,)) -> int:
    found = placed(facts(*matches, observations=observations)).lane
    assert found is not None
    return int(found)


def test_known_and_identified_by_digest() -> None:
    assert lane(f.match(identified=True)) == 3


@pytest.mark.parametrize("stated", [None, False])
def test_known_and_not_known_to_be_identified(stated: bool | None) -> None:
    assert lane(f.match(identified=stated)) == 2


@pytest.mark.parametrize(
    "other",
    [
        f.match(identified=False, name="other"),
        f.match(ListPolarity.NONE, identified=False, name="other"),
        f.match(disputed=True, name="other"),
        f.match(NEGATIVE, name="other"),
        f.match(identified=False, near=20, name="other"),
        f.match(identified=True, more=5, name="other"),
    ],
    ids=["not identified", "uncategorised", "disputed", "negative", "look-alike", "unread rest"],
)
def test_another_record_contradicts_that_it_is_identified(other: Match) -> None:
    assert lane(f.match(identified=True), other) == 2


def test_a_failed_search_leaves_room_for_a_contradiction() -> None:
    given = replace(facts(f.match(identified=True)), failures=(f.failed("pdq"),))
    assert placed(given).lane is Lane.KNOWN_NOT_IDENTIFIED


def test_a_camera_photo_that_is_known_is_known() -> None:
    assert lane(f.match(), observations=(f.PICTURE, f.CAMERA_C2)) == 2


def test_known_and_of_no_use_goes_last() -> None:
    assert lane(f.match(NEGATIVE)) == 5


@pytest.mark.parametrize(
    "other",
    [f.match(near=31, name="other"), f.match(NEGATIVE, more=1, name="other")],
    ids=["near a positive record", "more records than were read"],
)
def test_doubt_holds_back_what_is_of_no_use(other: Match) -> None:
    assert lane(f.match(NEGATIVE), other) < 5


def test_a_disputed_record_of_no_use_lowers_nothing() -> None:
    assert lane(f.match(NEGATIVE, disputed=True)) == 1


@pytest.mark.parametrize(("failure", "expected"), [(f.failed("pdq"), 1), (f.failed("open:zip"), 5)])
def test_of_no_use_rests_on_the_search_for_look_alikes(failure: Failure, expected: int) -> None:
    given = replace(facts(f.match(NEGATIVE)), failures=(failure,))
    assert placed(given).lane == expected


def test_positive_wins_over_negative() -> None:
    assert lane(f.match(NEGATIVE, name="other"), f.match()) == 2


def test_a_look_alike_is_lane_2_while_every_check_finished() -> None:
    assert lane(f.match(near=31)) == 2
    assert lane(f.match(near=31, identified=True)) == 2  # never 3 by look alone
    assert lane(f.match(NEGATIVE, near=0)) == 1  # never 5 by look alone
    failed = replace(facts(f.match(near=31)), failures=(f.failed("exif"),))
    assert placed(failed).lane is Lane.POSSIBLE_NEW_VICTIM


def test_a_look_alike_with_camera_evidence_stays_in_lane_1() -> None:
    assert lane(f.match(near=4), observations=(f.PICTURE, f.CAMERA_C2)) == 1


def test_a_synthetic_look_alike_is_lifted() -> None:
    assert lane(observations=(f.PICTURE, f.SIGNED)) == 4
    assert lane(f.match(near=31), observations=(f.PICTURE, f.SIGNED)) == 2


def test_a_video_of_which_frames_were_left_out_is_not_known_by_its_look() -> None:
    seen = (
        f.seen("motion", examiner="motion", complete=False, sampled=[{"index": 3}]),
        f.in_frame(3, f.PICTURE),
    )
    assert lane(f.match(near=2, frame=3), observations=seen) == 1
    whole = (f.seen("motion", examiner="motion", complete=True, sampled=[{"index": 3}]), seen[1])
    assert lane(f.match(near=2, frame=3), observations=whole) == 2


def test_a_frame_that_no_list_knows_holds_its_video_up() -> None:
    seen = (
        f.seen("motion", examiner="motion", complete=True, sampled=[]),
        f.in_frame(3, f.PICTURE),
        f.in_frame(9, f.PICTURE),
    )
    assert lane(f.match(near=2, frame=3), observations=seen) == 1


@pytest.mark.parametrize(
    ("observations", "expected"),
    [((f.PICTURE,), 3), ((f.PICTURE, f.CAMERA_C1), 1), ((f.PICTURE, f.EDITOR), 1)],
    ids=["nothing else", "camera text", "edited"],
)
def test_known_as_generated_unless_the_file_says_otherwise(
    observations: tuple[Observation, ...], expected: int
) -> None:
    assert lane(f.match(GENERATED), observations=observations) == expected


def test_a_record_without_a_meaning_is_shown_and_places_nothing() -> None:
    assert lane(f.match(ListPolarity.NONE)) == 1


def test_a_record_that_cannot_be_read_lifts_even_what_another_calls_of_no_use() -> None:
    found = placed(facts(f.match(NEGATIVE, name="other"), f.match(unread="block 7 is damaged")))
    assert found.lane is Lane.POSSIBLE_NEW_VICTIM
    assert "list.unread" in {reason.code for reason in found.reasons}


def test_a_differing_record_is_told_and_places_nothing() -> None:
    found = placed(facts(f.match(differs=("size",))))
    assert found.lane is Lane.POSSIBLE_NEW_VICTIM
    (reason,) = [r for r in found.reasons if r.code == "list.differs"]
    assert "another size than the file has" in render(reason, POLICY)


def test_a_decision_comes_first() -> None:
    given = replace(facts(f.match(NEGATIVE)), decisions=(f.decided("1"),))
    assert placed(given).lane is Lane.POSSIBLE_NEW_VICTIM


def test_the_widely_circulated_come_last_in_lane_2() -> None:
    one, many = (placed(facts(f.match(distributed=d))) for d in (None, True))
    assert one.key < many.key


def test_the_sentence_names_list_entry_and_distance() -> None:
    found = placed(facts(f.match(near=12)))
    text = render(found.reasons[0], POLICY)
    assert "pdq lies 12 bits (at most 31) from entry 7 of the list known (category 1)" in text


def test_a_known_preview_is_not_lowered_with_its_picture() -> None:
    given = facts(f.match(identified=False))
    verdict = judge(given, POLICY)
    own = placed(given)
    below = replace(own, lane=Lane.NOT_RELEVANT, reasons=())
    relation = f.seen("preview", distance=2, quality=90)
    carrier = Carrier(f.SHA, below, relation)
    assert with_carriers(given, verdict, own, [carrier], POLICY).lane is Lane.KNOWN_NOT_IDENTIFIED


def test_a_policy_without_rules_for_lists_shows_hits_and_moves_nothing() -> None:
    text = shipped_policy_bytes().decode()
    blocks = text.split("[[lane]]")
    old = "[[lane]]".join(block for block in blocks if "\nmet = " not in block)
    policy = parse_policy(old.encode(), "a test")
    assert len(policy.lanes) == 6
    given = facts(f.match(identified=True), f.match(NEGATIVE))
    assert decide(given, policy)[1].lane is Lane.POSSIBLE_NEW_VICTIM


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('met = "near"\nchecks_finished = true', 'met = "near"'),
        ('lane = 2\nmet = "near"', 'lane = 5\nmet = "near"'),
        ('lane = 5\nmet = "negative"\nsearched = true', 'lane = 5\nmet = "negative"'),
        ('lane = 1\nmet = "unread"', 'lane = 5\nmet = "unread"'),
        ('lane = 2\nmet = "positive"', 'lane = 3\nmet = "positive"'),
        ("checks_finished = true\nno_camera = true", "checks_finished = true"),
    ],
)
def test_a_policy_that_lets_a_list_lower_too_far_is_refused(old: str, new: str) -> None:
    text = shipped_policy_bytes().decode()
    assert old in text
    with pytest.raises(PolicyError, match="lower than a list may"):
        parse_policy(text.replace(old, new).encode(), "a test")

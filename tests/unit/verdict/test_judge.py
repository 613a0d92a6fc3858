"""The laws of the verdict, as claims."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.core.facts import Failure, Observation
from assay.core.vocab import Lane, Level, Origin, Polarity
from assay.verdict.catalogue import render
from assay.verdict.judge import judge
from assay.verdict.place import place
from assay.verdict.policy import Policy, shipped_policy
from assay.verdict.signals import ItemFacts
from tests.support import facts as f

POLICY = shipped_policy()


def facts(*observations: Observation, failures: tuple[Failure, ...] = ()) -> ItemFacts:
    return ItemFacts(
        item=f.item(),
        observations=(f.PICTURE, *observations),
        failures=failures,
        place_checks=f.CHECKS,
        path="a.jpg",
    )


def result(given: ItemFacts, policy: Policy = POLICY) -> tuple[Origin, Lane | None]:
    verdict = judge(given, policy)
    return verdict.origin, place(given, verdict, policy).lane


def test_ai_text_on_a_camera_photo_is_a_conflict_in_lane_1() -> None:
    assert result(facts(f.CAMERA_C2, f.LABEL)) == (Origin.CONFLICT, Lane.POSSIBLE_NEW_VICTIM)
    assert result(facts(f.CAMERA_C1, f.LABEL)) == (Origin.CONFLICT, Lane.POSSIBLE_NEW_VICTIM)


def test_even_a_trusted_ai_signature_beside_camera_text_is_a_conflict() -> None:
    assert result(facts(f.CAMERA_C1, f.SIGNED))[0] is Origin.CONFLICT


def test_nothing_is_unknown_in_lane_1() -> None:
    assert result(facts()) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


def test_a_lone_label_stays_unknown_in_lane_1() -> None:
    assert result(facts(f.LABEL)) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


def test_a_trusted_ai_credential_alone_is_synthetic_in_lane_4() -> None:
    assert result(facts(f.SIGNED)) == (Origin.SYNTHETIC, Lane.SYNTHETIC)


@pytest.mark.parametrize("examiner", [*sorted(f.CHECKS), "open", "open:zip"])
def test_the_same_credential_with_a_failed_check_is_unknown_in_lane_1(examiner: str) -> None:
    given = facts(f.SIGNED, failures=(f.failed(examiner),))
    assert result(given) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


@pytest.mark.parametrize("flag", ["truncated", "metadata_bomb", "pixel_limit", "malformed"])
def test_the_same_credential_with_a_limited_check_is_unknown_in_lane_1(flag: str) -> None:
    given = facts(f.SIGNED, f.finding(flag, "content"))
    assert result(given) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


def test_the_same_credential_with_a_pending_check_is_unknown_in_lane_1() -> None:
    given = replace(facts(f.SIGNED), pending=frozenset({"camera"}))
    assert result(given) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


def test_a_held_back_signature_names_what_did_not_finish() -> None:
    verdict = judge(facts(f.SIGNED, failures=(f.failed("camera"),)), POLICY)
    held = next(r for r in verdict.reasons if r.code == "held_back")
    assert held.params["unfinished"] == ["camera"]
    assert "camera" in render(held, POLICY)


def test_a_fitting_record_is_unknown_while_no_detector_speaks() -> None:
    assert result(facts(f.RECORD)) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


def test_a_fitting_record_is_synthetic_once_the_shipped_detector_supports_it() -> None:
    policy = replace(POLICY, shipped_detectors=frozenset({"pixels"}))
    detector = f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels", llr=1.0)
    given = replace(facts(f.RECORD, detector), detectors=frozenset({"pixels"}))
    assert result(given, policy) == (Origin.SYNTHETIC, Lane.SYNTHETIC)


@pytest.mark.parametrize("state", ["camera-like", "failed", "pending"])
def test_another_detector_that_disagrees_or_is_silent_keeps_the_record_unknown(state: str) -> None:
    policy = replace(POLICY, shipped_detectors=frozenset({"pixels"}))
    ours = f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels")
    other = f.seen("detector", polarity=Polarity.CAMERA, examiner="other")
    given = replace(facts(f.RECORD, ours), detectors=frozenset({"pixels", "other"}))
    if state == "camera-like":
        given = replace(given, observations=(*given.observations, other))
    elif state == "failed":
        given = replace(given, failures=(f.failed("other"),))
    else:
        given = replace(given, pending=frozenset({"other"}))
    assert result(given, policy) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


def test_a_detector_alone_never_lowers_a_file() -> None:
    policy = replace(POLICY, shipped_detectors=frozenset({"pixels"}))
    detector = f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels", llr=2.0)
    given = replace(facts(detector), detectors=frozenset({"pixels"}))
    assert result(given, policy) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)


def test_a_record_that_names_an_input_picture_is_edited_in_lane_1() -> None:
    assert result(facts(f.EDITED_RECORD)) == (Origin.EDITED, Lane.POSSIBLE_NEW_VICTIM)


def test_a_signed_ai_statement_beside_an_edit_is_edited_never_synthetic() -> None:
    assert result(facts(f.SIGNED, f.EDITED_RECORD))[0] is Origin.EDITED


def test_structure_against_camera_text_is_a_conflict_unless_an_editor_is_named() -> None:
    assert result(facts(f.CAMERA_C1, f.CONTRADICTION))[0] is Origin.CONFLICT
    assert result(facts(f.CAMERA_C1, f.CONTRADICTION, f.EDITOR))[0] is Origin.EDITED


def test_a_camera_record_is_camera_and_camera_text_alone_is_not() -> None:
    assert result(facts(f.CAMERA_C2))[0] is Origin.CAMERA
    assert result(facts(f.CAMERA_C1))[0] is Origin.UNKNOWN


def test_a_detector_against_a_camera_record_is_a_conflict() -> None:
    detector = f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels")
    assert result(facts(f.CAMERA_C2, detector))[0] is Origin.CONFLICT


def test_a_person_decides_over_every_rule_and_of_two_the_lower_lane_counts() -> None:
    table = {("neutral", "4"): Lane.SYNTHETIC, ("neutral", "5"): Lane.NOT_RELEVANT}
    given = replace(facts(f.CAMERA_C2), lanes_of=table, decisions=(f.decided("5"),))
    assert result(given) == (Origin.CAMERA, Lane.NOT_RELEVANT)
    both = replace(given, decisions=(f.decided("5"), f.decided("4", actor="B. Examiner")))
    assert result(both)[1] is Lane.SYNTHETIC


def test_a_font_goes_to_the_inventory_and_a_mislabelled_or_damaged_one_does_not() -> None:
    font = ItemFacts(
        item=f.item("font/ttf"),
        observations=(f.seen("content", no_pictures="font"),),
        place_checks=frozenset({"content"}),
    )
    assert result(font)[1] is None
    assert result(replace(font, flags=frozenset({"type_mismatch"})))[1] is not None
    assert result(replace(font, failures=(f.failed("content"),)))[1] is not None
    damaged = (*font.observations, f.finding("malformed", "content"))
    assert result(replace(font, observations=damaged))[1] is not None


def test_a_container_read_to_the_last_member_goes_to_the_inventory() -> None:
    container = f.seen("container", examiner="open:zip", members=3, complete=True)
    given = ItemFacts(item=f.item("application/zip"), observations=(container,))
    assert result(given)[1] is None
    locked = (*given.observations, f.finding("encrypted", "open:zip"))
    assert result(replace(given, observations=locked))[1] is Lane.POSSIBLE_NEW_VICTIM


def test_every_reason_has_a_sentence_with_its_source_or_tool() -> None:
    given = facts(f.SIGNED, f.CAMERA_C2, failures=(f.failed("pdq"),))
    verdict = judge(given, POLICY)
    for reason in (*verdict.reasons, *place(given, verdict, POLICY).reasons):
        text = render(reason, POLICY)
        assert text[0].isupper() or text.startswith("pdq")
        assert "?" not in text


def test_the_score_sums_the_strongest_of_each_group_and_caps_detectors() -> None:
    one = f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="one", llr=3.5)
    two = f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="two", llr=1.0)
    mark = f.seen("watermark", examiner="mark", llr=0.5)
    assert judge(facts(one, two, mark), POLICY).score == pytest.approx(2.5)
    assert judge(facts(f.RECORD), POLICY).score is None


def test_levels_without_a_measured_rate_say_so() -> None:
    verdict = judge(facts(f.RECORD), POLICY)
    evidence = next(r for r in verdict.reasons if r.code == "evidence")
    assert "no error rate measured" in render(evidence, POLICY)
    assert evidence.params["level"] == Level.S2.value

"""Moving pictures are placed by one frame; previews stand with their picture only where alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.core.facts import Match, Observation, Placement, Sha256
from assay.core.vocab import Band, Lane, Level, Origin, Polarity
from assay.verdict import decide as deciding
from assay.verdict.catalogue import render
from assay.verdict.decide import Carrier, decide
from assay.verdict.place import earliest
from assay.verdict.policy import Policy, shipped_policy
from assay.verdict.signals import ItemFacts
from tests.support import facts as f

POLICY = replace(shipped_policy(), shipped_detectors=frozenset({"pixels"}))
VIDEO = f.item("video/mp4")
SYNTHETIC = f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels", llr=1.5)
CAMERA = f.seen("detector", polarity=Polarity.CAMERA, examiner="pixels", llr=-1.5)


def video(*observations: Observation, complete: bool = True) -> ItemFacts:
    motion = f.seen("motion", examiner="motion", complete=complete, sampled=[{"index": 0}])
    return ItemFacts(item=VIDEO, observations=(motion, *observations))


def test_the_frame_that_places_highest_places_the_file() -> None:
    first, second = f.in_frame(0, SYNTHETIC), f.in_frame(40, CAMERA)
    alone, _ = decide(video(f.RECORD, first), POLICY)
    verdict, placement = decide(video(f.RECORD, first, second), POLICY)
    assert alone.origin is Origin.SYNTHETIC
    assert (verdict.origin, placement.lane) == (Origin.UNKNOWN, Lane.POSSIBLE_NEW_VICTIM)
    frame = next(r for r in verdict.reasons if r.code == "frame")
    assert frame.params == {"frame": 40, "time": 1.6}


def test_a_detector_does_not_speak_for_frames_that_nobody_looked_at() -> None:
    seen = f.in_frame(0, SYNTHETIC)
    assert decide(video(f.RECORD, seen), POLICY)[1].lane is Lane.SYNTHETIC
    sampled = decide(video(f.RECORD, seen, complete=False), POLICY)[1]
    assert sampled.lane is Lane.POSSIBLE_NEW_VICTIM


def test_a_trusted_signature_covers_the_frames_between_the_samples() -> None:
    assert decide(video(f.SIGNED, complete=False), POLICY)[1].lane is Lane.SYNTHETIC


def test_a_video_with_nothing_but_sound_waits_in_band_f() -> None:
    motion = f.seen("motion", examiner="motion", sampled=[], sound_only=True, complete=True)
    placement = decide(ItemFacts(item=VIDEO, observations=(motion,)), POLICY)[1]
    assert placement.band is Band.F


# ---- previews

PICTURE = Sha256("cd" * 32)
OWN = Placement(f.SHA, Lane.POSSIBLE_NEW_VICTIM, Band.B, (1, "own"), ())
THERE = Placement(PICTURE, Lane.POSSIBLE_NEW_VICTIM, Band.A, (0, "picture"), ())


PREVIEW = ItemFacts(item=f.item(), observations=(f.PICTURE,))


def with_carriers(
    own: Placement, carriers: list[Carrier], policy: Policy, facts: ItemFacts = PREVIEW
) -> Placement:
    return deciding.with_carriers(facts, decide(facts, policy)[0], own, carriers, policy)


def carrier(distance: int | None, quality: int = 90, there: Placement = THERE) -> Carrier:
    if distance is None:
        return Carrier(there.item, there, None)
    relation = f.seen("preview", member=f.SHA, distance=distance, quality=quality)
    return Carrier(there.item, there, relation)


def test_a_preview_that_matches_stands_with_its_picture() -> None:
    placed = with_carriers(OWN, [carrier(31)], POLICY)
    assert (placed.item, placed.shown_with) == (f.SHA, PICTURE)
    assert earliest(placed) == earliest(THERE)


@pytest.mark.parametrize("other", [carrier(32), carrier(5, quality=49), carrier(None)])
def test_any_other_preview_is_an_item_of_its_own_and_says_why(other: Carrier) -> None:
    placed = with_carriers(OWN, [carrier(3), other], POLICY)
    assert placed.shown_with is None
    assert placed.reasons[-1].code in ("preview.differs", "preview.not_compared")


def test_a_comparison_that_failed_places_a_preview_no_later_than_one_that_did_not() -> None:
    for there in (THERE, replace(THERE, lane=Lane.SYNTHETIC, band=None)):
        failed = with_carriers(OWN, [carrier(None, there=there)], POLICY)
        for distance in (0, 31):
            compared = with_carriers(OWN, [carrier(distance, there=there)], POLICY)
            assert earliest(failed) <= earliest(compared)


def test_a_preview_in_a_preview_stands_with_the_outermost_picture() -> None:
    inner = replace(THERE, item=Sha256("ef" * 32), shown_with=PICTURE)
    assert with_carriers(OWN, [carrier(2, there=inner)], POLICY).shown_with == PICTURE


LOW = replace(THERE, lane=Lane.SYNTHETIC, band=None)
UP = {
    "a failed check": replace(PREVIEW, failures=(f.failed("c2pa"),)),
    "a locked part": replace(PREVIEW, failures=(f.failed("open:zip"),)),
    "a check that has not run": replace(PREVIEW, pending=frozenset({"exif"})),
    "a cut picture": replace(PREVIEW, observations=(f.PICTURE, f.finding("truncated"))),
    "a camera record": replace(PREVIEW, observations=(f.PICTURE, f.CAMERA_C2)),
    "a change": replace(PREVIEW, observations=(f.PICTURE, f.EDITED_RECORD)),
    "a conflict": replace(PREVIEW, observations=(f.PICTURE, f.CAMERA_C1, f.LABEL)),
}


@pytest.mark.parametrize("what", UP)
def test_a_preview_whose_own_facts_speak_up_is_not_lowered_with_its_picture(what: str) -> None:
    own = decide(UP[what], POLICY)[1]
    placed = with_carriers(own, [carrier(0, there=LOW)], POLICY, UP[what])
    assert (placed.lane, placed.shown_with) == (Lane.POSSIBLE_NEW_VICTIM, None)
    assert placed.reasons[-1].code == "preview.kept"
    assert with_carriers(own, [carrier(0)], POLICY, UP[what]).shown_with == PICTURE
    by_person = replace(carrier(0, there=LOW), decided=True)
    assert with_carriers(own, [by_person], POLICY, UP[what]).shown_with == PICTURE


def test_a_finished_preview_without_evidence_follows_its_picture_down() -> None:
    placed = with_carriers(OWN, [carrier(0, there=LOW)], POLICY)
    assert (placed.lane, placed.shown_with) == (Lane.SYNTHETIC, PICTURE)


def test_a_person_who_decided_a_preview_is_not_overruled_by_its_picture() -> None:
    table = {("neutral", "category 2"): Lane.KNOWN_NOT_IDENTIFIED}
    facts = replace(PREVIEW, decisions=(f.decided("category 2"),), lanes_of=table)
    own = decide(facts, POLICY)[1]
    assert own.lane is Lane.KNOWN_NOT_IDENTIFIED
    assert with_carriers(own, [carrier(0)], POLICY, facts) == own


PROGRAM = f.seen("content", no_pictures="a Linux program or library")
READ = f.seen("container", examiner="open:zip", complete=True, members=1)


@pytest.mark.parametrize("seen", [PROGRAM, READ])
def test_bytes_that_show_a_picture_at_one_place_are_not_set_aside_at_another(
    seen: Observation,
) -> None:
    item = f.item("application/x-elf")
    assert decide(ItemFacts(item, (seen,)), POLICY)[1].lane is None
    placed = decide(ItemFacts(item, (seen, f.PICTURE)), POLICY)[1]
    assert placed.lane is Lane.POSSIBLE_NEW_VICTIM


def test_levels_beside_frames_count_for_every_frame() -> None:
    seen = f.seen("camera", Level.C2, Polarity.CAMERA)
    verdict, _ = decide(video(seen, f.in_frame(0, SYNTHETIC), f.in_frame(5, CAMERA)), POLICY)
    assert verdict.origin is Origin.CONFLICT


# ---- a decision that is older than a hit


def decided_before(category: str, lane: Lane, hit: Match) -> ItemFacts:
    return ItemFacts(
        item=f.item(),
        observations=(f.PICTURE,),
        place_checks=f.CHECKS,
        decisions=(f.decided(category),),
        lanes_of={("neutral", category): lane},
        matches=(hit,),
        reopened={"A. Examiner": hit},
    )


def test_a_later_exact_hit_reopens_a_decision_that_had_lowered_the_file() -> None:
    facts = decided_before("5", Lane.NOT_RELEVANT, f.match())
    placement = decide(facts, POLICY)[1]
    assert placement.lane is Lane.KNOWN_NOT_IDENTIFIED
    said = placement.reasons[-1]
    assert (said.code, said.params["actor"], said.params["list"]) == (
        "decision.reopened", "A. Examiner", "known",
    )  # fmt: skip
    assert not deciding.is_decided(facts, placement)
    assert "open again" in render(said, POLICY)
    older = replace(facts, reopened={})
    assert decide(older, POLICY)[1].lane is Lane.NOT_RELEVANT


def test_a_later_hit_never_lowers_what_a_person_raised() -> None:
    facts = decided_before("1", Lane.POSSIBLE_NEW_VICTIM, f.match(identified=True))
    placement = decide(facts, POLICY)[1]
    assert placement.lane is Lane.POSSIBLE_NEW_VICTIM
    assert deciding.is_decided(facts, placement)

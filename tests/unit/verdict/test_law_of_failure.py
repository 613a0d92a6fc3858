"""Property tests over random evidence: exactly one origin, and the law of failure (DESIGN §5)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.facts import Beside, Failure, Match, Neighbours, Observation, Sha256
from assay.core.findings import INCOMPLETE
from assay.core.vocab import FailureReason, Lane, Level, ListPolarity, Origin, Polarity
from assay.verdict.decide import decide
from assay.verdict.judge import holds, judge
from assay.verdict.place import earliest, place
from assay.verdict.policy import shipped_policy
from assay.verdict.signals import ItemFacts, read_signals
from tests.support import facts as f

POLICY = replace(shipped_policy(), shipped_detectors=frozenset({"pixels"}))
OTHER = Sha256("cd" * 32)
TYPES = [
    "image/jpeg",
    "image/png",
    "video/mp4",
    "audio/mpeg",
    "application/zip",
    "font/ttf",
    "text/plain",
]

_observation = st.one_of(
    st.sampled_from(
        [
            f.PICTURE,
            f.seen("picture", decoded="none"),
            f.CAMERA_C1,
            f.CAMERA_C2,
            f.seen("c2pa", Level.C3, Polarity.CAMERA),
            f.LABEL,
            f.RECORD,
            f.EXPIRED,
            f.seen("novelai", Level.S4, Polarity.SYNTHETIC),
            f.SIGNED,
            f.EDITED_RECORD,
            f.EDITOR,
            f.CONTRADICTION,
            f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels", llr=1.5),
            f.seen("detector", polarity=Polarity.CAMERA, examiner="other", llr=-1.0),
            f.seen("content", no_pictures="font"),
            f.seen("container", examiner="open:zip", members=2, complete=True),
            f.seen("camera", Level.C2, Polarity.CAMERA, gps=[52.0, 4.0]),
            f.seen("motion", examiner="motion", complete=False, sampled=[{"index": 0}]),
            f.seen("motion", examiner="motion", complete=True, sampled=[], sound_only=True),
            f.in_frame(3, f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels")),
            f.in_frame(3, f.seen("detector", polarity=Polarity.CAMERA, examiner="other")),
            f.seen("pdq", quality=90),
            f.seen("pdq", quality=49),
            f.in_frame(9, f.seen("detector", polarity=Polarity.SYNTHETIC, examiner="pixels")),
        ]
    ),
    st.builds(f.finding, st.sampled_from(sorted(INCOMPLETE)), st.sampled_from(sorted(f.CHECKS))),
)
_failure = st.builds(
    f.failed,
    st.sampled_from([*sorted(f.CHECKS), "pixels", "other", "open", "open:zip"]),
    st.sampled_from(list(FailureReason)),
)


_match = st.builds(
    f.match,
    st.sampled_from(list(ListPolarity)),
    identified=st.sampled_from([None, True, False]),
    disputed=st.booleans(),
    distributed=st.sampled_from([None, True]),
    differs=st.sampled_from([(), (), ("size",)]),
    unread=st.sampled_from(["", "", "", "a block is damaged"]),
    near=st.sampled_from([None, None, 0, 31]),
    frame=st.sampled_from([-1, -1, 3, 9]),
    more=st.sampled_from([0, 0, 1]),
    variant=st.sampled_from(["", "", "turned 90", "without bars", "panel 2, mirrored"]),
)

_neighbours = st.one_of(
    st.none(),
    st.builds(
        Neighbours,
        st.just(f.SHA),
        st.sampled_from([None, OTHER]),
        st.just(7),
        st.sampled_from([None, OTHER]),
        st.just(9),
    ),
)


_beside = st.builds(
    Beside,
    st.just("p.txt"),
    st.sampled_from([None, OTHER]),
    st.sampled_from(list(Level)),
    text=st.just("says something"),
    trouble=st.sampled_from(["", "", "could not be read"]),
)


@st.composite
def evidence(draw: st.DrawFn) -> ItemFacts:
    observations: list[Observation] = draw(st.lists(_observation, max_size=6, unique_by=id))
    failures: list[Failure] = draw(st.lists(_failure, max_size=3))
    return ItemFacts(
        item=f.item(draw(st.sampled_from(TYPES))),
        observations=tuple(observations),
        failures=tuple(failures),
        pending=frozenset(draw(st.lists(st.sampled_from(sorted(f.CHECKS)), max_size=1))),
        place_checks=f.CHECKS,
        detectors=frozenset(draw(st.lists(st.sampled_from(["pixels", "other"]), max_size=2))),
        flags=frozenset(draw(st.lists(st.just("type_mismatch"), max_size=1))),
        lanes_of={("neutral", "5"): Lane.NOT_RELEVANT},
        decisions=tuple(draw(st.lists(st.just(f.decided("5")), max_size=1))),
        path="p.jpg",
        matches=tuple(draw(st.lists(_match, max_size=3))),
        neighbours=draw(_neighbours),
        beside=tuple(draw(st.lists(_beside, max_size=2))),
    )


@given(evidence())
@settings(max_examples=400, deadline=None)
def test_there_is_exactly_one_origin_and_the_same_facts_give_the_same_answer(
    facts: ItemFacts,
) -> None:
    first = judge(facts, POLICY)
    assert isinstance(first.origin, Origin)
    assert first == judge(facts, POLICY)
    assert place(facts, first, POLICY) == place(facts, judge(facts, POLICY), POLICY)
    signals = read_signals(facts, POLICY.shipped_detectors)
    assert next(r for r in POLICY.origins if holds(r, signals)).origin is first.origin


@given(evidence())
@settings(max_examples=600, deadline=None)
def test_a_failure_never_places_an_item_later(facts: ItemFacts) -> None:
    def position(given: ItemFacts) -> tuple[int, str, tuple[int | float | str, ...]]:
        return earliest(decide(given, POLICY)[1])

    for i in range(len(facts.failures)):
        without = replace(facts, failures=facts.failures[:i] + facts.failures[i + 1 :])
        assert position(facts) <= position(without)


@given(evidence(), st.sampled_from([*sorted(f.CHECKS), "open", "open:zip"]))
@settings(max_examples=400, deadline=None)
def test_no_inference_lowers_an_item_while_a_check_it_rests_on_has_failed(
    facts: ItemFacts, examiner: str
) -> None:
    undecided = replace(facts, decisions=(), failures=(*facts.failures, f.failed(examiner)))
    placed = place(undecided, judge(undecided, POLICY), POLICY)
    codes = {reason.code for reason in placed.reasons}
    if codes & {"lane.list_known", "lane.list_negative"}:  # what a digest says is no inference
        assert examiner in ("open", "open:zip") or placed.lane is Lane.KNOWN_NOT_IDENTIFIED
    elif "lane.list_identified" in codes:
        assert examiner in ("open", "open:zip")
    else:
        assert placed.lane is Lane.POSSIBLE_NEW_VICTIM


@given(evidence())
@settings(max_examples=300, deadline=None)
def test_neither_a_detector_nor_an_unsigned_label_alone_lowers_an_item(facts: ItemFacts) -> None:
    weak = tuple(
        o
        for o in facts.observations
        if o.kind == "detector" or (o.level in (Level.S1, Level.N) and o.kind not in _SET_ASIDE)
    )
    for one in weak:
        alone = replace(
            facts, observations=(one,), decisions=(), failures=(), pending=frozenset(), matches=()
        )
        assert place(alone, judge(alone, POLICY), POLICY).lane is Lane.POSSIBLE_NEW_VICTIM


_SET_ASIDE = {"content", "container"}


@given(evidence())
@settings(max_examples=500, deadline=None)
def test_a_look_alike_alone_never_places_an_item_in_lanes_3_or_5(facts: ItemFacts) -> None:
    near = tuple(m for m in facts.matches if not m.exact)
    alone = replace(facts, matches=near, decisions=())
    placed = decide(alone, POLICY)[1]
    assert placed.lane not in (Lane.KNOWN_IDENTIFIED, Lane.NOT_RELEVANT)


@given(evidence(), _match)
@settings(max_examples=600, deadline=None)
def test_a_positive_hit_keeps_an_item_out_of_lane_5_whatever_other_lists_say(
    facts: ItemFacts, match: Match
) -> None:
    undecided = replace(facts, decisions=())
    positive = replace(match, polarity=ListPolarity.POSITIVE, differs=(), frame=-1)
    placed = decide(replace(undecided, matches=(*facts.matches, positive)), POLICY)[1]
    assert placed.lane is not Lane.NOT_RELEVANT


@given(evidence())
@settings(max_examples=600, deadline=None)
def test_a_near_copy_or_a_search_that_did_not_run_never_places_an_item_later(
    facts: ItemFacts,
) -> None:
    searched = replace(facts, neighbours=Neighbours(f.SHA))
    alone = earliest(decide(searched, POLICY)[1])
    for found in (None, Neighbours(f.SHA, OTHER, 7), Neighbours(f.SHA, None, None, OTHER, 9)):
        assert earliest(decide(replace(facts, neighbours=found), POLICY)[1]) <= alone


@given(evidence(), _match)
@settings(max_examples=600, deadline=None)
def test_a_hit_by_a_part_of_a_picture_only_raises(facts: ItemFacts, match: Match) -> None:
    part = replace(match, value="ab" * 32, algorithm="pdq", unread="", variant="without caption")
    with_it = replace(facts, matches=(*facts.matches, part))
    assert earliest(decide(with_it, POLICY)[1]) <= earliest(decide(facts, POLICY)[1])


@given(evidence())
@settings(max_examples=400, deadline=None)
def test_a_record_that_cannot_be_read_keeps_an_item_in_lane_1(facts: ItemFacts) -> None:
    unread = f.match(ListPolarity.NONE, unread="a block is damaged")
    placed = decide(replace(facts, decisions=(), matches=(*facts.matches, unread)), POLICY)[1]
    assert placed.lane is Lane.POSSIBLE_NEW_VICTIM


@given(evidence())
@settings(max_examples=400, deadline=None)
def test_findings_of_a_list_place_nothing(facts: ItemFacts) -> None:
    differing = f.match(ListPolarity.NEGATIVE, differs=("size",))
    with_it = replace(facts, matches=(*facts.matches, differing))
    assert earliest(decide(with_it, POLICY)[1]) == earliest(decide(facts, POLICY)[1])


@given(evidence())
@settings(max_examples=800, deadline=None)
def test_what_a_file_beside_it_says_never_places_an_item_later(facts: ItemFacts) -> None:
    """A sidecar raises or does nothing, whatever level it claims; unread, it raises as well."""
    with_it, without = decide(facts, POLICY), decide(replace(facts, beside=()), POLICY)
    assert earliest(with_it[1]) <= earliest(without[1])
    if any(b.trouble for b in facts.beside):
        assert with_it[0].origin is not Origin.SYNTHETIC
    if without[0].origin is not Origin.SYNTHETIC:
        assert with_it[0].origin is not Origin.SYNTHETIC
    if without[0].origin not in (Origin.CAMERA, Origin.CONFLICT):
        assert with_it[0].origin is not Origin.CAMERA


def test_a_statement_beside_a_camera_record_is_a_conflict_and_a_change_beside_it_an_edit() -> None:
    photo = ItemFacts(item=f.item(), observations=(f.CAMERA_C2, f.PICTURE), place_checks=f.CHECKS)
    origins = {
        level: judge(replace(photo, beside=(Beside("p.txt", OTHER, level),)), POLICY).origin
        for level in Level
    }
    assert origins.pop(Level.S1) is Origin.CONFLICT
    assert origins.pop(Level.E) is Origin.EDITED
    assert set(origins.values()) == {Origin.CAMERA}

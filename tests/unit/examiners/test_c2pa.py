"""Content credentials: tiers, levels and the traps of judging trust."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.findings import INCOMPLETE
from assay.core.vocab import Level, Polarity
from assay.examiners._c2pa_json import MAX_ITEMS
from assay.trust.anchors import AnchorTable
from tests.support.authority import (
    CAPTURED,
    CREATED_BY_AI,
    OPENED,
    Input,
    Step,
    anchors,
    authority,
    picture,
    sign,
    signer,
    stamped,
    table,
)
from tests.support.credentials import (
    CLOCK,
    GENERATOR,
    LISTED,
    OLD,
    PAST,
    ROOT,
    SELF_MADE,
    THEN,
    credential,
    flags,
    ready,
    seen,
    tier_and_level,
)
from tests.support.views import make_view


def ai_picture() -> bytes:
    return sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI])


# --- trust -------------------------------------------------------------------------------------


def test_a_listed_generator_s_picture_is_s5() -> None:
    found = seen(ai_picture())
    assert [o.kind for o in found] == ["c2pa"]  # and no finding: both readers agree
    assert (found[0].value["tier"], found[0].level) == ("operator", Level.S5)
    assert found[0].polarity is Polarity.SYNTHETIC
    assert found[0].value["ai"] is True
    assert found[0].value["tool"] == "Example Generator"


@pytest.mark.parametrize("name", ["official", "interim", "operator"])
def test_the_tier_is_the_name_of_the_list(name: str) -> None:
    # what is official to Assay and unknown to the second reader is a disagreement
    level = Level.S1 if name == "official" else Level.S5
    assert tier_and_level(ai_picture(), table(ROOT, name=name)) == (name, level)


def test_without_a_list_the_same_picture_is_untrusted() -> None:
    assert tier_and_level(ai_picture(), AnchorTable()) == ("untrusted", Level.S1)


def test_a_self_made_certificate_named_after_a_company_is_untrusted() -> None:
    found = credential(sign(picture(), "image/jpeg", SELF_MADE, [CREATED_BY_AI]))
    assert (found.value["tier"], found.level) == ("untrusted", Level.S1)
    assert found.value["issuer"] == "Google LLC"
    assert "is on no list" in str(found.value["text"])


def test_a_listed_certificate_stuffed_beside_a_self_made_leaf_is_untrusted() -> None:
    stuffed = SELF_MADE.presenting(GENERATOR.above[0], ROOT.certificate)
    data = sign(picture(), "image/jpeg", stuffed, [CREATED_BY_AI])
    everything = AnchorTable.of([*LISTED.anchors, *anchors(GENERATOR)])
    assert tier_and_level(data, everything) == ("untrusted", Level.S1)


def test_a_listed_certificate_that_ran_out_is_expired_and_s3() -> None:
    data = sign(picture(), "image/jpeg", OLD, [CREATED_BY_AI])
    assert tier_and_level(data) == ("expired", Level.S3)


def test_a_self_made_certificate_that_ran_out_is_untrusted_and_s1() -> None:
    own = authority("Self-made", end=PAST)
    data = sign(picture(), "image/jpeg", signer(own, end=PAST), [CREATED_BY_AI])
    assert tier_and_level(data) == ("untrusted", Level.S1)


def test_a_trusted_time_stamp_proves_that_an_old_certificate_was_valid() -> None:
    data = stamped(sign(picture(), "image/jpeg", OLD, [CREATED_BY_AI]), THEN, CLOCK)
    found = credential(data)
    assert (found.value["tier"], found.level) == ("operator", Level.S5)
    assert found.value["signed_at"] == "2024-06-01T00:00:00Z"
    assert found.value["time_from"] == "token"


def test_a_time_stamp_made_for_other_bytes_proves_nothing() -> None:
    signed = sign(picture(), "image/jpeg", OLD, [CREATED_BY_AI])
    found = credential(stamped(signed, THEN, CLOCK, covers=b"another signature"))
    assert found.value["tier"] in ("expired", "invalid")
    assert found.level in (Level.S3, Level.S1)
    assert found.value["time_from"] == "evaluation date"


def test_a_time_stamp_of_an_unlisted_authority_proves_nothing() -> None:
    data = stamped(sign(picture(), "image/jpeg", OLD, [CREATED_BY_AI]), THEN, CLOCK)
    assert tier_and_level(data, table(ROOT)) == ("expired", Level.S3)


def test_changed_pixels_do_not_verify_and_are_never_called_tampered() -> None:
    data = bytearray(ai_picture())
    data[-20] ^= 1
    found = credential(bytes(data))
    assert (found.value["tier"], found.level) == ("invalid", Level.S1)
    assert "does not verify" in str(found.value["text"])
    assert "assertion.dataHash.mismatch" in found.value["failure_codes"]  # type: ignore[operator]


# --- what the manifests say together -----------------------------------------------------------


def over(*sources: bytes, relationship: str = "parentOf") -> list[Input]:
    return [Input(data, "image/jpeg", relationship, f"{n}.jpg") for n, data in enumerate(sources)]


def test_opening_and_editing_a_trusted_ai_picture_stays_s5() -> None:
    steps = [OPENED, Step("c2pa.edited", "trainedAlgorithmicMedia")]
    data = sign(picture(), "image/jpeg", GENERATOR, steps, inputs=over(ai_picture()))
    found = credential(data)
    assert found.level is Level.S5
    assert len(found.value["manifests"]) == 2  # type: ignore[arg-type]


def test_a_trusted_signature_over_an_untrusted_ai_picture_is_not_s5() -> None:
    inner = sign(picture(), "image/jpeg", SELF_MADE, [CREATED_BY_AI])
    data = sign(picture(), "image/jpeg", GENERATOR, [OPENED], inputs=over(inner))
    assert tier_and_level(data) == ("untrusted", Level.S1)


@pytest.mark.parametrize("relationship", ["parentOf", "componentOf", "inputTo"])
def test_ai_work_over_a_picture_without_a_credential_is_an_edit(relationship: str) -> None:
    opens = "c2pa.opened" if relationship == "parentOf" else "c2pa.placed"
    steps = [Step(opens, ingredients=(0,)), Step("c2pa.edited", "trainedAlgorithmicMedia")]
    if relationship == "inputTo":
        steps = [CREATED_BY_AI]
    inputs = over(picture(), relationship=relationship)
    for identity in (GENERATOR, SELF_MADE):
        found = credential(sign(picture(), "image/jpeg", identity, steps, inputs=inputs))
        assert (found.level, found.polarity) == (Level.E, Polarity.EDITED)


def test_an_ai_component_beside_an_ordinary_picture_is_an_edit() -> None:
    steps = [Step("c2pa.placed", ingredients=(0, 1))]
    inputs = over(ai_picture(), picture(), relationship="componentOf")
    assert credential(sign(picture(), "image/jpeg", GENERATOR, steps, inputs=inputs)).level is (
        Level.E
    )


@pytest.mark.parametrize("identity", [GENERATOR, SELF_MADE], ids=["listed", "self-made"])
def test_composite_with_ai_is_an_edit_whoever_says_it(identity: object) -> None:
    steps = [Step("c2pa.created", "compositeWithTrainedAlgorithmicMedia")]
    found = credential(sign(picture(), "image/jpeg", identity, steps))  # type: ignore[arg-type]
    assert found.level is Level.E


def test_an_edit_of_nothing_that_was_taken_in_is_not_called_a_change_of_it() -> None:
    steps = [Step("c2pa.created"), Step("c2pa.drawing")]
    drawn = credential(sign(picture(), "image/jpeg", GENERATOR, steps))
    assert drawn.level is Level.E
    assert "records an edit action (c2pa.drawing)" in str(drawn.value["text"])
    steps = [OPENED, Step("c2pa.drawing")]
    opened = credential(sign(picture(), "image/jpeg", GENERATOR, steps, inputs=over(picture())))
    assert "changed after it was taken in (c2pa.drawing)" in str(opened.value["text"])


def test_own_finishing_steps_of_a_generator_are_no_edit() -> None:
    steps = [CREATED_BY_AI, Step("c2pa.filtered"), Step("c2pa.converted")]
    assert credential(sign(picture(), "image/jpeg", GENERATOR, steps)).level is Level.S5


def test_a_picture_placed_without_being_listed_is_an_edit() -> None:
    steps = [CREATED_BY_AI, Step("c2pa.placed")]
    assert credential(sign(picture(), "image/jpeg", GENERATOR, steps)).level is Level.E


def test_a_manifest_with_more_than_is_read_is_a_finding() -> None:
    steps = [CREATED_BY_AI, *[Step("c2pa.converted")] * MAX_ITEMS, Step("c2pa.placed")]
    found = flags(seen(sign(picture(), "image/jpeg", GENERATOR, steps)))
    assert "credential_unreadable" in set(found) & INCOMPLETE
    assert not flags(seen(sign(picture(), "image/jpeg", GENERATOR, steps[:MAX_ITEMS])))


def test_a_listed_camera_is_c3_and_an_edit_after_it_is_an_edit() -> None:
    captured = sign(picture(), "image/jpeg", GENERATOR, [CAPTURED])
    found = credential(captured)
    assert (found.level, found.polarity) == (Level.C3, Polarity.CAMERA)
    assert credential(captured, table(ROOT, name="official")).level is Level.N  # readers disagree
    edited = sign(
        picture(),
        "image/jpeg",
        GENERATOR,
        [OPENED, Step("c2pa.color_adjustments")],
        inputs=over(captured),
    )
    assert credential(edited).level is Level.E
    passed_on = sign(
        picture(), "image/jpeg", GENERATOR, [OPENED, Step("c2pa.published")], inputs=over(captured)
    )
    assert credential(passed_on).level is Level.C3


def test_an_untrusted_or_expired_capture_says_nothing() -> None:
    for identity in (SELF_MADE, OLD):
        data = sign(picture(), "image/jpeg", identity, [CAPTURED])
        assert credential(data).level is Level.N


def test_a_credential_without_a_statement_is_neutral() -> None:
    data = sign(picture(), "image/jpeg", GENERATOR, [Step("c2pa.created", "digitalCreation")])
    assert tier_and_level(data) == ("operator", Level.N)


# --- not read ----------------------------------------------------------------------------------


def test_a_remote_credential_is_a_lead_and_is_not_fetched() -> None:
    url = "https://credentials.example/one"
    found = seen(sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI], remote_url=url))
    assert flags(found) == ["remote_manifest"]
    assert found[0].value["detail"] == url
    assert (found[1].value["tier"], found[1].value["remote_url"]) == ("remote", url)
    assert found[1].level is Level.N


def test_a_store_that_cannot_be_read_is_a_finding() -> None:
    data = ai_picture().replace(b"jumdc2cs", b"jumdc2cx")  # the signature box
    found = seen(data)
    assert flags(found) == ["credential_unreadable"]
    assert found[1].value["tier"] == "unreadable"


def test_an_empty_file_is_unreadable() -> None:
    (only,) = seen(b"", media_type="inode/x-empty")
    assert (only.kind, only.value["tier"]) == ("c2pa", "unreadable")


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/bmp", "video/x-matroska"])
def test_a_file_without_a_credential_is_not_applicable(media_type: str) -> None:
    with pytest.raises(NotApplicable):
        seen(picture(), media_type=media_type)


@given(st.integers(0, 10**9), st.integers(0, 7), st.booleans())
@settings(max_examples=30, deadline=None)
def test_damage_never_raises_past_the_contract_nor_stays_trusted(
    place: int, bit: int, cut: bool
) -> None:
    data = bytearray(SAMPLE)
    data[place % len(data)] ^= 1 << bit
    damaged = bytes(data[: place % len(data)]) if cut else bytes(data)
    try:
        observations = list(READY.examine(make_view(READY, damaged, "image/jpeg")))
    except (NotApplicable, Malformed, LimitReached):
        return
    assert all(o.kind in ("c2pa", "finding") for o in observations)


SAMPLE = ai_picture()
READY = ready()


@pytest.mark.shared_data
def test_no_real_credential_slips_past_the_prefilter(shared_data: Path) -> None:
    from assay.examiners._c2pa_manifest import read
    from assay.examiners._c2pa_prefilter import ask_reader, reader_type
    from assay.media.slots import walk
    from assay.media.sniff import sniff

    for path in sorted((shared_data / "provenance" / "files").rglob("*.*")):
        data = path.read_bytes()
        try:
            media_type = reader_type(sniff(data[: 1 << 16], len(data)))
        except NotApplicable:
            continue
        if not ask_reader(data, media_type, walk(data, media_type)):
            assert read(data, media_type, READY._reader_context()) is None, path.name

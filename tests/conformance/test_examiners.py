"""The conformance suite: it runs for every installed examiner, ours or a third party's."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.contract import Examiner, Sample, Settings, accepts
from assay.core.facts import Observation
from assay.core.jsonvalue import canonical
from assay.core.vocab import FailureReason, Level
from assay.engine.registry import installed
from assay.engine.stage import run_examiner
from assay.engine.view import Shared

SETTINGS = Settings(evaluation_date="2026-01-01")
EXAMINERS = installed()
SAMPLES = [(e, s) for e in EXAMINERS for s in e.examples()]


def ready(examiner: Examiner) -> Examiner:
    examiner.prepare(SETTINGS)
    return examiner


def run(examiner: Examiner, data: bytes, media_type: str) -> tuple[list[Observation], object]:
    """Run an examiner behind those it reads from, as the engine does."""
    shared = Shared(MemoryBlob(data), 1 << 26, media_type)
    shared.sha256 = hashlib.sha256(data).hexdigest()  # type: ignore[assignment]
    for earlier in EXAMINERS:
        if earlier.info.name in examiner.info.after and accepts(
            earlier.info.media_types, media_type
        ):
            shared.observations += run_examiner(ready(earlier), shared, "")[0]
    return run_examiner(ready(examiner), shared, "")


def named(value: object) -> str:
    if isinstance(value, Sample):
        return value.name
    return value.info.name if isinstance(value, Examiner) else str(value)


def test_examiners_are_installed_and_each_brings_an_example() -> None:
    assert {"digest", "picture", "content", "pdq", "exif", "camera", "genparams", "c2pa"} <= {
        e.info.name for e in EXAMINERS
    }
    assert all(list(e.examples()) for e in EXAMINERS)


@pytest.mark.parametrize(("examiner", "sample"), SAMPLES, ids=named)
def test_an_example_gives_its_kinds_and_declares_them(examiner: Examiner, sample: Sample) -> None:
    assert accepts(examiner.info.media_types, sample.media_type)
    seen, failure = run(examiner, sample.data, sample.media_type)
    assert failure is None
    assert set(sample.kinds) <= {o.kind for o in seen}
    assert {o.kind for o in seen} <= {*examiner.info.kinds, "finding"}


@pytest.mark.parametrize(("examiner", "sample"), SAMPLES, ids=named)
def test_the_same_bytes_give_the_same_observations(examiner: Examiner, sample: Sample) -> None:
    first, _ = run(examiner, sample.data, sample.media_type)
    second, _ = run(examiner, sample.data, sample.media_type)
    assert [o.id for o in first] == [o.id for o in second]


@pytest.mark.parametrize(("examiner", "sample"), SAMPLES, ids=named)
def test_an_observation_with_a_level_says_what_and_on_what_basis(
    examiner: Examiner, sample: Sample
) -> None:
    for o in run(examiner, sample.data, sample.media_type)[0]:
        canonical(o.value)  # typed JSON, no NaN
        if o.level is not Level.N:
            assert isinstance(o.value.get("text"), str)
            assert isinstance(o.value.get("tool"), str)
            assert o.basis


@pytest.mark.parametrize("examiner", EXAMINERS, ids=named)
@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_examples_never_crash_an_examiner(examiner: Examiner, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(list(examiner.examples())))
    content = bytearray(sample.data)
    for _ in range(data.draw(st.integers(0, 4))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    _, failure = run(examiner, bytes(content[: len(content) - cut // 2]), sample.media_type)
    reason = getattr(failure, "reason", None)
    assert reason in (None, FailureReason.MALFORMED, FailureReason.LIMIT), failure

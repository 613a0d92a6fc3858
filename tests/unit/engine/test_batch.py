"""A batch is committed whatever its facts claim: one false number must not end a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.engine.batch import Batch, Committer
from assay.engine.checks import Pinned
from assay.engine.progress import Progress
from assay.store.records import Found
from assay.verdict.policy import shipped_policy
from tests.support import cases

DIGITS = "ab" * 32


def seen(kind: str, locator: str = "", **value: Json) -> Observation:
    return Observation(
        item=cases.sha(1), examiner="pdq", version="1", kind=kind, value=value, locator=locator
    )


CLAIMS = {
    "quality": [seen("pdq", hash=DIGITS, quality=1 << 70)],
    "negative quality": [seen("pdq", hash=DIGITS, quality=-1)],
    "size": [seen("picture", width=1 << 40, height=1 << 40), seen("pdq", hash=DIGITS, quality=9)],
    "frame": [seen("pdq", f"frame {'9' * 40}, time 1.000 s", hash=DIGITS, quality=9)],
    "digits": [seen("pdq", f"frame {'9' * 5000}", hash=DIGITS, quality=9)],
    "name": [seen("pdq", hash=DIGITS, quality=9, rendering="\udcff")],
    "part": [seen("pdq_part", hash=DIGITS, quality=9, part="without \ud800 bars")],
    "turned": [seen("pdq", hash=DIGITS, quality=90, turned="ab" * 95)],
    "no digits": [seen("pdq", hash=1, quality=90), seen("pdq", hash="ab" * 31, quality=90)],
    "time": [seen("pdq", f"frame 1, time {'9' * 400}.0 s", hash=DIGITS, quality=9)],
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_number_that_no_column_holds_ends_no_run(claim: str, tmp_path: Path) -> None:
    case = cases.create(tmp_path / "case")
    committer = Committer(case, Pinned((), {}), shipped_policy(), Progress(), "A. Examiner")
    batch = Batch(
        items=[cases.item(1)],
        occurrences=[Found(cases.place(1))],
        observations=CLAIMS[claim],
        dirty={cases.sha(1): None},
    )
    committer.commit(batch, "one occurrence")
    bundle = case.reader.facts_of([cases.sha(1)])[cases.sha(1)]
    assert bundle.observations
    assert bundle.placement is not None

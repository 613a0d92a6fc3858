"""The id of an observation is derived from all that was seen, and from nothing else."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

from assay.core.facts import Observation, Sha256
from assay.core.jsonvalue import digest_of
from assay.core.vocab import Level, Polarity, SealLevel

SEEN = Observation(
    item=Sha256("ab" * 32),
    examiner="camera",
    version="1",
    kind="camera",
    value={"make": "Example", "gps": [52.1, 4.3], "nested": {"b": None, "a": "\udcff é"}},
    level=Level.C2,
    polarity=Polarity.CAMERA,
    basis="EXIF 3.0",
    config="c0ffee",
    llr=-1.25,
    locator="bytes 20-1544",
    model="m",
    seal=SealLevel.FULL,
)


def test_id_is_the_digest_of_every_field_but_the_seal() -> None:
    content = {k: v for k, v in asdict(SEEN).items() if k != "seal"}
    assert SEEN.id == digest_of(content)[:32]
    assert set(SEEN.content()) == {f.name for f in fields(SEEN)} - {"seal"}


def test_the_seal_level_does_not_change_the_id_but_the_version_does() -> None:
    assert replace(SEEN, seal=SealLevel.PROCESS).id == SEEN.id
    assert replace(SEEN, version="2").id != SEEN.id

"""The shared provenance files, by their manifest: every unsigned AI statement is found and named.

Labels of the manifest are older and coarser than DESIGN §5: a record with an input picture is
labelled synthetic_weak there and is an edit here.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from assay.core.contract import accepts
from assay.core.facts import Observation
from assay.core.vocab import Level
from assay.examiners.genparams import GenparamsExaminer
from assay.media.sniff import sniff
from tests.support.views import make_view

# Words of the manifest's column generator_or_device, and the tool to be named; "": a label of
# the kind that names a vocabulary and no tool. "broken image" holds an AUTOMATIC1111 text.
NAMES = {
    "AUTOMATIC1111": "AUTOMATIC1111",
    "broken image": "AUTOMATIC1111",
    "ComfyUI": "ComfyUI",
    "Fooocus": "Fooocus",
    "InvokeAI": "InvokeAI",
    "NovelAI": "NovelAI",
    "SwarmUI": "SwarmUI",
    "Google": "Google AI",
    "IPTC 2025.1": "ExampleGen",
    "TC260": "",
}


def told(path: Path) -> list[Observation]:
    data = path.read_bytes()
    examiner = GenparamsExaminer()
    media_type = sniff(data, len(data))
    if not accepts(examiner.info.media_types, media_type):
        return []
    found = examiner.examine(make_view(examiner, data, media_type))
    return [o for o in found if o.kind in ("generator", "label") and o.level is not Level.N]


@pytest.mark.shared_data
def test_every_unsigned_ai_statement_of_the_manifest_is_named(shared_data: Path) -> None:
    base = shared_data / "provenance"
    with (base / "manifest.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["expected_verdict"] == "synthetic_weak"]
    assert len(rows) >= 20
    wrong = []
    for row in rows:
        expected = next(t for w, t in NAMES.items() if row["generator_or_device"].startswith(w))
        tools = {str(o.value["tool"]) for o in told(base / row["file"])}
        if expected not in tools:
            wrong.append((row["file"], tools))
    assert wrong == []


@pytest.mark.shared_data
def test_no_camera_file_of_the_manifest_has_a_statement(shared_data: Path) -> None:
    base = shared_data / "provenance"
    with (base / "manifest.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["expected_verdict"].startswith("camera_")]
    assert [row["file"] for row in rows if told(base / row["file"])] == []

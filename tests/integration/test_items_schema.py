"""Every exported item is as docs/reference/items.schema.json says, and the schema is strict."""

from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from assay.examiners._c2pa_sample import signed_sample
from assay.examiners._signature_sample import unverified
from assay.examiners.dialects.samples import samples
from assay.examiners.recompression import RecompressionExaminer
from assay.examiners.watermark import painted
from tests.support.command import assay
from tests.support.containers import font
from tests.support.generators import WRITERS
from tests.support.photos import exif_block, photo, scene
from tests.support.pictures import jpeg

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "items.schema.json"


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    document = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the items of a case in which every field of the schema is filled somewhere."""
    folder = tmp_path_factory.mktemp("in")
    case, out = folder.parent / "case-of-schema", folder.parent / "items.jsonl"
    (folder / "plain.jpg").write_bytes(jpeg(1))
    (folder / "copy.jpg").write_bytes(jpeg(1))
    (folder / "camera.jpg").write_bytes(photo(scene(), exif_block(stated=(400, 300))))
    (folder / "tail.jpg").write_bytes(photo(scene(), exif_block(stated=(400, 300))) + b"a note")
    (folder / "signed.jpg").write_bytes(signed_sample())
    (folder / "unverified.png").write_bytes(unverified())
    (folder / "painted.png").write_bytes(painted())
    (twice,) = RecompressionExaminer().examples()
    (folder / "twice.jpg").write_bytes(twice.data)
    for writer in WRITERS:
        if writer.container.name == "png":
            (folder / f"{writer.texts.__name__}.png").write_bytes(writer.build())
    for sample in samples():
        (folder / f"{sample.name}.png").write_bytes(sample.data)
    (folder / "cut.jpg").write_bytes(jpeg(2)[:-900])
    (folder / "no picture.jpg").write_bytes(b"a text\n" * 9)
    (folder / "empty").write_bytes(b"")
    (folder / "letters.ttf").write_bytes(font())
    Image.new("LA", (64, 64), (90, 20)).save(folder / "alpha.png")
    with zipfile.ZipFile(folder / "box.zip", "w") as archive:
        archive.writestr("in\u202eside.jpg", jpeg(3))
    (folder / "broken.zip").write_bytes((folder / "box.zip").read_bytes()[:-40])
    assert assay("triage", folder, "--case", case, "--timezone", "Europe/Amsterdam").code == 3
    decided = assay("decide", "plain.jpg", "--category", "2", "--note", "seen", "--case", case)
    assert decided.code == 0, decided.err
    assert assay("export", "items", "--case", case, "-o", out).code == 0
    rows = [json.loads(line) for line in out.read_text("ascii").splitlines()]
    return {place["path"]: row for row in rows for place in row["occurrences"]}


def test_every_exported_item_is_valid(
    schema: Draft202012Validator, records: dict[str, dict[str, Any]]
) -> None:
    wrong = [
        (path, list(error.absolute_path), error.message)
        for path, row in records.items()
        for error in schema.iter_errors(row)
    ]
    assert wrong == []


def test_the_case_fills_what_the_schema_describes(records: dict[str, dict[str, Any]]) -> None:
    rows = records.values()
    filled = (
        *("pdq", "picture", "generator", "c2pa", "camera", "tables", "trailer", "recompression"),
        *("watermark", "signature", "parent"),
    )
    for name in filled:
        assert any(row[name] is not None for row in rows), name
    generators = [row["generator"] for row in rows if row["generator"]]
    for name in ("model_hashes", "lora_hashes", "vae", "scheduler", "same_writer", "graph"):
        assert any(generator[name] for generator in generators), name
    assert all(claim["where"] and claim["strengthen"] for row in rows for claim in row["claims"])
    for name in ("claims", "failures", "findings", "decisions", "pdq_variants"):
        assert any(row[name] for row in rows), name
    assert {row["lane"] for row in rows} >= {1, 2, None}


def test_items_printed_by_queue_show_and_inspect_are_the_same_object(
    schema: Draft202012Validator, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(jpeg(4))
    case = tmp_path / "case"
    assay("triage", tmp_path / "in", "--case", case)
    printed = (
        assay("queue", "--case", case, "--json"),
        assay("show", "a.jpg", "--case", case, "--json"),
        assay("inspect", tmp_path / "in" / "a.jpg", "--json"),
    )
    for done in printed:
        assert len(done.rows) == 1
        assert list(schema.iter_errors(done.last)) == []


@pytest.mark.parametrize(
    "path",
    [
        *((), ("claims", 0), ("failures", 0), ("findings", 0), ("occurrences", 0)),
        *(("generator",), ("c2pa",), ("camera",), ("tables",), ("trailer",), ("recompression",)),
        *(("watermark", 0), ("signature",)),
    ],
    ids=lambda path: path[0] if path else "item",
)
def test_an_unknown_field_is_refused(
    schema: Draft202012Validator,
    records: dict[str, dict[str, Any]],
    path: tuple[str | int, ...],
) -> None:
    row = next(r for r in records.values() if not path or r[path[0]])
    changed = copy.deepcopy(row)
    target: Any = changed
    for step in path:
        target = target[step]
    target["unheard_of"] = 1
    (wrong,) = schema.iter_errors(changed)
    # of what may be null, the error stands one level deeper
    assert "additionalProperties" in {error.validator for error in (wrong, *(wrong.context or ()))}


@pytest.mark.parametrize("lane", [0, 6, "1"])
def test_lanes_are_1_to_5_or_null(
    schema: Draft202012Validator, records: dict[str, dict[str, Any]], lane: object
) -> None:
    row = {**next(iter(records.values())), "lane": lane}
    assert any(list(error.absolute_path) == ["lane"] for error in schema.iter_errors(row))


def test_a_band_stands_in_lane_1_alone(
    schema: Draft202012Validator, records: dict[str, dict[str, Any]]
) -> None:
    row = next(r for r in records.values() if r["lane"] == 1)
    assert not schema.is_valid({**row, "band": None})
    assert not schema.is_valid({**row, "lane": 4})

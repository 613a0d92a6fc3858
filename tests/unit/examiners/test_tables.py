"""The learned table of JPEG tables: what it says of a file, and that it decides nothing."""

from __future__ import annotations

import io

import pytest

from assay.core.contract import Settings
from assay.core.errors import PolicyError
from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.core.vocab import Level, Polarity
from assay.examiners._tables import TableRow, model_key, rows_from_json, shipped_rows
from assay.examiners.camera import CameraExaminer
from assay.media.jpeg_tables import read_tables
from tests.support.photos import exif_block, scene
from tests.support.views import make_view

OWN = [[min(255, 2 + n) for n in range(64)], [min(255, 3 + n) for n in range(64)]]


def saved(*, named: bool = True, **options: object) -> bytes:
    out = io.BytesIO()
    exif = {"exif": b"Exif\0\0" + exif_block()} if named else {}
    scene().save(out, "JPEG", **exif, **options)
    return out.getvalue()


def row(maker: str, model: str, data: bytes) -> Json:
    found = read_tables(data)
    return TableRow(maker, model, 3, {found.digest: 3}, {found.huffman: 3}).to_json()


def examine(data: bytes, *rows: Json) -> list[Observation]:
    examiner = CameraExaminer()
    options = {"camera": {"cameras": list(rows)}}
    examiner.prepare(Settings(evaluation_date="2026-01-01", options=options))
    return list(examiner.examine(make_view(examiner, data, "image/jpeg")))


def tables(rows: list[Observation]) -> Observation | None:
    return next((o for o in rows if o.kind == "tables"), None)


@pytest.mark.parametrize(
    ("maker", "model", "seen_for"),
    [
        ("Example Corp", "Model 7", "model"),
        ("EXAMPLE CORP", "Example Corp  MODEL 7", "model"),
        ("Example Corporation", "Model 9", "maker"),
        ("Other", "Model 7", "others"),
    ],
)
def test_tables_seen_before_are_named_with_who_wrote_them(
    maker: str, model: str, seen_for: str
) -> None:
    data = saved(qtables=OWN)
    found = tables(examine(data, row(maker, model, data)))
    assert found is not None
    assert found.value["seen_for"] == seen_for
    assert (found.level, found.polarity) == (Level.N, Polarity.NONE)


def test_unknown_tables_are_no_evidence_against_a_camera() -> None:
    data = saved(qtables=OWN)
    rows = examine(data, row("Example Corp", "Model 7", saved(quality=80)))
    found = tables(rows)
    assert found is not None
    assert (found.value["seen_for"], found.value["model_files"]) == ("nobody", 3)
    assert [o.level for o in rows if o.kind == "camera"] == [Level.C2]


def test_stripped_text_leaves_tables_that_lead_to_a_camera() -> None:
    data = saved(named=False, qtables=OWN)
    found = tables(examine(data, row("Example Corp", "Model 7", data)))
    assert found is not None
    assert found.value["models"] == ["Example Corp Model 7"]
    # tables of the IJG are written by nearly every program and lead nowhere
    plain = saved(named=False, quality=90)
    assert tables(examine(plain, row("Example Corp", "Model 7", plain))) is None


def test_a_programs_tables_are_named_as_such() -> None:
    data = saved(qtables=OWN)
    found = tables(examine(data, row("", "Some Editor", data)))
    assert found is not None
    assert (found.value["programs"], found.value["models"]) == (["Some Editor"], [])


def test_huffman_tables_are_compared_where_the_model_is_known() -> None:
    known = row("Example Corp", "Model 7", saved(quality=80))
    same, other = (tables(examine(saved(quality=80, optimize=o), known)) for o in (False, True))
    assert same is not None
    assert other is not None
    assert (same.value["huffman_seen"], other.value["huffman_seen"]) == (True, False)
    assert (same.value["huffman_standard"], other.value["huffman_standard"]) == (True, False)


def test_the_shipped_table_is_sound() -> None:
    rows = shipped_rows()
    cameras = [one for one in rows if one.maker]
    assert len(cameras) > 50
    assert len({model_key(one.maker, one.model) for one in cameras}) == len(cameras)
    for one in rows:
        assert sum(one.quantisation.values()) == one.files
        assert all(len(digest) == 64 for digest in (*one.quantisation, *one.huffman))


@pytest.mark.parametrize("value", [{"maker": "x"}, [{"maker": "x"}], "rows", [{"files": "many"}]])
def test_a_damaged_table_is_refused_with_its_cure(value: Json) -> None:
    examiner = CameraExaminer()
    with pytest.raises(PolicyError, match="cannot be read"):
        examiner.prepare(
            Settings(evaluation_date="2026-01-01", options={"camera": {"cameras": value}})
        )


def test_rows_survive_their_json() -> None:
    one = TableRow("Example Corp", "Model 7", 2, {"a": 2}, {})
    assert rows_from_json([one.to_json()]) == (one,)

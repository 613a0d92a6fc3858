"""A table of a case that a spreadsheet opens and never computes."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from assay.exports.csv_ import COLUMNS
from tests.support.command import assay
from tests.support.here import assay_here, events_here, items_here
from tests.support.pictures import jpeg

EVIL = '=cmd|" & \n.jpg'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("csv")
    (root / "in").mkdir()
    (root / "in" / EVIL).write_bytes(jpeg(1))
    (root / "in" / "b, c.jpg").write_bytes(jpeg(2))
    (root / "in" / "copy.jpg").write_bytes(jpeg(2))
    (root / "in" / "notes.md").write_text("a text\n")
    assert assay("triage", root / "in", "--case", root / "case").code == 0
    return root


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "case", tmp_path / "case")
    return tmp_path / "case"


def table(case: Path, out: Path, *words: str) -> list[dict[str, str]]:
    done = assay_here("export", "csv", "--case", case, "-o", out, "--json", *words)
    assert done.code == 0, done.err
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert done.last["items"] == len(rows)
    return rows


def test_every_item_is_a_row_in_the_order_of_work(case: Path, tmp_path: Path) -> None:
    words = ("--operator", "=J. Doe", "--note", "-noted", "--category", "5", "--case", case)
    assert assay_here("decide", "copy.jpg", *words).code == 0
    rows = table(case, tmp_path / "out.csv")
    records = items_here(case)
    assert [row["sha256"] for row in rows] == [record["sha256"] for record in records]
    for row, record in zip(rows, records, strict=True):
        assert (row["md5"], row["sha1"]) == (record["md5"], record["sha1"])
        assert (row["lane"], row["rank"]) == (str(record["lane"] or ""), str(record["rank"] or ""))
        assert (row["origin"], row["places"]) == (record["origin"], str(len(record["occurrences"])))
        assert row["pdq"] == (record["pdq"]["hash"] if record["pdq"] else "")
        assert row["evidence"]
    twice = next(row for row in rows if row["places"] == "2")
    assert (twice["path"], twice["lane"]) == ("b, c.jpg", "5")
    assert twice["decisions"].startswith("neutral 5 by =J. Doe at ")
    assert twice["decisions"].endswith("Z: -noted")


def test_a_hostile_name_is_text_and_the_file_is_as_rfc_4180_says(
    case: Path, tmp_path: Path
) -> None:
    rows = table(case, tmp_path / "out.csv")
    assert "'=cmd|\" & \\u000a.jpg" in [row["path"] for row in rows]
    raw = (tmp_path / "out.csv").read_bytes()
    assert raw.startswith(b"sha256,md5,")
    assert raw.count(b"\r\n") == raw.count(b"\n") == len(rows) + 1
    assert b'"\'=cmd|"" & \\u000a.jpg"' in raw
    assert list(rows[0]) == list(COLUMNS)


def test_a_byte_order_mark_comes_only_where_it_is_wanted(case: Path, tmp_path: Path) -> None:
    table(case, tmp_path / "out.csv", "--bom", "--lane", "1")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfsha256,")
    event = events_here(case)[-1]
    assert (event["action"], event["detail"]["items"]) == ("csv.exported", 3)


def test_the_same_selections_as_elsewhere(case: Path, tmp_path: Path) -> None:
    assert len(table(case, tmp_path / "a.csv", "--lane", "1", "--top", "1")) == 1
    assert table(case, tmp_path / "b.csv", "--where", "lane=4") == []
    assert len(table(case, tmp_path / "c.csv", "--where", "media_type=image/jpeg")) == 2

"""Decisions, selections and handing over: what people do with a ranked queue."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import assay, by_path, events, items
from tests.support.pictures import folder_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    assay("triage", folder_of(tmp_path / "in", 6), "--case", tmp_path / "case")
    return tmp_path / "case"


def lane(case: Path, path: str) -> Any:
    return by_path(case)[path]["lane"]


def test_a_decision_moves_an_item_and_an_undo_moves_it_back(case: Path) -> None:
    words = ("decide", "picture000.jpg", "--case", case, "--operator", "A. Examiner")
    moved = assay(*words, "--category", "5", "--note", "a landscape", "--json")
    assert (moved.code, moved.last["decided"], len(moved.last["moved"])) == (0, 1, 1)
    row = by_path(case)["picture000.jpg"]
    assert (row["lane"], row["decisions"][0]["actor"]) == (5, "A. Examiner")
    assert assay("verify", "--case", case).code == 0
    assay(*words, "--undo")
    assert lane(case, "picture000.jpg") == 1
    assert [e["actor"] for e in events(case) if e["action"] == "decision.recorded"] == [
        "A. Examiner"
    ] * 2


def test_of_two_people_who_disagree_the_lower_lane_counts(case: Path) -> None:
    for who, category in (("A", "5"), ("B", "2")):
        assay("decide", "picture001.jpg", "--case", case, "--category", category, "--operator", who)
    assert lane(case, "picture001.jpg") == 2


def test_a_csv_decides_all_or_nothing(case: Path, tmp_path: Path) -> None:
    table = tmp_path / "decisions.csv"
    digest = by_path(case)["picture002.jpg"]["sha256"]
    table.write_text(f"item,category,note\npicture000.jpg,4,\n{digest},3,seen\nmissing.jpg,1,\n")
    refused = assay("decide", "--csv", table, "--case", case)
    assert refused.code == 2
    assert lane(case, "picture000.jpg") == 1
    table.write_text(f"item,category,note\npicture000.jpg,4,\n{digest},3,seen\n")
    assert assay("decide", "--csv", table, "--case", case).code == 0
    assert (lane(case, "picture000.jpg"), lane(case, "picture002.jpg")) == (4, 3)


def test_selections_choose_by_lane_top_origin_and_field(case: Path, tmp_path: Path) -> None:
    assay("decide", "picture000.jpg", "--case", case, "--category", "5")
    out = tmp_path / "items.jsonl"

    def exported(*words: str) -> list[dict[str, Any]]:
        assert assay("export", "items", "--case", case, "-o", out, *words).code == 0
        return [json.loads(line) for line in out.read_text().splitlines()]

    assert len(exported()) == 7
    assert [r["lane"] for r in exported("--lane", "5")] == [5]
    assert len(exported("--top", "2")) == 2
    assert exported("--origin", "camera") == []
    assert len(exported("--where", "media_type=image/jpeg,lane=1")) == 5
    assert [r["rank"] for r in exported("--lane", "1")] == [1, 2, 3, 4, 5]


def test_the_exported_custody_log_is_checked_by_a_script_that_needs_only_python(
    case: Path, tmp_path: Path
) -> None:
    log = tmp_path / "custody.jsonl"
    assay("export", "custody", "--case", case, "-o", log)
    script = [sys.executable, "-I", ROOT / "docs" / "verify_custody.py", log]
    assert subprocess.run(script, capture_output=True, check=False).returncode == 0
    log.write_text(log.read_text().replace('"examined":7', '"examined":8'))
    assert subprocess.run(script, capture_output=True, check=False).returncode != 0


def test_the_custody_log_says_who_did_what_with_which_versions(case: Path) -> None:
    log = events(case)
    assert [e["action"] for e in log][:2] == ["case.created", "source.added"]
    finished = log[-1]
    assert finished["action"] == "run.finished"
    assert {"assay", "policy", "trust", "examined", "coverage"} <= finished["detail"].keys()
    assert all(row["adds_up"] for row in finished["detail"]["coverage"])


def test_the_report_stands_alone(case: Path) -> None:
    page = (case / "exports" / "report.html").read_text()
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "no statement on legality" in page
    for row in items(case)[:5]:
        assert row["sha256"] in page


def test_the_report_shows_blurred_pictures_only_when_asked(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    assay("report", "--case", case, "-o", out)
    assert "data:image" not in out.read_text()
    assay("report", "--case", case, "-o", out, "--thumbnails", "blurred", "--top", "3")
    page = out.read_text()
    assert page.count("data:image/png;base64,") == 3
    assert "small, blurred, greyscale" in page


def test_inspect_needs_no_case_and_keeps_none(case: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    ran = assay(
        "inspect", tmp_path / "in" / "picture000.jpg", tmp_path / "in" / "box003.zip", "--json"
    )
    assert ran.code == 0
    paths = [row["occurrences"][0]["path"] for row in ran.rows]
    assert paths == ["picture000.jpg", "box003.zip", "box003.zip!/inside.jpg"]
    assert sorted(tmp_path.rglob("*")) == before


def test_hash_gives_the_digests_and_pdq_of_files(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", 1)
    ran = assay("hash", source / "picture000.jpg", tmp_path / "none", "--json")
    assert ran.code == 3
    (row,) = ran.rows
    assert len(row["sha256"]) == len(row["pdq"]["hash"]) == 64


def test_an_own_scheme_is_fixed_when_the_case_is_made(tmp_path: Path) -> None:
    scheme = tmp_path / "scheme.toml"
    scheme.write_text('name = "own"\n[category.urgent]\ntitle = "first"\nlane = 1\n')
    source, case = folder_of(tmp_path / "in", 1), tmp_path / "case"
    assert assay("triage", source, "--case", case, "--scheme", scheme).code == 0
    words = ("decide", "picture000.jpg", "--case", case, "--category")
    assert assay(*words, "1").code == 2
    assert assay(*words, "urgent").code == 0
    assert by_path(case)["picture000.jpg"]["decisions"][0]["scheme"] == "own"


def test_a_note_alone_is_shown_and_moves_nothing(case: Path) -> None:
    assay("decide", "picture000.jpg", "--case", case, "--note", "ask the lab")
    row = by_path(case)["picture000.jpg"]
    assert (row["lane"], [d["note"] for d in row["decisions"]]) == (1, ["ask the lab"])

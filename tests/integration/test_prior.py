"""A prior case is shown beside an item that it holds as well, and moves nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.command import COMMAND, assay, by_path, events
from tests.support.mounts import namespace
from tests.support.pictures import jpeg

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "items.schema.json"
DAY = ("--evaluation-date", "2026-01-01")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a decided case "before" and the files of a new device."""
    root = tmp_path_factory.mktemp("prior")
    old, new = root / "old", root / "device"
    old.mkdir()
    new.mkdir()
    for number in (1, 2):
        (old / f"old{number}.jpg").write_bytes(jpeg(number))
    (old / "again.jpg").write_bytes(jpeg(1))
    for number in (1, 2, 3):
        (new / f"new{number}.jpg").write_bytes(jpeg(number))
    assay("triage", old, "--case", root / "before", *DAY)
    words = ("--case", root / "before", "--operator", "A. Examiner")
    assay("decide", "old1.jpg", "--category", "5", "--note", "seen", *words)
    return root


@pytest.fixture(scope="module")
def case(made: Path) -> Path:
    """Return a case of the new device that remembers the prior one."""
    case = made / "case"
    done = assay("triage", made / "device", "--case", case, "--prior", made / "before", *DAY)
    assert done.code == 0, done.err
    assert "met before in before: 2 items, 1 of them decided there" in done.out
    return case


def follows(case: Path) -> list[tuple[Any, ...]]:
    """Return every verdict and placement of a case, byte for byte."""
    database = sqlite3.connect(f"file:{case}/case.db?mode=ro", uri=True)
    query = (
        "SELECT item, origin, score, v.reasons, policy, lane, band, sort, p.reasons, shown_with "
        "FROM verdicts v JOIN placements p USING (item) ORDER BY item"
    )
    return database.execute(query).fetchall()


def test_a_prior_case_moves_nothing(made: Path, case: Path, tmp_path: Path) -> None:
    assay("triage", made / "device", "--case", tmp_path / "without", *DAY)
    assert follows(case) == follows(tmp_path / "without")
    with_, without = by_path(case), by_path(tmp_path / "without")
    for path, row in with_.items():
        assert {**row, "prior": []} == without[path]
    assert with_["new1.jpg"]["decisions"] == []
    assert assay("verify", "--case", case).code == 0


def test_what_was_found_and_decided_before_is_shown(made: Path, case: Path) -> None:
    rows = by_path(case)
    [met] = rows["new1.jpg"]["prior"]
    assert (met["name"], met["origin"], met["lane"]) == ("before", "unknown", 5)
    assert (met["path"], met["places"]) == ("again.jpg", 2)
    [decision] = met["decisions"]
    assert (decision["actor"], decision["category"]) == ("A. Examiner", "5")
    assert decision == by_path(made / "before")["old1.jpg"]["decisions"][0]
    assert (rows["new2.jpg"]["prior"][0]["decisions"], rows["new3.jpg"]["prior"]) == ([], [])
    schema = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert [error.message for row in rows.values() for error in schema.iter_errors(row)] == []


def test_people_see_it_in_show_queue_and_report(case: Path) -> None:
    shown = assay("show", "new1.jpg", "--case", case).out
    assert "met before (shown, not applied)" in shown
    assert "A. Examiner, neutral, 5, seen" in shown
    lines = assay("queue", "--case", case).out.splitlines()
    assert [line.strip() for line in lines if "met before" in line] == [
        "met before: before: unknown, lane 5, category 5 by A. Examiner",
        "met before: before: unknown, lane 1",
    ]
    page = (case / "exports" / "report.html").read_text("utf-8")
    assert "Met in prior cases" in page
    assert '<td class="n">2</td><td class="n">1</td>' in page


def test_custody_says_which_state_of_which_case_was_shown(made: Path, case: Path) -> None:
    assay("report", "--case", case)
    before = events(made / "before")
    log = events(case)
    named = next(e for e in log if e["action"] == "prior.named")
    assert named["seq"] < next(e for e in log if e["action"] == "run.finished")["seq"]
    wanted = [{"case_id": before[0]["subject"], "head": before[-1]["hash"]}]
    for action in ("run.finished", "report.written"):
        assert [e["detail"]["prior"] for e in log if e["action"] == action][-1] == wanted
    assert len([e for e in log if e["action"] == "prior.named"]) == 1


def test_a_prior_case_is_left_as_it_is_even_where_nothing_can_be_written(
    made: Path, case: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    with namespace() as space:
        kept.mkdir()
        space.run("mount", "--bind", made / "before", kept)
        space.run("mount", "-o", "remount,bind,ro", kept)
        done = space.run(*COMMAND, "show", "new1.jpg", "--case", case, "--prior", kept, "--json")
    [met] = json.loads(done)["prior"]
    assert (met["name"], met["decisions"][0]["category"]) == ("kept", "5")


def test_a_prior_case_is_shown_while_another_process_writes_to_it(made: Path, case: Path) -> None:
    from assay.store.lock import CaseLock

    lock = CaseLock(made / "before", since="now")
    try:
        done = assay("show", "new1.jpg", "--case", case, "--json")
    finally:
        lock.release()
    assert len(done.last["prior"]) == 1


def test_several_prior_cases_stand_in_the_order_given(
    made: Path, case: Path, tmp_path: Path
) -> None:
    assay("triage", made / "old", "--case", tmp_path / "second", *DAY)
    words = ("--prior", tmp_path / "second", "--prior", tmp_path / "second")
    done = assay("show", "new1.jpg", "--case", case, "--json", *words)
    assert [met["name"] for met in done.last["prior"]] == ["second", "before"]
    again = assay("show", "new1.jpg", "--case", case, "--json")  # only triage, init and run keep
    assert [met["name"] for met in again.last["prior"]] == ["before"]


def test_a_remembered_case_that_is_gone_is_a_notice_and_a_named_one_an_error(
    made: Path, case: Path, tmp_path: Path
) -> None:
    (made / "before").rename(made / "away")
    try:
        done = assay("show", "new1.jpg", "--case", case, "--json")
        assert (done.code, done.last["prior"]) == (0, [])
        assert "is not shown" in done.err
        named = assay("queue", "--case", case, "--prior", made / "before")
        assert (named.code, "prior case" in named.err) == (1, True)
        device = ("triage", made / "device", "--case", tmp_path / "new")
        assert assay(*device, "--prior", made / "before").code == 1
        assert not (tmp_path / "new").exists()
        assay("init", "--case", made / "before")
        other = assay("show", "new1.jpg", "--case", case, "--json")
        assert "lies the case" in other.err
        shutil.rmtree(made / "before")
    finally:
        (made / "away").rename(made / "before")


def test_an_older_prior_case_is_never_migrated(made: Path, case: Path, tmp_path: Path) -> None:
    old = tmp_path / "old-case"
    shutil.copytree(made / "before", old)
    database = sqlite3.connect(old / "case.db")
    database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.commit()
    database.close()
    stored = (old / "case.db").read_bytes()
    done = assay("show", "new1.jpg", "--case", case, "--prior", old)
    assert (done.code, "older schema 0001" in done.err) == (1, True)
    assert "A prior case is only read" in done.err
    assert (old / "case.db").read_bytes() == stored


def test_a_case_is_no_prior_case_of_itself(case: Path) -> None:
    assert assay("queue", "--case", case, "--prior", case).code == 2


def test_init_and_run_remember_as_well(made: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    assert assay("init", "--case", case, "--prior", made / "before", *DAY).code == 0
    assay("add", made / "device", "--case", case)
    done = assay("run", "--case", case, "--json")
    assert [(row["met"], row["decided"]) for row in done.last["prior"]] == [(2, 1)]
    assert done.last["prior"][0]["categories"] == {"neutral 5": 1}
    assert assay("verify", "--case", case).code == 0

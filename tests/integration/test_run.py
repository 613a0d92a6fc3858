"""Runs of the main job: again, interrupted, beside misbehaving checks, on sources that vanish."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.command import COMMAND, assay, by_path, events, items
from tests.support.pictures import folder_of, jpeg
from tests.support.planted import install


def tables(case: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of a case except the custody log."""
    with sqlite3.connect(case / "case.db") as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {
            n: sorted(map(repr, db.execute(f"SELECT * FROM {n}"))) for n in names if n != "custody"
        }  # type: ignore[misc]


def test_a_second_run_adds_one_custody_event_and_nothing_else(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 8), tmp_path / "case"
    first = assay("triage", source, "--case", case, "--json")
    assert (first.code, first.last["examined"], first.last["skipped"]) == (0, 10, 0)
    before, log = tables(case), events(case)
    second = assay("triage", source, "--case", case, "--json")
    assert (second.code, second.last["examined"], second.last["skipped"]) == (0, 0, 10)
    assert tables(case) == before
    assert len(events(case)) == len(log) + 1


def test_only_new_files_are_examined(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 3), tmp_path / "case"
    assay("triage", source, "--case", case)
    (source / "new.jpg").write_bytes(jpeg(99))
    (source / "copy.jpg").write_bytes(jpeg(0))
    again = assay("triage", source, "--case", case, "--json")
    assert (again.last["examined"], again.last["skipped"]) == (1, 3)
    assert len(by_path(case)) == 5
    assert assay("verify", "--case", case).code == 0


def test_the_evidence_is_untouched(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 6), tmp_path / "case"
    paths = sorted(source.iterdir())
    for path in paths:
        os.utime(path, ns=(1_000_000_000, 1_500_000_000_123_456_789))
    state = [(p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_mode) for p in paths]
    for path in paths:
        os.utime(path, ns=(1_000_000_000, 1_500_000_000_123_456_789))
    assay("triage", source, "--case", case)
    assert [p.stat().st_atime_ns for p in paths] == [1_000_000_000] * len(paths)
    assert sorted(source.iterdir()) == paths
    assert [(p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_mode) for p in paths] == state


def test_a_killed_run_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 40, tail=b"PLANTED-SLOW"), tmp_path / "case"
    env = install(tmp_path)
    process = subprocess.Popen(
        [*COMMAND, "triage", source, "--case", case, "--json"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, **env},
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _committed(case):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with sqlite3.connect(case / "case.db") as db:
        kept = db.execute("SELECT id, seq FROM observations ORDER BY id").fetchall()
    assert kept
    again = assay("triage", source, "--case", case, "--json", env=env)
    assert again.code == 0, again.err
    assert 0 < again.last["examined"] < 50
    with sqlite3.connect(case / "case.db") as db:
        after = dict(db.execute("SELECT id, seq FROM observations"))
    assert all(after[oid] == seq for oid, seq in kept)  # committed once, not written again
    whole = tmp_path / "whole"
    assay("triage", source, "--case", whole, env=env)
    assert _comparable(case) == _comparable(whole)
    assert assay("verify", "--case", case).code == 0


def test_a_run_killed_while_the_case_was_made_is_simply_run_again(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 2), tmp_path / "case"
    case.mkdir()
    sqlite3.connect(case / "case.db").execute("PRAGMA journal_mode = WAL").close()
    (case / "case.lock").touch()
    again = assay("triage", source, "--case", case, "--json")
    assert again.code == 0, again.err
    assert again.last["examined"] == 2
    assert assay("verify", "--case", case).code == 0


def _committed(case: Path) -> bool:
    try:
        with sqlite3.connect(f"file:{case / 'case.db'}?mode=ro", uri=True) as db:
            return bool(db.execute("SELECT count(*) FROM items").fetchone()[0])
    except sqlite3.Error:
        return False


def _comparable(case: Path) -> list[tuple[object, ...]]:
    return [
        (
            r["sha256"],
            r["lane"],
            r["band"],
            r["rank"],
            r["origin"],
            sorted(o["path"] for o in r["occurrences"]),
        )
        for r in items(case)
    ]


def test_crash_hang_and_memory_bomb_lose_none_of_the_good_files(tmp_path: Path) -> None:
    env = install(tmp_path)
    source, case = folder_of(tmp_path / "in", 20), tmp_path / "case"
    bad = {"crash": b"PLANTED-CRASH", "memory": b"PLANTED-BOMB", "error": b"PLANTED-ERROR"}
    for number, (name, tail) in enumerate(bad.items()):
        (source / f"bad-{name}.jpg").write_bytes(jpeg(900 + number, tail=tail))
    run = assay("triage", source, "--case", case, "--json", env=env)
    assert run.code == 3, run.err
    rows = by_path(case)
    failures = {
        path: [(f["examiner"], f["reason"]) for f in row["failures"]]
        for path, row in rows.items()
        if row["failures"]
    }
    assert failures == {
        "bad-crash.jpg": [("planted", "crash")],
        "bad-memory.jpg": [("planted", "memory")],
        "bad-error.jpg": [("planted", "crash")],
    }
    assert all(row["pdq"] for path, row in rows.items() if path.endswith(".jpg"))
    assert all(rows[path]["lane"] == 1 for path in failures)
    attempts = rows["bad-crash.jpg"]["failures"][0]["attempts"]
    assert attempts == 2


def test_a_hang_is_ended_and_recorded_as_a_timeout(tmp_path: Path) -> None:
    env = install(tmp_path)
    source, case = folder_of(tmp_path / "in", 6), tmp_path / "case"
    (source / "hang.jpg").write_bytes(jpeg(901, tail=b"PLANTED-HANG"))
    run = assay("triage", source, "--case", case, "--timeout", "2", "--json", env=env)
    assert run.code == 3, run.err
    rows = by_path(case)
    assert [(f["examiner"], f["reason"]) for f in rows["hang.jpg"]["failures"]] == [
        ("planted", "timeout")
    ]
    assert rows["hang.jpg"]["pdq"]
    assert sum(bool(row["pdq"]) for row in rows.values()) == 7


def test_a_case_of_another_version_is_not_touched_until_the_upgrade_is_accepted(
    tmp_path: Path,
) -> None:
    source, case = folder_of(tmp_path / "in", 4), tmp_path / "case"
    env = install(tmp_path, "1")
    assert assay("triage", source, "--case", case, env=env).code == 0
    newer = install(tmp_path, "2")
    refused = assay("triage", source, "--case", case, env=newer)
    assert refused.code == 1
    assert "planted is 2, the case pins 1" in refused.err
    assert "run --upgrade" in refused.err
    before = _comparable(case)
    shown = assay("run", "--upgrade", "--case", case, env=newer)
    assert shown.code == 0, shown.err
    assert "lane changes" in shown.out
    assert _comparable(case) == before
    assert assay("triage", source, "--case", case, env=newer).code == 1
    assert assay("run", "--upgrade", "--yes", "--case", case, env=newer).code == 0
    again = assay("triage", source, "--case", case, "--json", env=newer)
    assert (again.code, again.last["examined"]) == (0, 0)
    assert assay("verify", "--case", case, env=newer).code == 0


def test_a_source_that_vanishes_pauses_the_run_and_fails_no_file(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 40, tail=b"PLANTED-SLOW"), tmp_path / "case"
    away, hidden = tmp_path / "away", tmp_path / "hidden"
    hidden.mkdir()
    process = subprocess.Popen(
        [*COMMAND, "triage", source, "--case", case, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **install(tmp_path)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _committed(case):
        time.sleep(0.02)
    # The root goes first: folders that the run holds open must not stand in for it.
    source.rename(away)
    for path in away.iterdir():
        path.rename(hidden / path.name)
    said = process.stderr.readline()
    assert b"waiting for" in said
    for path in hidden.iterdir():
        path.rename(away / path.name)
    away.rename(source)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert b'"failed": 0' in out
    assert b'"unread": 0' in out
    assert len(by_path(case)) == 50
    assert assay("verify", "--case", case, "--sources").code == 0


def test_a_source_that_stays_away_stops_with_one_sentence_and_resumes(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 4), tmp_path / "case"
    assay("init", "--case", case)
    assay("add", source, "--case", case)
    source.rename(tmp_path / "away")
    gone = assay("run", "--case", case, "--wait-for-source", "0")
    assert gone.code == 1
    assert len(gone.err.strip().splitlines()) <= 2
    (tmp_path / "away").rename(source)
    back = assay("run", "--case", case, "--json")
    assert (back.code, back.last["examined"]) == (0, 5)


def test_passes_leave_the_rest_pending(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 2), tmp_path / "case"
    assay("triage", source, "--case", case, "--passes", "0")
    rows = items(case)
    assert all({"c2pa", "exif", "pdq"} <= set(row["pending"]) for row in rows)
    assert all(row["lane"] == 1 for row in rows)
    finished = assay("run", "--case", case, "--json")
    assert finished.last["examined"] == 2
    assert not any(row["pending"] for row in items(case))


def test_verify_names_a_changed_source_file(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 3), tmp_path / "case"
    assay("triage", source, "--case", case)
    target = source / "picture000.jpg"
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.write_bytes(jpeg(77))
    checked = assay("verify", "--case", case, "--sources", "--json")
    assert checked.code == 1
    assert [row["part"] for row in checked.rows[:-1]] == ["sources"]
    assert digest in {row["sha256"] for row in items(case)}


@pytest.mark.parametrize("mode", ["full", "process"])
def test_the_fallback_without_seal_gives_the_same_facts(tmp_path: Path, mode: str) -> None:
    source, case = folder_of(tmp_path / "in", 4), tmp_path / "case"
    env = {"ASSAY_SANDBOX": "process"} if mode == "process" else {}
    run = assay("triage", source, "--case", case, "--json", env=env)
    assert (run.code, run.last["examined"]) == (0, 5)
    rows = by_path(case)
    assert rows["picture000.jpg"]["pdq"]["quality"] > 0
    assert "box003.zip!/inside.jpg" in rows


def test_ctrl_c_says_what_is_kept_and_the_same_command_continues(tmp_path: Path) -> None:
    source, case = folder_of(tmp_path / "in", 40, tail=b"PLANTED-SLOW"), tmp_path / "case"
    env = install(tmp_path)
    process = subprocess.Popen(
        [*COMMAND, "triage", source, "--case", case],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _committed(case):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in err
    again = assay("triage", source, "--case", case, "--json", env=env)
    assert (again.code, again.last["items"]) == (0, 50)
    assert again.last["examined"] < 50

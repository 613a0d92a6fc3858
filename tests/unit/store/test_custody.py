"""The custody chain and a case's check find what was dropped, edited or moved."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.jsonvalue import canonical
from assay.store import custody, rows
from assay.store.case import Case
from assay.store.check import CaseReport, check_case
from tests.support.cases import ACTOR, create, fill, item, seen, sha, tampering

SCRIPT = Path(__file__).parents[3] / "docs" / "verify_custody.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed case with four events."""
    with create(tmp_path) as case:
        for first in (1, 10, 20):
            fill(case, first)
    return tmp_path


def checked(folder: Path) -> CaseReport:
    with Case.open(folder, write=False) as case:
        return check_case(case)


def said(report: CaseReport) -> str:
    return "\n".join(f"{p.where}: {p.text}" for p in report.problems)


def test_an_untouched_case_is_sound(folder: Path) -> None:
    report = checked(folder)
    assert report.problems == []
    assert report.events == 4
    assert report.rows == {
        "decisions": 3,
        "failures": 9,
        "items": 9,
        "matches": 9,
        "relocations": 0,
        "observations": 18,
        "occurrences": 9,
        "sources": 1,
    }


# ---- rows


CHANGES = (
    (
        "items",
        "md5 = 'x'",
        "sha256 = :sha",
        f"items {sha(1)}: Its content does not give its digest",
    ),
    ("items", "media_type = 'image/png'", "sha256 = :sha", f"items {sha(1)}: "),
    ("observations", "level = 'S5'", "item = :sha", f"observations {sha(1)} {seen(1).id}: "),
    ("observations", "value = '{}'", "item = :sha", "does not give its id: it was changed"),
    ("observations", "llr = 2.0", "item = :sha", "does not give its id: it was changed"),
    ("observations", "polarity = 'nonsense'", "item = :sha", "It cannot be read"),
    ("observations", "value = 'no json'", "item = :sha", "It cannot be read"),
    (
        "occurrences",
        "chain = '[\"other.jpg\"]'",
        "sha256 = :sha",
        "give its id and path and digest",
    ),
    ("occurrences", "path = 'other.jpg'", "sha256 = :sha", "give its path: it was changed"),
    ("occurrences", "container = 'x'", "sha256 = :sha", "does not give its digest"),
    ("failures", "detail = 'x'", "item = :sha", f"failures {sha(1)} exif 1 examine: Its content"),
    ("decisions", "category = 'category 2'", "item = :sha", "decisions 1: Its content"),
    ("matches", "polarity = 'negative'", "item = :sha", f"matches {sha(1)} "),
    ("matches", "identified = 1", "item = :sha", "does not give its digest: it was changed"),
    ("matches", "record = '{}'", "item = :sha", "does not give its digest: it was changed"),
    ("sources", "uri = '/other'", "1", "sources source-1: Its content"),
)


@pytest.mark.parametrize(("table", "change", "where", "expected"), CHANGES)
def test_a_changed_row_is_named(
    folder: Path, table: str, change: str, where: str, expected: str
) -> None:
    with tampering(folder) as database:
        database.execute(f"UPDATE {table} SET {change} WHERE {where}", {"sha": sha(1)})
    assert expected in said(checked(folder))


def test_a_change_of_the_seal_level_breaks_the_facts_of_its_event(folder: Path) -> None:
    with tampering(folder) as database:
        database.execute("UPDATE observations SET seal = 'full' WHERE item = ?", (sha(1),))
    assert "custody event 2: The facts that it recorded" in said(checked(folder))


def test_a_row_changed_together_with_its_digest_breaks_the_facts_of_its_event(
    folder: Path,
) -> None:
    changed = rows.item_row(replace(item(10), media_type="text/plain"), 3)
    with tampering(folder) as database:
        database.execute("DELETE FROM items WHERE sha256 = ?", (sha(10),))
        database.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", changed)
    assert "custody event 3: The facts that it recorded (batch.examined)" in said(checked(folder))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("items", "sha256"),
        ("observations", "item"),
        ("matches", "item"),
        ("failures", "item"),
        ("decisions", "item"),
    ],
)
def test_a_deleted_row_is_missed(folder: Path, table: str, column: str) -> None:
    with tampering(folder) as database:
        database.execute(f"DELETE FROM {table} WHERE {column} = ?", (sha(10),))
    report = said(checked(folder))
    assert "custody event 3: The facts that it recorded (batch.examined)" in report
    assert f"{table} " in report
    assert " instead of " in report


def test_a_row_without_its_event_is_found(folder: Path) -> None:
    with tampering(folder) as database:
        database.execute("UPDATE items SET seq = 99 WHERE sha256 = ?", (sha(20),))
    assert "items: 1 rows name the custody event 99, which is not there" in said(checked(folder))


def test_missing_triggers_are_reported(folder: Path) -> None:
    with tampering(folder):
        pass
    assert checked(folder).sound
    database = sqlite3.connect(folder / "case.db")
    database.execute("DROP TRIGGER items_no_delete")
    database.close()
    assert "The trigger items_no_delete is gone" in said(checked(folder))


def test_a_damaged_file_is_a_problem_and_no_crash(folder: Path) -> None:
    path = folder / "case.db"
    database = sqlite3.connect(path)
    found = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'observations'")
    start = (found.fetchone()[0] - 1) * 4096
    database.close()
    data = path.read_bytes()
    path.write_bytes(data[:start] + b"\xff" * 64 + data[start + 64 :])
    assert "damaged" in said(checked(folder))


def test_facts_cannot_be_changed_through_the_front_door(folder: Path) -> None:
    with Case.open(folder, write=True) as case:
        for sql in (
            "UPDATE observations SET level = 'N'",
            "DELETE FROM items",
            "UPDATE custody SET actor = 'x'",
            "DELETE FROM decisions",
        ):
            with pytest.raises(Exception, match="is append-only"):
                case.connection.exec_driver_sql(sql)


# ---- pins


def test_an_edited_case_toml_is_noticed(folder: Path) -> None:
    toml = folder / "case.toml"
    toml.write_text(toml.read_text().replace("2026-01-01", "2030-01-01"))
    assert "case.toml: It was changed" in said(checked(folder))


def test_pins_edited_in_the_database_are_noticed(folder: Path) -> None:
    with tampering(folder) as database:
        database.execute("UPDATE meta SET value = '{\"c2pa\":{}}' WHERE key = 'settings'")
        database.execute("UPDATE meta SET value = replace(value, '2026', '2030')")
    report = said(checked(folder))
    assert "The pins are not those that the custody chain records" in report
    assert "The settings are not those that the custody chain records" in report


# ---- the chain, inside and outside Assay


def exported(folder: Path) -> Path:
    with Case.open(folder, write=False) as case:
        custody.export_jsonl(case.reader.events(), folder / "exports" / "custody.jsonl")
    return folder / "exports" / "custody.jsonl"


def script(path: Path, *head: str) -> subprocess.CompletedProcess[str]:
    """Run the standalone checker outside any environment of ours (-I -S)."""
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(path), *head]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_script_confirms_an_intact_log_and_prints_its_head(folder: Path) -> None:
    with Case.open(folder, write=False) as case:
        head = case.reader.head()
    assert head is not None
    done = script(exported(folder), head.hash)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"intact: 4 events, head {head.hash}\n"


def test_the_script_is_short_and_needs_only_python() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 30
    assert "assay" not in SCRIPT.read_text().lower()


Lines = list[str]


def _edit(lines: Lines) -> Lines:
    return [*lines[:2], lines[2].replace(ACTOR, "B. Examiner"), *lines[3:]]


def _edit_and_rehash(lines: Lines) -> Lines:
    event = json.loads(lines[2])
    del event["hash"]
    event["actor"] = "B. Examiner"
    event["hash"] = hashlib.sha256(canonical(event)).hexdigest()
    return [*lines[:2], json.dumps(event), *lines[3:]]


DAMAGES: tuple[tuple[str, Callable[[Lines], Lines]], ...] = (
    ("dropped", lambda lines: [*lines[:2], *lines[3:]]),
    ("dropped first", lambda lines: lines[1:]),
    ("swapped", lambda lines: [lines[0], lines[2], lines[1], lines[3]]),
    ("repeated", lambda lines: [*lines[:2], lines[1], *lines[2:]]),
    ("edited", _edit),
    ("edited and hashed anew", _edit_and_rehash),
)


@pytest.mark.parametrize("damage", [d for _, d in DAMAGES], ids=[name for name, _ in DAMAGES])
def test_a_damaged_log_is_found_by_the_script_and_by_check(
    folder: Path, damage: Callable[[Lines], Lines]
) -> None:
    path = exported(folder)
    lines = damage(path.read_text().splitlines())
    path.write_text("".join(line + "\n" for line in lines))
    assert script(path).returncode == 1
    assert list(custody.check(map(custody.from_line, lines)))


def test_a_log_cut_off_at_its_end_is_told_by_its_head(folder: Path) -> None:
    path = exported(folder)
    lines = path.read_text().splitlines(keepends=True)
    head = json.loads(lines[-1])["hash"]
    path.write_text("".join(lines[:-1]))
    assert script(path).returncode == 0
    assert f"the head is not {head}" in script(path, head).stdout


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM custody WHERE seq = 3",
        "DELETE FROM custody WHERE seq = 4",
        "UPDATE custody SET actor = 'B. Examiner' WHERE seq = 3",
        "UPDATE custody SET detail = 'no json' WHERE seq = 3",
        "UPDATE custody SET detail = json_set(detail, '$.counts.items', 4) WHERE seq = 3",
        "UPDATE custody SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4);"
        "UPDATE custody SET seq = -seq WHERE seq < 0",
    ],
)
def test_a_damaged_chain_in_the_database_is_found(folder: Path, sql: str) -> None:
    with tampering(folder) as database:
        database.executescript(sql)
    report = said(checked(folder))
    assert "custody event" in report


def test_the_facts_digest_can_be_rebuilt_by_the_documented_rule(folder: Path) -> None:
    database = sqlite3.connect(folder / "case.db")
    for seq, detail in database.execute("SELECT seq, detail FROM custody").fetchall():
        lines = [
            f"observations {oid} {seal}\n"
            for oid, seal in database.execute(
                "SELECT id, seal FROM observations WHERE seq = ?", (seq,)
            )
        ]
        for table in ("decisions", "failures", "items", "matches", "occurrences", "sources"):
            rows = database.execute(f"SELECT digest FROM {table} WHERE seq = ?", (seq,))
            lines += [f"{table} {digest}\n" for (digest,) in rows]
        rebuilt = hashlib.sha256("".join(sorted(lines)).encode("ascii")).hexdigest()
        assert json.loads(detail)["facts"] == rebuilt
    database.close()

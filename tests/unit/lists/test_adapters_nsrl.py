"""NSRL RDS v3: the database and the delta SQL."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.jsonvalue import canonical
from assay.lists.adapters.nsrl import NsrlAdapter
from tests.support.list_files import (
    Read,
    damaged,
    md5,
    nsrl_database,
    nsrl_insert,
    nsrl_row,
    read,
    sha1,
    sha256,
)

ADAPTER = NsrlAdapter()


def from_database(path: Path, **options: str) -> Read:
    with path.open("rb") as file:
        assert ADAPTER.recognises(file.read(1 << 16), path.name)
        file.seek(0)
        return Read(ADAPTER.read(file, options))


def sha256s(result: Read) -> list[str]:
    return sorted(entry.sha256 for entry in result.entries)


def test_a_file_is_read_with_its_package_and_system(tmp_path: Path) -> None:
    result = from_database(nsrl_database(tmp_path / "rds.db", [nsrl_row(1)]))
    entry = result.entries[0]
    assert (entry.sha256, entry.sha1, entry.md5) == (sha256(1), sha1(1), md5(1))
    assert entry.size == 11
    assert (entry.namespace, entry.category) == ("nsrl", "known software")
    assert entry.label == "file1.dll (Drawing 2.0, System 11)"
    assert entry.record["manufacturer"] == "Maker"
    assert entry.record["crc32"] == "0000ABCD"
    assert result.facts[0].version == "2026.03.1 modern_minimal"


def test_the_rows_of_one_file_are_one_entry(tmp_path: Path) -> None:
    rows = [nsrl_row(1, f"name{at}.dll") for at in range(40)] + [nsrl_row(2)]
    result = from_database(nsrl_database(tmp_path / "rds.db", rows))
    assert sha256s(result) == sorted((sha256(1), sha256(2)))
    entry = next(entry for entry in result.entries if entry.md5 == md5(1))
    assert entry.record["rows"] == 40
    assert len(entry.record["other_rows"]) == 15  # type: ignore[arg-type]


def test_files_that_share_a_sha256_and_no_more_keep_apart(tmp_path: Path) -> None:
    rows = [nsrl_row(1), (*nsrl_row(1)[:5], 999, 100)]
    result = from_database(nsrl_database(tmp_path / "rds.db", rows))
    assert sorted(entry.size or 0 for entry in result.entries) == [11, 999]
    assert len({entry.id for entry in result.entries}) == 2


def test_a_view_is_asked_by_name_whatever_lies_under_it(tmp_path: Path) -> None:
    more = (
        "ALTER TABLE FILE RENAME TO metadata; DROP VIEW DISTINCT_HASH;"
        "CREATE VIEW FILE AS SELECT sha256, sha1, md5, file_name, file_size, package_id "
        "FROM metadata;"
        "CREATE VIEW DISTINCT_HASH AS SELECT DISTINCT sha256, sha1, md5 FROM metadata;"
    )
    path = nsrl_database(tmp_path / "rds.db", [nsrl_row(1), nsrl_row(2)], more)
    assert sha256s(from_database(path)) == sorted((sha256(1), sha256(2)))
    distinct = from_database(path, view="DISTINCT_HASH")
    assert sha256s(distinct) == sorted((sha256(1), sha256(2)))
    assert "read from DISTINCT_HASH" in distinct.notes
    assert {entry.size for entry in distinct.entries} == {None}


def test_a_database_without_files_says_so(tmp_path: Path) -> None:
    more = "DROP TABLE FILE; DROP VIEW DISTINCT_HASH;"
    with nsrl_database(tmp_path / "rds.db", [], more).open("rb") as file:
        result = Read(ADAPTER.read(file, {}))
    assert result.entries == []
    assert "neither FILE nor DISTINCT_HASH" in result.reasons


def test_bad_digests_are_refused_by_row(tmp_path: Path) -> None:
    rows = [nsrl_row(1), ("XY", *nsrl_row(2)[1:])]
    result = from_database(nsrl_database(tmp_path / "rds.db", rows))
    assert sha256s(result) == [sha256(1)]
    assert "sha256 has 2 characters" in result.reasons
    assert result.refused[0].locator.startswith("row ")


def test_the_database_is_not_written_to(tmp_path: Path) -> None:
    path = nsrl_database(tmp_path / "rds.db", [nsrl_row(1)])
    before = path.read_bytes()
    path.chmod(0o400)
    from_database(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["rds.db"]


def test_a_log_beside_the_database_is_named(tmp_path: Path) -> None:
    path = nsrl_database(tmp_path / "rds.db", [nsrl_row(1)])
    (tmp_path / "rds.db-wal").write_bytes(b"x")
    assert "rds.db-wal lies beside the database and is not read" in from_database(path).notes


def test_a_view_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.lists.adapters._nsrl_db._PATIENCE", 50)
    more = (
        "DROP TABLE FILE; CREATE VIEW FILE AS WITH RECURSIVE n(x) AS "
        "(SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS sha256 FROM n WHERE x < 0;"
    )
    result = from_database(nsrl_database(tmp_path / "rds.db", [], more))
    assert "interrupted" in result.reasons


def test_a_view_reaches_nothing_outside(tmp_path: Path) -> None:
    more = "DROP TABLE FILE; CREATE VIEW FILE AS SELECT load_extension('x') AS sha256;"
    result = from_database(nsrl_database(tmp_path / "rds.db", [], more))
    assert result.entries == []
    assert result.refused


def test_a_damaged_page_ends_the_reading_and_says_where(tmp_path: Path) -> None:
    path = nsrl_database(tmp_path / "rds.db", [nsrl_row(number) for number in range(400)])
    raw = bytearray(path.read_bytes())
    for page in range(3, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(raw)
    result = from_database(path)
    assert "SQLite: " in result.reasons


def test_a_database_without_a_path_is_refused(tmp_path: Path) -> None:
    data = nsrl_database(tmp_path / "rds.db", [nsrl_row(1)]).read_bytes()
    assert "no path" in read(ADAPTER, data).reasons


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.data())
def test_no_damage_to_a_database_raises(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "sample.db"
    if not path.exists():
        nsrl_database(path, [nsrl_row(number) for number in range(60)])
    broken = tmp_path / "broken.db"
    broken.write_bytes(data.draw(damaged(path.read_bytes())))
    with broken.open("rb") as file:
        Read(ADAPTER.read(file, {}))


# -- delta SQL


def delta(*statements: str) -> bytes:
    return "\n".join(("BEGIN TRANSACTION;", *statements, "COMMIT;", "")).encode()


def test_inserted_rows_are_read_with_the_packages_before_them() -> None:
    data = delta(
        "-- a comment",
        "CREATE TABLE IF NOT EXISTS FILE (",
        "  sha256 VARCHAR);",
        "INSERT INTO OS VALUES(7,'System','11',1);",
        "INSERT INTO PKG VALUES(100,'Drawing','2.0',7,1,'English','Graphics');",
        "INSERT INTO VERSION VALUES('2026.06.1','delta','2026-05-01','2026-06-01','x');",
        nsrl_insert(nsrl_row(1, "it's; a (name).dll")),
        'INSERT OR IGNORE INTO "FILE" (sha256, md5, file_name) VALUES',
        f" ('{sha256(2)}', '{md5(2)}', 'two\nlines'),",
        f" ('{sha256(3)}', NULL, x'00ff');",
    )
    assert ADAPTER.recognises(data, "x")
    result = read(ADAPTER, data)
    assert not result.refused
    assert [entry.sha256 for entry in result.entries] == [sha256(1), sha256(2), sha256(3)]
    assert result.entries[0].label == "it's; a (name).dll (Drawing 2.0, System 11)"
    assert result.entries[0].locator == "line 8"
    assert result.entries[2].locator == "line 12"
    assert result.facts[-1].version == "2026.06.1 delta"


def test_a_delete_by_sha256_withdraws_the_entry() -> None:
    data = delta(
        nsrl_insert(nsrl_row(1)),
        f"DELETE FROM FILE WHERE sha256 = '{sha256(1).upper()}' AND md5='{md5(1)}';",
    )
    given_, gone = read(ADAPTER, data).entries
    assert gone.deleted
    assert gone.id == given_.id


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM FILE WHERE sha256='{sha256(1)}' AND package_id=100;",
        f"DELETE FROM FILE WHERE sha1='{sha1(1)}';",
        "DELETE FROM FILE;",
        "DELETE FROM FILE WHERE file_size > 3;",
        "DELETE FROM FILE WHERE sha256 = '12';",
        "UPDATE FILE SET md5 = 'x' WHERE package_id = 1;",
        "UPDATE PKG SET name = 'a;b'\n WHERE package_id = 1;",
        "DELETE FROM PKG WHERE package_id = 1;",
        "INSERT INTO FILE SELECT * FROM other;",
        "INSERT INTO FILE VALUES('12','34');",
        "INSERT INTO FILE VALUES('ab,'cd');",
        "INSERT INTO FILE VALUES(1,2",
        "INSERT INTO FILE VALUES('never closed);",
        "INSERT INTO FILE VALUES(1 2);",
        "INSERT INTO FILE VALUES 1;",
        "nonsense",
    ],
)
def test_what_is_not_followed_is_refused_by_line_and_the_next_is_read(statement: str) -> None:
    result = read(ADAPTER, delta(nsrl_insert(nsrl_row(1)), statement, nsrl_insert(nsrl_row(2))))
    assert [entry.sha256 for entry in result.entries] == [sha256(1), sha256(2)]
    assert result.refused[0].locator == "line 3"
    assert not any(entry.deleted for entry in result.entries)


def test_rows_of_unknown_tables_are_counted() -> None:
    result = read(ADAPTER, delta(*["INSERT INTO EXTRA VALUES(1,'a');"] * 3))
    assert "3 rows of extra are not read" in result.notes
    assert len(result.refused) == 1


def test_a_delta_cut_inside_a_statement_says_so() -> None:
    data = delta(nsrl_insert(nsrl_row(1)), nsrl_insert(nsrl_row(2)))
    result = read(ADAPTER, data[: data.rindex(b"file2")])
    assert [entry.sha256 for entry in result.entries] == [sha256(1)]
    assert "ends inside a statement" in result.reasons


SAMPLE = delta(
    "INSERT INTO PKG VALUES(100,'D','2',7,1,'E','G');",
    nsrl_insert(nsrl_row(1, "it's.dll")),
    f"INSERT INTO FILE (sha256) VALUES('{sha256(2)}'),('{sha256(3)}');",
    f"DELETE FROM FILE WHERE sha256='{sha256(1)}';",
    "UPDATE PKG SET name='x';",
)


@settings(max_examples=400)
@given(st.one_of(damaged(SAMPLE), st.binary(max_size=200)))
def test_no_damage_to_a_delta_raises(raw: bytes) -> None:
    ADAPTER.recognises(raw, "x")
    for entry in Read(ADAPTER.read(io.BytesIO(raw), {})).entries:
        canonical(entry.record)


@settings(max_examples=200)
@given(st.data())
def test_damage_in_one_line_leaves_the_last(data: st.DataObject) -> None:
    broken = data.draw(damaged(nsrl_insert(nsrl_row(2)).encode()))
    lines = [nsrl_insert(nsrl_row(number)).encode() for number in (1, 3, 4, 5)]
    raw = b"\n".join((lines[0], broken, *lines[1:]))
    found = [entry.sha256 for entry in read(ADAPTER, raw).entries]
    assert found[0] == sha256(1)
    assert found[-1] == sha256(5)


@pytest.mark.parametrize("head", [b"", b"INSERT INTO people VALUES(1);", b"SELECT 1;", b"{}"])
def test_other_files_are_not_taken_for_deltas(head: bytes) -> None:
    assert not ADAPTER.recognises(head, "delta.sql")


def test_another_database_is_not_taken_for_nsrl(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "o.db")
    connection.execute("CREATE TABLE people(name)")
    connection.commit()
    connection.close()
    assert not ADAPTER.recognises((tmp_path / "o.db").read_bytes(), "rds.db")

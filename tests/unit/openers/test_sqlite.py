"""Databases: every blob that SQLite gives is given, and much of what was deleted."""

from __future__ import annotations

import base64
import gzip
import io
import random
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.vocab import Allocation
from assay.openers.sqlite import SqliteOpener, sample
from assay.openers.sqlite_schema import column_names
from tests.support.databases import PICTURES, SMALL, connect, database, messages
from tests.support.members import Contents, contents, damaged, keeps_the_contract

RANDOM = random.Random(7)
NOISE = RANDOM.randbytes(30_000)


def read(data: bytes) -> Contents:
    return contents(SqliteOpener(), data)


def found(data: bytes) -> set[bytes]:
    return set(read(data).data.values())


# -- what is there -------------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 65536])
@pytest.mark.parametrize("pragma", ["auto_vacuum=none", "auto_vacuum=full", "encoding='UTF-16le'"])
def test_pictures_come_out_byte_for_byte(tmp_path: Path, page_size: int, pragma: str) -> None:
    data = database(tmp_path, messages, page_size, pragma)
    seen = read(data)
    assert seen.flags == set()
    assert seen.data == {f"msg/photo/{n}": picture for n, picture in enumerate(PICTURES)}
    member = seen.member("msg/photo/3")
    assert member.locator == "table msg, column photo, row 3"
    assert member.state is Allocation.ALLOCATED


def test_a_table_without_rowid_has_its_key_first(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (photo BLOB, name TEXT PRIMARY KEY) WITHOUT ROWID")
        c.executemany("INSERT INTO t VALUES (?, ?)", [(p, f"n{i}") for i, p in enumerate(PICTURES)])

    seen = read(database(tmp_path, fill))
    assert set(seen.data.values()) == set(PICTURES)
    assert all(name.startswith("t/photo/page ") for name in seen.names)


def test_odd_names_stay_one_part_of_the_path(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute('CREATE TABLE "a/b""c\u00e9\u202e" ("x [y], (" TEXT, `../p` BLOB, [z z] BLOB)')
        c.execute('INSERT INTO "a/b""c\u00e9\u202e" VALUES (?, ?, ?)', ("t", SMALL, PICTURES[0]))

    assert read(database(tmp_path, fill)).data == {
        "a%2Fb%22c\u00e9\u202e/..%2Fp/1": SMALL,
        "a%2Fb%22c\u00e9\u202e/z z/1": PICTURES[0],
    }


def test_negative_rows_many_columns_and_added_columns(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        names = ", ".join(f"c{n}" for n in range(300))
        c.execute(f"CREATE TABLE wide ({names})")
        c.execute("ALTER TABLE wide ADD COLUMN late BLOB")
        c.execute("INSERT INTO wide (rowid, c299, late) VALUES (-5, ?, ?)", (SMALL, PICTURES[1]))

    assert read(database(tmp_path, fill)).data == {
        "wide/c299/-5": SMALL,
        "wide/late/-5": PICTURES[1],
    }


def test_archives_lists_and_documents_are_given_and_plain_blobs_are_not(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("a.jpg", SMALL)
    packed = gzip.compress(b"words " * 200)
    kinds = [archive.getvalue(), packed, b"bplist00" + bytes(60), b"%PDF-1.4\n1 0 obj\n" + NOISE]
    dull = [NOISE[:5000], b"plain words " * 50, bytes(9000), NOISE[:20]]

    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (x)")
        c.executemany("INSERT INTO t VALUES (?)", [(v,) for v in (*kinds, *dull)])

    assert found(database(tmp_path, fill)) == set(kinds)


def test_pictures_wrapped_in_records_of_an_application(tmp_path: Path) -> None:
    wrapped = (
        b"\x0a\x05hello\x12\xff\x20" + PICTURES[2] + b"\x1a\x04tail" + PICTURES[3] + NOISE[:99]
    )

    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (x)")
        c.executemany("INSERT INTO t VALUES (?)", [(wrapped,), (b"\1" + SMALL,)])

    seen = read(database(tmp_path, fill))
    assert set(seen.data.values()) == {PICTURES[2], PICTURES[3], SMALL}
    end = 10 + len(PICTURES[2])
    assert seen.names[0] == f"t/x/1/bytes 10-{end}"
    assert seen.member(seen.names[0]).locator.endswith(f"bytes 10-{end} of the value")


def test_a_picture_cut_short_inside_a_record_reaches_to_its_end(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (x)")
        c.execute("INSERT INTO t VALUES (?)", (b"\7" * 40 + PICTURES[0][:5000],))

    assert found(database(tmp_path, fill)) == {PICTURES[0][:5000]}


def test_compressed_blobs_are_inflated(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (x)")
        values = [PICTURES[0], b"\x08\1" * 20 + PICTURES[1], NOISE[:3000] * 2]
        c.executemany("INSERT INTO t VALUES (?)", [(zlib.compress(v),) for v in values])

    seen = read(database(tmp_path, fill))
    assert seen.data["t/x/1/inflated"] == PICTURES[0]
    assert PICTURES[1] in seen.data["t/x/2/inflated"]
    assert len(seen.members) == 2


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_texts_give_what_stands_in_base64(tmp_path: Path, encoding: str) -> None:
    uri = "data:image/jpeg;base64," + base64.b64encode(SMALL).decode()
    texts = [
        uri,
        '{"message": "look", "picture": "' + uri + '"}',
        base64.b64encode(PICTURES[0]).decode(),
        "<html><body><img src='" + uri + "'></body></html>",
        "only words, and no picture; " * 100,
    ]

    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (x TEXT)")
        c.executemany("INSERT INTO t VALUES (?)", [(text,) for text in texts])

    seen = read(database(tmp_path, fill, 4096, f"encoding='{encoding}'"))
    assert [seen.data[name] for name in seen.names] == [SMALL, SMALL, PICTURES[0], SMALL]
    assert seen.names[0].startswith("t/x/1")
    assert seen.members[0].locator.startswith("table t, column x, row 1, bytes ")


def test_a_picture_stored_as_text_is_found(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (x)")
        c.execute("INSERT INTO t VALUES (CAST(? AS TEXT))", (PICTURES[0],))

    assert found(database(tmp_path, fill)) == {PICTURES[0]}


def test_a_database_in_wal_mode_is_read_as_it_stands(tmp_path: Path) -> None:
    data = database(tmp_path, messages, 4096, "journal_mode=wal")
    assert data[18:20] == b"\2\2"
    assert found(data) == set(PICTURES)


def test_another_kind_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(NOISE)


# -- what was deleted ----------------------------------------------------------------------------


def test_rows_of_a_table_that_was_emptied_come_back(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        messages(c)
        c.execute("DELETE FROM msg")

    data = database(tmp_path, fill)
    seen = read(data)
    back = [p for p in PICTURES if p in seen.data.values()]
    # the first page that is freed becomes a list of the others and loses its content
    assert len(back) >= len(PICTURES) - 1
    assert {m.state for m in seen.members} == {Allocation.DELETED}
    assert all("page " in m.locator for m in seen.members)


def test_a_dropped_table_comes_back(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE keep (x)")
        c.execute("INSERT INTO keep VALUES (?)", (SMALL,))
        messages(c)
        c.execute("DROP TABLE msg")

    seen = read(database(tmp_path, fill))
    assert seen.data["keep/x/1"] == SMALL
    assert sum(p in seen.data.values() for p in PICTURES) >= len(PICTURES) - 1


@pytest.mark.parametrize("gone", [0, 1, 3])
def test_a_single_deleted_row_whose_page_lives_on(tmp_path: Path, gone: int) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)")
        c.execute("CREATE TABLE filler (x)")
        c.execute("INSERT INTO filler VALUES (zeroblob(9000))")
        c.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(PICTURES[:6])))
        c.execute("DELETE FROM filler")  # its page becomes the list of free pages
        c.execute("DELETE FROM t WHERE id = ?", (gone,))

    seen = read(database(tmp_path, fill))
    lost = [m for m in seen.members if m.state is Allocation.DELETED]
    assert PICTURES[gone] in [seen.data[m.name] for m in lost]
    assert {seen.data[f"t/x/{n}"] for n in range(6) if n != gone} == {
        p for n, p in enumerate(PICTURES[:6]) if n != gone
    }


def test_a_small_deleted_picture_inside_its_page(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)")
        c.executemany("INSERT INTO t VALUES (?, ?)", [(1, b"a"), (2, SMALL), (3, b"c")])
        c.execute("DELETE FROM t WHERE id = 2")

    seen = read(database(tmp_path, fill))
    (member,) = seen.members
    assert seen.data[member.name] == SMALL
    assert member.state is Allocation.DELETED
    assert member.locator.endswith("table t")


def test_old_copies_of_living_rows_are_not_given_as_deleted(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)")
        order = list(range(60))
        RANDOM.shuffle(order)  # pages split in their middle and leave copies behind
        c.executemany("INSERT INTO t VALUES (?, ?)", [(n, PICTURES[n % 8]) for n in order])

    seen = read(database(tmp_path, fill))
    assert {m.state for m in seen.members} == {Allocation.ALLOCATED}
    assert len(seen.members) == 60


# -- damage and lies -----------------------------------------------------------------------------


def test_a_damaged_page_costs_its_rows_alone(tmp_path: Path) -> None:
    data = bytearray(database(tmp_path, lambda c: _many(c, 40)))
    leaves = [n for n in range(1, len(data) // 4096) if data[n * 4096] == 13]
    data[leaves[2] * 4096 : leaves[2] * 4096 + 2] = b"\xee\xee"
    seen = read(bytes(data))
    assert "malformed" in seen.flags
    whole = [m for m in seen.members if m.name.startswith("t/x/")]
    assert 20 <= len(whole) < 40
    # the rows of the damaged page are found by their own headers or beginnings
    assert set(seen.data.values()) >= set(PICTURES)
    assert any(m.state is Allocation.CARVED for m in seen.members)


def _many(c: sqlite3.Connection, count: int) -> None:
    c.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)")
    c.executemany("INSERT INTO t VALUES (?, ?)", [(n, PICTURES[n % 8]) for n in range(count)])


def test_a_lost_schema_hides_nothing(tmp_path: Path) -> None:
    data = bytearray(database(tmp_path, messages))
    data[100:4096] = bytes(3996)
    seen = read(bytes(data))
    assert set(PICTURES) <= set(seen.data.values())
    assert {m.state for m in seen.members} == {Allocation.CARVED}
    assert "malformed" in seen.flags


def test_a_table_that_the_schema_calls_an_index_or_leaves_out_is_read(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        messages(c)
        c.execute("PRAGMA writable_schema=on")
        c.execute("UPDATE sqlite_schema SET type='index', sql='CREATE INDEX z' WHERE name='msg'")

    assert found(database(tmp_path, fill)) == set(PICTURES)

    def hide(c: sqlite3.Connection) -> None:
        messages(c)
        c.execute("PRAGMA writable_schema=on")
        c.execute("DELETE FROM sqlite_schema")

    assert set(PICTURES) <= found(database(tmp_path, hide))


def test_hostile_views_triggers_and_columns_never_run(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE t (x, y AS (zeroblob(900000000)) VIRTUAL, z BLOB)")
        c.execute(
            "CREATE VIEW v AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n "
            "WHERE i < 1000000000) SELECT i, zeroblob(i) FROM n"
        )
        c.execute("CREATE VIRTUAL TABLE f USING fts5(body)")
        c.execute("INSERT INTO t (x, z) VALUES (?, ?)", (b"1", SMALL))

    assert read(database(tmp_path, fill)).data == {"t/z/1": SMALL}


def test_a_page_size_that_is_not_legal_is_guessed(tmp_path: Path) -> None:
    data = bytearray(database(tmp_path, messages, 1024))
    data[16:18] = b"\x04\x01"
    seen = read(bytes(data))
    assert set(PICTURES) <= set(seen.data.values())
    assert "malformed" in seen.flags


def test_a_truncated_database_gives_what_is_there(tmp_path: Path) -> None:
    data = database(tmp_path, messages)
    seen = read(data[: len(data) // 2])
    assert "truncated" in seen.flags
    assert 2 <= sum(p in seen.data.values() for p in PICTURES) < len(PICTURES)


def test_rows_that_share_overflow_pages_multiply_nothing() -> None:
    page_size, pages = 512, 200
    data = bytearray(_claims(page_size, pages))
    entries = list(SqliteOpener().open(MemoryBlob(bytes(data)), OpenContext()))
    total = sum(e.stored_size or 0 for e in entries if isinstance(e, Member))
    assert total <= 4 * len(data)


def _varint(number: int) -> bytes:
    """Write a number below 2**28 in four bytes."""
    return bytes(
        [128 | number >> 21 & 127, 128 | number >> 14 & 127, 128 | number >> 7 & 127, number & 127]
    )


def _claims(page_size: int, pages: int) -> bytes:
    """Return a database each of whose rows claims the same chain through all other pages."""
    data = bytearray(sample()[:page_size])
    payload = (1 << 20) + 3
    serial = 12 + 2 * ((1 << 20) - 2)
    least = (page_size - 12) * 32 // 255 - 23
    local = least + (payload - least) % (page_size - 4)
    local = local if local <= page_size - 35 else least
    record = (bytes((5,)) + _varint(serial) + SMALL)[:local].ljust(local, b"x")
    cell = _varint(payload) + b"\1" + record + struct.pack(">I", 3)
    leaf = bytearray(page_size)
    count = (page_size - 8 - len(cell)) // 2
    at = page_size - len(cell)
    leaf[0:8] = struct.pack(">BHHHB", 13, 0, count, at, 0)
    leaf[8 : 8 + 2 * count] = struct.pack(">H", at) * count
    leaf[at:] = cell
    chain = b"".join(
        struct.pack(">I", n + 1 if n < pages else 3).ljust(page_size, b"\xff")
        for n in range(3, pages + 1)
    )
    return bytes(data + leaf + chain)


def test_cycles_of_pages_end(tmp_path: Path) -> None:
    data = bytearray(database(tmp_path, lambda c: _many(c, 200)))
    inner = next(n for n in range(1, len(data) // 4096) if data[n * 4096] == 5)
    data[inner * 4096 + 8 : inner * 4096 + 12] = struct.pack(">I", inner + 1)  # itself
    free = struct.pack(">II", 2, 1000)
    data[32:40] = free
    seen = read(bytes(data))
    assert "malformed" in seen.flags
    assert set(PICTURES) <= set(seen.data.values())


BASES = {
    "plain": (4096, "auto_vacuum=none"),
    "small": (512, "auto_vacuum=full"),
    "wide": (1024, "encoding='UTF-16be'"),
}


def _base(page_size: int, pragma: str) -> bytes:
    def fill(c: sqlite3.Connection) -> None:
        messages(c, 4)
        c.execute("CREATE TABLE k (a TEXT PRIMARY KEY, b BLOB) WITHOUT ROWID")
        c.executemany("INSERT INTO k VALUES (?, ?)", [(f"k{n}", SMALL) for n in range(9)])
        c.execute("DELETE FROM msg WHERE id IN (1, 2)")

    with tempfile.TemporaryDirectory() as folder:
        return database(Path(folder), fill, page_size, pragma)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([_base(*base) for base in BASES.values()]),
    st.integers(0, 20_000),
    st.lists(
        st.tuples(st.one_of(st.integers(0, 200), st.integers(0, 1 << 20)), st.integers(1, 255)),
        max_size=12,
    ),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(SqliteOpener(), damaged(data, cut, flips))


# -- against SQLite itself -----------------------------------------------------------------------

COLUMN = st.sampled_from(["a BLOB", "b TEXT", "c", "d INTEGER", "e REAL DEFAULT (1 + (2))"])
VALUE = st.one_of(
    st.none(),
    st.integers(-(1 << 62), 1 << 62),
    st.text(max_size=30),
    st.builds(lambda n, s: PICTURES[n] + bytes(s), st.integers(0, 7), st.integers(0, 3000)),
    st.builds(lambda n: NOISE[:n], st.integers(0, 9000)),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(COLUMN, min_size=1, max_size=5, unique=True),
    st.booleans(),
    st.sampled_from([512, 1024, 4096, 32768]),
    st.sampled_from(["auto_vacuum=none", "auto_vacuum=full", "encoding='UTF-16le'"]),
    st.lists(st.lists(VALUE, min_size=5, max_size=5), max_size=30),
    st.lists(st.integers(0, 29), max_size=10),
)
def test_what_sqlite_reads_is_read(
    columns: list[str],
    keyed: bool,
    page_size: int,
    pragma: str,
    rows: list[list[object]],
    gone: list[int],
) -> None:
    def fill(c: sqlite3.Connection) -> None:
        definition = ", ".join(columns)
        key = ", k INTEGER, PRIMARY KEY (k)" if keyed else ", k INTEGER"
        c.execute(f"CREATE TABLE t ({definition}{key}){' WITHOUT ROWID' if keyed else ''}")
        marks = ", ".join("?" * (len(columns) + 1))
        for number, row in enumerate(rows):
            c.execute(f"INSERT INTO t VALUES ({marks})", (*row[: len(columns)], number))
        c.executemany("DELETE FROM t WHERE k = ?", [(number,) for number in gone])

    with tempfile.TemporaryDirectory() as folder:
        data = database(Path(folder), fill, page_size, pragma)
        check = connect(Path(folder) / "made.db")
        names = [column.split()[0] for column in columns]
        want = sorted(
            (name, value)
            for name in names
            for (value,) in check.execute(f"SELECT {name} FROM t")
            if isinstance(value, bytes) and value.startswith(b"\xff\xd8\xff")
        )
        check.close()
    seen = read(data)
    living = [m for m in seen.members if m.state is Allocation.ALLOCATED]
    assert sorted((m.name.split("/")[1], seen.data[m.name]) for m in living) == want
    assert seen.flags == set()


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("CREATE TABLE t (a, b INTEGER, 'c' TEXT)", ["a", "b", "c"]),
        ("CREATE TABLE t(a -- x, y\n, b /* , z */)", ["a", "b"]),
        ("CREATE TABLE t (a DECIMAL(10, 2), b CHECK (b IN (1, 2)))", ["a", "b"]),
        ("CREATE TABLE t (a, g AS (a + 1), h GENERATED ALWAYS AS (a) STORED)", ["a", "h"]),
        ("CREATE TABLE t (a DEFAULT (CAST('1' AS INTEGER)), b)", ["a", "b"]),
        ("CREATE TABLE t (a, b, PRIMARY KEY (b), UNIQUE (a)) WITHOUT ROWID", ["b", "a"]),
        ("CREATE TABLE t (a, b TEXT PRIMARY KEY) WITHOUT ROWID", ["b", "a"]),
        ('CREATE TABLE t ("a "" , b", [c d], `e`)', ['a " , b', "c d", "e"]),
        ("CREATE TABLE t AS SELECT 1", []),
        ("CREATE TABLE t (", []),
        ("CREATE TABLE t (a, 'b", ["a", "b"]),
        ("", []),
    ],
)
def test_names_of_columns(sql: str, names: list[str]) -> None:
    assert column_names(sql) == names


@given(
    st.text(st.sampled_from("CREATE TABLE t(a,b)'\"`[]/*-\n AS STORED PRIMARY KEY"), max_size=80)
)
def test_any_statement_gives_names_or_none(sql: str) -> None:
    assert all(isinstance(name, str) for name in column_names(sql))

"""Journals: what a log adds to its database, and what stood there before."""

from __future__ import annotations

import contextlib
import plistlib
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.opening import Member, OpenContext, Opener
from assay.core.vocab import Allocation
from assay.media.sniff import sniff
from assay.openers.caches import sample_blocks, sample_entry, sample_thumbdata
from assay.openers.sqlite import SqliteOpener
from assay.openers.sqlite_log import read_wal
from assay.openers.wal import JournalOpener, WalOpener
from tests.support.databases import PICTURES, SMALL, connect
from tests.support.members import Contents, damaged


def read(opener: Opener, journal: bytes, database: bytes | None) -> Contents:
    seen = Contents()
    sibling = MemoryBlob(database) if database is not None else None
    for entry in opener.open(MemoryBlob(journal), OpenContext(sibling=sibling)):
        if isinstance(entry, Member):
            seen.members.append(entry)
            assert entry.open is not None
            seen.data[entry.name] = entry.open().read()
        else:
            seen.troubles.append(entry)
    return seen


def numbers(seen: Contents, state: Allocation) -> list[int]:
    """Return which of the pictures were given in a state."""
    given = [seen.data[m.name] for m in seen.members if m.state is state]
    return [n for n, picture in enumerate(PICTURES) if picture in given]


def logged(folder: Path, page_size: int = 4096) -> tuple[bytes, bytes]:
    """Return a database of pictures 0-2 and a log that adds 3-6, deletes 4 and replaces 5 by 7."""
    path = folder / "a.db"
    c = connect(path, page_size, "journal_mode=wal", "wal_autocheckpoint=0")
    c.execute("CREATE TABLE msg (id INTEGER PRIMARY KEY, photo BLOB)")
    c.executemany("INSERT INTO msg VALUES (?, ?)", list(enumerate(PICTURES[:3])))
    c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for number in range(3, 7):
        c.execute("INSERT INTO msg VALUES (?, ?)", (number, PICTURES[number]))
    c.execute("DELETE FROM msg WHERE id = 4")
    c.execute("UPDATE msg SET photo = ? WHERE id = 5", (PICTURES[7],))
    found = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    c.close()
    return found


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_a_log_gives_what_it_adds_and_what_it_replaced(tmp_path: Path, page_size: int) -> None:
    database, log = logged(tmp_path, page_size)
    alone = {e.open().read() for e in _members(database) if e.open is not None}
    assert alone == set(PICTURES[:3])  # the database file by itself knows nothing of the rest
    seen = read(WalOpener(), log, database)
    assert set(numbers(seen, Allocation.ALLOCATED)) >= {3, 6, 7}
    assert {4, 5} <= set(numbers(seen, Allocation.DELETED))
    assert not {4, 5} & set(numbers(seen, Allocation.ALLOCATED))
    assert seen.flags == set()
    assert "msg/photo/3" in seen.names
    assert seen.member("msg/photo/3").locator == "table msg, column photo, row 3"
    assert len(set(seen.data.values())) == len(seen.members)  # nothing twice


def _members(database: bytes) -> list[Member]:
    entries = SqliteOpener().open(MemoryBlob(database), OpenContext())
    return [entry for entry in entries if isinstance(entry, Member)]


def test_an_earlier_version_names_its_frame_and_table(tmp_path: Path) -> None:
    database, log = logged(tmp_path)
    seen = read(WalOpener(), log, database)
    member = next(m for m in seen.members if seen.data[m.name] == PICTURES[4])
    assert member.name.startswith("msg/photo/4/frame ")
    assert member.locator.startswith("table msg, column photo, row 4, frame ")


def test_without_its_database_a_log_gives_what_it_holds(tmp_path: Path) -> None:
    _, log = logged(tmp_path)
    seen = read(WalOpener(), log, None)
    assert seen.flags == {"no_sibling"}
    assert set(range(3, 8)) <= {n for n, p in enumerate(PICTURES) if p in seen.data.values()}


def test_a_database_of_other_pages_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    _, log = logged(tmp_path)
    other, _ = logged(tmp_path / "x", 1024)
    seen = read(WalOpener(), log, other)
    assert seen.flags == {"no_sibling"}
    assert PICTURES[3] in seen.data.values()


def test_an_empty_database_lies_in_its_log_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    c = connect(path, 4096, "journal_mode=wal", "wal_autocheckpoint=0")
    c.execute("CREATE TABLE msg (id INTEGER PRIMARY KEY, photo BLOB)")
    c.execute("INSERT INTO msg VALUES (1, ?)", (PICTURES[0],))
    log = Path(f"{path}-wal").read_bytes()
    seen = read(WalOpener(), log, path.read_bytes()[:0])
    c.close()
    assert numbers(seen, Allocation.ALLOCATED) == [0]
    assert seen.flags == set()


def test_checksums_are_those_of_sqlite(tmp_path: Path) -> None:
    _, log = logged(tmp_path)
    whole = read_wal(MemoryBlob(log))
    assert whole.committed == len(whole.frames) > 10
    assert {frame.group for frame in whole.frames} == {0}
    broken = bytearray(log)
    broken[32 + 24 + 100] ^= 1  # one bit of the first page
    assert read_wal(MemoryBlob(bytes(broken))).committed == 0


def test_frames_that_were_never_committed_are_given_as_such(tmp_path: Path) -> None:
    database, log = logged(tmp_path)
    frames = read_wal(MemoryBlob(log)).frames
    last = max(n for n, frame in enumerate(frames[:-1]) if frame.commit)
    cut = log[: frames[-1].at - 24]  # the last transaction lost its last frame
    seen = read(WalOpener(), cut, database)
    assert last < len(frames) - 2
    assert 7 in numbers(seen, Allocation.DELETED)
    assert 5 in numbers(seen, Allocation.ALLOCATED)


def test_frames_of_an_earlier_round_of_the_log_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    c = connect(path, 4096, "journal_mode=wal", "wal_autocheckpoint=0")
    c.execute("CREATE TABLE msg (id INTEGER PRIMARY KEY, photo BLOB)")
    c.execute("INSERT INTO msg VALUES (1, ?)", (PICTURES[0],))
    c.execute("INSERT INTO msg VALUES (2, ?)", (PICTURES[1],))
    c.execute("DELETE FROM msg")
    c.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    c.execute("CREATE TABLE small (x)")  # the new round overwrites the first frames alone
    c.execute("PRAGMA secure_delete=on").fetchall()
    database, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    c.close()
    groups = {frame.group for frame in read_wal(MemoryBlob(log)).frames}
    assert groups == {0, 1}
    seen = read(WalOpener(), log, database)
    assert 1 in numbers(seen, Allocation.DELETED)


def test_a_log_that_never_was_one_is_refused() -> None:
    with pytest.raises(NotApplicable):
        read(WalOpener(), b"something else" * 10, None)
    with pytest.raises(Malformed):
        read(WalOpener(), b"\x37\x7f\x06\x82" + bytes(8), None)
    with pytest.raises(Malformed):
        read(WalOpener(), b"\x37\x7f\x06\x82" + bytes(60), None)


def test_page_numbers_beyond_all_bounds_take_no_memory(tmp_path: Path) -> None:
    database, log = logged(tmp_path)
    lying = bytearray(log)
    for frame in read_wal(MemoryBlob(log)).frames:
        lying[frame.at - 24 : frame.at - 16] = struct.pack(">II", 0xFFFFFFFE, 0xFFFFFFFF)
    read(WalOpener(), bytes(lying), database)


# -- rollback journals ---------------------------------------------------------------------------


def journalled(folder: Path, mode: str, page_size: int = 4096) -> tuple[bytes, bytes]:
    """Return a database without its first two pictures, and the journal of their deletion."""
    path = folder / "a.db"
    c = connect(path, page_size, f"journal_mode={mode}", "auto_vacuum=full")
    c.execute("CREATE TABLE msg (id INTEGER PRIMARY KEY, photo BLOB)")
    c.executemany("INSERT INTO msg VALUES (?, ?)", list(enumerate(PICTURES[:5])))
    c.execute("PRAGMA secure_delete=on").fetchall()
    c.execute("BEGIN")
    c.execute("DELETE FROM msg WHERE id < 2")
    if mode == "persist":
        c.execute("COMMIT")
    else:
        c.execute("PRAGMA cache_spill=1").fetchall()
        c.execute("PRAGMA cache_size=1").fetchall()
        c.execute("UPDATE msg SET photo = photo || x'00'")
    found = path.read_bytes(), Path(f"{path}-journal").read_bytes()
    c.close()
    return found


@pytest.mark.parametrize("page_size", [512, 4096])
def test_a_journal_that_lost_its_header_still_holds_the_pages_before(
    tmp_path: Path, page_size: int
) -> None:
    database, journal = journalled(tmp_path, "persist", page_size)
    assert journal[:28] == bytes(28)
    assert sniff(journal[: 1 << 16], len(journal)) == "application/x-sqlite-journal"
    seen = read(JournalOpener(), journal, database)
    assert {0, 1} <= set(numbers(seen, Allocation.DELETED))
    assert not any(
        PICTURES[n] in {e.open().read() for e in _members(database) if e.open} for n in (0, 1)
    )
    assert all("frame " in member.name for member in seen.members)


def test_a_hot_journal_is_known_by_its_number(tmp_path: Path) -> None:
    database, journal = journalled(tmp_path, "delete")
    assert sniff(journal[: 1 << 16], len(journal)) == "application/x-sqlite-journal"
    seen = read(JournalOpener(), journal, database)
    assert seen.members
    assert set(numbers(seen, Allocation.DELETED)) & set(range(5))


def test_a_journal_without_its_database(tmp_path: Path) -> None:
    _, journal = journalled(tmp_path, "persist")
    seen = read(JournalOpener(), journal, None)
    assert seen.flags == {"no_sibling"}
    assert seen.members
    assert all(data.startswith(b"\xff\xd8\xff") for data in seen.data.values())


def test_what_is_no_journal_is_refused() -> None:
    with pytest.raises(NotApplicable):
        read(JournalOpener(), b"words " * 200, None)
    with pytest.raises(Malformed):
        read(JournalOpener(), bytes(5000), None)


def test_small_pictures_of_one_page_need_no_chain(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    c = connect(path, 4096, "journal_mode=wal", "wal_autocheckpoint=0")
    c.execute("CREATE TABLE t (x)")
    c.execute("INSERT INTO t VALUES (?)", (SMALL,))
    c.execute("DELETE FROM t")
    log = Path(f"{path}-wal").read_bytes()
    c.close()
    seen = read(WalOpener(), log, None)
    assert list(seen.data.values()) == [SMALL]
    assert seen.members[0].state is Allocation.DELETED


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Opener, bytes, bytes]]:
    first, second = tmp_path_factory.mktemp("wal"), tmp_path_factory.mktemp("journal")
    database, log = logged(first, 1024)
    before, journal = journalled(second, "persist", 1024)
    return [(WalOpener(), log, database), (JournalOpener(), journal, before)]


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 1),
    st.integers(0, 60_000),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 1 << 18), st.integers(1, 255)), max_size=12),
)
def test_damage_never_raises_past_the_contract(
    samples: list[tuple[Opener, bytes, bytes]],
    which: int,
    cut: int,
    with_sibling: bool,
    flips: list[tuple[int, int]],
) -> None:
    opener, journal, database = samples[which]
    with contextlib.suppress(Malformed, NotApplicable, LimitReached):
        read(
            opener,
            damaged(journal, cut, flips),
            damaged(database, cut, flips) if with_sibling else None,
        )


# -- the seal ------------------------------------------------------------------------------------

SEALED = """
import sys
from pathlib import Path
from assay.core.blob import MemoryBlob
from assay.core.opening import Member, OpenContext
from assay.openers.registry import openers_for
from assay.media.sniff import sniff

folder = Path(sys.argv[1])
files = {name: (folder / name).read_bytes() for name in sys.argv[2:]}
database = MemoryBlob(files["a.db"])
openers = {name: openers_for(sniff(data[:65536], len(data)))[0] for name, data in files.items()}
for opener in openers.values():
    opener.warm()


def sealed(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "socket.__new__", "sqlite3.connect"):
        raise RuntimeError(f"{event} {arguments[0]} after the seal")


sys.addaudithook(sealed)
for name, data in files.items():
    entries = openers[name].open(MemoryBlob(data), OpenContext(sibling=database))
    read = [len(e.open().read()) for e in entries if isinstance(e, Member)]
    print(openers[name].name, len(read))
"""


def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path) -> None:
    database, log = logged(tmp_path)
    (tmp_path / "x").mkdir()
    _, journal = journalled(tmp_path / "x", "persist")
    listed = plistlib.dumps({"a": SMALL, "t": "words " * 99}, fmt=plistlib.FMT_BINARY)
    files = {
        "a.db": database,
        "a.db-wal": log,
        "a.db-journal": journal,
        "a.plist": listed,
        "entry": sample_entry(),
        "data_2": sample_blocks(),
        "thumbdata": sample_thumbdata(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", SEALED, str(tmp_path), *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    counts = dict(line.split() for line in done.stdout.splitlines())
    assert {"sqlite", "wal", "journal", "bplist", "cache-entry", "cache-block"} <= set(counts)
    assert all(int(count) > 0 for count in counts.values())

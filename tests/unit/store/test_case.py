"""A case is made once, opened by one writer, and refuses what would damage it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.errors import CaseBusyError, CaseError
from assay.core.jsonvalue import digest_of
from assay.store import migrate, schema
from assay.store.case import Case
from assay.store.check import check_case
from assay.store.pins import read_toml
from tests.support.cases import ACTOR, PINS, create, fill, item, seen, sha


def test_a_new_case_opens_with_its_pins_and_settings(tmp_path: Path) -> None:
    create(tmp_path / "case").close()
    with Case.open(tmp_path / "case", write=False) as case:
        assert case.pins.case_id == PINS.case_id
        assert case.pins.exclude == PINS.exclude
        assert case.pins.schema == schema.SCHEMA
        assert case.settings == {"c2pa": {"anchors": []}}
        assert (case.folder / "derived").is_dir()
        assert (case.folder / "exports").is_dir()


def test_case_toml_shows_the_pins_that_the_first_event_records(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        shown, settings = read_toml(tmp_path / "case.toml")
        created = next(case.reader.events())
    assert created.action == "case.created"
    assert created.detail["pins_digest"] == shown.digest
    assert created.detail["settings_digest"] == settings == digest_of({"c2pa": {"anchors": []}})


def test_reopening_adds_nothing(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        fill(case)
        before = case.reader.head()
    for write in (True, False):
        with Case.open(tmp_path, write=write) as case:
            assert case.reader.head() == before


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CaseError, match="is not empty"):
        create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_second_case_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        head = case.reader.head()
    with pytest.raises(CaseError, match="holds a case already"):
        create(tmp_path)
    with Case.open(tmp_path, write=False) as case:
        assert case.reader.head() == head


def test_a_case_inside_a_case_is_refused(tmp_path: Path) -> None:
    create(tmp_path / "outer").close()
    with pytest.raises(CaseError, match="lies inside the case"):
        create(tmp_path / "outer" / "exports" / "inner")


def test_a_folder_without_a_case_says_so(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="There is no case at") as caught:
        Case.open(tmp_path, write=True)
    assert "assay init" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_an_interrupted_creation_is_taken_over(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "case.db").execute("PRAGMA journal_mode = WAL").close()
    (tmp_path / "case.lock").touch()
    with pytest.raises(CaseError, match="never finished"):
        Case.open(tmp_path, write=False)
    with create(tmp_path) as case:
        assert check_case(case).sound


def test_a_database_of_another_program_is_not_taken_over(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "case.db")
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(CaseError):
        create(tmp_path)
    tables = sqlite3.connect(tmp_path / "case.db").execute("SELECT name FROM sqlite_master")
    assert tables.fetchall() == [("theirs",)]


def test_damage_is_one_sentence_with_a_hint(tmp_path: Path) -> None:
    create(tmp_path).close()
    (tmp_path / "case.db").write_bytes(b"not a database " * 1000)
    with pytest.raises(CaseError, match="is damaged") as caught:
        Case.open(tmp_path, write=False)
    assert "backup" in caught.value.hint


# ---- versions


def test_a_case_of_a_newer_assay_is_refused(tmp_path: Path) -> None:
    create(tmp_path).close()
    with sqlite3.connect(tmp_path / "case.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '0099'")
    database.close()
    for write in (True, False):
        with pytest.raises(CaseError, match="written by a newer Assay") as caught:
            Case.open(tmp_path, write=write)
        assert caught.value.hint


def test_an_older_case_is_migrated_with_a_custody_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create(tmp_path / "case") as case:
        fill(case)
    newer = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, newer, ignore=shutil.ignore_patterns("__pycache__"))
    old, new = schema.SCHEMA, f"{int(schema.SCHEMA) + 1:04d}"
    (newer / "versions" / f"{new}_more.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '{new}', '{old}'\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE more (x)')\n"
    )
    monkeypatch.setattr(schema, "SCHEMA", new)
    monkeypatch.setattr(migrate, "SCHEMA", new)
    monkeypatch.setattr(migrate, "MIGRATIONS", newer)

    with pytest.raises(CaseError, match=f"older schema {old}"):
        Case.open(tmp_path / "case", write=False)
    with Case.open(tmp_path / "case", write=True) as case:
        head = case.reader.head()
        assert head is not None
        assert head.action == "case.migrated"
        assert (head.detail["schema_before"], head.detail["schema"]) == (old, new)
        assert case.pins.schema == new
        assert migrate.version_of(case.connection) == new
        assert case.connection.exec_driver_sql("SELECT count(*) FROM more").scalar() == 0
        assert check_case(case).sound


def test_pins_change_only_with_an_event(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        before = case.pins
        case.repin(
            replace(PINS, evaluation_date="2027-01-01"),
            actor=ACTOR,
            settings={},
        )
        head = case.reader.head()
        assert head is not None
        assert head.action == "case.repinned"
        assert head.detail["pins_before"] == before.digest
        assert read_toml(tmp_path / "case.toml")[0] == case.pins
        assert check_case(case).sound


def test_a_case_toml_left_behind_where_only_settings_changed_is_rewritten(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        old = (tmp_path / "case.toml").read_bytes()
        with case.transaction(ACTOR, "lists.matched") as tx:
            tx.set_pins(case.pins, {**case.settings, "lists": {}})
        new = (tmp_path / "case.toml").read_bytes()
    assert new != old
    (tmp_path / "case.toml").write_bytes(old)
    with Case.open(tmp_path, write=True):
        assert (tmp_path / "case.toml").read_bytes() == new


def test_a_case_toml_left_behind_by_an_interrupted_repinning_is_rewritten(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        old = (tmp_path / "case.toml").read_bytes()
        case.repin(PINS, actor=ACTOR, settings={"more": 1})
        case.repin(replace(PINS, policy_version="2"), actor=ACTOR, settings={})
    (tmp_path / "case.toml").write_bytes(old)
    with Case.open(tmp_path, write=True) as case:
        assert check_case(case).sound


# ---- one writer

_HOLD = """
import sys
from pathlib import Path
from assay.store.case import Case
from tests.support.cases import fill, seen
case = Case.open(Path(sys.argv[1]), write=True)
if sys.argv[2] == "transaction":
    with case.transaction("A. Examiner", "batch.examined") as tx:
        tx.add_observations(seen(n) for n in range(5000))
        print("ready", flush=True)
        sys.stdin.read()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a second process that holds the case of ``tmp_path``."""
    started: list[subprocess.Popen[str]] = []

    def start(what: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(tmp_path), what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_writer_is_refused_with_the_holder_named(
    tmp_path: Path, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    create(tmp_path).close()
    other = holder("lock")
    with pytest.raises(CaseBusyError, match=rf"process {other.pid} \(.*\) of .* on .*, since 20"):
        Case.open(tmp_path, write=True)
    with Case.open(tmp_path, write=False) as case:
        assert case.reader.head() is not None


def test_a_killed_writer_leaves_the_state_before_its_transaction(
    tmp_path: Path, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    with create(tmp_path) as case:
        fill(case)
        before = case.reader.head()
    other = holder("transaction")
    other.send_signal(signal.SIGKILL)
    other.wait()
    with Case.open(tmp_path, write=True) as case:
        assert case.reader.head() == before
        assert case.reader.observations(sha(4999)) == ()
        assert check_case(case).sound
        fill(case, first=10)


def test_the_lock_of_a_closed_case_is_free(tmp_path: Path) -> None:
    create(tmp_path).close()
    for _ in range(2):
        with Case.open(tmp_path, write=True) as case:
            assert json.loads((tmp_path / "case.lock").read_text())["pid"] == os.getpid()
            assert case.writable


# ---- reading while it is written, and where nothing may be written


def test_a_snapshot_does_not_see_what_is_written_meanwhile(tmp_path: Path) -> None:
    with create(tmp_path) as writer, Case.open(tmp_path, write=False) as reader:
        with reader.snapshot() as view:
            assert view.item(sha(1)) is None
            fill(writer)
            assert view.item(sha(1)) is None
        assert reader.reader.item(sha(1)) == item(1)


def test_a_case_opened_for_reading_cannot_be_written(tmp_path: Path) -> None:
    create(tmp_path).close()
    with (
        Case.open(tmp_path, write=False) as case,
        pytest.raises(CaseError, match="opened for reading only"),
        case.transaction(ACTOR, "batch.examined"),
    ):
        pass


def _unprivileged(folder: Path, act: Callable[[], str]) -> str:
    """Run ``act`` in a child that may not write to ``folder``, and return what it says.

    Root may write anywhere, so as root the child becomes another user first.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            said = act()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


@pytest.fixture
def read_only_case() -> Iterator[Path]:
    """A closed case in a folder that others may read and nobody but root may write."""
    folder = Path(tempfile.mkdtemp(prefix="assay-case-"))
    with create(folder) as case:
        fill(case)
    for path in folder.iterdir():
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and POSIX modes")


@needs_fork
def test_a_case_in_a_read_only_folder_can_be_read(read_only_case: Path) -> None:
    def look() -> str:
        with Case.open(read_only_case, write=False) as case:
            return f"{case.reader.observations(sha(1)) != ()} {case.note}"

    assert _unprivileged(read_only_case, look) == (
        "True The folder is read-only; the case is read as it was last closed."
    )


@needs_fork
def test_writing_to_a_read_only_folder_is_refused_with_a_hint(read_only_case: Path) -> None:
    def write() -> str:
        try:
            Case.open(read_only_case, write=True)
        except CaseError as error:
            return f"{error.message} | {error.hint}"
        return "opened"

    said = _unprivileged(read_only_case, write)
    assert "cannot be written: the folder or its disk is read-only." in said
    assert "a command that only reads" in said


@needs_fork
def test_unread_last_changes_on_read_only_media_are_not_passed_over(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="assay-case-"))
    try:
        with create(tmp_path) as case:
            fill(case)  # a copy made now has a write-ahead log
            for name in ("case.db", "case.db-wal", "case.toml"):
                shutil.copy(tmp_path / name, folder / name)
        folder.chmod(0o555)
        assert "last changes cannot be read" in _unprivileged(
            folder, lambda: str(Case.open(folder, write=False))
        )
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_full_disk_takes_the_step_back_and_says_so(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        fill(case)
        before = case.reader.head()
        pages = case.connection.exec_driver_sql("PRAGMA page_count").scalar()
        case.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with (
            pytest.raises(CaseError, match=r"disk that holds the case .* is full") as caught,
            case.transaction(ACTOR, "batch.examined") as tx,
        ):
            tx.add_observations(seen(n) for n in range(5000))
        assert "Free some space" in caught.value.hint
        assert case.reader.head() == before
        case.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        fill(case, first=10)
        assert check_case(case).sound


def test_opening_is_quick_because_alembic_stays_away(tmp_path: Path) -> None:
    create(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from assay.store.case import Case\n"
        "Case.open(Path(sys.argv[1]), write=True).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"

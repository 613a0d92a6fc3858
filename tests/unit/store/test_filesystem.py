"""Where a case lies decides how it is written: the file system is told from the mounts."""

from __future__ import annotations

import errno
import fcntl
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.core.errors import CaseError
from assay.store import filesystem
from assay.store.case import Case
from assay.store.database import journal_of
from assay.store.filesystem import FileSystem, filesystem_of, is_network
from tests.support.cases import create, fill

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's table of mounts")

Mounts = Callable[[str], None]


@pytest.fixture
def mounts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Mounts:
    """Stand in for the kernel's table, since no network file system can be mounted here."""
    table = tmp_path_factory.mktemp("proc") / "mountinfo"
    monkeypatch.setattr(filesystem, "MOUNTS", table)

    def write(rows: str) -> None:
        lines = [
            f"{number} 1 0:{number} / {point} rw,relatime shared:1 - {kind} source rw"
            for number, (point, kind) in enumerate(row.split() for row in rows.splitlines() if row)
        ]
        table.write_text("\n".join(lines) + "\n")

    return write


def header(folder: Path) -> bytes:
    return (folder / "case.db").read_bytes()[18:20]


def test_the_longest_mount_point_decides(mounts: Mounts) -> None:
    mounts("/ ext4\n/mnt nfs4\n/mnt/local xfs\n/mnt/loc cifs")
    kinds = {path: filesystem_of(Path(path)).kind for path in ("/a", "/mnt", "/mnt/x", "/mntx")}
    assert kinds == {"/a": "ext4", "/mnt": "nfs4", "/mnt/x": "nfs4", "/mntx": "ext4"}
    assert filesystem_of(Path("/mnt/local/deep/case")) == FileSystem("xfs", False)
    assert filesystem_of(Path("/mnt/locality")).kind == "nfs4"


def test_a_later_mount_covers_an_earlier_one_at_the_same_place(mounts: Mounts) -> None:
    mounts("/ ext4\n/mnt ext4\n/mnt fuse.sshfs")
    assert filesystem_of(Path("/mnt/case")) == FileSystem("fuse.sshfs", True)


def test_names_with_spaces_are_read_as_the_kernel_writes_them(mounts: Mounts) -> None:
    mounts("/ ext4\n/mnt/my\\040share\\134x cifs")
    assert filesystem_of(Path("/mnt/my share\\x/case")).kind == "cifs"


def test_a_link_is_followed_to_the_file_system_that_it_names(
    tmp_path: Path, mounts: Mounts
) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounts(f"/ ext4\n{tmp_path / 'share'} nfs")
    assert filesystem_of(tmp_path / "link" / "case").network


def test_the_real_table_of_this_machine_is_read(tmp_path: Path) -> None:
    assert filesystem_of(Path("/proc/self")).kind == "proc"
    assert filesystem_of(tmp_path).kind != filesystem.LOCAL


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "lustre", "afs", "vboxsf", "vmhgfs", "virtiofs",
     "fuse.sshfs", "fuse.glusterfs", "fuse.rclone", "fuse", "fuse.s3fs", "NFS4"],
)  # fmt: skip
def test_what_is_or_may_be_reached_over_a_network(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "tmpfs", "apfs", "vfat", "fuseblk", "fuse.ntfs-3g", "overlay"]
)
def test_what_lies_on_a_disk_of_this_machine(kind: str) -> None:
    assert not is_network(kind)


# -- cases there ---------------------------------------------------------------------------------


def test_a_case_on_a_share_is_written_without_shared_memory(tmp_path: Path, mounts: Mounts) -> None:
    mounts("/ nfs4")
    with create(tmp_path) as case:
        fill(case)
        assert not (tmp_path / "case.db-wal").exists()
        assert not (tmp_path / "case.db-shm").exists()
        assert case.journal == journal_of(tmp_path) == "truncate on nfs4"
        assert "network file system (nfs4)" in case.note
        with Case.open(tmp_path, write=False) as reader:  # in another program, meanwhile
            assert reader.reader.head() == case.reader.head()
        assert next(case.reader.events()).detail["journal"] == "truncate on nfs4"
        head = case.reader.head()
    assert header(tmp_path) == b"\1\1"
    assert {path.name for path in tmp_path.iterdir()} == {
        "case.db", "case.db-journal", "case.lock", "case.toml", "derived", "exports",
    }  # fmt: skip
    with Case.open(tmp_path, write=True) as case:
        assert case.reader.head() == head


def test_a_case_that_is_moved_changes_its_journal_with_the_place(
    tmp_path: Path, mounts: Mounts
) -> None:
    mounts("/ ext4")
    with create(tmp_path) as case:
        fill(case)
        head = case.reader.head()
        assert case.journal == "wal on ext4"
    assert header(tmp_path) == b"\2\2"
    mounts("/ cifs")
    with Case.open(tmp_path, write=False) as case:  # read as it was closed: no log is shared
        assert case.reader.head() == head
    assert not (tmp_path / "case.db-shm").exists()
    with Case.open(tmp_path, write=True) as case:
        assert (case.reader.head(), case.journal) == (head, "truncate on cifs")
        assert not (tmp_path / "case.db-shm").exists()
    assert header(tmp_path) == b"\1\1"
    mounts("/ ext4")
    with Case.open(tmp_path, write=True) as case:
        assert (case.reader.head(), case.journal) == (head, "wal on ext4")
    assert header(tmp_path) == b"\2\2"


def test_a_case_that_its_own_machine_is_writing_is_not_read_over_the_share(
    tmp_path: Path, mounts: Mounts
) -> None:
    mounts("/ ext4")
    with create(tmp_path) as case:
        fill(case)
        assert (tmp_path / "case.db-wal").stat().st_size > 0
        mounts("/ nfs4")
        with pytest.raises(CaseError, match="in use on another machine") as caught:
            Case.open(tmp_path, write=False)
        assert "Open it where it was written" in caught.value.hint


def test_what_a_killed_writer_left_is_taken_back_by_who_reads_next(
    tmp_path: Path, mounts: Mounts
) -> None:
    mounts("/ nfs4")
    with create(tmp_path / "case") as case:
        fill(case)
        head = case.reader.head()
    # A copy in the middle of a transaction is what a killed writer leaves.
    writer = sqlite3.connect(tmp_path / "case" / "case.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode = TRUNCATE")
    writer.execute("PRAGMA cache_size = 2")  # pages: changes reach the file before the commit
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("CREATE TABLE half (x)")
    writer.executemany("INSERT INTO half VALUES (?)", [("x" * 5000,)] * 200)
    shutil.copytree(tmp_path / "case", tmp_path / "killed")
    writer.execute("ROLLBACK")
    writer.close()
    assert (tmp_path / "killed" / "case.db-journal").stat().st_size > 0
    for _ in range(2):
        with Case.open(tmp_path / "killed", write=False) as case:
            assert case.reader.head() == head
            tables = case.connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars()
            assert "half" not in set(tables)


def test_a_share_that_cannot_lock_is_refused_with_a_way_out(
    tmp_path: Path, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts("/ cifs")

    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refused)
    with pytest.raises(CaseError, match=r"cannot be locked on its file system \(cifs\)") as caught:
        create(tmp_path)
    assert "local disk" in caught.value.hint
    assert not (tmp_path / "case.db").exists()
    assert not (tmp_path / "case.probe").exists()
    monkeypatch.undo()
    create(tmp_path).close()


def test_a_case_lock_that_cannot_be_had_is_the_same_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(CaseError, match="cannot be locked"):
        create(tmp_path)

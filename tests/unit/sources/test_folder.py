"""Folders and files as sources: order, links, traces, vanishing."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import stat
from pathlib import Path

import pytest

from assay.core.errors import SourceError, SourceVanishedError
from assay.core.vocab import EntryKind
from assay.sources.atime import ABSENT, KEPT, REFUSED, Want, open_quietly
from assay.sources.filters import Filters
from assay.sources.folder import FolderSource
from assay.sources.found import Found
from assay.sources.tree import Tree

needs_links = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a POSIX file system")


def fill(root: Path) -> Path:
    (root / "b" / "deep").mkdir(parents=True)
    (root / "a.jpg").write_bytes(b"one")
    (root / "b" / "c.jpg").write_bytes(b"three")
    (root / "b" / "deep" / "d.txt").write_bytes(b"")
    (root / "z.bin").write_bytes(b"last")
    return root


def walked(path: Path, **options: object) -> list[Found]:
    return list(FolderSource.open(path, **options).walk())  # type: ignore[arg-type]


def content(source: FolderSource, found: Found) -> bytes:
    descriptor = source.open_entry(found)
    try:
        return os.read(descriptor, 1 << 20)
    finally:
        os.close(descriptor)


def test_every_file_is_found_a_folders_own_files_first(tmp_path: Path) -> None:
    source = FolderSource.open(fill(tmp_path))
    found = list(source.walk())
    assert [f.key for f in found] == ["a.jpg", "z.bin", "b/c.jpg", "b/deep/d.txt"]
    assert [content(source, f) for f in found] == [b"one", b"last", b"three", b""]
    assert [f.size for f in found] == [3, 4, 5, 0]


def test_a_single_file_is_a_source_of_one_entry(tmp_path: Path) -> None:
    source = FolderSource.open(fill(tmp_path) / "a.jpg")
    (found,) = source.walk()
    assert (source.kind, found.key, content(source, found)) == ("file", "a.jpg", b"one")


def test_the_id_comes_from_the_kind_and_the_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert FolderSource.open("b").id == FolderSource.open(tmp_path / "b").id
    assert FolderSource.open("b").id != FolderSource.open("a.jpg").id
    fact = FolderSource.open("b").record("operator", "2024-01-01T00:00:00Z")
    assert fact.uri == os.fspath(tmp_path / "b")


def test_times_keep_their_nanoseconds(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x")
    os.utime(file, ns=(1, 1717400000_123456789))
    (found,) = walked(tmp_path)
    assert found.mtime_ns == 1717400000_123456789
    mtime = found.times[0]
    assert (mtime.field, mtime.raw) == ("mtime", "1717400000123456789")
    assert (mtime.zone, mtime.utc) == ("UTC", "2024-06-03T07:33:20.123456789Z")


@needs_links
def test_links_are_recorded_and_never_followed(tmp_path: Path) -> None:
    root = fill(tmp_path / "root")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"x")
    (root / "folder_link").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    (root / "dangling").symlink_to("nowhere")
    kinds = {f.key: (f.kind, f.detail) for f in walked(root)}
    assert kinds["folder_link"] == (EntryKind.SYMLINK, os.fspath(tmp_path / "outside"))
    assert kinds["loop"][0] is EntryKind.SYMLINK
    assert kinds["dangling"] == (EntryKind.SYMLINK, "nowhere")
    assert not any("secret" in key for key in kinds)


@needs_links
def test_hard_links_share_an_inode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    os.link(tmp_path / "a", tmp_path / "b")
    first, second = walked(tmp_path)
    assert (first.kind, second.kind) == (EntryKind.FILE, EntryKind.FILE)
    assert first.inode == second.inode != ""


@needs_links
def test_a_fifo_and_a_socket_are_recorded_and_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as local:
        local.bind("sock")  # a short path: sockets allow 108 bytes
        source = FolderSource.open(tmp_path)
        pipe, sock = source.walk()
    assert (pipe.kind, sock.kind) == (EntryKind.SPECIAL, EntryKind.SPECIAL)
    with pytest.raises(OSError, match="not opened"):
        source.open_entry(pipe)


@needs_links
def test_a_file_that_became_a_fifo_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    source = FolderSource.open(tmp_path)
    (found,) = source.walk()
    (tmp_path / "a").unlink()
    os.mkfifo(tmp_path / "a")
    with pytest.raises(OSError, match="no longer a file"):
        source.open_entry(found)


@needs_links
def test_a_folder_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    root = fill(tmp_path / "root")
    source = FolderSource.open(root)
    found = next(f for f in source.walk() if f.key == "b/c.jpg")
    source.close()
    shutil.move(root / "b", tmp_path / "elsewhere")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        source.open_entry(found)


@needs_links
def test_a_name_that_is_not_text_keeps_its_bytes(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/bad\xff\xfe.jpg"
    try:
        with open(path, "wb") as file:
            file.write(b"x")
    except OSError:
        pytest.skip("this file system takes text names only")
    source = FolderSource.open(tmp_path)
    (found,) = source.walk()
    assert found.key == "bad\udcff\udcfe.jpg"
    assert content(source, found) == b"x"


@needs_links
def test_paths_longer_than_the_system_allows_are_reached(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 100, dir_fd=descriptor)
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    source = FolderSource.open(tmp_path)
    (found,) = source.walk()
    assert len(found.key) > 6000
    assert content(source, found) == b""
    source.close()
    shutil.rmtree(tmp_path / ("d" * 100), ignore_errors=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_an_entry_of_its_own(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "b").chmod(0)
    try:
        found = {f.key: f for f in walked(tmp_path)}
    finally:
        (tmp_path / "b").chmod(0o700)
    assert found["b"].kind is EntryKind.UNREADABLE
    assert found["b"].detail == os.strerror(errno.EACCES)
    assert "z.bin" in found


def test_a_folder_that_disappears_while_listing_is_one_entry(tmp_path: Path) -> None:
    walk = FolderSource.open(fill(tmp_path)).walk()
    next(walk)
    shutil.rmtree(tmp_path / "b")
    other, gone = walk
    assert other.key == "z.bin"
    assert (gone.key, gone.kind) == ("b", EntryKind.UNREADABLE)


def test_the_walk_gives_entries_before_it_has_seen_everything(tmp_path: Path) -> None:
    walk = FolderSource.open(fill(tmp_path)).walk()
    assert next(walk).key == "a.jpg"
    (tmp_path / "b" / "new").write_bytes(b"x")
    assert [f.key for f in walk] == ["z.bin", "b/c.jpg", "b/new", "b/deep/d.txt"]


def test_the_case_folder_inside_a_source_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path)
    found = {f.key: f for f in walked(tmp_path, exclude_paths=[tmp_path / "b"])}
    assert set(found) == {"a.jpg", "b", "z.bin"}
    assert found["b"].kind is EntryKind.EXCLUDED


def test_filtered_files_are_listed_with_the_reason(tmp_path: Path) -> None:
    found = walked(fill(tmp_path), filters=Filters.of(exclude=("*.JPG",)))
    kinds = {f.key: f.kind for f in found}
    assert kinds["b/c.jpg"] is EntryKind.EXCLUDED
    assert kinds["z.bin"] is EntryKind.FILE
    assert found[0].size == 3


# -- traces -----------------------------------------------------------------------------------


def test_reading_leaves_bytes_and_times_untouched(tmp_path: Path) -> None:
    files = [p for p in fill(tmp_path).rglob("*") if p.is_file()]
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.utime(path, ns=(1_000_000_000, 1_717_400_000_000_000_000))
    before = {p: (hashlib.sha256(p.read_bytes()).digest(), p.stat().st_mtime_ns) for p in files}
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.utime(path, ns=(1_000_000_000, 1_717_400_000_000_000_000))
    source = FolderSource.open(tmp_path)
    for found in source.walk():
        content(source, found)
    if source.note == KEPT:
        states = [p.stat() for p in (tmp_path, tmp_path / "b", *files)]
        assert {s.st_atime_ns for s in states} == {1_000_000_000}
        assert {s.st_mtime_ns for s in states} == {1_717_400_000_000_000_000}
    after = {p: (hashlib.sha256(p.read_bytes()).digest(), p.stat().st_mtime_ns) for p in files}
    assert after == before


def test_a_refused_protection_is_noted_and_the_file_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def strict(path: str, flags: int, *args: object, **options: object) -> int:
        if flags & getattr(os, "O_NOATIME", 0):
            raise PermissionError(errno.EPERM, "refused")
        return real(path, flags, *args, **options)  # type: ignore[arg-type]

    fill(tmp_path)
    monkeypatch.setattr(os, "open", strict)
    monkeypatch.setattr("assay.sources.tree.BY_DESCRIPTOR", False)
    source = FolderSource.open(tmp_path)
    found = next(source.walk())
    assert content(source, found) == b"one"
    assert source.note in (REFUSED, ABSENT)


def test_plain_paths_serve_where_descriptors_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.sources.tree.BY_DESCRIPTOR", False)
    source = FolderSource.open(fill(tmp_path))
    assert [content(source, f) for f in source.walk()] == [b"one", b"last", b"three", b""]


def test_descriptors_are_read_only(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    descriptor, _ = open_quietly(os.fspath(tmp_path / "a"), Want.FILE)
    with pytest.raises(OSError):
        os.write(descriptor, b"y")
    os.close(descriptor)


# -- what cannot be opened, and what vanishes ---------------------------------------------------


def test_a_missing_path_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere: No such file") as caught:
        FolderSource.open(tmp_path / "nowhere")
    assert caught.value.hint


@needs_links
def test_a_device_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        FolderSource.open(tmp_path / "pipe")


def test_a_root_that_vanishes_stops_the_walk_and_is_no_failure_per_file(tmp_path: Path) -> None:
    root = fill(tmp_path / "disk")
    source = FolderSource.open(root)
    walk = source.walk()
    found = next(walk)
    source.close()
    shutil.move(root, tmp_path / "unplugged")
    assert not source.alive()
    with pytest.raises(SourceVanishedError):
        list(walk)
    with pytest.raises(SourceVanishedError, match="no longer there"):
        source.open_entry(found)
    with pytest.raises(SourceVanishedError):
        list(source.walk())


def test_a_root_that_comes_back_is_read_on(tmp_path: Path) -> None:
    root = fill(tmp_path / "disk")
    source = FolderSource.open(root)
    found = next(source.walk())
    source.close()
    shutil.move(root, tmp_path / "unplugged")
    assert not source.alive()
    shutil.move(tmp_path / "unplugged", root)
    assert source.alive()
    assert content(source, found) == b"one"


def test_an_empty_mount_point_is_not_the_disk_that_was_there(tmp_path: Path) -> None:
    root = fill(tmp_path / "disk")
    source = FolderSource.open(root)
    source.close()
    shutil.move(root, tmp_path / "unplugged")
    root.mkdir()
    assert not source.alive()


def test_one_missing_file_is_its_own_error(tmp_path: Path) -> None:
    source = FolderSource.open(fill(tmp_path))
    found = next(source.walk())
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(FileNotFoundError):
        source.open_entry(found)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "a").write_bytes(b"x")
    tree = Tree(os.fspath(tmp_path))
    for number in range(40):
        os.close(tree.open((f"{number}", "a")))
    assert len(tree._open) <= 16
    held = list(tree._open.values())
    tree.close()
    for descriptor in held:
        with pytest.raises(OSError):
            os.fstat(descriptor)


def test_modes_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0o640)
    (found,) = walked(tmp_path)
    assert found.mode is not None
    assert stat.S_IMODE(found.mode) == 0o640

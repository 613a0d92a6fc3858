"""A source that was away is known again by what lies at its top, and no other is taken for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from assay.sources.folder import FolderSource

_TIME = 1_500_000_000_000_000_000  # ns


def card(root: Path, *names: str, time: int = _TIME) -> Path:
    """Make a folder as a card with one folder of pictures and some files at its top."""
    (root / "DCIM").mkdir(parents=True)
    (root / "DCIM" / "a.jpg").write_bytes(b"picture")
    for name in names:
        (root / name).write_bytes(name.encode())
    for path in (*root.iterdir(), root):
        os.utime(path, ns=(time, time))
    return root


def unplugged(source: FolderSource, root: Path) -> Path:
    """Take the card away and leave the empty mount point."""
    away = root.with_name("away")
    root.rename(away)
    assert not source.alive()
    root.mkdir()
    assert not source.alive()
    root.rmdir()
    return away


def test_the_same_card_is_known_again_with_other_numbers(tmp_path: Path) -> None:
    root = card(tmp_path / "card", "index.dat")
    source = FolderSource.open(root)
    keys = [found.key for found in source.walk()]
    away = unplugged(source, root)
    shutil.copytree(away, root)  # other inodes, the same content and times
    os.utime(root / "DCIM", ns=(_TIME, _TIME))
    assert root.stat().st_ino != away.stat().st_ino
    assert source.alive()
    assert [found.key for found in source.walk()] == keys


def test_another_card_of_the_same_camera_is_not_taken_for_it(tmp_path: Path) -> None:
    root = card(tmp_path / "card")
    source = FolderSource.open(root)
    unplugged(source, root)
    card(root, time=_TIME + 1_000_000_000)
    assert not source.alive()
    shutil.rmtree(root)
    card(root)
    assert source.alive()


def test_the_same_place_with_other_content_is_not_the_source(tmp_path: Path) -> None:
    root = card(tmp_path / "card", "one", "two", "three")
    source = FolderSource.open(root)
    root.rename(tmp_path / "away")
    assert not source.alive()
    (tmp_path / "away").rename(root)  # the same inode
    for name in ("one", "two", "three"):
        (root / name).write_bytes(b"something else")
    assert not source.alive()


def test_a_folder_that_changes_while_it_is_there_stays_the_source(tmp_path: Path) -> None:
    root = card(tmp_path / "card", "one")
    source = FolderSource.open(root)
    shutil.rmtree(root / "DCIM")
    (root / "one").write_bytes(b"longer than before")
    assert source.alive()


def test_what_is_new_and_the_case_inside_do_not_count(tmp_path: Path) -> None:
    root = card(tmp_path / "card", "one")
    (root / "case").mkdir()
    source = FolderSource.open(root, exclude_paths=[root / "case"])
    root.rename(tmp_path / "away")
    assert not source.alive()
    (tmp_path / "away").rename(root)
    for number in range(5):
        (root / f"new{number}").write_bytes(b"x")
    (root / "case" / "case.db").write_bytes(b"x")
    assert source.alive()


def test_an_empty_source_is_known_by_its_place(tmp_path: Path) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    source = FolderSource.open(root)
    root.rename(tmp_path / "away")
    assert not source.alive()
    root.mkdir()
    assert not source.alive()
    root.rmdir()
    (tmp_path / "away").rename(root)
    assert source.alive()


def test_a_single_file_is_known_by_its_size_and_time(tmp_path: Path) -> None:
    file = card(tmp_path / "card", "one") / "one"
    source = FolderSource.open(file)
    file.rename(tmp_path / "away")
    assert not source.alive()
    file.write_bytes(b"two")
    assert not source.alive()
    shutil.copy2(tmp_path / "away", file)
    assert source.alive()

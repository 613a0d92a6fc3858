"""The listing: people's pictures first, and never anything lost or twice by it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.vocab import EntryKind
from assay.sources.folder import FolderSource
from assay.sources.found import Found
from assay.sources.order import Turn


def make(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())
    return root


def listed(root: Path) -> list[Found]:
    with closing(FolderSource.open(root)) as source:
        return list(source.walk())


def keys(root: Path) -> list[str]:
    return [found.key for found in listed(root)]


def test_pictures_come_before_people_and_systems_last(tmp_path: Path) -> None:
    make(
        tmp_path,
        "Windows/System32/a.dll",
        "Users/person/Documents/letter.txt",
        "Users/person/Pictures/holiday.jpg",
        "Users/person/notes.txt",
        "backup/x.bin",
        "zz/DCIM/100/IMG_1.JPG",
        "pagefile.sys",
    )
    assert keys(tmp_path) == [
        "pagefile.sys",
        "Users/person/Pictures/holiday.jpg",
        "Users/person/notes.txt",
        "Users/person/Documents/letter.txt",
        "backup/x.bin",
        "zz/DCIM/100/IMG_1.JPG",
        "Windows/System32/a.dll",
    ]


def test_a_camera_folder_inside_a_system_goes_before_the_systems_own_files(tmp_path: Path) -> None:
    camera = "Windows/System32/DCIM/IMG_0001.JPG"
    make(tmp_path, camera, *(f"Windows/System32/{n}.dll" for n in range(50)), "Windows/x.exe")
    found = keys(tmp_path)
    assert found.index(camera) < found.index("Windows/System32/0.dll")


def test_a_camera_folder_deep_inside_a_system_goes_first_once_it_is_met(tmp_path: Path) -> None:
    camera = "Windows/System32/a/b/DCIM/100CANON/IMG_0001.JPG"
    make(tmp_path, camera, "Windows/System32/a/b/1.dll", "Windows/WinSxS/1.dll")
    assert keys(tmp_path) == [camera, "Windows/System32/a/b/1.dll", "Windows/WinSxS/1.dll"]
    classes = {f.key: f.turn for f in listed(tmp_path)}
    assert classes[camera] is Turn.PICTURES
    assert classes["Windows/WinSxS/1.dll"] is Turn.SYSTEM


def test_the_folders_above_the_source_give_the_context(tmp_path: Path) -> None:
    make(tmp_path / "home", "zoe/a.txt", "b.txt", ".hidden/c.txt")
    assert {f.key: f.turn for f in listed(tmp_path / "home")} == {
        "b.txt": Turn.REST,
        ".hidden/c.txt": Turn.PEOPLE,
        "zoe/a.txt": Turn.PEOPLE,
    }


def test_a_file_that_a_person_named_goes_first(tmp_path: Path) -> None:
    (found,) = FolderSource.open(make(tmp_path, "Windows/a") / "Windows" / "a").walk()
    assert found.turn is Turn.PICTURES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a POSIX file system")
def test_links_named_like_folders_of_pictures_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "real/a.jpg")
    (tmp_path / "DCIM").symlink_to("real")
    (tmp_path / "Pictures").symlink_to(tmp_path)
    found = {f.key: f.kind for f in listed(tmp_path)}
    assert found == {
        "DCIM": EntryKind.SYMLINK,
        "Pictures": EntryKind.SYMLINK,
        "real/a.jpg": EntryKind.FILE,
    }


def test_a_folder_that_becomes_a_file_is_listed_as_what_it_is(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b/c.txt")
    walk = FolderSource.open(tmp_path).walk()
    next(walk)
    (tmp_path / "b" / "c.txt").unlink()
    (tmp_path / "b").rmdir()
    (tmp_path / "b").write_bytes(b"now a file")
    assert [(f.key, f.kind) for f in walk] == [("b", EntryKind.FILE)]


def test_a_file_that_becomes_a_folder_is_entered(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b")
    walk = FolderSource.open(tmp_path).walk()
    next(walk)
    (tmp_path / "b").unlink()
    make(tmp_path, "b/c.txt")
    assert [(f.key, f.kind) for f in walk] == [("b/c.txt", EntryKind.FILE)]


# -- any tree ------------------------------------------------------------------------------------

_NAMES = st.sampled_from(
    ["DCIM", "Windows", "Users", "a", "b", "Pictures", "usr", "com.whatsapp", "node_modules", "é"]
)
_PATHS = st.sets(st.lists(_NAMES, min_size=1, max_size=5).map(tuple), max_size=25)


def plain(root: Path) -> Iterator[str]:
    for folder, _, files in os.walk(root):
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


@settings(deadline=None, max_examples=150)
@given(_PATHS)
def test_order_changes_when_and_never_whether(paths: set[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for parts in paths:
            make(root, "/".join((*parts, "file.bin")))
        found = listed(root)
        assert [f.key for f in found] == keys(root)
        assert sorted(f.key for f in found) == sorted(plain(root))
        assert_in_order(found)


def assert_in_order(found: list[Found]) -> None:
    """Assert that nothing is followed by what was known before it and has an earlier class."""
    seen_above = {""}
    for one, other in pairwise(found):
        folder = one.key.rpartition("/")[0]
        while folder not in seen_above:
            seen_above.add(folder)
            folder = folder.rpartition("/")[0]
        parent = other.key.rpartition("/")[0].rpartition("/")[0]
        if parent in seen_above:  # the other folder was known when the one was listed
            assert one.turn <= other.turn, (one, other)


@settings(deadline=None, max_examples=25)
@given(_PATHS, st.integers(0, 24))
def test_a_walk_begun_again_goes_through_the_same_order(
    paths: set[tuple[str, ...]], after: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for parts in paths:
            make(root, "/".join((*parts, "file.bin")))
        source = FolderSource.open(root)
        walk = source.walk()
        begun = [f.key for _, f in zip(range(after), walk, strict=False)]
        source.close()
        assert [f.key for f in source.walk()][: len(begun)] == begun
        source.close()

"""Real media beside the repository show their frames and what lies inside them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, UnidentifiedImageError

from assay.engine.session import open_session
from assay.store.coverage import coverage
from tests.support.command import assay

pytestmark = pytest.mark.shared_data

FOLDERS = ("evidence/folder", "video", "provenance/files")
Records = dict[str, dict[str, Any]]  # by path below the folder


@pytest.fixture(scope="module")
def cases(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Triage each folder once; returns the cases by the name of the folder."""
    made = {}
    for name in FOLDERS:
        case = tmp_path_factory.mktemp("media") / "case"
        run = assay("triage", shared_data / name, "--case", case, "--json")
        assert run.code in (0, 3), run.err
        assert run.last["finished"] is True
        made[name] = case
    return made


@cache
def records(case: Path) -> Records:
    out = case.with_name("items.jsonl")
    done = assay("export", "items", "--case", case, "-o", out)
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return {place["path"]: row for row in rows for place in row["occurrences"]}


def exif_thumbnail(path: Path) -> bytes | None:
    """Return the JPEG that the second directory of a picture's EXIF points at, as Pillow reads."""
    try:
        with Image.open(path) as picture:
            block = picture.info.get("exif", b"")
            second = picture.getexif().get_ifd(ExifTags.IFD.IFD1)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return None
    start, length = second.get(0x0201), second.get(0x0202)
    block = block.removeprefix(b"Exif\0\0")
    if not isinstance(start, int) or not isinstance(length, int):
        return None
    data: bytes = block[start : start + length]
    try:
        with Image.open(io.BytesIO(data)) as small:
            small.load()
    except (UnidentifiedImageError, OSError):
        return None
    return data if len(data) == length else None


def pictures(folder: Path) -> Iterator[Path]:
    yield from (p for p in sorted(folder.rglob("*")) if p.is_file())


@pytest.mark.parametrize("name", FOLDERS)
def test_every_file_is_an_item_and_the_account_adds_up(
    name: str, shared_data: Path, cases: dict[str, Path]
) -> None:
    root, found = shared_data / name, records(cases[name])
    for path in pictures(root):
        record = found[path.relative_to(root).as_posix()]
        assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    with open_session(cases[name]) as session:
        assert all(account.adds_up for account in coverage(session.case.connection))
    checked = assay("verify", "--case", cases[name])
    assert checked.code == 0, checked.out


@pytest.mark.parametrize(("name", "least"), [("evidence/folder", 0), ("provenance/files", 31)])
def test_every_thumbnail_that_pillow_reads_is_a_child(
    name: str, least: int, shared_data: Path, cases: dict[str, Path]
) -> None:
    """The pictures of ``evidence/folder`` carry none; whoever adds one finds it held here."""
    root, found = shared_data / name, records(cases[name])
    seen = 0
    for path in pictures(root):
        small = exif_thumbnail(path)
        if small is None:
            continue
        seen += 1
        top = path.relative_to(root).as_posix()
        digest = hashlib.sha256(small).hexdigest()
        inside = [r for p, r in found.items() if p.startswith(f"{top}!/") and r["sha256"] == digest]
        assert inside, f"{top}: a thumbnail of {len(small)} bytes is no child"
        roles = {
            place["role"]
            for place in inside[0]["occurrences"]
            if place["path"].startswith(f"{top}!/")
        }
        assert "preview" in roles, f"{top}: {roles}"
    assert seen >= least


def test_every_video_shows_frames_within_its_length(
    shared_data: Path, cases: dict[str, Path]
) -> None:
    found = records(cases["video"])
    with (shared_data / "video" / "manifest.csv").open(encoding="utf-8", newline="") as rows:
        listed = list(csv.DictReader(rows))
    assert len(listed) > 20
    for row in listed:
        record = found[row["path"]]
        assert record["sha256"] == row["sha256"]
        hashed = [frame for frame in record["frames"] if frame["pdq"]]
        assert hashed, row["path"]
        length = record["motion"]["duration"]
        assert abs(length - float(row["seconds"])) < 0.5, row["path"]
        times = [frame["time"] for frame in record["frames"]]
        assert times == sorted(times)
        assert 0 <= times[0] <= times[-1] <= length + 0.05, row["path"]
        if length > 2:
            assert times[-1] - times[0] > length / 2, f"{row['path']}: all frames lie together"


def test_videos_among_the_provenance_files_show_frames_or_say_why_not(
    cases: dict[str, Path],
) -> None:
    moving = {
        path: record
        for path, record in records(cases["provenance/files"]).items()
        if record["media_type"].startswith("video/") and "!/" not in path
    }
    without = [p for p, record in moving.items() if not any(f["pdq"] for f in record["frames"])]
    assert len(moving) >= 5
    assert without == ["contentauth/nested_moov_1000.mp4"]  # boxes in boxes, and no video
    record = moving[without[0]]
    assert {"malformed", "frames_unread"} <= {finding["kind"] for finding in record["findings"]}
    assert record["lane"] == 1
    assert record["failures"]

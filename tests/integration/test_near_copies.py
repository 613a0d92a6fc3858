"""Near copies of benign pictures through the command line: conflicts, lane 2, stacks, order."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from tests.support.authority import CREATED_BY_AI, Identity, authority, sign, signer
from tests.support.command import assay, by_path, events
from tests.support.photos import exif_block, jpeg, photo, scene

SIZE = (400, 300)
Change = Callable[[Image.Image], Image.Image]


def patched(picture: Image.Image) -> Image.Image:
    """Return a copy of which a tenth was filled in smoothly, as an inpainting tool does."""
    made = picture.copy()
    box = (60, 40, 190, 132)
    made.paste(made.crop(box).filter(ImageFilter.GaussianBlur(12)), box)
    return made


def cropped(picture: Image.Image) -> Image.Image:
    return picture.crop((4, 3, 396, 297))


def smaller(picture: Image.Image) -> Image.Image:
    return picture.resize((200, 150))


def mirrored(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def barred(picture: Image.Image) -> Image.Image:
    made = Image.new("RGB", (400, 400))
    made.paste(picture, (0, 50))
    return made


CHANGES: dict[str, Change] = {
    "patched": patched,
    "cropped": cropped,
    "smaller": smaller,
    "mirrored": mirrored,
    "barred": barred,
}


@pytest.fixture(scope="module")
def maker() -> tuple[Identity, Identity]:
    root = authority()
    return root, signer(root)


def signed(picture: Image.Image, by: Identity) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return sign(out.getvalue(), "image/png", by, [CREATED_BY_AI])


@pytest.fixture
def place(tmp_path: Path, maker: tuple[Identity, Identity]) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "root.pem").write_bytes(maker[0].pem())
    return folder


def triage(folder: Path) -> dict[str, dict[str, Any]]:
    case = folder.parent / "case"
    trust = ("--trust", folder.parent / "root.pem") if not case.exists() else ()
    done = assay("triage", folder, "--case", case, *trust, "--json")
    assert done.code == 0, done.err
    assert assay("verify", "--case", case).code == 0
    return by_path(case)


@pytest.mark.parametrize("change", CHANGES)
def test_a_signed_statement_in_a_copy_of_a_photograph_is_a_conflict(
    place: Path, maker: tuple[Identity, Identity], change: str
) -> None:
    (place / "copy.png").write_bytes(signed(CHANGES[change](scene()), maker[1]))
    (place / "other.png").write_bytes(signed(scene("coffee", SIZE), maker[1]))
    rows = triage(place)
    assert (rows["copy.png"]["origin"], rows["copy.png"]["lane"]) == ("synthetic", 4)
    # the photograph comes in later: the copy is raised without being read again
    (place / "photo.jpg").write_bytes(photo(scene(), exif_block()))
    (place / "copy.png").rename(place.parent / "copy.png")
    rows = triage(place)
    assert rows["photo.jpg"]["origin"] == "camera"
    assert (rows["copy.png"]["origin"], rows["copy.png"]["lane"]) == ("conflict", 1)
    found = rows["copy.png"]["neighbours"]["camera"]
    assert found["item"] == rows["photo.jpg"]["sha256"]
    assert 0 <= found["distance"] <= 31
    assert rows["copy.png"]["reasons"][0]["code"] == "origin.conflict.near_camera"
    assert (rows["other.png"]["origin"], rows["other.png"]["lane"]) == ("synthetic", 4)


@pytest.mark.parametrize("change", ["patched", "smaller", "mirrored"])
def test_a_synthetic_copy_of_an_unknown_picture_is_reviewed_beside_it(
    place: Path, maker: tuple[Identity, Identity], change: str
) -> None:
    (place / "plain.jpg").write_bytes(jpeg(scene()))
    (place / "copy.png").write_bytes(signed(CHANGES[change](scene()), maker[1]))
    rows = triage(place)
    assert (rows["copy.png"]["origin"], rows["copy.png"]["lane"]) == ("synthetic", 2)
    sha = rows["plain.jpg"]["sha256"]
    assert rows["copy.png"]["neighbours"]["possible"]["item"] == sha
    case = place.parent / "case"
    done = assay("decide", sha, "--category", "5", "--case", case, "--json")
    assert done.code == 0, done.err
    moved = {row["path"]: row["lane"] for row in done.rows[0]["moved"]}
    assert moved == {"plain.jpg": 5, "copy.png": 4}
    assert len(events(case)[-1]["detail"]["moved"]) == 2
    assert assay("verify", "--case", case).code == 0


def test_near_duplicates_are_one_review(place: Path) -> None:
    for quality in (95, 75, 50):
        (place / f"q{quality}.jpg").write_bytes(jpeg(scene(), quality))
    (place / "small.jpg").write_bytes(jpeg(smaller(scene())))
    (place / "patched.jpg").write_bytes(jpeg(patched(scene())))
    (place / "other.jpg").write_bytes(jpeg(scene("coffee", SIZE)))
    rows = triage(place)
    case = place.parent / "case"
    heads = {row["stack"]["head"] for row in rows.values() if row["stack"]}
    assert len(heads) == 1
    head = next(row for row in rows.values() if row["sha256"] in heads)
    members = {m["item"] for m in head["stack"]["members"]}
    alone = {"other.jpg", _path(head)}
    assert members == {row["sha256"] for path, row in rows.items() if path not in alone}
    assert all(m["distance"] <= 31 for m in head["stack"]["members"])
    assert sorted(r["rank"] for r in rows.values() if r["rank"]) == [1, 2]
    assert len(rows) == 6
    listed = assay("queue", "--case", case, "--json").rows
    assert [_path(row) for row in listed] == sorted(
        [_path(head), "other.jpg"], key=lambda p: rows[p]["rank"]
    )
    assert len(assay("queue", "--case", case, "--members", "--json").rows) == 6
    assert len(assay("queue", "--case", case, "--top", "1", "--json").rows) == 1
    assert "4 near-duplicates stand with it" in assay("queue", "--case", case).out
    shown = assay("show", _path(head), "--case", case).out
    assert all(member in shown for member in members)
    assert f"reviewed with {head['sha256']}" in assay("show", members.pop(), "--case", case).out
    assert "4 near-duplicates stand with it" in (case / "exports" / "report.html").read_text(
        "utf-8"
    )


def _path(row: dict[str, Any]) -> str:
    return str(row["occurrences"][0]["path"])


def test_a_decision_on_a_stack_is_about_what_was_shown(place: Path) -> None:
    for quality in (95, 75):
        (place / f"q{quality}.jpg").write_bytes(jpeg(scene(), quality))
    rows = triage(place)
    case = place.parent / "case"
    head = next(r for r in rows.values() if r["stack"]["members"])
    mark = head["stack"]["mark"]
    assert f"stack {mark}" in assay("show", _path(head), "--case", case).out
    (place / "q50.jpg").write_bytes(jpeg(scene(), 50))
    triage(place)
    words = ("decide", head["sha256"], "--category", "5", "--case", case)
    late = assay(*words, "--stack", mark)
    assert late.code == 2
    assert "holds other files" in late.err
    assert {row["lane"] for row in by_path(case).values()} == {1}
    rows = by_path(case)
    head = next(r for r in rows.values() if r["stack"]["members"])
    member = head["stack"]["members"][0]["item"]
    done = assay("decide", member, *words[2:], "--stack", head["stack"]["mark"], "--json")
    assert done.code == 0, done.err
    assert {row["path"]: row["lane"] for row in done.rows[0]["moved"]} == dict.fromkeys(rows, 5)
    assert {row["lane"] for row in by_path(case).values()} == {5}
    assert assay("verify", "--case", case).code == 0

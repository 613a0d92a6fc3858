"""The inventory takes only what holds nothing or was read to its last member (lane rule c)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.support.command import assay, by_path
from tests.support.containers import font, portable_executable, zip_named
from tests.support.pictures import jpeg

FILES: dict[str, bytes] = {
    "plain.ttf": font(),
    "program.exe": portable_executable(),
    "read.zip": zip_named(("a.jpg", jpeg(1)), ("b.jpg", jpeg(2))),
    "selfextracting.exe": portable_executable(overlay=zip_named(("c.jpg", jpeg(3)))),
    "appended.ttf": font(tail=jpeg(4)),
    "letter.txt": b"See below.\n\n" + base64.encodebytes(jpeg(5, (300, 200))),
    "note.txt": b"bread, milk\n",
    "cut.zip": zip_named(("d.jpg", jpeg(6)), ("e.jpg", jpeg(7)))[:-60],
    "font.jpg": font(),
    "unknown": bytes(range(1, 200)) * 9,
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    root = tmp_path_factory.mktemp("inventory")
    (root / "in").mkdir()
    for name, data in FILES.items():
        (root / "in" / name).write_bytes(data)
    assay("triage", root / "in", "--case", root / "case")
    return by_path(root / "case")


@pytest.mark.parametrize("name", ["program.exe", "read.zip"])
def test_it_takes_plain_programs_and_archives_that_were_read(
    rows: dict[str, dict[str, Any]], name: str
) -> None:
    assert (rows[name]["lane"], rows[name]["rank"]) == (None, None)


@pytest.mark.parametrize(
    "name",
    [
        "selfextracting.exe",
        "appended.ttf",
        "letter.txt",
        "note.txt",
        "cut.zip",
        "font.jpg",
        "unknown",
    ],
)
def test_it_never_takes_what_may_hide_or_hold_something(
    rows: dict[str, dict[str, Any]], name: str
) -> None:
    assert rows[name]["lane"] == 1


def test_what_was_hidden_in_an_archive_is_an_item_of_its_own(
    rows: dict[str, dict[str, Any]],
) -> None:
    assert rows["selfextracting.exe!/c.jpg"]["pdq"]
    assert rows["read.zip!/a.jpg"]["lane"] == 1


def test_one_content_under_an_honest_and_a_lying_name_stays_in_lane_1(
    rows: dict[str, dict[str, Any]],
) -> None:
    assert rows["plain.ttf"]["sha256"] == rows["font.jpg"]["sha256"]
    assert "type_mismatch" in {f["kind"] for f in rows["plain.ttf"]["findings"]}

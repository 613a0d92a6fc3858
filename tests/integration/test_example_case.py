"""The shipped example case: every file lands where DESIGN §5 puts it, and the report is whole."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.command import Ran, assay, events

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SCHEMA = ROOT / "docs" / "reference" / "items.schema.json"
# Items: 38 files without the duplicate, four members of archives that are new, and the EXIF
# thumbnails of ten camera pictures.
COUNT = 51
THUMBNAIL = "!/EXIF thumbnail"
# Thumbnails that are items of their own: the first also stands in launch.jpg, which shows another
# picture, and the second in a picture of which the lower half is missing.
ALONE = {"DCIM/100EXMPL/EXMP0002.JPG", "DCIM/100EXMPL/EXMP0005.JPG", "Pictures/launch.jpg"}

# path: (origin, lane, band); lane None is the inventory
EXPECTED: Mapping[str, tuple[str, int | None, str | None]] = {
    "DCIM/100EXMPL/EXMP0001.JPG": ("camera", 1, "a"),
    "Backup/EXMP0001 (copy).JPG": ("camera", 1, "a"),
    "DCIM/100EXMPL/EXMP0002.JPG": ("camera", 1, "a"),
    "DCIM/100EXMPL/EXMP0003.JPG": ("camera", 1, "a"),
    "DCIM/100EXMPL/EXMP0004.JPG": ("camera", 1, "a"),
    "DCIM/101EXMPL/EXMP0101.JPG": ("camera", 1, "a"),
    "Backup/spring.zip!/spring/EXMP0004.JPG": ("camera", 1, "a"),
    "Backup/spring.zip!/spring/EXMP0009.JPG": ("camera", 1, "a"),
    "Downloads/fruit-bowl.jpg": ("synthetic", 4, None),
    "Downloads/fruit-bowl-detail.png": ("synthetic", 4, None),
    "Downloads/00007-402.png": ("edited", 1, "a"),
    "Downloads/ComfyUI_00042_.png": ("edited", 1, "a"),
    "Pictures/cat-under-northern-lights.jpg": ("edited", 1, "a"),
    "Pictures/coffee-small.jpg": ("edited", 1, "a"),
    "Pictures/wall-contrast.jpg": ("edited", 1, "a"),
    "Pictures/path.jpg": ("conflict", 1, "a"),
    "Pictures/morning.jpg": ("conflict", 1, "a"),
    "Pictures/launch.jpg": ("conflict", 1, "a"),
    "Downloads/00012-2741905313.png": ("unknown", 1, "b"),
    "Downloads/0031-sand dunes.jpg": ("unknown", 1, "b"),
    "Downloads/8c1d1e0f-example.png": ("unknown", 1, "b"),
    "Downloads/ComfyUI_00041_.png": ("unknown", 1, "b"),
    "Downloads/harbour.jpg": ("unknown", 1, "b"),
    "Downloads/postcard.jpg": ("unknown", 1, "b"),
    "Pictures/banner.webp": ("unknown", 1, "b"),
    "Pictures/day-and-night.gif": ("unknown", 1, "b"),
    "Pictures/deep-field.jpg": ("unknown", 1, "b"),
    "Pictures/dunes.avif": ("unknown", 1, "b"),
    "Pictures/icon.bmp": ("unknown", 1, "b"),
    "Pictures/ridges.png": ("unknown", 1, "b"),
    "Scans/ridges-16bit.tif": ("unknown", 1, "b"),
    "Backup/spring.zip!/spring/ridges-pale.png": ("unknown", 1, "b"),
    "Backup/old-phone.tar.gz!/phone/IMG_0001.jpg": ("unknown", 1, "b"),
    "Backup/old-phone.tar.gz!/phone/IMG_0002.webp": ("unknown", 1, "b"),
    "Backup/cache0042.dat": ("unknown", 1, "b"),
    "DCIM/100EXMPL/EXMP0005.JPG": ("unknown", 1, "b"),
    "Notes/shopping.txt": ("unknown", 1, "e"),
    "Notes/chime.wav": ("unknown", 1, "f"),
    "Backup/spring.zip": ("unknown", None, None),
    "Backup/old-phone.tar.gz": ("unknown", None, None),
    "Tools/copy-card.sh": ("unknown", None, None),
    "Tools/display.icc": ("unknown", None, None),
    "DCIM/.nomedia": ("unknown", None, None),
}
# path: a level that its evidence must hold
LEVELS: Mapping[str, str] = {
    "DCIM/100EXMPL/EXMP0002.JPG": "C2",
    "DCIM/100EXMPL/EXMP0005.JPG": "C1",  # damaged: its record cannot be held against a picture
    "Downloads/fruit-bowl.jpg": "S5",
    "Downloads/fruit-bowl-detail.png": "S5",
    "Downloads/harbour.jpg": "S1",
    "Downloads/00012-2741905313.png": "S2",
    "Downloads/0031-sand dunes.jpg": "S2",
    "Downloads/8c1d1e0f-example.png": "S2",
    "Downloads/ComfyUI_00041_.png": "S2",
    "Downloads/postcard.jpg": "S1",
}

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    folder: Path
    first: Ran
    items: Mapping[str, Item]  # by each path where the item was found


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    made = tmp_path_factory.mktemp("example")
    source, folder = made / "mixed-case", made / "case"
    shutil.copytree(EXAMPLES / "mixed-case", source)
    home = {"ASSAY_HOME": str(made / "home")}  # the fixture for single tests is not in force yet
    words = ("--case", folder, "--trust", EXAMPLES / "example-authority.pem", "--json")
    first = assay("triage", source, *words, env=home)
    assert assay("export", "items", "--case", folder, "-o", made / "items.jsonl").code == 0
    rows = [json.loads(line) for line in (made / "items.jsonl").read_text().splitlines()]
    return Case(folder, first, {o["path"]: row for row in rows for o in row["occurrences"]})


def test_the_run_ends_well_and_examines_everything(case: Case) -> None:
    assert case.first.code == 0
    assert (case.first.last["examined"], case.first.last["failed"]) == (COUNT, 0)
    assert {path for path in case.items if not path.endswith(THUMBNAIL)} == set(EXPECTED)


def test_a_thumbnail_stands_with_its_picture_unless_it_shows_another(case: Case) -> None:
    thumbnails = {
        path.removesuffix(THUMBNAIL): item
        for path, item in case.items.items()
        if path.endswith(THUMBNAIL)
    }
    assert {path for path, item in thumbnails.items() if item["shown_with"] is None} == ALONE
    carriers = {path: case.items[path]["sha256"] for path in thumbnails}
    for path, item in thumbnails.items():
        if path not in ALONE:  # the same thumbnail may stand in two copies of a picture
            assert item["shown_with"] in carriers.values()
            assert (item["lane"], item["rank"]) == (case.items[path]["lane"], None)
    original = case.items["DCIM/100EXMPL/EXMP0002.JPG"]["sha256"]
    assert thumbnails["Pictures/launch.jpg"]["small_copy"]["original"] == original


@pytest.mark.parametrize("path", list(EXPECTED))
def test_a_file_gets_its_origin_lane_and_band(case: Case, path: str) -> None:
    item = case.items[path]
    assert (item["origin"], item["lane"], item["band"]) == EXPECTED[path]


@pytest.mark.parametrize("path", LEVELS)
def test_a_file_carries_evidence_of_its_level(case: Case, path: str) -> None:
    assert LEVELS[path] in {claim["level"] for claim in case.items[path]["claims"]}


def test_every_origin_and_every_lane_without_lists_occurs(case: Case) -> None:
    rows = case.items.values()
    assert {r["origin"] for r in rows} == {"camera", "synthetic", "edited", "conflict", "unknown"}
    assert {r["lane"] for r in rows} == {1, 4, None}


def test_a_duplicate_is_one_item_with_two_places(case: Case) -> None:
    original = case.items["DCIM/100EXMPL/EXMP0001.JPG"]
    assert case.items["Backup/EXMP0001 (copy).JPG"] is original
    inside = case.items["Backup/spring.zip!/spring/EXMP0004.JPG"]
    assert inside is case.items["DCIM/100EXMPL/EXMP0004.JPG"]


def test_damage_and_a_wrong_name_are_findings_and_no_failures(case: Case) -> None:
    damaged, misnamed = (
        case.items[path] for path in ("DCIM/100EXMPL/EXMP0005.JPG", "Backup/cache0042.dat")
    )
    assert "truncated" in {finding["kind"] for finding in damaged["findings"]}
    assert damaged["picture"]["decoded"] == "partial"
    assert "type_mismatch" in {finding["kind"] for finding in misnamed["findings"]}
    assert not damaged["failures"]
    assert not misnamed["failures"]


def test_without_the_authority_the_signed_picture_is_not_synthetic(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    assay("triage", EXAMPLES / "mixed-case" / "Downloads" / "fruit-bowl.jpg", "--case", folder)
    listed = assay("queue", "--case", folder, "--json")
    assert (listed.last["origin"], listed.last["lane"]) == ("unknown", 1)
    assert listed.last["c2pa"]["tier"] == "untrusted"


def test_items_keep_their_documented_schema(case: Case) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for item in case.items.values():
        validator.validate(item)


def test_the_report_shows_every_item_and_needs_nothing_else(case: Case) -> None:
    page = _Page()
    page.feed((case.folder / "exports" / "report.html").read_text(encoding="utf-8"))
    assert not page.open
    assert not page.fetched
    for item in case.items.values():
        assert item["sha256"] in page.text


def test_a_case_that_nobody_touched_verifies(case: Case) -> None:
    assert assay("verify", "--case", case.folder).code == 0


def test_a_second_run_examines_nothing_and_adds_one_custody_event(case: Case) -> None:
    log = events(case.folder)
    source = case.folder.parent / "mixed-case"
    again = assay("triage", source, "--case", case.folder, "--json")
    assert (again.code, again.last["examined"], again.last["skipped"]) == (0, 0, COUNT)
    assert len(events(case.folder)) == len(log) + 1


class _Page(HTMLParser):
    """Collects text, tags left open, and whatever a browser would fetch or run."""

    _VOID = frozenset({"meta", "link", "br", "img", "hr", "col", "wbr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._VOID:
            self.open.append(tag)
        if tag in {"script", "link", "iframe", "object"}:
            self.fetched.append(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "href"} and not re.match("#|data:image/", value or ""):
                self.fetched.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_first_command_of_the_readme_prints_what_the_readme_quotes(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    commands = (row for row in text.splitlines() if row.startswith("python3.11"))
    line = next(row for row in commands if "triage" in row)
    words = line.rpartition(".venv/bin/assay ")[2].split()
    words[words.index("--case") + 1] = str(tmp_path / "case")
    done = assay(*(str(ROOT / w) if w.startswith("examples/") else w for w in words))
    assert done.code in (0, 3), done.err
    counted = re.compile(r"^  (lane \d|  band \w|inventory) +(\d+)", re.MULTILINE)
    printed = counted.findall(done.out)
    assert counted.findall(text.split("The first one prints:")[1]) == printed
    assert [name for name, count in printed if name.startswith("lane") and int(count)] == [
        f"lane {n}" for n in range(1, 6)
    ]

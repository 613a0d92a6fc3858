"""A case goes to a review tool as VICS 2.0, and what people decided there comes back."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.lists import library
from assay.trust.lists import home
from tests.support.command import Ran, assay
from tests.support.here import assay_here, by_path_here, events_here, items_here
from tests.support.list_files import CONTEXT_20
from tests.support.pictures import jpeg
from tests.support.vics_cases import ACTOR, TOOL, said, scheme_file

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "lists" / "vics.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
EVIL = "=cmd\u202e|'\n.jpg"
UNKNOWN = {"deep": [1, {"a": None}], "text": "é"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a case whose pictures lists know in several ways; made once, copied.

    1: a US list, category 1, with unknown fields. 2: two US lists that contradict each other.
    3: a UK list. 4: nobody. 5: twice, once in a ZIP under a hostile name.
    """
    root = tmp_path_factory.mktemp("export")
    folder = root / "in"
    folder.mkdir()
    for n in (1, 2, 3, 4, 5):
        (folder / f"{n}.jpg").write_bytes(jpeg(n, (160, 120)))
    with zipfile.ZipFile(folder / "box.zip", "w") as archive:
        archive.writestr(EVIL, (folder / "5.jpg").read_bytes())

    def known(name: str, number: int, category: int, country: str = "US", **more: Any) -> None:
        record = said(folder / f"{number}.jpg", category, 77, **more)
        context = CONTEXT_20.format(country, "Media")
        file = root / f"{name}.json"
        file.write_text(json.dumps({"@odata.context": context, "value": [record]}))
        assert assay("lists", "add", name, file, env=env).code == 0

    env = {"ASSAY_HOME": str(root / "home")}
    known(
        "alpha", 1, 1, Unknown=UNKNOWN, Series="Example A", VictimIdentified=False, Tags="theirs",
        MediaFiles=[{"MD5": "", "FileName": "elsewhere.jpg", "FilePath": "x\\elsewhere.jpg"}],
    )  # fmt: skip
    known("beta", 2, 1, VictimIdentified=True)
    known("gamma", 2, 2, VictimIdentified=False)
    known("delta", 3, 3, "UK")
    done = assay("triage", folder, "--case", root / "case", env=env)
    assert done.code == 0, done.err
    return root


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "case", tmp_path / "case")
    return tmp_path / "case"


def exported(case: Path, out: Path, *words: str | Path) -> tuple[Ran, list[dict[str, Any]]]:
    """Export a case, check the file against the schema, and return its media."""
    done = assay_here("export", "vics", "--case", case, "-o", out, "--json", *words)
    assert done.code == 0, done.err
    document = json.loads(out.read_text("utf-8"))
    VALIDATOR.validate(document)
    assert document["value"][0]["TotalMediaFiles"] == done.last["items"]
    return done, document["value"][0]["Media"]


def by_file(media: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {file["FilePath"]: row for row in media for file in row["MediaFiles"]}


def properties(row: dict[str, Any], name: str) -> list[str]:
    parts = row["MediaMetadata"]
    return [part["PropertyValue"] for part in parts if part["PropertyName"] == name]


# ---- what is written


def test_every_item_is_one_record_with_its_digests_and_places(case: Path, tmp_path: Path) -> None:
    done, media = exported(case, tmp_path / "out.json")
    rows = items_here(case)
    assert (len(media), done.last["items"]) == (len(rows), len(rows))
    assert [m["MD5"] for m in media] == [row["md5"].upper() for row in rows]  # the order of work
    assert [m["MediaID"] for m in media] == list(range(1, len(rows) + 1))
    for row, m in zip(rows, media, strict=True):
        hashes = {h["HashName"]: h["HashValue"] for h in m["AlternativeHashes"]}
        assert hashes["SHA256"] == row["sha256"].upper()
        assert hashes.get("PDQ") == (row["pdq"] and row["pdq"]["hash"])
        assert (m["SHA1"], m["MediaSize"]) == (row["sha1"].upper(), row["size"])
        assert (m["MimeType"], len(m["MediaFiles"])) == (row["media_type"], len(row["occurrences"]))
    five = by_file(media)["5.jpg"]
    inner, plain = sorted(five["MediaFiles"], key=lambda file: "ParentFileName" not in file)
    assert inner["FilePath"] == "box.zip!\\=cmd\\u202e|'\\u000a.jpg"
    assert (inner["ParentFilePath"], inner["FileName"]) == ("box.zip", "=cmd\\u202e|'\\u000a.jpg")
    assert plain["Written"].endswith("Z")
    assert plain["Deleted"] is plain["Unallocated"] is False
    assert plain["SourceID"].endswith("/in")


def test_assays_word_stands_in_metadata_tags_and_comments_and_is_never_a_category(
    case: Path, tmp_path: Path
) -> None:
    _, media = exported(case, tmp_path / "out.json", "--context", "US")
    row = by_file(media)["4.jpg"]
    assert row["Category"] is None
    assert row["IsPrecategorized"] is False
    assert row["Tags"] == "assay:lane-1;assay:unknown"
    assert row["Comments"].startswith("[Assay ")
    assert "origin unknown" in row["Comments"]
    assert properties(row, "assay:lane") == ["lane 1"]
    assert len(properties(row, "assay:reason")) >= 2
    assert "policy" in properties(row, "assay:tool")[0]


def test_the_file_takes_the_names_that_export_media_gives(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "handed"
    assert assay("export", "media", "--case", case, "--lane", "1", "-o", out).code == 0
    _, media = exported(case, out / "case.json", "--lane", "1")
    names = {m["RelativeFilePath"].replace("\\", "/") for m in media}
    assert names == {f"files/{path.name}" for path in (out / "files").iterdir()}


def test_a_category_of_a_list_is_marked_as_precategorised_and_its_fields_are_carried(
    case: Path, tmp_path: Path
) -> None:
    done, media = exported(case, tmp_path / "out.json", "--context", "US")
    row = by_file(media)["1.jpg"]
    assert (row["Category"], row["IsPrecategorized"]) == (1, True)
    assert row["PrecategorizationSource"] == "alpha"
    assert (row["Unknown"], row["Series"]) == (UNKNOWN, "Example A")
    assert (row["VictimIdentified"], properties(row, "assay:list Tags")) == (False, ["theirs"])
    assert [file["FileName"] for file in row["MediaFiles"]] == ["1.jpg"]
    assert "elsewhere.jpg" in properties(row, "assay:list MediaFiles")[0]
    assert (done.last["precategorized"], done.last["lists"]["alpha"]) == (1, 1)
    assert "of the list alpha" in done.err


def test_lists_that_contradict_each_other_and_codes_of_another_context_give_no_category(
    case: Path, tmp_path: Path
) -> None:
    done, media = exported(case, tmp_path / "out.json", "--context", "US")
    rows = by_file(media)
    assert rows["2.jpg"]["Category"] is rows["3.jpg"]["Category"] is None
    assert done.last["contradicted"] == 1
    assert "VictimIdentified" not in rows["2.jpg"]  # one list says yes, the other no
    assert any(
        name.startswith("gamma 77/") for name in properties(rows["2.jpg"], "assay:on a list")
    )
    kept = [
        json.loads(part["PropertyValue"])
        for part in rows["2.jpg"]["MediaMetadata"]
        if part["PropertyName"].startswith("assay:record gamma")
    ]
    assert kept[0]["Category"] == 2
    _, media = exported(case, tmp_path / "uk.json", "--context", "UK")
    row = by_file(media)["3.jpg"]
    assert (row["Category"], row["PrecategorizationSource"]) == (3, "delta")


# ---- what people decided


def test_a_persons_decision_in_the_scheme_of_the_context_is_the_category(
    made: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    scheme = scheme_file(tmp_path / "us.toml")
    folder = made / "in"
    assert assay("triage", folder, "--case", case, "--scheme", scheme).code == 0
    for who, category in (("J. Doe", "5"), ("R. Roe", "2")):
        words = ("--category", category, "--operator", who, "--note", "noted", "--case", case)
        assert assay_here("decide", "4.jpg", *words).code == 0
    _, media = exported(case, tmp_path / "us.json", "--context", "US")
    row = by_file(media)["4.jpg"]
    assert (row["Category"], row["IsPrecategorized"]) == (2, False)  # the lower lane number
    (made_by_roe,) = [d for d in by_path_here(case)["4.jpg"]["decisions"] if d["category"] == "2"]
    assert row["DateUpdated"] == made_by_roe["at"]
    assert properties(row, "assay:decision")[0].startswith("vics:US 2 by R. Roe at ")
    assert properties(row, "assay:decided")[0].startswith("vics:US 5 by J. Doe at ")
    assert properties(row, "assay:note") == ["J. Doe: noted", "R. Roe: noted"]
    done, media = exported(case, tmp_path / "uk.json", "--context", "UK")
    assert by_file(media)["4.jpg"]["Category"] is None
    assert done.last["elsewhere"] == {"vics:US": 1}


def test_the_same_selections_as_elsewhere(case: Path, tmp_path: Path) -> None:
    _, media = exported(case, tmp_path / "a", "--lane", "2")
    assert {file for m in media for file in by_file([m])} == {"1.jpg", "2.jpg"}
    assert len(exported(case, tmp_path / "b", "--top", "2")[1]) == 2
    assert len(exported(case, tmp_path / "c", "--where", "matches.list=delta")[1]) == 1
    assert exported(case, tmp_path / "d", "--origin", "camera")[1] == []


# ---- there and back


def test_the_file_is_a_list_of_as_many_records(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    _, media = exported(case, tmp_path / "out.json", "--context", "US")
    added = assay_here("lists", "add", "back", tmp_path / "out.json", "--json")
    assert (added.code, added.last["read"], added.last["refused"]) == (0, len(media), {})
    assert added.last["added"] == len(media)
    assert library.show(home(), "back").manifest.live == len(media)


def edited(source: Path, out: Path, categories: dict[str, int], **tool: str) -> Path:
    """Write a case again as a review tool would after a person gave categories."""
    document = json.loads(source.read_text("utf-8"))
    (given,) = document["value"]
    for path, category in categories.items():
        row = by_file(given["Media"])[path]
        row |= {"Category": category, "DateUpdated": "2026-05-18T16:40:02.1234567Z"}
        row["Comments"] += " a person's word"
        row["Tags"] += ";mine"
    given |= tool
    out.write_text(json.dumps(document))
    return out


def test_what_people_decided_in_the_tool_comes_back_as_decisions(
    case: Path, tmp_path: Path
) -> None:
    exported(case, tmp_path / "out.json", "--context", "US")
    # 1.jpg was precategorised as 1, and the tool left that mark although a person changed it
    back = edited(tmp_path / "out.json", tmp_path / "back.json", {"4.jpg": 5, "1.jpg": 2}, **TOOL)
    words = ("--scheme", scheme_file(tmp_path / "us.toml"), "--case", case, "--json")
    done = assay_here("decide", "--from", "vics", back, *words)
    assert done.code == 0, done.err
    assert (done.last["recorded"], done.last["refused"]) == (2, 0)
    rows = by_path_here(case)
    assert [d["note"] for d in rows["4.jpg"]["decisions"]] == ["a person's word; tags: mine"]
    assert [d["actor"] for d in rows["1.jpg"]["decisions"]] == [ACTOR]
    assert (rows["4.jpg"]["lane"], rows["1.jpg"]["lane"]) == (5, 2)
    assert assay_here("verify", "--case", case).code == 0
    # and go out again as the person's
    _, media = exported(case, tmp_path / "again.json", "--context", "US")
    row = by_file(media)["4.jpg"]
    assert (row["Category"], row["DateUpdated"]) == (5, "2026-05-18T16:40:02.1234567Z")
    # what nobody touched is nobody's decision
    quiet = edited(tmp_path / "again.json", tmp_path / "quiet.json", {}, **TOOL)
    same = assay_here("decide", "--from", "vics", quiet, "--case", case, "--json")
    assert (same.code, same.last["recorded"], same.last["unchanged"]) == (0, 0, 2)


def test_a_list_made_of_an_export_does_not_speak_for_another_case(
    made: Path, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    exported(case, tmp_path / "out.json", "--context", "US")
    assert assay_here("lists", "add", "back", tmp_path / "out.json").code == 0
    (tmp_path / "in").mkdir()
    shutil.copy(made / "in" / "1.jpg", tmp_path / "in")
    assert assay("triage", tmp_path / "in", "--case", tmp_path / "other").code == 0
    _, (row,) = exported(tmp_path / "other", tmp_path / "other.json", "--context", "US")
    assert len(properties(row, "assay:tool")) == 1
    assert len(properties(row, "assay:list assay:tool")) == 1
    assert row["Unknown"] == UNKNOWN


# ---- the hand-over


def test_the_export_is_on_record_and_whole(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done, _ = exported(case, out, "--operator", "J. Doe")
    event = events_here(case)[-1]
    assert (event["action"], event["actor"], event["subject"]) == (
        "vics.exported",
        "J. Doe",
        str(out),
    )
    assert event["detail"]["sha256"] == done.last["sha256"]
    written = json.loads(out.read_text())["value"][0]
    assert (written["SourceApplicationName"], written["ContactName"]) == ("Assay", "J. Doe")
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


@pytest.mark.parametrize("kind", ["vics", "csv"])
def test_nothing_is_written_over_or_into_the_evidence(
    case: Path, made: Path, tmp_path: Path, kind: str
) -> None:
    there = tmp_path / "there"
    there.write_text("kept")
    for out in (there, made / "in" / "new", tmp_path / "missing" / "new"):
        refused = assay_here("export", kind, "--case", case, "-o", out)
        assert refused.code in (1, 2)
        assert "-o" in refused.err or "outside every source" in refused.err
    assert there.read_text() == "kept"
    assert not (made / "in" / "new").exists()


def test_an_unknown_context_is_a_usage_error(case: Path, tmp_path: Path) -> None:
    words = ("export", "vics", "--case", case, "-o", tmp_path / "x", "--context", "XX")
    refused = assay_here(*words)
    assert (refused.code, "CUSTOM" in refused.err) == (2, True)
    assert not (tmp_path / "x").exists()

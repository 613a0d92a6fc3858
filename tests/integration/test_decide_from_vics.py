"""Categories that people gave in another tool come back as that tool's decisions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Ran, assay
from tests.support.here import assay_here, by_path_here, events_here
from tests.support.list_files import CONTEXT_13, CONTEXT_20
from tests.support.pictures import jpeg
from tests.support.vics_cases import ACTOR, TOOL, WHEN, case_file, said, scheme_file

COUNTED = (
    "recorded", "already", "unchanged", "older", "outdone", "repeated", "uncategorised", "listed",
    "unmet", "differs",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three pictures and their case, made once and copied."""
    root = tmp_path_factory.mktemp("vics")
    (root / "in").mkdir()
    for n in (1, 2, 3):
        (root / "in" / f"{n}.jpg").write_bytes(jpeg(n, (160, 120)))
    assert assay("triage", root / "in", "--case", root / "case").code == 0
    return root


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "case", tmp_path / "case")
    return tmp_path / "case"


@pytest.fixture
def pictures(made: Path) -> list[Path]:
    return [made / "in" / f"{n}.jpg" for n in (1, 2, 3)]


def taken(case: Path, *words: str | Path, code: int = 0) -> dict[str, Any]:
    done = assay_here("decide", "--from", "vics", *words, "--case", case, "--json")
    assert done.code == code, done.out + done.err
    told: dict[str, Any] = done.last
    assert told["records"] == sum(told[name] for name in COUNTED)
    return told


def decisions(case: Path, path: str) -> list[dict[str, Any]]:
    return by_path_here(case)[path]["decisions"]  # type: ignore[no-any-return]


def lanes(case: Path) -> dict[str, Any]:
    return {path: row["lane"] for path, row in by_path_here(case).items()}


def refused(case: Path, *words: str | Path) -> Ran:
    before = len(events_here(case))
    done = assay_here("decide", "--from", "vics", *words, "--case", case)
    assert done.code == 2, done.out + done.err
    assert len(events_here(case)) == before
    return done


# ---- what a decision is


def test_a_category_is_the_tools_decision_with_the_time_that_it_states(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    record = said(pictures[0], 2, Comments="seen in daylight", Tags="blue; window")
    file = case_file(tmp_path / "lab.json", [record])
    told = taken(case, file, "--scheme", scheme_file(tmp_path / "us.toml"), "--operator", "J. Doe")
    assert (told["recorded"], told["moves"], told["scheme_added"]) == (1, 1, "vics:US")
    assert decisions(case, "1.jpg") == [
        {
            "actor": ACTOR,
            "scheme": "vics:US",
            "category": "2",
            "note": "seen in daylight; tags: blue; window",
            "at": WHEN,
        }
    ]
    assert lanes(case) == {"1.jpg": 2, "2.jpg": 1, "3.jpg": 1}
    assert assay_here("verify", "--case", case).code == 0
    event = events_here(case)[-1]
    assert (event["action"], event["actor"]) == ("decisions.imported", "J. Doe")
    assert event["detail"]["files"][0]["sha256"] == told["files"][0]["sha256"]
    assert event["detail"]["actors"] == {ACTOR: 1}
    assert event["detail"]["moved"] == [[by_path_here(case)["1.jpg"]["sha256"], 1, 2]]


def test_null_and_0_and_a_content_from_elsewhere_are_no_decision(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "other.jpg").write_bytes(b"elsewhere")
    records = [
        said(pictures[0], None),
        said(pictures[1], 0),
        said(pictures[2], "0"),
        said(tmp_path / "other.jpg", 1),
    ]
    told = taken(case, case_file(tmp_path / "lab.json", records))
    assert (told["records"], told["uncategorised"], told["unmet"]) == (4, 3, 1)
    assert not any(row["decisions"] for row in by_path_here(case).values())


def test_the_same_file_twice_is_recorded_once(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    records = [said(pictures[0], 2), said(pictures[1], 5, DateUpdated=None)]
    words = (case_file(tmp_path / "lab.json", records), "--scheme", scheme_file(tmp_path / "s"))
    first = taken(case, *words)
    again = taken(case, *words)
    assert (first["recorded"], again["recorded"], again["already"]) == (2, 0, 2)
    assert (again["moves"], again["scheme_added"]) == (0, None)
    assert len(decisions(case, "1.jpg")) == len(decisions(case, "2.jpg")) == 1
    assert "not stated" in decisions(case, "2.jpg")[0]["note"]


def test_what_was_undone_stays_undone_when_the_file_comes_again(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    records = [said(pictures[0], 5), said(pictures[1], 5, DateUpdated=None)]
    words = (case_file(tmp_path / "lab.json", records), "--scheme", scheme_file(tmp_path / "s"))
    taken(case, *words)
    assert (lanes(case)["1.jpg"], lanes(case)["2.jpg"]) == (5, 5)
    undo = ("decide", "1.jpg", "2.jpg", "--undo", "--operator", ACTOR, "--case", case)
    assert assay_here(*undo).code == 0
    taken(case, *words)
    assert (lanes(case)["1.jpg"], lanes(case)["2.jpg"]) == (1, 1)


def test_a_scheme_that_the_case_does_not_have_places_nothing_until_it_is_given(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    file = case_file(tmp_path / "lab.json", [said(pictures[0], 2), said(pictures[1], 4)])
    told = taken(case, file)
    assert (told["recorded"], told["moves"]) == (2, 0)
    assert told["unplaced"] == [
        {"scheme": "vics:US", "category": "2", "decisions": 1},
        {"scheme": "vics:US", "category": "4", "decisions": 1},
    ]
    spoken = assay_here("decide", "--from", "vics", file, "--case", case)
    assert (spoken.code, 'name = "vics:US"' in spoken.out) == (0, True)
    assert set(lanes(case).values()) == {1}
    later = taken(case, file, "--scheme", scheme_file(tmp_path / "us.toml"))
    assert (later["recorded"], later["already"], later["moves"]) == (0, 2, 1)
    assert later["unplaced"] == [{"scheme": "vics:US", "category": "4", "decisions": 1}]
    assert lanes(case) == {"1.jpg": 2, "2.jpg": 1, "3.jpg": 1}
    assert assay_here("verify", "--case", case).code == 0
    # the scheme of the case's own decisions stays the first
    assert assay_here("decide", "3.jpg", "--category", "3", "--case", case).code == 0
    assert decisions(case, "3.jpg")[0]["scheme"] == "neutral"


def test_of_two_actors_who_disagree_the_lower_lane_counts(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    words = ("--scheme", scheme_file(tmp_path / "us.toml"))
    assert (
        assay_here("decide", "1.jpg", "--category", "5", "--case", case, "--operator", "B").code
        == 0
    )
    told = taken(case, case_file(tmp_path / "lab.json", [said(pictures[0], 2)]), *words)
    assert (told["disagree"], lanes(case)["1.jpg"]) == (1, 2)
    other = case_file(tmp_path / "second.json", [said(pictures[0], 5)])
    taken(case, other, "--actor", "Second laboratory")
    assert lanes(case)["1.jpg"] == 2
    assert {d["actor"] for d in decisions(case, "1.jpg")} == {"B", ACTOR, "Second laboratory"}


# ---- several records about one item


def test_one_category_said_twice_counts_once(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    records = [said(pictures[0], 2), said(pictures[0], 2, 2)]
    told = taken(case, case_file(tmp_path / "lab.json", records))
    assert (told["recorded"], told["repeated"], told["several"]) == (1, 1, 0)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_categories_by_one_actor_the_later_counts_and_both_are_named(
    case: Path, pictures: list[Path], tmp_path: Path, order: int
) -> None:
    early = said(pictures[0], 2, DateUpdated="2024-05-18T16:40:02Z")
    late = said(pictures[0], 5, 2, DateUpdated="2024-05-18T19:40:02.5+03:00")
    file = case_file(tmp_path / "lab.json", [early, late][::order])
    told = taken(case, file, "--scheme", scheme_file(tmp_path / "us.toml"))
    assert (told["recorded"], told["outdone"], told["several"]) == (1, 1, 1)
    (both,) = told["several_named"]
    assert (both["path"], both["counts"]) == ("1.jpg", "5")
    assert {s["category"] for s in both["said"]} == {"2", "5"}
    assert decisions(case, "1.jpg")[0]["at"] == "2024-05-18T16:40:02.500000Z"
    assert lanes(case)["1.jpg"] == 5


@pytest.mark.parametrize("when", [None, WHEN])
def test_where_no_category_is_the_later_one_the_lower_lane_counts(
    case: Path, pictures: list[Path], tmp_path: Path, when: str | None
) -> None:
    records = [said(pictures[0], 2, DateUpdated=when), said(pictures[0], 5, 2)]
    words = ("--scheme", scheme_file(tmp_path / "us.toml"))
    taken(case, case_file(tmp_path / "lab.json", records), *words)
    assert lanes(case)["1.jpg"] == 2


def test_an_older_export_that_comes_later_changes_nothing(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    words = ("--scheme", scheme_file(tmp_path / "us.toml"))
    taken(case, case_file(tmp_path / "new.json", [said(pictures[0], 2)]), *words)
    old = said(pictures[0], 5, DateUpdated="2023-01-01T00:00:00Z")
    told = taken(case, case_file(tmp_path / "old.json", [old]), *words)
    assert (told["older"], told["recorded"], lanes(case)["1.jpg"]) == (1, 0, 2)


# ---- what a record must agree with


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"SHA1": "0" * 40}, ["SHA-1"]),
        ({"MediaSize": 1}, ["size"]),
        ({"MD5": "0" * 32}, ["MD5"]),
        ({"AlternativeHashes": [{"HashName": "SHA256", "HashValue": "0" * 64}]}, ["SHA-256"]),
    ],
)
def test_a_record_that_agrees_in_part_only_is_a_finding_and_no_decision(
    case: Path, pictures: list[Path], tmp_path: Path, more: dict[str, Any], named: list[str]
) -> None:
    file = case_file(tmp_path / "lab.json", [said(pictures[0], 5, **more)])
    told = taken(case, file, code=3)
    assert (told["differs"], told["recorded"]) == (1, 0)
    assert told["differs_named"][0]["differs"] == named
    assert told["differs_named"][0]["item"] == by_path_here(case)["1.jpg"]["sha256"]
    assert decisions(case, "1.jpg") == []


def test_a_record_with_an_md5_alone_is_enough(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    bare = said(pictures[0], 2, SHA1=None, MediaSize=None)
    assert taken(case, case_file(tmp_path / "lab.json", [bare]))["recorded"] == 1


def test_broken_records_are_listed_with_place_and_reason_and_the_others_count(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    good = [said(p, 2, n) for n, p in enumerate(pictures, 1)]
    records = [good[0], {**good[1], "MD5": "XYZ"}, "text", {**good[2], "Category": {"a": 1}}]
    file = case_file(tmp_path / "lab.json", records)
    told = taken(case, file, code=3)
    assert (told["recorded"], told["uncategorised"], told["refused"]) == (1, 1, 3)
    places = [row["place"] for row in told["refused_named"]]
    assert places == [f"byte {file.read_text().index(json.dumps(r))}" for r in records[1:]]
    assert "md5" in told["refused_named"][0]["reason"]
    spoken = assay_here("decide", "--from", "vics", file, "--case", case)
    assert (spoken.code, spoken.out.count("refused: lab.json byte")) == (3, 3)


def test_a_file_that_breaks_off_gives_what_it_holds(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    file = case_file(tmp_path / "lab.json", [said(p, 2) for p in pictures], {}, **TOOL)
    file.write_text(file.read_text()[:-60])
    told = taken(case, file, code=3)
    assert (told["recorded"], told["actors"]) == (2, {ACTOR: 2})


# ---- who decided


@pytest.mark.parametrize(
    ("tool", "actor"),
    [
        ({"SourceApplicationName": "Example Review"}, "Example Review"),
        ({"ContactName": "A. Examiner"}, "A. Examiner"),
        (
            {**TOOL, "ContactName": "A.\u202e Examiner\n"},
            "Example Review 3.1 (A.\\u202e Examiner\\u000a)",
        ),
    ],
)
def test_the_actor_is_whom_the_file_names(
    case: Path, pictures: list[Path], tmp_path: Path, tool: dict[str, str], actor: str
) -> None:
    told = taken(case, case_file(tmp_path / "lab.json", [said(pictures[0], 2)], tool))
    assert told["actors"] == {actor: 1}


def test_each_case_of_a_file_has_its_own_actor(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    cases = [
        {"Media": [said(pictures[0], 2)], "SourceApplicationName": "First"},
        {"SourceApplicationName": "Second", "Media": [said(p, 2) for p in pictures[1:]]},
    ]
    document = {"@odata.context": CONTEXT_20.format("US", "Cases"), "value": cases}
    (tmp_path / "lab.json").write_text(json.dumps(document))
    assert taken(case, tmp_path / "lab.json")["actors"] == {"First": 1, "Second": 2}


def test_a_file_that_names_nobody_or_assay_itself_needs_an_actor(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    for tool in ({}, {**TOOL, "SourceApplicationName": "Assay"}):
        file = case_file(tmp_path / "lab.json", [said(pictures[0], 2)], tool)
        assert "--actor" in refused(case, file).err
    assert taken(case, file, "--actor", "R. Roe")["actors"] == {"R. Roe": 1}


def test_a_hash_set_is_read_as_well_with_an_actor(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    document = {"@odata.context": CONTEXT_20.format("UK", "Media"), "value": [said(pictures[0], 3)]}
    (tmp_path / "set.json").write_text(json.dumps(document))
    told = taken(case, tmp_path / "set.json", "--actor", "R. Roe")
    assert told["unplaced"] == [{"scheme": "vics:UK", "category": "3", "decisions": 1}]


# ---- what a list said


def test_what_a_list_categorised_is_no_decision_of_a_person(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    file = case_file(tmp_path / "lab.json", [said(pictures[0], 5, IsPrecategorized="true")])
    told = taken(case, file)
    assert (told["listed"], told["recorded"]) == (1, 0)
    assert taken(case, file, "--precategorized")["recorded"] == 1


def test_a_category_that_a_person_changed_counts_although_the_mark_of_the_list_stayed(
    made: Path, tmp_path: Path
) -> None:
    folder, case = made / "in", tmp_path / "case"
    known = {
        "@odata.context": CONTEXT_20.format("US", "Media"),
        "value": [said(folder / "1.jpg", 1)],
    }
    (tmp_path / "list.json").write_text(json.dumps(known))
    assert assay_here("lists", "add", "a", tmp_path / "list.json").code == 0
    assert assay("triage", folder, "--case", case).code == 0
    same, other = (said(folder / "1.jpg", c, IsPrecategorized=True) for c in (1, 5))
    assert taken(case, case_file(tmp_path / "lab.json", [same]))["listed"] == 1
    assert taken(case, case_file(tmp_path / "lab.json", [other]))["recorded"] == 1


# ---- times and other versions


@pytest.mark.parametrize(
    ("stated", "at", "remark"),
    [
        ("/Date(1388534400000)/", "2014-01-01T00:00:00Z", ""),
        ("2024-05-18T16:40:02", "2024-05-18T16:40:02Z", "without a zone: taken as UTC"),
        ("0001-01-01T00:00:00", None, "its time is not stated"),
        ("some day", None, "its time is stated as some day"),
    ],
)
def test_times_are_kept_as_stated_or_it_is_said_what_they_were(
    case: Path, pictures: list[Path], tmp_path: Path, stated: str, at: str | None, remark: str
) -> None:
    taken(case, case_file(tmp_path / "lab.json", [said(pictures[0], 2, DateUpdated=stated)]))
    (decision,) = decisions(case, "1.jpg")
    assert remark in decision["note"]
    assert decision["at"] == at or (at is None and decision["at"] > "2025")


def test_version_1_needs_to_be_told_whose_categories_it_uses(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    value = [{**TOOL, "Media": [said(pictures[0], 2)]}]
    document = {"value": value, "odata.metadata": CONTEXT_13.format("Cases")}
    (tmp_path / "old.json").write_text(json.dumps(document))
    words = (tmp_path / "old.json", "--scheme", scheme_file(tmp_path / "us.toml"))
    assert "vics:1.x" in refused(case, *words).err
    told = taken(case, *words, "--namespace", "vics:US")
    assert (told["recorded"], lanes(case)["1.jpg"]) == (1, 2)
    new = case_file(tmp_path / "new.json", [said(pictures[0], 2)], country="UK")
    assert "vics:UK" in refused(case, new, "--namespace", "vics:US").err


def test_the_context_counts_where_it_stands_behind_the_records(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    value = [{**TOOL, "Media": [said(pictures[0], 2)]}]
    document = {"value": value, "@odata.context": CONTEXT_20.format("US", "Cases")}
    (tmp_path / "lab.json").write_text(json.dumps(document))
    taken(case, tmp_path / "lab.json")
    assert decisions(case, "1.jpg")[0]["scheme"] == "vics:US"


# ---- usage


def test_a_scheme_of_another_name_or_content_is_refused(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    file = case_file(tmp_path / "lab.json", [said(pictures[0], 2)])
    assert "vics:US" in refused(case, file, "--scheme", scheme_file(tmp_path / "uk", "UK")).err
    us = scheme_file(tmp_path / "us.toml")
    taken(case, file, "--scheme", us)
    us.write_text(us.read_text().replace("lane = 2", "lane = 3"))
    assert "another scheme" in refused(case, file, "--scheme", us).err


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "xlsx", "a.json"),
        ("--from", "vics"),
        ("--from", "vics", "missing.json"),
        ("--from", "vics", "a.json", "--category", "1"),
        ("a.jpg", "--actor", "somebody"),
    ],
)
def test_what_does_not_fit_together_is_a_usage_error(case: Path, words: tuple[str, ...]) -> None:
    assert assay_here("decide", *words, "--case", case).code == 2


def test_a_table_is_no_vics_file(case: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("md5,category\n" + "0" * 32 + ",1\n")
    assert "no VICS file" in refused(case, tmp_path / "a.csv").err


def test_an_error_in_the_middle_records_nothing(
    case: Path, pictures: list[Path], tmp_path: Path
) -> None:
    good = case_file(tmp_path / "good.json", [said(pictures[0], 2)])
    nobody = case_file(tmp_path / "nobody.json", [said(pictures[1], 2)], {})
    refused(case, good, nobody)
    assert not any(row["decisions"] for row in by_path_here(case).values())

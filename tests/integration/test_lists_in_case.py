"""Known-hash lists in a case: lanes 2, 3 and 5, retroactive matching, lists that cannot be used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.core.facts import Sha256
from assay.engine import matching
from assay.engine.session import open_session
from assay.store import queries
from assay.trust.lists import home
from tests.support.command import Ran, assay, by_path, events
from tests.support.pictures import jpeg

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SCHEMA = ROOT / "docs" / "reference" / "items.schema.json"
LISTS = ("identified", "unidentified", "not-relevant")
PATHS = ("Pictures/deep-field.jpg", "Pictures/ridges.png", "Pictures/icon.bmp")


def add_example(*names: str, **env: str) -> None:
    for name in names:
        done = assay("lists", "add", name, EXAMPLES / f"list-{name}.json", env=env)
        assert done.code == 0, done.err


def known(name: str, path: Path, category: int, **more: Any) -> None:
    """Put one file into a list of its own, or a newer version of it."""
    (row,) = assay("hash", path, "--json").rows
    context = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media"
    media = {"MediaID": 1, "MD5": row["md5"], "Category": category, **more}
    file = path.parent / f"{name}-{category}-{len(more)}.json"
    file.write_text(json.dumps({"@odata.context": context, "value": [media]}))
    assert assay("lists", "add", name, file).code == 0
    file.unlink()


def lanes(case: Path) -> dict[str, int | None]:
    return {path: row["lane"] for path, row in by_path(case).items()}


def actions(case: Path) -> list[str]:
    return [event["action"] for event in events(case)]


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """Return a folder with three pictures."""
    folder = tmp_path / "in"
    folder.mkdir()
    for n in (1, 2, 3):
        (folder / f"{n}.jpg").write_bytes(jpeg(n, (320, 240)))
    return folder


def triage(folder: Path, case: Path) -> Ran:
    done = assay("triage", folder, "--case", case, "--json")
    assert done.code == 0, done.err
    return done


# ---- the example


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    made = tmp_path_factory.mktemp("lists")
    env = {"ASSAY_HOME": str(made / "home")}
    add_example(*LISTS, **env)
    shutil.copytree(EXAMPLES / "mixed-case", made / "mixed-case")
    words = ("--trust", EXAMPLES / "example-authority.pem", "--json")
    done = assay("triage", made / "mixed-case", "--case", made / "case", *words, env=env)
    assert done.code == 0, done.err
    return made / "case", env


def test_with_the_lists_of_the_example_all_five_lanes_appear(
    example: tuple[Path, dict[str, str]],
) -> None:
    case, _ = example
    rows = by_path(case)
    assert {row["lane"] for row in rows.values()} == {1, 2, 3, 4, 5, None}
    assert [rows[path]["lane"] for path in PATHS] == [3, 2, 5]
    near = rows["Pictures/dunes.avif"]
    assert near["lane"] == 2
    assert [(m["algorithm"], m["list"]) for m in near["matches"]] == [("pdq", "unidentified")]
    assert near["matches"][0]["record"]["Series"] == "Example B"
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for row in rows.values():
        validator.validate(row)


def test_the_case_verifies_and_a_second_run_adds_nothing(
    example: tuple[Path, dict[str, str]],
) -> None:
    case, env = example
    assert assay("verify", "--case", case).code == 0
    before = actions(case)
    again = assay("triage", case.parent / "mixed-case", "--case", case, "--json", env=env)
    assert again.last["examined"] == 0
    assert actions(case) == [*before, "run.finished"]


def test_hits_are_selected_shown_and_reported(example: tuple[Path, dict[str, str]]) -> None:
    case, _ = example
    rows = assay("queue", "--case", case, "--where", "matches.list=identified", "--json").rows
    assert [row["occurrences"][0]["path"] for row in rows] == ["Pictures/deep-field.jpg"]
    assert "on lists: identified 1/" in assay("queue", "--case", case, "--lane", "3").out
    shown = assay("show", "Pictures/deep-field.jpg", "--case", case).out
    assert "VictimIdentified: true" in shown
    page = (case / "exports" / "report.html").read_text("utf-8")
    assert "Known-hash lists" in page
    assert rows[0]["matches"][0]["list_version"] in page


# ---- lists come, change and go


def test_a_list_added_later_places_what_is_there_without_reading_it_again(
    one: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    triage(one, case)
    assert set(lanes(case).values()) == {1}
    assert not any(action.startswith("lists.") for action in actions(case))
    known("a", one / "1.jpg", 1)
    sha = by_path(case)["1.jpg"]["sha256"]
    again = assay("run", "--case", case, "--json")
    assert (again.code, again.last["examined"]) == (0, 0)
    assert lanes(case) == {"1.jpg": 2, "2.jpg": 1, "3.jpg": 1}
    (event,) = [e for e in events(case) if e["action"] == "lists.matched"]
    assert (event["detail"]["moved"], event["detail"]["moves"]) == ([[sha, 1, 2]], 1)
    assert assay("verify", "--case", case).code == 0


def test_a_newer_version_of_a_list_moves_items_and_keeps_what_was_found(
    one: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    known("a", one / "1.jpg", 1, VictimIdentified=True)
    triage(one, case)
    assert lanes(case)["1.jpg"] == 3
    known("a", one / "1.jpg", 1, VictimIdentified=False)
    triage(one, case)
    row = by_path(case)["1.jpg"]
    assert (row["lane"], [m["identified"] for m in row["matches"]]) == (2, [False])
    with open_session(case) as session:
        stored = session.case.reader.matches(Sha256(row["sha256"]))
    assert sorted(str(m.identified) for m in stored) == ["False", "True"]
    assert assay("verify", "--case", case).code == 0


def test_an_edited_category_table_moves_items(one: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    known("a", one / "1.jpg", 1)
    triage(one, case)
    path = home() / "lists" / "a" / "list.toml"
    path.write_text(path.read_text().replace('1", polarity = "positive"', '1", polarity = "none"'))
    triage(one, case)
    assert lanes(case)["1.jpg"] == 1


def test_a_list_that_is_not_in_force_places_nothing(one: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    known("a", one / "1.jpg", 5)
    path = home() / "lists" / "a" / "list.toml"
    text = path.read_text()
    kept = [line for line in text.splitlines() if not line.startswith("valid_until")]
    path.write_text('valid_until = "2000-01-01"\n' + "\n".join(kept) + "\n")
    triage(one, case)
    row = by_path(case)["1.jpg"]
    assert (row["lane"], [m["polarity"] for m in row["matches"]]) == (1, ["none"])


def test_a_pinned_list_that_is_gone_stops_matching_until_it_is_given_up(
    one: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    known("a", one / "1.jpg", 1)
    known("b", one / "2.jpg", 5)
    third = (one / "3.jpg").read_bytes()
    known("b", one / "3.jpg", 5)
    (one / "3.jpg").unlink()
    triage(one, case)
    assert lanes(case) == {"1.jpg": 2, "2.jpg": 5}
    shutil.rmtree(home() / "lists" / "a")
    (one / "3.jpg").write_bytes(third)
    done = assay("triage", one, "--case", case)
    assert "not installed here: the list a" in done.err
    assert lanes(case) == {"1.jpg": 2, "2.jpg": 5, "3.jpg": 1}  # unmatched, so not lowered
    assert assay("verify", "--case", case).code == 0
    assert actions(case).count("lists.unavailable") == 1
    assert assay("run", "--upgrade", "--yes", "--case", case).code == 0
    assert lanes(case)["1.jpg"] == 1
    triage(one, case)
    assert lanes(case) == {"1.jpg": 1, "2.jpg": 5, "3.jpg": 5}
    assert assay("verify", "--case", case).code == 0


def test_a_list_that_cannot_be_opened_lowers_nothing_and_stops_nothing(
    one: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    known("b", one / "2.jpg", 5)
    path = home() / "lists" / "b" / "list.toml"
    good = path.read_text()
    path.write_text("distance = 'far'\n")
    done = assay("triage", one, "--case", case)
    assert (done.code, set(lanes(case).values())) == (0, {1})
    assert "known-hash lists were not used" in done.err
    (finished,) = [e for e in events(case) if e["action"] == "run.finished"]
    assert "list.toml" in finished["detail"]["lists"]["problem"]
    path.write_text(good)
    triage(one, case)
    assert lanes(case) == {"1.jpg": 1, "2.jpg": 5, "3.jpg": 1}


def test_matching_again_is_whole_or_not_at_all(
    one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = tmp_path / "case"
    triage(one, case)
    known("a", one / "1.jpg", 1)
    with open_session(case, write=True) as session:
        with monkeypatch.context() as patch:
            patch.setattr(queries, "matched", _killed)
            with pytest.raises(KeyboardInterrupt):
                matching.start(session, "A. Examiner")
        assert queries.matched(session.case.connection) == []
        assert "lists" not in session.case.settings
    assert assay("verify", "--case", case).code == 0
    triage(one, case)
    assert lanes(case)["1.jpg"] == 2


def _killed(_connection: object) -> list[Sha256]:
    raise KeyboardInterrupt


def test_cases_matched_with_other_lists_are_not_merged(one: Path, tmp_path: Path) -> None:
    triage(one, tmp_path / "first")
    known("a", one / "1.jpg", 1)
    triage(one, tmp_path / "second")
    words = ("merge", tmp_path / "first", tmp_path / "second", "-o", tmp_path / "both")
    refused = assay(*words)
    assert refused.code != 0
    assert "another set of known-hash lists" in refused.err
    triage(one, tmp_path / "first")
    done = assay(*words)
    assert done.code == 0, done.err
    assert lanes(tmp_path / "both")["1.jpg"] == 2
    assert assay("verify", "--case", tmp_path / "both").code == 0


# ---- decisions and lists


def test_a_list_that_comes_to_know_a_file_reopens_what_was_decided(
    one: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    triage(one, case)
    first, second = one / "1.jpg", one / "2.jpg"
    for path in (first, second):
        words = ("decide", path, "--category", "5", "--case", case)
        assert assay(*words).code == 0
    known("software", second, 5)  # says the same as the decision
    known("series", first, 1, VictimIdentified=False)
    triage(one, case)
    assert lanes(case) == {"1.jpg": 2, "2.jpg": 5, "3.jpg": 1}
    assert "open again" in assay("show", first, "--case", case).out
    assert assay("verify", "--case", case).code == 0
    # a newer version of the list that says the same is no new hit
    assert assay("decide", first, "--category", "5", "--case", case).code == 0
    assert lanes(case)["1.jpg"] == 5
    known("series", first, 1, VictimIdentified=False, Series="Example", Comments="newer")
    triage(one, case)
    assert lanes(case)["1.jpg"] == 5

"""Cases join into one that holds every fact of each, or nothing is made at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from assay.store.contents import short_digest
from tests.support.cases import tampering
from tests.support.command import COMMAND, assay, by_path, events, items
from tests.support.mounts import namespace
from tests.support.photos import exif_block, photo, scene
from tests.support.pictures import jpeg

TABLES = ("decisions", "failures", "items", "occurrences", "relocations", "sources")
DAY = ("--evaluation-date", "2026-01-01")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two cases that share contents, made once; they are only read."""
    root = tmp_path_factory.mktemp("merge")
    one, two = root / "phone", root / "card"
    one.mkdir()
    two.mkdir()
    (one / "shared.jpg").write_bytes(jpeg(1))
    (one / "camera.jpg").write_bytes(photo(scene(), exif_block()))
    (one / "cut.jpg").write_bytes(jpeg(2)[:-900])
    with zipfile.ZipFile(one / "box.zip", "w") as archive:
        archive.writestr("in\u202eside.jpg", jpeg(3))
    with zipfile.ZipFile(two / "box.zip", "w") as archive:
        archive.writestr("shared too.jpg", jpeg(1))
        archive.writestr("new.jpg", jpeg(4))
    (two / "cut.jpg").write_bytes(jpeg(2)[:-900])
    for name in ("phone", "card"):
        done = assay("triage", root / name, "--case", root / f"case-{name}", *DAY)
        assert done.code in (0, 3), done.err
    decide(root / "case-phone", "camera.jpg", "2", "A")
    decide(root / "case-card", "box.zip!/new.jpg", "5", "B")
    return root


@pytest.fixture
def cases(made: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return copies of the two cases."""
    for name in ("case-phone", "case-card"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path / "case-phone", tmp_path / "case-card"


def decide(case: Path, path: str, category: str, who: str) -> None:
    words = ("--category", category) if category else ("--undo",)
    done = assay("decide", path, "--case", case, *words, "--operator", who)
    assert done.code == 0, done.err


def facts(case: Path) -> set[tuple[str, str]]:
    """Return every fact of a case by table and digest of its content."""
    database = sqlite3.connect(f"file:{case}/case.db?mode=ro", uri=True)
    found = {
        (table, row[0])
        for table in TABLES
        for row in database.execute(f"SELECT digest FROM {table}")
    }
    seen = database.execute("SELECT id || ' ' || seal FROM observations")
    found |= {("observations", row[0]) for row in seen}
    database.close()
    return found


def apart(case: Path) -> set[tuple[str, str]]:
    """Return the facts that the custody log of a merged case keeps in full."""
    return {
        (event["detail"]["table"], short_digest(content))
        for event in events(case)
        if event["action"] == "case.joined"
        for content in event["detail"].get("apart", ())
    }


def follows(case: Path) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(f"file:{case}/case.db?mode=ro", uri=True)
    query = (
        "SELECT item, origin, v.reasons, lane, band, sort, p.reasons, shown_with "
        "FROM verdicts v JOIN placements p USING (item) ORDER BY item"
    )
    return database.execute(query).fetchall()


def test_no_fact_is_lost_and_none_is_made_up(cases: tuple[Path, Path], tmp_path: Path) -> None:
    merged = tmp_path / "merged"
    done = assay("merge", *cases, "-o", merged, "--operator", "A. Examiner", "--json")
    assert done.code == 0, done.err
    kept = apart(merged)
    assert facts(merged) | kept == facts(cases[0]) | facts(cases[1])
    assert {table for table, _ in kept} == {"items"}  # the shared picture lies in a box on the card
    tables = done.last["tables"]
    assert all(t["read"] == t["added"] + t["same"] + t["apart"] for t in tables.values())
    assert tables["items"]["read"] == sum(len(items(case)) for case in cases)
    assert tables["items"]["added"] == len(items(merged)) == done.last["items"]
    assert assay("verify", "--case", merged).code == 0
    assert not [path for path in tmp_path.iterdir() if ".merging" in path.name]


def test_every_place_and_decision_of_both_is_there(
    cases: tuple[Path, Path], tmp_path: Path
) -> None:
    assay("merge", *cases, "-o", tmp_path / "merged")
    rows = by_path(tmp_path / "merged")
    shared = {place["path"] for place in rows["shared.jpg"]["occurrences"]}
    assert shared == {"shared.jpg", "box.zip!/shared too.jpg"}
    assert (rows["camera.jpg"]["lane"], rows["box.zip!/new.jpg"]["lane"]) == (2, 5)
    assert rows["box.zip!/new.jpg"]["decisions"][0]["actor"] == "B"
    before = by_path(cases[1])["box.zip!/new.jpg"]["decisions"][0]["at"]
    assert rows["box.zip!/new.jpg"]["decisions"][0]["at"] == before


def test_the_chains_of_the_inputs_are_kept_word_for_word(
    cases: tuple[Path, Path], tmp_path: Path
) -> None:
    merged = tmp_path / "merged"
    done = assay("merge", *cases, "-o", merged, "--json")
    log = events(merged)
    assert [e["action"] for e in log[:3]] == ["case.created", *["case.merged.input"] * 2]
    for event, said in zip(log[1:3], done.last["inputs"], strict=True):
        kept = (merged / "exports" / "merged" / said["custody"]).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == event["detail"]["custody_sha256"]
        rows = [json.loads(line) for line in kept.splitlines()]
        folder = next(case for case in cases if str(case) == said["folder"])
        assert rows == events(folder)
        assert (rows[-1]["hash"], len(rows)) == (said["head"], said["events"])


def test_the_order_of_the_words_does_not_matter(cases: tuple[Path, Path], tmp_path: Path) -> None:
    assay("merge", *cases, "-o", tmp_path / "ab")
    assay("merge", *reversed(cases), "-o", tmp_path / "ba")
    assert facts(tmp_path / "ab") == facts(tmp_path / "ba")
    assert follows(tmp_path / "ab") == follows(tmp_path / "ba")


def test_a_later_decision_of_the_same_person_stands_whichever_case_it_was_made_in(
    cases: tuple[Path, Path], tmp_path: Path
) -> None:
    decide(cases[0], "shared.jpg", "5", "C")
    decide(cases[1], "box.zip!/shared too.jpg", "3", "C")
    decide(cases[0], "shared.jpg", "4", "C")
    assay("merge", *cases, "-o", tmp_path / "merged")
    assert by_path(tmp_path / "merged")["shared.jpg"]["lane"] == 4
    decide(cases[1], "box.zip!/shared too.jpg", "", "C")
    assay("merge", *cases, "-o", tmp_path / "undone")
    assert by_path(tmp_path / "undone")["shared.jpg"]["lane"] == 1


def test_one_path_on_two_machines_stays_two_sources(made: Path, tmp_path: Path) -> None:
    place = tmp_path / "mnt"
    for name in ("phone", "card"):
        shutil.copytree(made / name, place)
        assay("triage", place, "--case", tmp_path / name, *DAY)
        shutil.rmtree(place)
    merged = tmp_path / "merged"
    done = assay("merge", tmp_path / "phone", tmp_path / "card", "-o", merged, "--json")
    [renamed] = done.last["renamed_sources"].values()
    rows = items(merged)
    cut = next(r for r in rows if any(p["path"] == "cut.jpg" for p in r["occurrences"]))
    assert len({p["source"] for p in cut["occurrences"]}) == 2
    assert {old != new for old, new in renamed.items()} == {True}
    said = [e["detail"]["renamed"] for e in events(merged) if "renamed" in e["detail"]]
    assert said == [{}, renamed]
    assert done.last["tables"]["occurrences"]["same"] == 0
    assert assay("verify", "--case", merged).code == 0


def test_copies_of_one_case_give_it_back(cases: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(cases[0], copy)
    decide(copy, "shared.jpg", "2", "B")
    merged = tmp_path / "merged"
    assert assay("merge", cases[0], copy, "-o", merged).code == 0
    assert facts(merged) == facts(copy)
    assert follows(merged) == follows(copy)
    assert len(list((merged / "exports" / "merged").iterdir())) == 2


def test_a_merged_case_can_be_merged_again_with_all_its_logs(
    cases: tuple[Path, Path], made: Path, tmp_path: Path
) -> None:
    assay("merge", *cases, "-o", tmp_path / "first")
    assay("triage", made / "card", "--case", tmp_path / "third", *DAY)
    done = assay("merge", tmp_path / "first", tmp_path / "third", "-o", tmp_path / "second")
    assert done.code == 0, done.err
    assert len(list((tmp_path / "second" / "exports" / "merged").iterdir())) == 4
    assert assay("verify", "--case", tmp_path / "second").code == 0


def test_what_was_merged_is_not_examined_again(
    cases: tuple[Path, Path], made: Path, tmp_path: Path
) -> None:
    assay("merge", *cases, "-o", tmp_path / "merged")
    done = assay("run", "--case", tmp_path / "merged", "--json")
    assert (done.last["examined"], done.last["finished"]) == (0, True), done.err
    assert assay("verify", "--case", tmp_path / "merged", "--sources").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--evaluation-date", "2026-02-02"), "another day of evaluation"),
        ((*DAY, "--frames", "3"), "another number of frames"),
        ((*DAY, "--timezone", "Europe/Amsterdam"), "another time zone"),
    ],
)
def test_cases_made_otherwise_are_refused(
    cases: tuple[Path, Path], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    other = tmp_path / "other"
    assay("init", "--case", other, *words)
    done = assay("merge", cases[0], other, "-o", tmp_path / "merged")
    assert (done.code, said in done.err) == (1, True), done.err
    assert not (tmp_path / "merged").exists()


def test_a_case_that_was_changed_is_refused(cases: tuple[Path, Path], tmp_path: Path) -> None:
    with tampering(cases[1]) as database:
        database.execute("UPDATE items SET media_type = 'text/plain'")
    done = assay("merge", *cases, "-o", tmp_path / "merged")
    assert (done.code, "does not agree with itself" in done.err) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case-card", "case-phone"]


def test_a_merge_that_fails_half_way_leaves_nothing(
    cases: tuple[Path, Path], tmp_path: Path
) -> None:
    point = tmp_path / "disk"
    point.mkdir()
    with namespace() as space:
        space.run("mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=10", "small", point)
        words = [*COMMAND, "merge", *map(str, cases), "-o", str(point / "merged")]
        done = space.start(*words)
        _, said = done.communicate(timeout=120)
        left = space.run("ls", "-A", point)
    assert (done.returncode, left) == (1, "")
    assert b"full" in said, said


def test_a_full_folder_is_never_written_into(cases: tuple[Path, Path], tmp_path: Path) -> None:
    assert assay("merge", *cases, "-o", cases[0]).code == 2
    assert assay("merge", cases[0], "-o", tmp_path / "merged").code == 2
    assert assay("merge", cases[0], cases[0], "-o", tmp_path / "merged").code == 2


def test_prior_cases_are_kept_but_not_those_that_are_joined(
    cases: tuple[Path, Path], made: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assay("triage", made / "card", "--case", other, *DAY)
    assay("run", "--case", cases[0], "--prior", cases[1], "--prior", other)
    assay("merge", *cases, "-o", tmp_path / "merged")
    [met] = by_path(tmp_path / "merged")["shared.jpg"]["prior"]
    assert met["name"] == "other"

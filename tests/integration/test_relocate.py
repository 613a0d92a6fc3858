"""A source is opened at another place only where that place is proved to hold it."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.support.command import assay, by_path, events, items
from tests.support.pictures import jpeg

BAD_NAME = b"bad\xff\xe2\x80\xae.jpg"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("relocate")
    card = root / "card"
    (card / "DCIM").mkdir(parents=True)
    for number in range(8):
        (card / "DCIM" / f"{number}.jpg").write_bytes(jpeg(number))
    Path(os.fsdecode(os.fsencode(card) + b"/" + BAD_NAME)).write_bytes(jpeg(50))
    with zipfile.ZipFile(card / "box.zip", "w") as archive:
        archive.writestr("inside.jpg", jpeg(60))
    (card / "link").symlink_to("box.zip")
    assert assay("triage", card, "--case", root / "case").code == 0
    return root


@pytest.fixture
def moved(made: Path, tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return a case, the place that its source had (gone by now), and a copy of it."""
    case, old, new = tmp_path / "case", tmp_path / "old", tmp_path / "new" / "place"
    shutil.copytree(made / "card", old, symlinks=True)
    done = assay("triage", old, "--case", case)
    assert done.code == 0, done.err
    shutil.copytree(old, new, symlinks=True, copy_function=shutil.copyfile)  # with new times
    shutil.rmtree(old)
    return case, old, new


def test_a_moved_source_is_opened_at_its_new_place_and_nothing_is_done_again(
    moved: tuple[Path, Path, Path],
) -> None:
    case, old, new = moved
    before = items(case)
    assert assay("run", "--case", case).code == 1
    done = assay("relocate", case, old, new, "--json", "--operator", "A. Examiner")
    assert (done.code, done.last["accepted"]) == (0, True), done.err + done.out
    assert (done.last["files"], done.last["hashed"], done.last["sample"]) == (10, 10, None)
    ran = assay("run", "--case", case, "--json")
    assert (ran.code, ran.last["examined"], ran.last["finished"]) == (0, 0, True), ran.err
    assert [e["action"] for e in events(case)[-2:]] == ["source.relocated", "run.finished"]
    assert items(case) == before
    assert assay("verify", "--case", case, "--sources").code == 0
    assert assay("show", new / "DCIM" / "3.jpg", "--case", case).code == 0


def test_the_event_says_what_was_proved(moved: tuple[Path, Path, Path]) -> None:
    case, old, new = moved
    assay("relocate", case, old, new, "--operator", "A. Examiner")
    event = events(case)[-1]
    detail = event["detail"]
    assert (event["actor"], detail["before"], detail["now"]) == ("A. Examiner", str(old), str(new))
    assert detail["proof"]["hashed"] == detail["counts"]["entries"] == 10
    assert detail["counts"]["relocations"] == 1


def test_a_sample_is_stated_with_what_it_does_not_prove(moved: tuple[Path, Path, Path]) -> None:
    case, old, new = moved
    done = assay("relocate", case, old, new, "--sample", "5", "--json")
    assert (done.code, done.last["hashed"], done.last["sample"]) == (0, 5, 5)
    assert done.last["may_differ_at_95_percent"] == pytest.approx(1 - 0.05**0.2, abs=1e-6)
    assert len(done.last["seed"]) == 32
    # Files that were not drawn have other times: they are read once more, and found to be known.
    ran = assay("run", "--case", case, "--json")
    assert (ran.last["examined"], len(items(case))) == (0, 11)


def test_another_content_is_refused_and_nothing_changes(moved: tuple[Path, Path, Path]) -> None:
    case, old, new = moved
    data = bytearray((new / "DCIM" / "3.jpg").read_bytes())
    data[-50] ^= 1
    (new / "DCIM" / "3.jpg").write_bytes(data)
    (new / "DCIM" / "4.jpg").write_bytes(b"short")
    log = events(case)
    done = assay("relocate", case, old, new, "--json")
    assert (done.code, done.last["accepted"], done.last["different"]) == (1, False, 2)
    assert {(row["path"], row["what"]) for row in done.last["named"]} == {
        ("DCIM/3.jpg", "another SHA-256"),
        ("DCIM/4.jpg", f"5 bytes instead of {len(jpeg(4))}"),
    }
    assert events(case) == log
    assert assay("run", "--case", case).code == 1


def test_a_few_missing_files_are_named_and_an_empty_place_is_refused(
    moved: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    case, old, new = moved
    (tmp_path / "empty").mkdir()
    assert assay("relocate", case, old, tmp_path / "empty").code == 1
    (new / "DCIM" / "3.jpg").unlink()
    done = assay("relocate", case, old, new)
    assert (done.code, "DCIM/3.jpg: not there" in done.out) == (3, True)
    assert events(case)[-1]["detail"]["missing_named"] == [["DCIM/3.jpg", "not there"]]


def test_a_place_that_is_taken_again_is_another_source(moved: tuple[Path, Path, Path]) -> None:
    case, old, new = moved
    assay("relocate", case, old, new)
    (old / "DCIM").mkdir(parents=True)
    (old / "DCIM" / "0.jpg").write_bytes(jpeg(70))  # another card in the same reader
    for _ in range(2):
        assert assay("triage", old, "--case", case).code == 0
    places = by_path(case)["DCIM/0.jpg"]["occurrences"]
    assert len(places) == 1
    both = [row for row in items(case) if row["occurrences"][0]["path"] == "DCIM/0.jpg"]
    assert len({row["occurrences"][0]["source"] for row in both}) == 2
    done = assay("triage", new, "--case", case, "--json")  # still the source that was moved
    assert (done.last["examined"], done.last["items"]) == (0, 12)
    assert assay("verify", "--case", case, "--sources").code == 0


def test_a_source_moves_twice_and_back(moved: tuple[Path, Path, Path], tmp_path: Path) -> None:
    case, old, new = moved
    assay("relocate", case, old, new)
    new.rename(tmp_path / "third")
    assert assay("relocate", case, new, tmp_path / "third").code == 0
    (tmp_path / "third").rename(old)
    assert assay("relocate", case, tmp_path / "third", old).code == 0
    ran = assay("triage", old, "--case", case, "--json")
    assert (ran.last["examined"], ran.last["items"]) == (0, 11)


def test_a_single_file_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.jpg").write_bytes(jpeg(1))
    case = tmp_path / "case"
    assay("triage", tmp_path / "old" / "a.jpg", "--case", case)
    (tmp_path / "old").rename(tmp_path / "new")
    shutil.copy(tmp_path / "new" / "a.jpg", tmp_path / "new" / "b.jpg")
    old = tmp_path / "old" / "a.jpg"
    assert assay("relocate", case, old, tmp_path / "new").code == 2
    assert assay("relocate", case, old, tmp_path / "new" / "b.jpg").code == 1
    assert assay("relocate", case, old, tmp_path / "new" / "a.jpg").code == 0
    assert assay("run", "--case", case, "--json").last["examined"] == 0


def test_an_unknown_source_is_named_with_those_that_there_are(
    moved: tuple[Path, Path, Path],
) -> None:
    case, old, new = moved
    done = assay("relocate", case, "/elsewhere", new)
    assert (done.code, str(old) in done.err) == (2, True)

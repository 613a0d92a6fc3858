"""A generated seizure of 300 files goes through whole: nothing lost, nothing late, all accounted.

``scripts/make_seizure.py`` makes it with a manifest of what must come out; docs/methods/seizure.md.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assay.engine.session import open_session
from assay.exports import unopened
from assay.store import queries
from assay.store.coverage import Coverage, coverage
from tests.support.command import COMMAND, Ran, assay, by_path
from tests.support.seizure import Held, label, manifest_of

MAKER = Path(__file__).resolve().parents[2] / "scripts" / "make_seizure.py"


def make(root: Path, *more: str) -> Path:
    command = [sys.executable, os.fspath(MAKER), os.fspath(root), "--files", "300", *more]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return root


def exported(case: Path) -> list[dict[str, Any]]:
    """Return the records of all items, previews that are shown with their picture among them."""
    out = case.with_name(case.name + "-items.jsonl")
    done = assay("export", "items", "--case", case, "-o", out)
    assert done.code == 0, done.err
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def accounts(case: Path) -> tuple[Coverage, ...]:
    with open_session(case) as session:
        return coverage(session.case.connection)


class Seizure:
    """The seizure and its case, made once for all tests of this module."""

    def __init__(self, folder: Path) -> None:
        self.root = make(folder / "seizure")
        self.case = folder / "case"
        self.run: Ran = assay("triage", self.root, "--case", self.case, "--json")
        self.records = exported(self.case)
        self.held = Held.of(self.root, self.records)

    def on_disk(self) -> tuple[int, int]:
        """Return the regular files and their bytes, counted without Assay."""
        sizes = [
            os.lstat(os.path.join(at, name)).st_size
            for at, _, names in os.walk(os.fsencode(self.root))
            for name in names
            if not os.path.islink(os.path.join(at, name))
        ]
        return len(sizes), sum(sizes)


@pytest.fixture(scope="module")
def seizure(tmp_path_factory: pytest.TempPathFactory) -> Seizure:
    return Seizure(tmp_path_factory.mktemp("seizure"))


def shown(wrong: Sequence[str]) -> str:
    return "\n".join(wrong[:20])


# -- what is in it ---------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes(seizure: Seizure, tmp_path: Path) -> None:
    """A part of the turns is made again, by another number of processes."""
    sys.path.insert(0, os.fspath(MAKER.parents[1]))
    from scripts.make_seizure import MAKERS, made

    digests = {row["chain"][0]: row["sha256"] for row in manifest_of(seizure.root)[::-1]}
    again = [file for name, *_ in MAKERS for file in made((name, 0), 7)]
    assert len(again) > len(MAKERS)
    for file in again:
        assert digests[file.path] == file.rows[0].sha256, file.path
        if file.link is None:
            assert (seizure.root / file.path).read_bytes() == file.data


def test_every_kind_of_container_is_planted(seizure: Seizure) -> None:
    rows = manifest_of(seizure.root)
    kinds = {row["kind"] for row in rows}
    assert {row["role"] for row in rows} == {
        *("file", "member", "preview", "thumbnail", "motion", "stream", "link")
    }
    assert len(kinds) > 90
    assert sum(bool(row["signs"]) for row in rows) >= 18


# -- what came out ---------------------------------------------------------------------------------


def test_some_could_not_be_examined_and_the_run_says_so(seizure: Seizure) -> None:
    assert seizure.run.code == 3, seizure.run.err
    assert seizure.run.last["finished"] is True
    assert seizure.run.last["items"] == len(seizure.records)


def test_every_planted_content_is_an_item_with_its_digest_and_role(seizure: Seizure) -> None:
    lost = seizure.held.lost()
    assert not lost, shown(lost)


def test_no_planted_picture_stands_later_than_lane_1(seizure: Seizure) -> None:
    late = seizure.held.late()
    assert not late, shown(late)


def test_previews_that_match_are_shown_with_their_picture(seizure: Seizure) -> None:
    apart = seizure.held.apart()
    assert not apart, shown(apart)


def test_small_copies_have_their_original_or_are_the_only_trace(seizure: Seizure) -> None:
    wrong = seizure.held.copies()
    assert not wrong, shown(wrong)
    flagged = [row for row in seizure.held.rows if row["copy"] == "only_trace"]
    assert len({row["chain"][0] for row in flagged}) >= 6  # in that many kinds of store


def test_everything_broken_says_so_and_stands_in_lane_1(seizure: Seizure) -> None:
    unsaid = seizure.held.unsaid()
    assert not unsaid, shown(unsaid)


def test_locked_things_are_listed_by_name(seizure: Seizure) -> None:
    with open_session(seizure.case) as session:
        names = [row["path"] for row in unopened.locked(session)]
    assert not seizure.held.unnamed(names)
    planted = {row["chain"][0] for row in seizure.held.rows if row["locked"]}
    random = {row["chain"][0] for row in seizure.held.rows if "high_entropy" in row["signs"]}
    assert set(names) == planted | random  # and nothing else is called locked


def test_links_are_recorded_and_not_followed(seizure: Seizure) -> None:
    (account,) = accounts(seizure.case)
    assert account.links == sum(row["role"] == "link" for row in seizure.held.rows) > 0


# -- the account -----------------------------------------------------------------------------------


def test_the_account_adds_up_exactly(seizure: Seizure) -> None:
    (account,) = accounts(seizure.case)
    assert account.adds_up
    with open_session(seizure.case) as session:
        unread = queries.unread(session.case.connection)
    inside = [
        record["size"]
        for record in seizure.records
        for place in record["occurrences"]
        if place["role"] != "file"
    ]
    files, size = seizure.on_disk()
    assert account.found.files == files + len(inside) + len(unread)
    assert account.found.size == size + sum(inside)
    classes = {name: tally.files for name, tally in account.classes.items()}
    items = classes["examined"] + classes["inventory"] + classes["failed"] - len(unread)
    assert items == len(seizure.records) == len({r["sha256"] for r in seizure.records})
    assert classes["excluded"] == 0
    assert classes["duplicate"] > 0


def test_the_case_verifies(seizure: Seizure) -> None:
    checked = assay("verify", "--case", seizure.case, "--sources")
    assert checked.code == 0, checked.out + checked.err


def test_the_folders_of_a_person_come_before_those_of_the_system(seizure: Seizure) -> None:
    with sqlite3.connect(f"file:{seizure.case / 'case.db'}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT path, seq FROM entries WHERE state = 'done'").fetchall()

    def events(*parts: str) -> list[int]:
        return [seq for path, seq in rows if any(part in path for part in parts)]

    pictures = events("phone/DCIM/", "example/Pictures/", "WhatsApp Images/")
    system = events("laptop/Windows/", "laptop/usr/", "laptop/Program Files")
    assert min(len(pictures), len(system)) > 50
    assert max(pictures) <= min(system)
    assert min(pictures) < min(system)


def test_a_second_run_examines_nothing(seizure: Seizure) -> None:
    before = [(r["sha256"], r["lane"], r["band"], r["rank"]) for r in seizure.records]
    again = assay("triage", seizure.root, "--case", seizure.case, "--json")
    assert (again.code, again.last["examined"]) == (3, 0)
    assert again.last["skipped"] == len(seizure.records)
    after = [(r["sha256"], r["lane"], r["band"], r["rank"]) for r in exported(seizure.case)]
    assert after == before


# -- cut off ---------------------------------------------------------------------------------------


def test_a_killed_run_is_continued_and_repeats_nothing(seizure: Seizure, tmp_path: Path) -> None:
    """The phone alone: pictures, databases with their journals, videos, thumbnail stores."""
    phone, case = seizure.root / "phone", tmp_path / "case"
    process = subprocess.Popen(
        [*COMMAND, "triage", phone, "--case", case, "--json"], stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None and not _committed(case):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with sqlite3.connect(case / "case.db") as db:
        kept = db.execute("SELECT id, seq FROM observations").fetchall()
        items = db.execute("SELECT count(*) FROM items").fetchone()[0]
    assert kept
    again = assay("triage", phone, "--case", case, "--json")
    assert again.code in (0, 3), again.err
    assert again.last["finished"] is True
    assert 0 < again.last["examined"] <= again.last["items"] - items
    with sqlite3.connect(case / "case.db") as db:
        after = dict(db.execute("SELECT id, seq FROM observations"))
    assert all(after[oid] == seq for oid, seq in kept)  # committed once, not written again
    held = {r["sha256"]: r for r in exported(case)}
    whole = {
        r["sha256"]: (r["lane"], r["shown_with"])
        for r in seizure.records
        if any(p["path"].startswith("phone/") for p in r["occurrences"])
    }
    assert set(held) == set(whole)
    (account,) = accounts(case)
    assert account.adds_up
    assert assay("verify", "--case", case).code == 0


def _committed(case: Path) -> bool:
    try:
        with sqlite3.connect(f"file:{case / 'case.db'}?mode=ro", uri=True) as db:
            return bool(db.execute("SELECT count(*) FROM items").fetchone()[0])
    except sqlite3.Error:
        return False


# -- a password ------------------------------------------------------------------------------------


def test_a_password_opens_what_was_locked(seizure: Seizure, tmp_path: Path) -> None:
    """Last: it adds an item to the case."""
    (archive,) = {r["chain"][0] for r in seizure.held.rows if r["kind"] == "locked archive"}
    words = tmp_path / "passwords.txt"
    words.write_text("harbour\n")
    case = tmp_path / "case"
    closed = assay("triage", seizure.root / archive, "--case", case, "--json")
    assert closed.code == 3
    opened = assay("triage", seizure.root / archive, "--case", case, "--passwords", words, "--json")
    assert (opened.code, opened.last["unread"]) == (0, 0), opened.err
    inside = [path for path in by_path(case) if path.endswith("!/locked.jpg")]
    assert len(inside) == 1, label(seizure.held.rows[0])

"""The hostile files: each becomes the findings it deserves, none stops or escapes the case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Ran, assay, by_path

pytestmark = pytest.mark.shared_data
PASSWORD = b"wrong\nassay-test\n"


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "evidence" / "hostile"


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    case = tmp_path_factory.mktemp("hostile") / "case"
    return case, assay("triage", folder, "--case", case, "--json")


@pytest.fixture(scope="module")
def records(run: tuple[Path, Ran]) -> dict[str, dict[str, Any]]:
    return by_path(run[0])


def expected(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "evidence/hostile/expected.json").read_text())
    return found


def flags(records: dict[str, dict[str, Any]], name: str) -> set[str]:
    """Return the finding words of a file and of everything inside it."""
    return {
        finding["kind"]
        for path, row in records.items()
        if path == name or path.startswith(name + "!/")
        for finding in row["findings"]
    }


def members(records: dict[str, dict[str, Any]], name: str) -> list[str]:
    return [path for path in records if path.startswith(name + "!/")]


def test_the_run_ends_with_code_3_and_lists_what_it_could_not_examine(
    run: tuple[Path, Ran],
) -> None:
    assert run[1].code == 3, run[1].err
    assert run[1].last["finished"] is True
    assert run[1].last["failed"] > 0


def test_every_file_has_the_findings_that_it_must_have(
    shared_data: Path, records: dict[str, dict[str, Any]]
) -> None:
    missing = {
        name: sorted(set(row["flags"]) - flags(records, name))
        for name, row in expected(shared_data).items()
        if not set(row["flags"]) <= flags(records, name)
    }
    assert missing == {}


def test_every_file_is_an_item_with_the_digest_of_its_bytes(
    shared_data: Path, records: dict[str, dict[str, Any]]
) -> None:
    for name, row in expected(shared_data).items():
        assert records[name]["sha256"] == row["sha256"], name


def test_members_are_found_as_deep_and_as_many_as_expected(
    shared_data: Path, records: dict[str, dict[str, Any]]
) -> None:
    want = expected(shared_data)
    assert len(members(records, "zip_slip.zip")) == want["zip_slip.zip"]["members"]
    assert any(path.endswith("deep.jpg") for path in members(records, "nested6.zip"))
    assert "bomb_64MiB.zip!/real.jpg" in records
    assert len(members(records, "links_and_devices.tar")) == 4
    assert len(members(records, "weird_names.tar")) == want["weird_names.tar"]["members"]
    assert len(members(records, "truncated.zip")) >= 1
    assert len(members(records, "jpg_in_gz.jpg.gz")) == 1
    child = want["polyglot_jpg_zip.jpg"]["child_sha256"]
    assert child in {records[p]["sha256"] for p in members(records, "polyglot_jpg_zip.jpg")}


def test_both_members_of_one_name_are_kept_as_two_items(run: tuple[Path, Ran]) -> None:
    rows = [
        row["sha256"]
        for row in assay("queue", "--case", run[0], "--json").rows
        if any(place["path"].startswith("dup_names.zip!/") for place in row["occurrences"])
    ]
    assert len(rows) == 2


def test_nothing_hostile_is_placed_low(records: dict[str, dict[str, Any]]) -> None:
    assert {row["lane"] for row in records.values()} <= {1, None}
    for path in ("truncated.zip", "encrypted_aes.zip", "zero.jpg", "not_an_image.jpg"):
        assert records[path]["lane"] == 1, path


def test_locked_archives_open_with_their_password_and_the_case_continues(
    folder: Path, shared_data: Path, tmp_path: Path
) -> None:
    case, passwords = tmp_path / "case", tmp_path / "passwords.txt"
    passwords.write_bytes(PASSWORD)
    names = ["encrypted_zipcrypto.zip", "encrypted_aes.zip", "encrypted_headers.7z"]
    paths = [folder / name for name in names]
    locked = assay("triage", *paths, "--case", case, "--json")
    assert (locked.code, locked.last["lanes"]) == (3, {"1": 3})
    opened = assay("triage", *paths, "--case", case, "--passwords", passwords, "--json")
    assert opened.code == 0, opened.err
    assert "could not be examined" not in assay("run", "--case", case).out
    inner = expected(shared_data)[names[0]]["inner_sha256"]
    rows = by_path(case)
    for name in names:
        assert rows[name]["lane"] is None
        assert inner in {rows[path]["sha256"] for path in members(rows, name)}
    assert b"assay-test" not in b"".join(p.read_bytes() for p in case.rglob("*") if p.is_file())


def test_hostile_text_is_escaped_in_the_report(run: tuple[Path, Ran]) -> None:
    page = (run[0] / "exports" / "report.html").read_text()
    assert "<script" not in page
    assert "onerror=" not in page.replace("onerror=&", "")
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_nothing_was_written_outside_the_case(run: tuple[Path, Ran]) -> None:
    assert {path.name for path in run[0].parent.iterdir()} == {"case"}
    assert not list(run[0].rglob("*.jpg"))


def test_the_account_adds_up_and_every_verdict_is_reproduced(run: tuple[Path, Ran]) -> None:
    checked = assay("verify", "--case", run[0], "--json")
    assert checked.code == 0, checked.out
    assert checked.last["intact"] is True

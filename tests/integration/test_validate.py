"""``assay doctor --validate``: known answers through the real pipeline, and the record of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.validation import answers
from tests.support.command import assay as run

PACKAGE = Path(assay.__file__).parent


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """Validate this installation once; returns the JSON, the page and the place of the JSON."""
    out = tmp_path_factory.mktemp("record") / "record.html"
    ran = run("doctor", "--validate", "-o", out, "--operator", "A. Examiner")
    assert ran.code == 0, ran.out + ran.err
    data = out.with_suffix(".json")
    assert f"record: {out}" in ran.out
    return json.loads(data.read_text()), out.read_text(), data


def copy_of_assay(folder: Path) -> dict[str, str]:
    """Copy the package for a test to damage; returns the environment that runs the copy."""
    shutil.copytree(PACKAGE, folder / "assay", ignore=shutil.ignore_patterns("__pycache__"))
    return {"PYTHONPATH": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "cache")}


def test_this_installation_gives_every_known_answer(
    record: tuple[dict[str, Any], str, Path],
) -> None:
    made = record[0]

    assert made["result"] == "passed"
    assert (made["checks_failed"], made["values_different"]) == (0, 0)
    areas = {check["area"] for check in made["checks"]}
    assert areas >= {
        "seal", "digests", "perceptual hash", "camera", "generator records", "content credentials",
        "archives", "hostile files", "order of work", "case",
    }  # fmt: skip
    lanes = {
        value["found"]
        for check in made["checks"]
        for value in check["values"]
        if value["field"] == "lane"
    }
    assert {1, 4, None} <= lanes


def test_the_record_says_who_when_what_where_and_stands_for_its_data(
    record: tuple[dict[str, Any], str, Path],
) -> None:
    made, page, data = record

    assert made["operator"] == "A. Examiner"
    assert made["made_at"].endswith("Z")
    assert made["tool"]["version"] == assay.__version__
    assert len(made["tool"]["content_sha256"]) == 64
    assert made["libraries"]["pillow"]
    assert made["seal"]["sound"]
    for shown in (
        hashlib.sha256(data.read_bytes()).hexdigest(),
        made["tool"]["content_sha256"],
        "PASSED",
        "A. Examiner",
        made["machine"]["kernel"],
    ):
        assert shown in page
    for check in made["checks"]:
        assert check["name"] in page.replace("&#39;", "'")


def test_a_wrong_answer_is_shown_precisely_and_fails(tmp_path: Path) -> None:
    env = copy_of_assay(tmp_path)
    lines = tmp_path / "assay" / "validation" / "set" / "answers.jsonl"
    known = next(a for a in answers.load() if a.area == "perceptual hash")
    right = str(known.expect[known.file]["pdq.hash"])
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    lines.write_text(lines.read_text().replace(right, wrong))

    ran = run("doctor", "--validate", "-o", tmp_path / "r.json", env=env)

    assert ran.code == 1
    assert f"{known.file}: pdq.hash: expected {wrong}, found {right}" in ran.out
    assert "1 different" in ran.out
    assert "DIFFERS" in (tmp_path / "r.html").read_text()


def test_a_damaged_set_is_not_used(tmp_path: Path) -> None:
    env = copy_of_assay(tmp_path)
    with (tmp_path / "assay/validation/set/digests/abc.txt").open("ab") as file:
        file.write(b"d")

    ran = run("doctor", "--validate", "-o", tmp_path / "r.html", env=env)

    assert ran.code == 1
    assert "digests/abc.txt: differs from the file that answers.jsonl names" in ran.err
    assert not (tmp_path / "r.html").exists()


def test_a_weaker_seal_is_recorded_and_gives_the_same_answers(tmp_path: Path) -> None:
    env = {"ASSAY_SANDBOX": "process"}

    ran = run("doctor", "--validate", "-o", tmp_path / "r.html", "--json", env=env)

    assert ran.code == 0, ran.out
    assert ran.last["seal"]["level"] == "process"
    assert ran.last["result"] == "passed"


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("an older record")

    ran = run("doctor", "--validate", "-o", tmp_path / "r.html")

    assert ran.code == 2
    assert "exists already" in ran.err
    assert (tmp_path / "r.json").read_text() == "an older record"


def test_its_options_belong_to_validate(tmp_path: Path) -> None:
    ran = run("doctor", "-o", tmp_path / "r.html")

    assert ran.code == 2
    assert "--validate" in ran.err


def test_the_set_is_small_and_every_file_is_the_one_that_its_line_names() -> None:
    known = answers.load()

    size = sum(len(answers.data_of(answer)) for answer in known)
    assert size < 300_000
    assert len({answer.file for answer in known}) == len({a.name for a in known}) == len(known)
    for answer in known:
        assert answer.file in answer.expect
        assert answer.basis


def test_doctor_names_what_reads_files_and_what_stays_closed() -> None:
    ran = run("doctor", "--json")

    assert ran.code == 0, ran.out
    assert ran.last["readers"]["opencv-python-headless"]
    closed = ran.last["not_opened"]
    assert closed["a RAR archive"] == ["application/vnd.rar"]
    types = {kind for kinds in closed.values() for kind in kinds}
    assert not types & {"application/zip", "application/x-tar"}
    plain = run("doctor")
    assert "a RAR archive: application/vnd.rar" in plain.out
    assert "zip 1" in plain.out

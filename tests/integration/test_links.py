"""``assay links``: one workshop and one phone show up as threads, within and across cases."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from assay.engine.links import carried, top_groups
from assay.engine.session import open_session
from assay.store.fingerprints import links_of
from tests.support.command import assay, items
from tests.support.prints import comfyui, phone

DAY = ("--evaluation-date", "2026-01-01")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the cases "one" and "two": shared tooling, shared phone, one copy."""
    root = tmp_path_factory.mktemp("links")
    one, two = root / "files-one", root / "files-two"
    one.mkdir()
    two.mkdir()
    for n, prompt in enumerate(("a lighthouse", "a harbour", "an island")):
        (one / f"made{n}.png").write_bytes(comfyui(n, prompt))
    (one / "calm.png").write_bytes(comfyui(7, lora="calm.safetensors"))
    for n, scene in enumerate(("astronaut", "coffee")):
        (one / f"phone{n}.jpg").write_bytes(phone("SN-12345", scene=scene))
        (one / f"other{n}.jpg").write_bytes(phone("SN-67890", scene=scene))
    (two / "again.png").write_bytes(comfyui(1, "a harbour"))  # the same content as made1.png
    (two / "new.png").write_bytes(comfyui(50, "a bridge"))
    (two / "calm.png").write_bytes(comfyui(51, lora="calm.safetensors"))
    (two / "phone.jpg").write_bytes(phone("SN-12345", scene="chelsea"))
    for name in ("one", "two"):
        done = assay("triage", root / f"files-{name}", "--case", root / name, *DAY)
        assert done.code == 0, done.err
    return root


def links(*words: Any) -> list[dict[str, Any]]:
    done = assay("links", *words, "--json")
    assert done.code == 0, done.err
    return done.rows


def brief(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(row["kind"], row["items"]) for row in rows]


def test_a_case_shows_its_threads_the_largest_first(made: Path) -> None:
    rows = links("--case", made / "one")
    assert brief(rows)[0] == ("generator", 3)
    assert sorted(brief(rows)[1:]) == [("camera_serial", 2), ("camera_serial", 2)]
    [share] = rows[0]["cases"]
    assert (share["name"], share["items"], share["lanes"]) == ("one", 3, {"1": 3})
    assert {place["path"] for place in share["first"]} == {f"made{n}.png" for n in range(3)}
    assert {row["parts"]["serial"] for row in rows[1:]} == {"sn-12345", "sn-67890"}


def test_threads_over_two_cases_come_first_and_a_copy_counts_once(made: Path) -> None:
    rows = links("--case", made / "one", "--with", made / "two")
    assert brief(rows) == [
        ("generator", 4),  # three and one new; the copy is one content
        ("camera_serial", 3),
        ("generator", 2),  # the LoRA, once in each case
        ("camera_serial", 2),
    ]
    assert [[share["name"] for share in row["cases"]] for row in rows] == [
        ["one", "two"],
        ["one", "two"],
        ["one", "two"],
        ["one"],
    ]
    assert [share["items"] for share in rows[0]["cases"]] == [3, 2]
    assert brief(links("--case", made / "two", "--with", made / "one")) == brief(rows)


def test_kind_least_and_top_choose(made: Path) -> None:
    both = ("--case", made / "one", "--with", made / "two")
    assert brief(links(*both, "--kind", "camera_serial")) == [
        ("camera_serial", 3),
        ("camera_serial", 2),
    ]
    assert brief(links(*both, "--min", "4")) == [("generator", 4)]
    assert brief(links(*both, "--top", "1")) == [("generator", 4)]
    assert len(links("--case", made / "one", "--min", "1")) == 4
    wrong = assay("links", "--case", made / "one", "--kind", "phone")
    assert (wrong.code, "one of camera_serial, generator, camera" in wrong.err) == (2, True)


def test_people_read_what_a_thread_is(made: Path) -> None:
    done = assay("links", "--case", made / "one", "--with", made / "two", "--top", "2")
    assert "4  generator: ComfyUI; model base.safetensors; workflow " in done.out
    assert "3  camera_serial: Example Corp Model 7; serial SN-12345" in done.out
    assert "one: 3 (lane 1: 3)  made" in done.out
    assert "two: 1 (lane 1: 1)  phone.jpg" in done.out
    assert "4 threads, 2 not shown" in done.err


def test_cases_are_only_read(made: Path) -> None:
    def stored() -> list[bytes]:
        return [(made / name / "case.db").read_bytes() for name in ("one", "two")]

    before = stored()
    links("--case", made / "one", "--with", made / "two")
    assert stored() == before
    assert assay("links", "--case", made / "one", "--with", made / "one").code == 2


def test_a_case_without_the_examiner_is_named_and_left_out(made: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(made / "two", older)
    database = sqlite3.connect(older / "case.db")
    database.execute("""UPDATE meta SET value = replace(value, '"fingerprint"', '"another"')""")
    database.commit()
    database.close()
    done = assay("links", "--case", made / "one", "--with", older)
    assert (done.code, "older was made before there were fingerprints" in done.err) == (0, True)
    assert "older:" not in done.out
    alone = assay("links", "--case", older)
    assert (alone.code, alone.out) == (0, "")
    assert "assay run --upgrade --case older" in alone.err


def test_links_of_and_top_groups_serve_exports_and_report(made: Path) -> None:
    with open_session(made / "one") as session:
        [top] = top_groups(session, 1)
        assert (top.kind, top.items, len(top.shares)) == ("generator", 3, 1)
        rows = items(made / "one")
        shas = [row["sha256"] for row in rows if row["generator"]]
        found = links_of(session.case.connection, shas)
        assert links_of(session.case.connection, shas, carried(session.case.connection)) == found
        assert sorted(count for [(_, _, count)] in found.values()) == [1, 3, 3, 3]

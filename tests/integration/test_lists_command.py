"""``assay lists`` from the command line: import, describe, match, quarantine, remove."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import assay
from tests.support.pictures import jpeg


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(5))
    return path


def test_a_list_knows_a_file_by_digest_and_by_its_look(tmp_path: Path, picture: Path) -> None:
    (row,) = assay("hash", picture, "--json").rows
    words = f"md5 {row['md5']}\npdq {row['pdq']['hash']} 90\nnonsense here\n"
    (tmp_path / "known.txt").write_text(words)
    added = assay("lists", "add", "known", tmp_path / "known.txt", "--json")
    assert (added.code, added.last["added"], sum(added.last["refused"].values())) == (3, 2, 1)
    (listed,) = assay("lists", "ls", "--json").rows
    assert (listed["name"], listed["records"]) == ("known", 2)
    found = assay("lists", "match", picture, "--json").rows
    assert [(m["algorithm"], m["distance"]) for m in found] == [("md5", 0), ("pdq", 0)]
    assert all(m["record"] for m in found)
    (by_hash,) = assay("lists", "match", row["md5"].upper(), "--json").rows
    assert by_hash["list"] == "known"
    assert assay("lists", "match", "0" * 40, "--json").rows == []
    (refused,) = assay("lists", "quarantine", "known", "--json").rows
    assert refused["locator"] == "line 3"
    assert assay("lists", "rm", "known", "--yes").code == 0
    assert assay("lists", "ls", "--json").rows == []


def test_hashes_come_from_a_file_and_nonsense_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("sha1 " + "ab" * 20 + "\n")
    (tmp_path / "asked.txt").write_text("# asked\n" + "ab" * 20 + "\n" + "cd" * 16 + "\n")
    assert assay("lists", "add", "one", tmp_path / "list.txt").code == 0
    rows = assay("lists", "match", "--from", tmp_path / "asked.txt", "--json").rows
    assert [json.dumps(r["query"]) for r in rows] == [json.dumps("ab" * 20)]
    assert assay("lists", "match", "nonsense").code == 2
    assert assay("lists", "match").code == 2
    missing = assay("lists", "show", "two")
    assert missing.code != 0
    assert "one" in missing.err

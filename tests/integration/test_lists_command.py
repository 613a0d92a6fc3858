"""``assay lists`` from the command line: import, describe, match, quarantine, remove."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.clips import animation, clip, scene
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


def test_what_a_list_is_can_be_said_while_it_is_made_and_later(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("MD5,Note\n" + "ab" * 16 + ",one\n")
    said = ("--owner", "the office", "--polarity", "positive", "--distance", "20")
    done = assay("lists", "add", "one", tmp_path / "list.csv", *said, "--json")
    assert done.code == 0, done.err
    assert done.last == {
        "list": "one",
        "set": {"owner": "the office", "distance": 20, "polarity": "positive"},
        "own_rows": {},
    }
    (hit,) = assay("lists", "match", "md5:" + "AB" * 16, "--json").rows
    assert (hit["polarity"], hit["category"], hit["list"]) == ("positive", None, "one")
    until = assay("lists", "set", "one", "--valid-until", "2026-12-31", "--notes", "weekly")
    assert (until.code, until.out.split()) == (0, ["valid_until", "2026-12-31", "notes", "weekly"])
    (shown,) = assay("lists", "show", "one", "--json").rows
    assert (shown["owner"], shown["distance"], shown["valid_until"]) == (
        "the office",
        20,
        "2026-12-31",
    )


def test_wrong_values_are_errors_of_use_and_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("sha1 " + "ab" * 20 + "\n")
    for said, *wrong in (
        ("equal to 63", "--distance", "64"),
        ("'2026-02-30' is not a date", "--valid-from", "2026-02-30"),
        ("is before", "--valid-from", "2026-02-02", "--valid-until", "2026-02-01"),
        ("'bad' is not one of", "--polarity", "bad"),
    ):
        done = assay("lists", "add", "one", tmp_path / "list.txt", *wrong)
        assert (done.code, done.out) == (2, ""), wrong
        assert said in done.err
    assert assay("lists", "ls", "--json").rows == []
    assert assay("lists", "add", "one", tmp_path / "list.txt").code == 0
    assert assay("lists", "set", "one").code == 2


def test_hashes_are_looked_up_by_the_algorithm_that_they_are_named_after(tmp_path: Path) -> None:
    dna = bytes(range(144))
    pdq = "0f" * 32
    (tmp_path / "list.txt").write_text(
        f"photodna {base64.b64encode(dna).decode()}\npdq {pdq}\nsha256 {pdq}\nmd5 {'1f' * 16}\n"
    )
    assert assay("lists", "add", "one", tmp_path / "list.txt").code == 0
    asked = {
        f"PhotoDNA:{base64.b64encode(dna).decode()}": ["photodna"],
        f"photodna:{dna.hex()}": ["photodna"],
        base64.b64encode(dna).decode(): ["photodna"],
        f"pdq:{pdq}": ["pdq"],
        f"sha-256:{pdq.upper()}": ["sha256"],
        pdq: ["sha256", "pdq"],
        f"md5:{'1f' * 16}": ["md5"],
        f"sha1:{'1f' * 20}": [],
    }
    rows = assay("lists", "match", *asked, "--json").rows
    assert [(row["query"], row["algorithm"]) for row in rows] == [
        (query, algorithm) for query, found in asked.items() for algorithm in found
    ]
    assert all(row["threshold"] >= row["distance"] == 0 for row in rows)
    for wrong in ("md5:12", "photodna:12", "pdq:xyz", "tmk:aGFzaA==", "nonsense:12"):
        done = assay("lists", "match", wrong)
        assert (done.code, done.out) == (2, ""), wrong


def test_a_copy_that_was_turned_mirrored_framed_or_animated_is_met_and_the_variant_says_how(
    tmp_path: Path, picture: Path
) -> None:
    still = tmp_path / "still.png"
    Image.fromarray(scene(11)).save(still)
    rows = assay("hash", picture, still, "--json").rows
    (tmp_path / "known.txt").write_text("".join(f"pdq {r['pdq']['hash']} 90\n" for r in rows))
    assert assay("lists", "add", "known", tmp_path / "known.txt").code == 0
    image = Image.open(io.BytesIO(picture.read_bytes()))
    pixels = np.asarray(image)
    copies = {
        "turned.png": np.rot90(pixels),
        "mirrored.png": pixels[:, ::-1],
        "framed.png": np.pad(pixels, ((30, 30), (0, 0), (0, 0))),
    }
    for name, copy in copies.items():
        Image.fromarray(np.ascontiguousarray(copy)).save(tmp_path / name)
    (tmp_path / "animated.png").write_bytes(animation("PNG", (0, 11)))
    files = [picture, *(tmp_path / name for name in copies), tmp_path / "animated.png"]
    found = assay("lists", "match", *files, "--json").rows
    met = {Path(each["query"]).name: each["variant"] for each in found}
    # The copy was turned to the left, so that it is met turned back to the right.
    assert met == {
        "picture.jpg": "",
        "turned.png": "turned 90",
        "mirrored.png": "mirrored",
        "framed.png": "without bars",
        "animated.png": "frame 1",
    }
    assert len(found) == len(met)


def test_every_list_and_record_that_knows_a_file_gives_a_line(
    tmp_path: Path, picture: Path
) -> None:
    (row,) = assay("hash", picture, "--json").rows
    for name in ("one", "two"):
        (tmp_path / "known.csv").write_text(
            f"ID,MD5,PDQ\na,{row['md5']},\nb,{row['md5']},{row['pdq']['hash']}\n"
        )
        assert assay("lists", "add", name, tmp_path / "known.csv").code == 0
    found = assay("lists", "match", picture, tmp_path / "missing.jpg", "--json")
    assert found.code == 2
    found = assay("lists", "match", picture, "--json")
    keys = {"query", "list", "entry", "algorithm", "distance", "threshold", "variant", "record"}
    assert all(keys <= set(each) for each in found.rows)
    assert [(each["list"], each["entry"], each["algorithm"]) for each in found.rows] == [
        ("one", "a", "md5"), ("one", "b", "md5"), ("two", "a", "md5"), ("two", "b", "md5"),
        ("one", "b", "pdq"), ("two", "b", "pdq"),
    ]  # fmt: skip


def test_hashing_gives_json_lines_with_null_where_there_is_no_picture(
    tmp_path: Path, picture: Path
) -> None:
    (tmp_path / "note.txt").write_text("no picture")
    (tmp_path / "clip.mp4").write_bytes(clip())
    files = [picture, tmp_path / "note.txt", tmp_path / "clip.mp4"]
    rows = assay("hash", *files, "--json").rows
    assert [list(row) for row in rows] == [["path", "md5", "sha1", "sha256", "pdq"]] * 3
    assert set(rows[0]["pdq"]) == {"hash", "quality"}
    assert [row["pdq"] for row in rows[1:]] == [None, None]

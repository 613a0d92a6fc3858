"""The measurement of match rates still runs, on a dozen pictures, and says what it found."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks import _rates_pairs, _rates_plot, _rates_report
from benchmarks._rates_changes import CHANGES
from benchmarks.lists_rates import run

from tests.support.photos import scene

NAMES = (
    "astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "moon",
    "rocket", "text", "page",
)  # fmt: skip
SOME = (
    ("saved again", "JPEG, quality 75"),
    ("resized", "to 50 %"),
    ("turned", "mirrored"),
    ("bars", "10 % all round, black"),
    ("collage", "4, white lines"),
)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of pictures with a manifest: one repeats another, one is an edit."""
    folder = tmp_path_factory.mktemp("media") / "images"
    rows = []
    for name in (*NAMES, "astronaut-again"):
        path = folder / "real" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(name.partition("-")[0], (320, 240)).save(path)
        rows.append({"path": f"real/{name}.png", "label": "real", "origin": f"scikit/{name}@1"})
    edited = folder / "edited" / "tool"
    edited.mkdir(parents=True)
    scene("coffee", (320, 240)).save(edited / "001_before.png")
    scene("coffee", (320, 240)).convert("L").save(edited / "001_after0.png")
    rows += [
        {"path": f"edited/tool/001_{part}.png", "label": label, "origin": f"scikit/{part}@1"}
        for part, label in (("before", "edited_input"), ("after0", "edited"))
    ]
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "repo_path_commit", "sha256", "orig_sha256"))
        for row in rows:
            digest = hashlib.sha256((folder / row["path"]).read_bytes()).hexdigest()
            writer.writerow((row["path"], row["label"], row["origin"], digest, row["path"]))
    return folder


def test_each_way_of_asking_finds_what_it_is_for(media: Path, tmp_path: Path) -> None:
    some = [change for change in CHANGES if (change.group, change.name) in SOME]
    result = run(media, tmp_path, filler=3000, changes=some)
    assert result["set"]["pictures"] == len(NAMES)
    assert result["set"]["repeats"] == 1
    assert result["index"]["same"]
    assert result["pairs"][0]["near"] == []
    found = {row["group"]: [way["found"] for way in row["ways"]] for row in result["changes"]}
    count = result["changes"][0]["of"]
    assert count >= 10
    assert found["saved again"][0] == count
    assert found["turned"][0] == 0
    assert found["turned"][1] == count
    assert found["bars"][1] == 0
    assert found["bars"][2] >= count - 2
    assert found["collage"][1] == 0
    assert found["collage"][2] >= count // 2
    assert [row["bits"] <= 31 for row in result["edits"]] == [True]
    text = _rates_report.markdown(result, "benchmarks/lists_rates.py")
    assert "| turned: mirrored | " in text
    assert "1 of 1 match what they were made from" in text
    assert "| as stored | yes | " in text
    drawn = ElementTree.fromstring(_rates_plot.plot(result))
    assert "all round, black" in "".join(drawn.itertext())


def test_a_pair_that_a_person_looked_at_is_named_with_what_was_seen() -> None:
    every = _rates_pairs.judged()
    assert {relation for relation, _ in every.values()} <= {
        "same picture",
        "same scene",
        "different",
    }
    assert all(len(pair) == 2 for pair in every)


def test_bounds_are_those_of_clopper_and_pearson() -> None:
    assert _rates_pairs.upper_bound(0, 4_500_000) == pytest.approx(1 - 0.05 ** (1 / 4_500_000))
    low, high = _rates_pairs.interval(950, 1000)
    assert low == pytest.approx(0.934610, abs=1e-6)  # scipy.stats.beta.ppf(0.025, 950, 51)
    assert high == pytest.approx(0.962664, abs=1e-6)
    assert _rates_pairs.interval(0, 0) == (0.0, 1.0)
    assert _rates_pairs.interval(7, 7)[1] == 1.0

"""The benchmark of the index of known hashes still runs, without its peers. Nothing timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from benchmarks import _lists_report
from benchmarks.lists import run


def test_the_index_finds_what_numpy_finds_and_the_table_says_so(tmp_path: Path) -> None:
    result = run(20_000, tmp_path, None)
    found = result["query"]["recall"]
    assert (found["recall"], found["false"]) == (1.0, 0)
    assert found["true"] >= 10
    assert result["update"]["left"] > 18_000
    text = _lists_report.markdown([result], "benchmarks/lists.py", "left out")
    assert "| 1.0000; 0 of " in text
    assert "The peers were not measured: left out." in text
    queries = np.load(tmp_path / "hashes-20000" / "queries.npy")
    assert queries.shape == (1000, 32)

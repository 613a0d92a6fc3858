"""The benchmark of reading still runs: its source, the counts of a real disk, its table."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks import _disk
from benchmarks.reading import Results, as_json, by_kind, ratio, text

from tests.support.mounts import namespace


def test_what_is_read_is_counted_to_the_byte(tmp_path: Path) -> None:
    source = _disk.make(tmp_path / "source", 4)
    assert source.sizes == _disk.make(tmp_path / "again", 4).sizes
    with namespace() as space:
        ran = _disk.run_from_disk(source, tmp_path, os.environ, space, "--direct")
    assert ran.summary["finished"] is True
    assert set(ran.read) == set(source.sizes)
    assert ratio(source, ran) == sum(ran.read.values()) / source.size
    assert by_kind(source, ran)["jpg"][0] == 4
    assert all(opens >= 1 for *_, opens in by_kind(source, ran).values())
    # DESIGN's promise, for files that a worker holds in memory: every byte once.
    assert 1.0 <= ratio(source, ran) <= 1.05


def test_the_table_names_a_target_that_was_missed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(100))
    source = _disk.source_of(tmp_path)
    ran = _disk.Ran(2.0, {}, 11.0, 0.5, 0.6, {"a.jpg": 150}, {"a.jpg": 2})
    results = Results(source, source, ran, ran, ran, ran, ran, calls=160)
    shown = text(as_json(results), results)
    assert "| bytes read ÷ bytes of the source | ≤ 1.05 | 1.500 | **missed** |" in shown
    assert "| first lane-1 item, slow disk | < 10 s | 11.00 s | **missed** |" in shown
    assert "| jpg | 1 | 0 | 1.500 | 2.00 |" in shown

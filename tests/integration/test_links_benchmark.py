"""The benchmark of links still runs, and its cases have the threads it means. Nothing timed."""

from __future__ import annotations

from pathlib import Path

from benchmarks import links

from assay.engine.links import described, looked, ranked
from assay.engine.session import open_session


def test_a_made_case_has_threads_of_every_size_and_keys_that_one_item_carries(
    tmp_path: Path,
) -> None:
    links.make(tmp_path / "one", 300, 0)
    links.make(tmp_path / "two", 300, 1)
    for name in ("one", "two"):
        links._index(tmp_path / name)
    with open_session(tmp_path / "one") as session:
        cases, without = looked(session)
        every = list(described(cases, ranked(cases, least=1)))
    assert without == []
    assert 200 < sum(group.items for group in every) < 300  # one of ten has no key
    assert {group.kind for group in every if group.items > 1} == {"camera_serial", "generator"}
    assert all(group.items == 1 for group in every if group.kind == "camera")
    assert links._inside(tmp_path / "one", tmp_path / "two", 1).keys() >= {"links of one item"}
    assert "threads" in links._threads(tmp_path / "one")

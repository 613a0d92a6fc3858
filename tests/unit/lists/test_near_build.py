"""An index built without the compiled kernel is the one that the kernel builds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.lists import near_build
from assay.lists.index import HammingIndex
from assay.lists.index_files import HammingIndexError
from assay.lists.index_segment import SegmentBuilder
from assay.lists.index_writer import IndexWriter


@pytest.mark.parametrize("count", [0, 1, 700, 5000])
@pytest.mark.parametrize("values", [2, 256])  # few: many hashes agree in a chunk
def test_a_segment_is_byte_for_byte_that_of_the_compiled_kernel(
    tmp_path: Path, count: int, values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_build, "_STEP", 512)
    rng = np.random.default_rng(count)
    words = rng.integers(0, values, (count, 32), np.uint8).view("<u8")
    records = rng.integers(0, 1 << 32, count, np.uint64)
    found = []
    for name, kind in (("plain", near_build.PlainBuilder), ("compiled", SegmentBuilder)):
        with kind(tmp_path / name) as builder:
            builder.append(words, records)
            found.append(builder.finish(2))
    assert found[0] == found[1]
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "compiled").read_bytes()


def test_an_index_that_was_built_so_is_searched_and_continued(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 256, (3000, 32), np.uint8)
    numbers = np.arange(3000, dtype=np.uint64)
    blocks = ((hashes[n : n + 999], numbers[n : n + 999]) for n in range(0, 3000, 999))
    assert near_build.build(tmp_path / "index", blocks) == 3000
    with IndexWriter(tmp_path / "index") as writer:
        copies = hashes[:5].copy()
        copies[:, 0] ^= 255
        writer.add(copies, np.arange(9000, 9005, dtype=np.uint64))
        with pytest.raises(HammingIndexError, match="another process"):
            near_build.build(tmp_path / "index", [])
    index = HammingIndex(tmp_path / "index")
    index.verify()
    matches = index.search(hashes, 31)
    assert len(matches.record) == 3005
    assert matches.record[:2].tolist() == [0, 9000]


def test_an_index_of_nothing_is_an_index(tmp_path: Path) -> None:
    assert near_build.build(tmp_path / "index", []) == 0
    assert HammingIndex(tmp_path / "index").count == 0

"""The layout for very long lists finds what the index finds. Nothing timed."""

from __future__ import annotations

from pathlib import Path

from benchmarks.lists_layout import FLIPS, WIDTHS, run


def test_the_chunks_cover_the_hash_and_miss_nothing_at_31_bits() -> None:
    assert WIDTHS.sum() == 256
    # were two hashes further apart than this in every chunk, they would differ by 32 bits or more
    assert (FLIPS + 1).sum() == 32


def test_both_layouts_find_the_same(tmp_path: Path) -> None:
    rows = run(20_000, tmp_path, 300)  # raises where they differ
    assert rows[0].startswith("| 20,000 | 16 of 16")
    assert "11 of 23 and 24" in rows[1]

"""The page on generators holds the table that the writers prove."""

from __future__ import annotations

from pathlib import Path

from tests.support.generators import coverage

PAGE = Path(__file__).parents[3] / "docs" / "methods" / "generators.md"


def test_the_table_of_the_page_is_that_of_the_writers() -> None:
    assert coverage() in PAGE.read_text(encoding="utf-8")

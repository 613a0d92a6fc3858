"""Cells of a table: text that no spreadsheet computes, numbers as they are."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.exports.csv_ import cell

BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@given(st.text(max_size=80) | st.builds(str.__add__, st.sampled_from(BEGINS), st.text(max_size=20)))
@example("=HYPERLINK(1)")
@example("-2+3+cmd|' /C calc'!A0")
@example("\r=1")
@example("'=1")
@example("\0=1")
def test_no_text_begins_as_a_formula_and_none_is_lost(text: str) -> None:
    shown = cell(text)
    assert isinstance(shown, str)
    assert not shown.startswith(BEGINS)
    assert shown in (text, "'" + text) or "\0" in text
    out = io.StringIO(newline="")
    csv.writer(out).writerow(["first", shown, "last"])
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert row == ["first", shown, "last"]


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (0, 0), (-1.5, -1.5), ("-1.5", "'-1.5")])
def test_numbers_stay_numbers(value: str | float | None, shown: object) -> None:
    assert cell(value) == shown


def test_a_cell_is_cut_where_a_spreadsheet_would_spill_it() -> None:
    shown = cell("x" * 40_000)
    assert isinstance(shown, str)
    assert (len(shown), shown[-1]) == (32_767, "…")

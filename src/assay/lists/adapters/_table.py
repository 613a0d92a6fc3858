"""Rows of a delimited text table of unknown delimiter, numbered, past unbalanced quotes."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

DELIMITERS = (",", ";", "\t", "|")
_MAX_LINES = 64  # that one row may span
_MAX_ROW = 1 << 17  # characters of one row that spans lines
_EXCEL_HINT = "sep="

Row = tuple[int, list[str], str]  # number of its first line, cells, text


def cells(line: str, delimiter: str) -> list[str]:
    """Split one line."""
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter), [])


def delimiter_of(shown: Sequence[str]) -> str:
    """Return the delimiter that cuts the most lines into the same number of cells, above one."""
    best, most = ",", (0, 0)
    for delimiter in DELIMITERS:
        counts = [len(cells(line, delimiter)) for line in shown]
        common = max(set(counts), key=counts.count, default=1)
        if common > 1 and (counts.count(common), common) > most:
            best, most = delimiter, (counts.count(common), common)
    return best


def hinted(line: str) -> str:
    """Return the delimiter that a first line ``sep=;`` names, "" where it names none."""
    text = line.strip()
    return text[len(_EXCEL_HINT)] if text.lower().startswith(_EXCEL_HINT) and len(text) == 5 else ""


def rows(numbered: Iterable[tuple[int, str]], delimiter: str) -> Iterator[Row | tuple[int, str]]:
    """Yield rows; a line whose quotes never close comes as number and text, and the next are read.

    A quoted cell may hold line breaks, up to 64 lines of a row.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 1 << 21))
    source = iter(numbered)
    back: deque[tuple[int, str]] = deque()
    while True:
        first = back.popleft() if back else next(source, None)
        if first is None:
            return
        number, text = first
        if '"' not in text:
            yield number, text.split(delimiter), text
            continue
        taken: list[tuple[int, str]] = []
        while not _closed(text, delimiter):
            more = back.popleft() if back else next(source, None)
            if more is not None:
                taken.append(more)
                text += "\n" + more[1]
            if more is None or len(taken) >= _MAX_LINES or len(text) > _MAX_ROW:
                back.extendleft(reversed(taken))
                yield first
                break
        else:
            try:
                yield number, next(csv.reader([text], delimiter=delimiter), []), text
            except csv.Error:
                back.extendleft(reversed(taken))
                yield first


def _closed(text: str, delimiter: str) -> bool:
    if text.count('"') % 2 == 0:
        return True
    try:
        list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        # another fault than an open quote is not mended by more lines
        return "unexpected end" not in str(error)
    return True

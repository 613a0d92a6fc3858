"""A selection of items as a table for a spreadsheet: one row an item, RFC 4180, UTF-8.

A cell that a spreadsheet would compute gets an apostrophe before it: names of files are hostile.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from assay.core.jsonvalue import Json
from assay.engine.session import Session
from assay.exports.handover import require_new
from assay.exports.items import records
from assay.exports.record import first_path, match_line, strongest
from assay.exports.selection import Selection
from assay.exports.whole import written_whole

COLUMNS = (
    "sha256",
    "md5",
    "sha1",
    "size",
    "media_type",
    "lane",
    "band",
    "rank",
    "origin",
    "score",
    "decisions",
    "path",
    "places",
    "pdq",
    "pdq_quality",
    "lists",
    "evidence",
)
# What makes a spreadsheet compute a cell (OWASP, "CSV Injection"), and its full-width forms.
COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_JOIN = " | "
_CELL = 32_767  # characters that a cell of a spreadsheet holds; a longer one spills over


def write_table(session: Session, selection: Selection, out: Path, *, bom: bool = False) -> int:
    """Write the selection, whole or not at all; returns the number of items.

    ``bom`` puts a byte order mark first, by which some spreadsheets know UTF-8. Raises UsageError,
    CaseError.
    """
    require_new(session, out)
    count = 0
    with written_whole(out) as stream:
        encoding = "utf-8-sig" if bom else "utf-8"
        text = io.TextIOWrapper(stream, encoding, errors="backslashreplace", newline="")
        table = csv.writer(text, lineterminator="\r\n")
        table.writerow(COLUMNS)
        for record in records(session, selection):
            table.writerow([cell(value) for value in _values(record)])
            count += 1
        text.flush()
        text.detach()
    return count


def cell(value: str | int | float | None) -> str | int | float:
    """Return what stands in a cell: numbers as they are, text so that nothing computes it."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    value = value.replace("\0", "\\0")
    safe = "'" + value if value.startswith(COMPUTED) else value
    return safe if len(safe) <= _CELL else safe[: _CELL - 1] + "…"


def _values(row: Mapping[str, Json]) -> list[str | int | float | None]:
    pdq = row["pdq"]
    hash_ = pdq if isinstance(pdq, Mapping) else {}
    decisions = map(_decision, _rows(row, "decisions"))
    lists = dict.fromkeys(map(match_line, _rows(row, "matches")))
    plain = {name: row[name] for name in COLUMNS if name in row and name != "pdq"}
    given: dict[str, Json] = {
        **plain,
        "decisions": _JOIN.join(decisions),
        "path": first_path(row),
        "places": len(_rows(row, "occurrences")),
        "pdq": hash_.get("hash"),
        "pdq_quality": hash_.get("quality"),
        "lists": _JOIN.join(lists),
        "evidence": strongest(row),
    }
    return [_scalar(given[name]) for name in COLUMNS]


def _decision(d: Mapping[str, Json]) -> str:
    what = f"{d['scheme']} {d['category']}" if d["category"] is not None else "note"
    return f"{what} by {d['actor']} at {d['at']}" + (f": {d['note']}" if d["note"] else "")


def _scalar(value: Json) -> str | int | float | None:
    assert value is None or isinstance(value, str | int | float)
    return value


def _rows(row: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    found = row[name]
    return [part for part in found if isinstance(part, Mapping)] if isinstance(found, list) else []

"""Writing entries as a table that our own CSV adapter reads back whole (profile ``assay``)."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from assay.core.jsonvalue import canonical
from assay.lists.model import ListEntry

COLUMNS = (
    "id",
    "md5",
    "sha1",
    "sha256",
    "size",
    "pdq",
    "pdq_quality",
    "photodna",
    "other_hashes",
    "category",
    "namespace",
    "victim_identified",
    "distributed",
    "series",
    "disputed",
    "deleted",
    "updated",
    "label",
    "assay_record",
)
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "'")  # a spreadsheet would take such a cell as formula


def write_csv(entries: Iterable[ListEntry], out: BinaryIO) -> int:
    """Write a header and one row an entry, UTF-8; return the number of rows.

    The source record stands in the last column as canonical JSON. A cell that a spreadsheet would
    compute begins with an apostrophe, which the adapter takes off again.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    count = 0
    for entry in entries:
        table.writerow([_safe(cell) for cell in _cells(entry)])
        count += 1
    text.flush()
    text.detach()
    return count


def _cells(entry: ListEntry) -> tuple[str, ...]:
    pdq = next((hash_ for hash_ in entry.hashes if hash_.algorithm == "pdq"), None)
    photodna = next((hash_ for hash_ in entry.hashes if hash_.algorithm == "photodna"), None)
    others = (hash_ for hash_ in entry.hashes if hash_ is not pdq and hash_ is not photodna)
    return (
        entry.id,
        entry.md5,
        entry.sha1,
        entry.sha256,
        "" if entry.size is None else str(entry.size),
        pdq.value.hex() if pdq else "",
        str(pdq.quality) if pdq and pdq.quality is not None else "",
        base64.b64encode(photodna.value).decode() if photodna else "",
        " ".join(
            f"{hash_.algorithm}:{hash_.value.hex()}"
            + (f":{hash_.quality}" if hash_.quality is not None else "")
            for hash_ in others
        ),
        entry.category or "",
        entry.namespace,
        _word(entry.identified),
        _word(entry.distributed),
        entry.series,
        _word(entry.disputed),
        _word(entry.deleted),
        entry.updated,
        entry.label,
        canonical(entry.record).decode() if entry.record else "",
    )


def _word(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def _safe(cell: str) -> str:
    return "'" + cell if cell.startswith(_COMPUTED) else cell

"""VICS cases as a laboratory's review tool writes them, made of neutral values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.support.list_files import CONTEXT_20

TOOL = {
    "SourceApplicationName": "Example Review",
    "SourceApplicationVersion": "3.1",
    "ContactName": "A. Examiner",
}
ACTOR = "Example Review 3.1 (A. Examiner)"
WHEN = "2024-05-18T16:40:02.1234567Z"
SCHEME = """
name = "vics:{country}"
title = "Stand-ins"
[category.1]
title = "category 1"
lane = 1
[category.2]
title = "category 2"
lane = 2
[category.5]
title = "category 5"
lane = 5
"""


def said(path: Path, category: object, number: int = 1, **more: Any) -> dict[str, Any]:
    """Return the record of a file as a tool would write it; a field given as None is left out."""
    data = path.read_bytes()
    record = {
        "MediaID": number,
        "Category": category,
        "MD5": hashlib.md5(data).hexdigest().upper(),
        "SHA1": hashlib.sha1(data).hexdigest().upper(),
        "MediaSize": len(data),
        "DateUpdated": WHEN,
        **more,
    }
    return {
        name: value for name, value in record.items() if value is not None or name == "Category"
    }


def case_file(
    path: Path,
    records: Iterable[object],
    tool: Mapping[str, str] = TOOL,
    country: str = "US",
    **more: Any,
) -> Path:
    """Write a file with one case; the tool stands behind the records, as some write it."""
    case = {"CaseID": "c-1", **more, "Media": list(records), **tool}
    document = {"@odata.context": CONTEXT_20.format(country, "Cases"), "value": [case]}
    path.write_text(json.dumps(document))
    return path


def scheme_file(path: Path, country: str = "US") -> Path:
    path.write_text(SCHEME.format(country=country))
    return path

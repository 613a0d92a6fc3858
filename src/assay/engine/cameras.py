"""The laboratory's own tables of cameras: kept under the user's data folder, given to new cases.

Digests and counts only; no picture and no file name. ``engine/learning.py`` makes them.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import PolicyError
from assay.core.jsonvalue import Json, JsonObject, digest_of
from assay.examiners._tables import FORMAT, TableRow, rows_from_json
from assay.trust.lists import home

_MAX_FILE = 32 << 20  # bytes of one table of facts


@dataclass(frozen=True, slots=True)
class CameraTable:
    """What was learned from one folder."""

    name: str
    added: str  # ISO date
    rows: tuple[TableRow, ...]
    left_out: Mapping[str, int]  # why files were not learned from

    @property
    def files(self) -> int:
        return sum(row.files for row in self.rows)


def keep(table: CameraTable) -> Path:
    """Store a table for cases made from now on; the same facts again change nothing."""
    rows: list[Json] = [row.to_json() for row in table.rows]
    folder = home() / "cameras"
    target = folder / f"{digest_of(rows)[:16]}.json"
    text = json.dumps(
        {
            "format": FORMAT,
            "name": table.name,
            "added": table.added,
            "left_out": dict(table.left_out),
            "rows": rows,
        },
        indent=1,
        sort_keys=True,
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=folder, suffix=".partial")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, target)
    except OSError as error:
        raise PolicyError(
            f"{folder}: the table cannot be kept: {error.strerror}",
            hint="make the folder writable, or set ASSAY_HOME to one that is",
        ) from error
    return target


def installed_tables() -> tuple[CameraTable, ...]:
    """Return the tables in the user's data folder, by name; raises PolicyError naming a bad one."""
    tables = [_load(path) for path in sorted((home() / "cameras").glob("*.json"))]
    return tuple(sorted(tables, key=lambda table: (table.name, table.added)))


def camera_options() -> dict[str, JsonObject]:
    """Return the options of the examiner ``camera`` for a new case; empty without own tables."""
    rows = [row.to_json() for table in installed_tables() for row in _ordered(table.rows)]
    return {"camera": {"cameras": rows}} if rows else {}


def _ordered(rows: Iterable[TableRow]) -> list[TableRow]:
    return sorted(rows, key=lambda row: (row.maker, row.model))


def _load(path: Path) -> CameraTable:
    try:
        data = path.read_bytes()
        if len(data) > _MAX_FILE:
            raise ValueError(f"larger than {_MAX_FILE >> 20} MiB")
        value = json.loads(data)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']} is not known to this version")
        return CameraTable(
            name=str(value["name"]),
            added=str(value["added"]),
            rows=rows_from_json(value["rows"]),
            left_out={str(k): int(v) for k, v in value["left_out"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PolicyError(
            f"{path}: not a table of cameras: {error}",
            hint="remove the file and learn it again with: assay trust learn-camera DIR",
        ) from error

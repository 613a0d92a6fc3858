"""Learn which JPEG tables the cameras of a folder of reference pictures write, for new cases.

The pictures are read by the same sealed workers and the same check as evidence is. Kept are
digests and counts under the user's data folder, no picture and no file name.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from assay.core.errors import PolicyError
from assay.core.facts import Observation
from assay.core.jsonvalue import Json, JsonObject, digest_of
from assay.core.vocab import CostClass, Level, Polarity, Role
from assay.engine.ranking import in_order
from assay.engine.session import CaseOptions, create
from assay.engine.triage import add_sources, open_sources, run_case
from assay.examiners._tables import FORMAT, TableRow, model_key, rows_from_json
from assay.sandbox.headstart import HeadStart
from assay.trust.lists import home

_MAX_FILE = 32 << 20  # bytes of one table of facts
_PASSES = (CostClass.DIGEST, CostClass.METADATA)


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


@dataclass(slots=True)
class _Model:
    maker: str
    model: str
    files: int = 0
    quantisation: Counter[str] = field(default_factory=Counter)
    huffman: Counter[str] = field(default_factory=Counter)

    def add(self, tables: JsonObject) -> None:
        self.files += 1
        self.quantisation[str(tables["quantisation"])] += 1
        if tables.get("huffman") and not tables.get("huffman_standard"):
            self.huffman[str(tables["huffman"])] += 1

    def row(self) -> TableRow:
        return TableRow(self.maker, self.model, self.files, self.quantisation, self.huffman)


def learn(folder: Path, *, ahead: HeadStart | None = None) -> CameraTable:
    """Learn from the camera originals in a folder and what is in it; nothing is stored yet.

    A file counts where it has level C2 and nothing else speaks: no editor, no re-save, no record
    of a generator. Raises SourceError for a missing folder, PolicyError where none counts.
    """
    models: dict[str, _Model] = {}
    left_out: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="assay-learn-") as temporary,
        create(Path(temporary) / "case", CaseOptions(), "learn-camera") as session,
    ):
        sources = open_sources(session, [folder])
        add_sources(session, sources, "learn-camera")
        plan = session.plan(passes=_PASSES)
        run_case(session, sources, plan, operator="learn-camera", ahead=ahead)
        for judged in session.judged([sha for sha, _ in in_order(session.case.connection)]):
            places = judged.bundle.occurrences
            if places and all(place.occurrence.role is Role.PREVIEW for place in places):
                continue  # a thumbnail has tables of its own
            reason = _count(judged.facts.observations, models)
            if reason:
                left_out[reason] += 1
    rows = tuple(one.row() for _, one in sorted(models.items()))
    if not rows:
        why = ", ".join(f"{reason}: {n}" for reason, n in sorted(left_out.items()))
        raise PolicyError(
            f"{folder}: no file to learn from ({why or 'the folder is empty'})",
            hint="give JPEG files as the camera wrote them, copied and not exported",
        )
    today = datetime.now(UTC).date().isoformat()
    name = folder.resolve().name[:100] or "cameras"
    return CameraTable(name, today, rows, dict(sorted(left_out.items())))


def _count(observations: Sequence[Observation], models: dict[str, _Model]) -> str:
    """Count one file for its model; returns why not, or a blank."""
    by_kind = {o.kind: o for o in observations if o.kind in ("camera", "tables")}
    camera, tables = by_kind.get("camera"), by_kind.get("tables")
    if camera is None or not camera.value.get("make") or not camera.value.get("model"):
        return "no camera is named"
    if any(o.polarity in (Polarity.EDITED, Polarity.SYNTHETIC) for o in observations):
        return "changed or machine-made by its own account"
    if camera.level is not Level.C2:
        return "the file does not agree with its camera's text"
    if tables is None:
        return "no JPEG"
    maker, model = str(camera.value["make"]), str(camera.value["model"])
    models.setdefault(model_key(maker, model), _Model(maker, model)).add(tables.value)
    return ""


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

"""Learn which JPEG tables the cameras of a folder of reference pictures write, for new cases.

The pictures are read by the same sealed workers and the same check as evidence is.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from assay.core.errors import PolicyError
from assay.core.facts import Observation
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import CostClass, Level, Polarity, Role
from assay.engine.cameras import CameraTable
from assay.engine.ranking import in_order
from assay.engine.session import CaseOptions, create
from assay.engine.triage import add_sources, open_sources, run_case
from assay.examiners._tables import TableRow, model_key
from assay.sandbox.headstart import HeadStart

_PASSES = (CostClass.DIGEST, CostClass.METADATA)


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

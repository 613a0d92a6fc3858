"""Stability Matrix: ``parameters-json`` and ``smproj`` beside the graph and text that it ran.

Format: LykosAI/StabilityMatrix, StabilityMatrix.Core/Models/GenerationParameters.cs, Models/
Inference/InferenceProjectType.cs and Models/Database/LocalImageFile.cs (WebP: the parameters in
EXIF ImageDescription, the project in Software). The other keys are the same writer's.
"""

from __future__ import annotations

from dataclasses import replace

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects.bounded import clean
from assay.examiners.dialects.flat import flat_record, folded
from assay.examiners.dialects.record import Bundle, Record, distinct

_KEYS = ("parameters-json", "imagedescription")
_PROJECTS = ("smproj", "software")
# Projects that start from words alone, by name and by number of the enumeration.
_FROM_TEXT = frozenset({"unknown", "texttoimage", "fluxtexttoimage", "wantexttovideo",
                        "ltxvtexttovideo", "0", "1", "6", "7", "13"})  # fmt: skip
_OWN = frozenset({"PositivePrompt", "CfgScale", "ModelName", "ModelHash", "Sampler", "Seed"})


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where no text holds one."""
    for key in _KEYS:
        params = bundle.json(key)
        if params is not None and len(_OWN & params.keys()) >= 3:
            project = next((key for key in _PROJECTS if bundle.json(key)), "")
            return replace(
                _read(params, bundle.json(project) or {}), read_from=(key, project or key)
            )
    return None


def _read(params: JsonObject, project: JsonObject) -> Record:
    record = flat_record(params, "Stability Matrix")
    kind = clean(str(folded(project).get("projecttype", "")), 60)
    changed = bool(kind) and kind.lower() not in _FROM_TEXT
    return replace(
        record,
        changes=distinct((*record.changes, f"project type: {kind}" if changed else "")),
    )

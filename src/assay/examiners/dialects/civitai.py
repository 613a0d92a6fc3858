"""Civitai's own generator: a ComfyUI graph with ``extraMetadata``, models as ``urn:air:`` names.

Format: civitai/civitai, src/utils/metadata/comfy.metadata.ts. The AUTOMATIC1111 text with "Civitai
resources" is ``a1111``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects import comfyui
from assay.examiners.dialects.bounded import as_list, as_object, clean
from assay.examiners.dialects.flat import flat_record
from assay.examiners.dialects.inputs import is_image_mode
from assay.examiners.dialects.record import Bundle, Record, distinct

_KEYS = ("usercomment", "prompt", "exif:usercomment", "comment", "imagedescription", "parameters")


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where no text holds one."""
    for key in _KEYS:
        whole = bundle.json(key) if '"extraMetadata"' in bundle.get(key) else None
        extra = as_object(whole.get("extraMetadata")) if whole is not None else {}
        if whole is None:
            continue
        record = _read(extra, whole)
        graph = comfyui.parse(bundle)
        record = record.completed_by(graph) if graph is not None else record
        return replace(record, tool="Civitai", tool_named=True, read_from=(key,))
    return None


def _read(extra: JsonObject, whole: JsonObject) -> Record:
    record = flat_record(extra, "Civitai")
    airs = [clean(air) for air in as_list(as_object(whole.get("extra")).get("airs"))]
    airs += [
        f"modelVersionId {item['modelVersionId']}"[:80]
        for item in as_list(extra.get("resources"))
        if isinstance(item, Mapping) and item.get("modelVersionId")
    ]
    workflow = extra.get("workflowId")
    changed = [f"workflowId: {clean(workflow, 60)}"] if is_image_mode(workflow) else []
    return replace(
        record,
        models=distinct((*record.models, *(air for air in airs if ":lora:" not in air))),
        loras=distinct((*record.loras, *(air for air in airs if ":lora:" in air))),
        changes=distinct((*record.changes, *changed)),
    )

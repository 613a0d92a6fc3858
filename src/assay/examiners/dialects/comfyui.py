"""ComfyUI: the graph it ran (``prompt``) and the editor's graph (``workflow``), in any container.

Slots: PNG text and the ``comf`` chunk of animated PNG; EXIF Make, Model, ImageDescription or
UserComment with a "prompt:" or "workflow:" prefix (animated WebP, JPEG and WebP savers); the
``comment`` tag of VideoHelperSuite; a UserComment that is a graph (Civitai's generator).
The two keys are one writer's and make one record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects.bounded import json_object
from assay.examiners.dialects.canonical import graph_key
from assay.examiners.dialects.comfy_graph import Graph, read_api, read_workflow
from assay.examiners.dialects.comfy_inputs import changes_of, pictures_of
from assay.examiners.dialects.comfy_nodes import is_loader, statement_of
from assay.examiners.dialects.comfy_reading import from_editor, from_graph
from assay.examiners.dialects.record import Bundle, Record, distinct
from assay.examiners.dialects.texts import EXIF

TOOL = "ComfyUI"
_PREFIX = re.compile(r"\s*(prompt|workflow)\s*:\s*(?=\{\s*[\"}])", re.I)
_KEYS = ("prompt", "workflow")
# JSON texts that may hold both keys, or be a graph themselves
_WRAPPED = ("comment", "usercomment", "imagedescription", "description", "©cmt",
            "com.apple.quicktime.comment", "exif:usercomment")  # fmt: skip
_CLASS = re.compile(r'"(?:class_type|type)"\s*:\s*"([^"\\]{1,200})"')
MAX_SCAN = 4 << 20  # characters of a broken graph searched for class names


@dataclass(frozen=True, slots=True)
class _Found:
    """The texts of one graph."""

    prompt: str = ""
    workflow: str = ""
    fields: tuple[str, ...] = ()  # EXIF fields that hold them
    keys: tuple[str, ...] = ()  # keys of the texts, the graph that ran first
    civitai: bool = False
    cut: bool = False


def parse(bundle: Bundle) -> Record | None:
    """Read the graph that a bundle holds; None where it holds none."""
    found = _find(bundle)
    prompt = json_object(found.prompt) if found.prompt else None
    workflow = json_object(found.workflow) if found.workflow else None
    graph = read_api(prompt) if prompt is not None else None
    editor = read_workflow(workflow) if workflow is not None else None
    if graph is not None:
        record = _with_editor(from_graph(graph), graph, editor)
    elif editor is not None:
        record = from_editor(editor)
    else:
        return _broken(found)
    return replace(
        record,
        tool="Civitai" if found.civitai else TOOL,
        tool_named=True,
        claimed_fields=found.fields,
        read_from=found.keys,
        graph_key=graph_key(graph) if graph is not None else "",
        # a prompt or workflow that was there and could not be read leaves inputs open
        inputs_unresolved=record.inputs_unresolved
        or found.cut
        or (bool(found.prompt) and graph is None)
        or (bool(found.workflow) and workflow is None),
    )


def _find(bundle: Bundle) -> _Found:
    texts = {key: bundle.get(key) for key in _KEYS if bundle.get(key)}
    fields: list[str] = []
    used = dict.fromkeys(texts)
    civitai = False
    for text in bundle.texts:
        match = _PREFIX.match(text.text[:200])
        if match and texts.setdefault(match[1].lower(), text.text[match.end() :]):
            used[text.key] = None
            fields += [text.name] if bundle.family == EXIF else []
    for key in _WRAPPED:
        inner = _unwrap(bundle.get(key)) if not texts else None
        if inner is not None:
            civitai = "extraMetadata" in inner
            texts = _inner_texts(inner, bundle.get(key))
            used[key] = None
    return _Found(
        prompt=texts.get("prompt", ""),
        workflow=texts.get("workflow", ""),
        fields=distinct(fields),
        keys=tuple(used),
        civitai=civitai,
        cut=bundle.cut(used),
    )


def _unwrap(text: str) -> JsonObject | None:
    if '"class_type"' not in text and '"class_type\\"' not in text and '"nodes"' not in text:
        return None
    return json_object(text)


def _inner_texts(inner: JsonObject, text: str) -> dict[str, str]:
    """Return the texts of both keys; a text that is a graph itself stands for ``prompt``."""
    if read_api(inner) is not None:
        return {"prompt": text}
    return {key: _dumped(inner, key) for key in _KEYS if _dumped(inner, key)}


def _dumped(inner: JsonObject, key: str) -> str:
    value = inner.get(key)
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict) else ""


def _with_editor(record: Record, graph: Graph, editor: Graph | None) -> Record:
    """Add the loaders that only the editor's graph names.

    Muted or missing from the graph that ran, they still name a picture: doubt moves a file up.
    """
    if editor is None:
        return record
    ran = {node.name for node in graph.nodes.values()}
    loaders = [node for node in editor.nodes.values() if is_loader(node.name)]
    unrun = [node for node in loaders if node.name not in ran]
    return record.with_changes(changes_of(editor, unrun), pictures_of(editor, loaders))


def _broken(found: _Found) -> Record | None:
    """A graph that does not parse still names its tool, and its loaders by their class."""
    text = f"{found.prompt[:MAX_SCAN]}\n{found.workflow[:MAX_SCAN]}"
    names = _CLASS.findall(text)
    if not found.fields and not names:
        return None
    return Record(
        tool=TOOL,
        tool_named=True,
        changes=_statements(names),
        inputs_unresolved=True,
        claimed_fields=found.fields,
        read_from=found.keys,
    )


def _statements(names: Iterable[str]) -> tuple[str, ...]:
    return distinct(
        f"{statement_of(name)} {name}" for name in dict.fromkeys(names) if statement_of(name)
    )

"""Which nodes of a ComfyUI graph name an input picture or change one, and the names as leads.

Every node counts, connected to an output or not: doubt moves a file up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.examiners.dialects.bounded import clean
from assay.examiners.dialects.comfy_graph import Graph, Input, Link, Node
from assay.examiners.dialects.comfy_nodes import VAE_ENCODE, statement_of
from assay.examiners.dialects.comfy_size import chain_from
from assay.examiners.dialects.record import distinct

MAX_ENCODERS = 200  # whose input is followed; a graph with more counts as unresolved
_PICTURE = re.compile(r"\.(png|jpe?g|webp|gif|bmp|tiff?|heic|avif|mp4|webm|mov|mkv|avi)$", re.I)
_NAMING = re.compile(r"image|img|path|url|video|file|mask|directory|folder|picture|photo", re.I)
_SOURCES = ("pixels", "image", "images")
_MARKERS = frozenset({"image", "input", "upload", "red", "green", "blue", "alpha", "disabled"})


def changes_of(graph: Graph, nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return one statement for each class that names an input picture."""
    found: dict[str, str] = {}
    encoders = 0
    for node in nodes:
        if node.name in found:
            continue
        statement = statement_of(node.name)
        if not statement and VAE_ENCODE.search(node.name):
            encoders += 1
            if encoders > MAX_ENCODERS or not _made_here(graph, node):
                statement = "VAE encoder fed from outside"
        if statement:
            found[node.name] = f"{statement} ({clean(node.name, 80)})"
    return distinct(found.values())


def _made_here(graph: Graph, node: Node) -> bool:
    """Tell whether an encoder's picture begins in an empty latent of this very graph."""
    link = next((node.inputs[key] for key in _SOURCES if key in node.inputs), None)
    return chain_from(graph, link).starts


def pictures_of(graph: Graph, nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return the picture names that loaders hold; a loader without one is named by its class."""
    names: list[str] = []
    for node in nodes:
        if statement_of(node.name) != "image loader":
            continue
        held = [
            name
            for key, value in node.inputs.items()
            if (name := _picture_name(key, graph.follow(value)))
        ]
        names += held or [f"(no name: {clean(node.name, 80)})"]
        if len(names) > 200:
            break
    return distinct(names)


def _picture_name(key: str, value: Input) -> str:
    if isinstance(value, Link) or not isinstance(value, str) or not value.strip():
        return ""
    if len(value) > 1000:  # a picture in base64
        return "(picture inside the graph)"
    text = re.sub(r"\s*\[(input|output|temp)\]$", "", value.strip())
    named = _NAMING.search(key) is not None and text.lower() not in _MARKERS
    return clean(text) if named or _PICTURE.search(text) else ""

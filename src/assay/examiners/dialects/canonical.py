"""The canonical digest of a graph: equal for the same workflow with another seed, prompt or name.

Colour refinement: a node's label is its class and settings, then again with the labels of what
feeds it, a fixed number of times; node numbers and order do not count, and loops end.
"""

from __future__ import annotations

import hashlib
import json
import re

from assay.examiners.dialects.comfy_graph import Graph, Link, Node

ROUNDS = 8  # links followed from each node
MAX_VALUE = 500  # characters of a setting that count
# What changes from picture to picture of one workflow.
_VARIES = re.compile(
    r"seed|text|prompt|string|positive|negative|filename|prefix|control_after|^image$|^images?_?"
    r"(path|name)|^video$|^mask$|upload|url|lyrics|tags|caption|^value$|^#",
    re.I,
)


def graph_key(graph: Graph) -> str:
    """Return the digest of a graph as 32 hex digits; '' for a graph without nodes."""
    if not graph.nodes:
        return ""
    own = {key: _digest([node.name, _settings(node)]) for key, node in graph.nodes.items()}
    labels = own
    for _ in range(min(ROUNDS, len(own))):
        labels = {
            key: _digest(
                [own[key], sorted([name, labels.get(link, "")] for name, link in _links(node))]
            )
            for key, node in graph.nodes.items()
        }
    return _digest(sorted(labels.values()))


def _settings(node: Node) -> list[list[str]]:
    return sorted(
        [key, type(value).__name__, str(value)[:MAX_VALUE]]
        for key, value in node.inputs.items()
        if value is not None and not isinstance(value, Link) and not _VARIES.search(key)
    )


def _links(node: Node) -> list[tuple[str, str]]:
    return [(key, value.node) for key, value in node.inputs.items() if isinstance(value, Link)]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]

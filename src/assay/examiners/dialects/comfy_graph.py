"""A ComfyUI graph as plain nodes and links, from the API form (``prompt``) or the editor's form.

Reads and walks; judges nothing. Every walk is iterative and visits a node once, so cyclic and
hostile graphs end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import as_object

MAX_NODES = 5_000  # the largest graphs seen in public hold some hundreds
MAX_INPUTS = 500  # per node
MAX_HOPS = 16  # links followed to find a plain value
_VALUE_KEYS = ("value", "int", "float", "number", "Number", "seed", "text", "string", "Value")


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to another node's output."""

    node: str


Input = Link | str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    name: str  # class_type
    inputs: Mapping[str, Input]  # plain values and links; other values are dropped
    muted: bool = False  # the editor's form: the node did not run

    def links(self) -> Iterator[str]:
        return (value.node for value in self.inputs.values() if isinstance(value, Link))


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: Mapping[str, Node]
    whole: bool = True  # False where a node was dropped or a limit was met

    def follow(self, value: Input) -> Input:
        """Return the plain value at the end of a chain of value nodes, else the last Link."""
        for _ in range(MAX_HOPS):
            node = self.nodes.get(value.node) if isinstance(value, Link) else None
            if node is None:
                return value
            plain = [node.inputs[key] for key in _VALUE_KEYS if key in node.inputs]
            if not plain:
                return value
            value = plain[0]
        return value

    def upstream(
        self, starts: Iterable[str], *, without: frozenset[str] = frozenset()
    ) -> tuple[Node, ...]:
        """Return the starting nodes and all that feeds them, nearest first.

        ``without`` names inputs of the starting nodes that are not followed.
        """
        first = dict.fromkeys(starts)
        seen = set(first)
        queue = deque(first)
        found: list[Node] = []
        while queue:
            node = self.nodes.get(queue.popleft())
            if node is None:
                continue
            found.append(node)
            for key, value in node.inputs.items():
                if not isinstance(value, Link) or (node.id in first and key in without):
                    continue
                if value.node not in seen:
                    seen.add(value.node)
                    queue.append(value.node)
        return tuple(found)


def read_api(graph: JsonObject) -> Graph | None:
    """Read the API form: ``{id: {"class_type": …, "inputs": {…}}}``; None where it is no graph."""
    nodes: dict[str, Node] = {}
    whole = True
    for key, value in graph.items():
        name = value.get("class_type") if isinstance(value, dict) else None
        if not isinstance(name, str):
            continue  # "extra", "extraMetadata" and the like stand beside nodes
        if len(nodes) >= MAX_NODES:
            whole = False
            break
        raw = as_object(value.get("inputs") if isinstance(value, dict) else None)
        whole = whole and len(raw) <= MAX_INPUTS
        inputs = {k: _input(v) for k, v in list(raw.items())[:MAX_INPUTS]}
        nodes[key] = Node(key, name[:200], inputs)
    return Graph(nodes, whole) if nodes else None


def _input(value: Json) -> Input:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
        return Link(str(value[0]))
    if isinstance(value, dict):
        value = value.get("__value__")  # how the editor escapes a list given as a value
    return value if isinstance(value, str | int | float | bool) else None


def read_workflow(workflow: JsonObject) -> Graph | None:
    """Read the editor's form (nodes with ``widgets_values`` and numbered links), subgraphs too.

    Widgets have no names there, so inputs are only those that are linked, and plain values are
    kept under their position. None where it holds no nodes.
    """
    sources = list(_node_lists(workflow))
    nodes: dict[str, Node] = {}
    whole = True
    for prefix, raw_nodes, links in sources:
        for value in raw_nodes:
            name = value.get("type") if isinstance(value, dict) else None
            if not isinstance(value, dict) or not isinstance(name, str):
                continue
            if len(nodes) >= MAX_NODES:
                whole = False
                break
            key = f"{prefix}{value.get('id')}"
            nodes[key] = Node(
                key, name[:200], _editor_inputs(value, links), value.get("mode") in (2, 4)
            )
    return Graph(nodes, whole) if nodes else None


def _node_lists(
    workflow: JsonObject,
) -> Iterator[tuple[str, list[Json], Mapping[str, str]]]:
    graphs: list[tuple[str, Json]] = [("", workflow)]
    definitions = as_object(workflow.get("definitions")).get("subgraphs")
    if isinstance(definitions, list):
        graphs += [(f"{number}:", graph) for number, graph in enumerate(definitions[:200])]
    for prefix, graph in graphs:
        raw = as_object(graph)
        nodes, links = raw.get("nodes"), raw.get("links")
        if isinstance(nodes, list):
            yield prefix, nodes, _origins(links, prefix) if isinstance(links, list) else {}


def _origins(links: list[Json], prefix: str) -> dict[str, str]:
    """Return link number -> node it comes from; links are lists, in subgraphs objects."""
    origins: dict[str, str] = {}
    for link in links[: MAX_NODES * 4]:
        if isinstance(link, list) and len(link) >= 2:
            origins[str(link[0])] = f"{prefix}{link[1]}"
        elif isinstance(link, dict):
            origins[str(link.get("id"))] = f"{prefix}{link.get('origin_id')}"
    return origins


def _editor_inputs(node: JsonObject, origins: Mapping[str, str]) -> dict[str, Input]:
    inputs: dict[str, Input] = {}
    widgets = node.get("widgets_values")
    if isinstance(widgets, list):
        for position, value in enumerate(widgets[:MAX_INPUTS]):
            inputs[f"#{position}"] = _input(value) if not isinstance(value, list) else None
    elif isinstance(widgets, dict):
        for key, value in list(widgets.items())[:MAX_INPUTS]:
            inputs[key] = _input(value) if not isinstance(value, list) else None
    slots = node.get("inputs")
    for slot in slots[:MAX_INPUTS] if isinstance(slots, list) else ():
        if isinstance(slot, dict) and slot.get("link") is not None:
            origin = origins.get(str(slot["link"]))
            if origin is not None:
                inputs[str(slot.get("name"))[:80]] = Link(origin)
    return inputs

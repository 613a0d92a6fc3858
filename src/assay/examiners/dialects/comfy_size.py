"""The size a ComfyUI graph ends in: from the empty latent through every scaling to the output.

Follows one chain per output. A node outside the tables, a loop or an unknown factor ends it
unresolved. Rounding follows comfyanonymous/ComfyUI nodes.py and comfy_extras (facts only).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from assay.examiners.dialects.bounded import number
from assay.examiners.dialects.comfy_graph import Graph, Input, Link, Node
from assay.examiners.dialects.comfy_nodes import STARTS, STEPS, Step
from assay.examiners.dialects.record import MAX_SIDE, Size, size_of

MAX_CHAIN = 200  # nodes between start and output


@dataclass(frozen=True, slots=True)
class Chain:
    """The nodes from an output back to where its picture begins, nearest first."""

    nodes: tuple[Node, ...]
    starts: bool  # it ends in an empty latent of the tables

    @property
    def start(self) -> Node | None:
        return self.nodes[-1] if self.starts else None


def chain_from(graph: Graph, link: Input) -> Chain:
    """Follow the picture from a link back to its start."""
    nodes: list[Node] = []
    seen: set[str] = set()
    while isinstance(link, Link) and link.node not in seen and len(nodes) < MAX_CHAIN:
        seen.add(link.node)
        node = graph.nodes.get(link.node)
        if node is None:
            break
        nodes.append(node)
        if node.name in STARTS:
            return Chain(tuple(nodes), starts=True)
        step = STEPS.get(node.name)
        if step is None:
            break
        link = node.inputs.get(step.source)
    return Chain(tuple(nodes), starts=False)


def size_after(graph: Graph, chain: Chain) -> Size | None:
    """Return the size at the end of a chain, or None where a step is not resolved."""
    if chain.start is None:
        return None
    size = size_of(*_sides(graph, chain.start))
    if size is None:
        return None
    size = _on_grid(size, STARTS[chain.start.name].grid)
    for node in reversed(chain.nodes[:-1]):
        if size is None:
            return None
        step = STEPS[node.name]
        size = _on_grid(_apply(graph, node, step, size), step.grid)
    return size


def _on_grid(size: Size | None, grid: int) -> Size | None:
    if size is None:
        return None
    size = size.on_grid(grid)
    return size_of(size.width, size.height)


def _sides(graph: Graph, node: Node) -> tuple[float | None, float | None]:
    return (
        _number(graph, node.inputs.get("width")),
        _number(graph, node.inputs.get("height")),
    )


def _number(graph: Graph, value: Input) -> float | None:
    plain = graph.follow(value)
    return None if isinstance(plain, Link) else number(plain)


def _apply(graph: Graph, node: Node, step: Step, size: Size) -> Size | None:
    match step.does:
        case "keep":
            return size
        case "resize":
            return _resize(size, *_sides(graph, node))
        case "factor":
            factor = _number(graph, node.inputs.get("scale_by"))
            if factor is None or not 0 < factor <= 64:
                return None
            return _scaled(size, factor, step.grid)
        case "megapixels":
            total = _number(graph, node.inputs.get("megapixels"))
            if total is None or not 0 < total <= 1000:
                return None
            return _scaled(size, math.sqrt(total * 1024 * 1024 / (size.width * size.height)), 1)
        case "model":
            factor = _model_factor(graph, node.inputs.get("upscale_model"))
            return None if factor is None else size.times(factor)
    return None


def _scaled(size: Size, factor: float, grid: int) -> Size | None:
    # A latent is scaled in its own cells; Python's round is what ComfyUI calls.
    width = round(size.width / grid * factor) * grid
    height = round(size.height / grid * factor) * grid
    return size_of(width, height)


def _resize(size: Size, width: float | None, height: float | None) -> Size | None:
    if width is None or height is None:
        return None
    if not (0 <= width <= MAX_SIDE and 0 <= height <= MAX_SIDE):
        return None
    if not width and not height:
        return size
    if not width:
        width = max(1, round(size.width * height / size.height))
    if not height:
        height = max(1, round(size.height * width / size.width))
    return size_of(width, height)


def _model_factor(graph: Graph, value: Input) -> int | None:
    """Return the factor that an upscale model's name states ("4x-…", "RealESRGAN_x2")."""
    node = graph.nodes.get(value.node) if isinstance(value, Link) else None
    name = node.inputs.get("model_name") if node is not None else None
    if not isinstance(name, str):
        return None
    found = re.findall(r"(?i)(?<![0-9a-z])(?:([1-8])x|x([1-8]))(?![0-9])", name[:200])
    factors = {int(a or b) for a, b in found}
    return factors.pop() if len(factors) == 1 else None

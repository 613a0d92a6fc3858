"""Puts the results of ``benchmarks/lists.py`` into Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import _report

_VERDICT = {True: "met", False: "**missed**", None: ""}


def markdown(results: list[dict[str, Any]], command: str, no_peer: str) -> str:
    """Return everything as it goes into BENCHMARKS.md."""
    lines = [f"Command: `.venv/bin/python {command}`", "", _report.machine(), ""]
    for result in results:
        lines += [*_size(result), ""]
    if no_peer:
        lines += [f"The peers were not measured: {no_peer}."]
    return "\n".join(lines).rstrip()


def _size(result: dict[str, Any]) -> list[str]:
    loads = f"load {result['load']:.1f} before, {result['load_after']:.1f} after"
    bits = ", ".join(f"{r} bits {ms:.2f} ms" for r, ms in result["query"]["radii"].items())
    return [
        f"**{result['count']:,} hashes**, {loads}:",
        "",
        "| what | target | measured | |",
        "|---|---|---|---|",
        *_found(result),
        *_space(result),
        *_changes(result["update"]),
        "",
        f"CPU time of a single query by radius: {bits}.",
        *(_engines(result) if result["peers"] else ()),
    ]


def _row(name: str, target: str, value: str, met: bool | None = None) -> str:
    return f"| {name} | {target} | {value} | {_VERDICT[met]} |"


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ms; {np.percentile(values, 95):.2f} ms"


def _found(result: dict[str, Any]) -> list[str]:
    query = result["query"]
    checked = query["recall"]
    right = checked["recall"] == 1 and not checked["false"]
    quick = statistics.median(query["wall"]) <= 3
    return [
        _row(
            "recall at 31 bits; false matches, of those numpy finds",
            "1.0; 0",
            f"{checked['recall']:.4f}; {checked['false']} of {checked['true']}",
            right,
        ),
        _row("a single query: median; 95 % below", "≤ 3 ms", _spread(query["wall"]), quick),
        _row("the same in CPU time", "", _spread(query["cpu"])),
        _row(
            "a query of a batch, all cores",
            "",
            f"{query['batch']:.2f} ms (CPU {query['batch_cpu']:.2f} ms)",
        ),
        _row("the same, only the nearest", "", f"{query['nearest']:.2f} ms"),
    ]


def _space(result: dict[str, Any]) -> list[str]:
    count, build, query = result["count"], result["build"], result["query"]
    full = count >= 10_000_000  # the targets are for ten million
    size = f"{build['bytes'] / 1e9:.3f} GB, {build['bytes'] / count:.1f} bytes a hash"
    scale = count / 10_000_000
    return [
        _row("files", "≤ 1.1 GB", size, build["bytes"] <= 1.1e9 * scale if full else None),
        _row(
            "build until it is on disk",
            "≤ 10 s",
            f"{build['wall']:.1f} s (CPU {build['cpu']:.1f} s)",
            build["wall"] <= 10 * scale if full else None,
        ),
        _row(
            "memory while building: before; most; with mapped files",
            "",
            f"{build['own_before']:.0f}; {build['own']:.0f}; {build['peak']:.0f} MB",
        ),
        _row(
            "opening, every byte checked; structure only",
            "",
            f"{query['open']:.2f} s (CPU {query['open_cpu']:.2f} s); "
            f"{1000 * query['open_unchecked']:.0f} ms",
        ),
        _row(
            "memory while searching: of its own; with mapped files",
            "",
            f"{query['own']:.0f}; {query['peak']:.0f} MB",
        ),
    ]


def _changes(update: dict[str, Any]) -> list[str]:
    visible, add = update["visible"], update["add"]
    return [
        _row(
            f"a new hash is found by another process: median; longest of {len(visible)}",
            "< 1 s",
            f"{statistics.median(visible):.1f} ms; {max(visible):.0f} ms",
            max(visible) < 1000,
        ),
        _row(
            "one addition: median; longest (it folds the tail)",
            "",
            f"{statistics.median(add):.1f} ms; {max(add):.0f} ms",
        ),
        _row(
            "deleting one record; every tenth",
            "",
            f"{1000 * update['delete_one']:.0f} ms; {1000 * update['delete_many']:.0f} ms",
        ),
        _row(
            "compaction; memory of its own",
            "seconds",
            f"{update['compact']:.1f} s (CPU {update['compact_cpu']:.1f} s); "
            f"{update['own']:.0f} MB",
        ),
    ]


def _engines(result: dict[str, Any]) -> list[str]:
    query, build = result["query"], result["build"]
    ours = query | {
        "name": "Assay",
        "build": build["wall"],
        "memory": build["bytes"] / 1e6,
        "same": True,
    }
    return [
        "",
        "| engine | single query: median; 95 % below | CPU | batch, a query | build | memory "
        "| recall | same matches |",
        "|---|---|---|---|---|---|---|---|",
        *(_engine(peer) for peer in [ours, *result["peers"]]),
    ]


def _engine(peer: dict[str, Any]) -> str:
    batch = "one a call" if peer["batch"] is None else f"{peer['batch']:.2f} ms"
    cells = (
        peer["name"],
        _spread(peer["wall"]),
        f"{statistics.median(peer['cpu']):.2f} ms",
        batch,
        f"{peer['build']:.1f} s",
        f"{peer['memory']:.0f} MB",
        f"{peer['recall']['recall']:.4f}",
        "yes" if peer["same"] else "**no**",
    )
    return f"| {' | '.join(cells)} |"

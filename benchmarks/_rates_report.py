"""Puts the results of ``benchmarks/lists_rates.py`` into Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from assay.lists.index import DEFAULT_RADIUS as RADIUS
from assay.media.pdq import QUALITY
from benchmarks import _report
from benchmarks._rates_copies import WAYS
from benchmarks._rates_pairs import DIFFERENT, upper_bound
from benchmarks._rates_pictures import LARGER
from benchmarks._rates_plot import percent

_TAIL = (RADIUS, 41, 51, 61, 71, 81)  # bits: how the histogram falls towards the radius


def markdown(result: Mapping[str, Any], command: str) -> str:
    """Return everything as it goes into BENCHMARKS.md."""
    return "\n".join(
        [
            f"Command: `.venv/bin/python {command}`",
            "",
            _report.machine(),
            "",
            _set(result),
            "",
            "**Different pictures.**",
            "",
            *_pairs(result["pairs"]),
            "",
            *_near(result["pairs"]),
            "",
            "**Altered copies** that match their original, in per cent:",
            "",
            *_changes(result["changes"]),
            "",
            *_full_size(result["full_size"]),
            *_edits(result["edits"]),
            "",
            "**What asking in more ways costs**, and what it meets besides:",
            "",
            *_cost(result),
        ]
    )


def _set(result: Mapping[str, Any]) -> str:
    about = result["set"]
    labels = ", ".join(f"{count} {label}" for label, count in about["labels"].items())
    least, middle, most = about["short"]
    same = "the same pairs as" if result["index"]["same"] else "**other pairs than**"
    return (
        f"Set: {about['pictures']} pictures ({labels}; {about['repeats']} repeats left out); "
        f"shorter side {least:.0f} to {most:.0f} pixels, median {middle:.0f}; {about['below']} "
        f"below quality {QUALITY}. The index found {same} comparing each with each. "
        f"{result['seconds'] / 60:.0f} minutes, load {result['load']:.1f}, seed {result['seed']}."
    )


def _pairs(every: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        f"| asked | gate of {QUALITY} | pairs | within {RADIUS} bits | of these different pictures "
        "| share; 95 % upper bound |",
        "|---|---|---|---|---|---|",
    ]
    for row in every:
        different = different_pairs(row["near"])
        bound = upper_bound(different, row["pairs"])
        lines.append(
            f"| {row['way']} | {'yes' if row['gate'] else 'no'} | {row['pairs']:,} | "
            f"{len(row['near'])} | {different} | {different / row['pairs']:.1e}; {bound:.1e} |"
        )
    stored = every[0]
    tail = ", ".join(f"{bits} bits {sum(stored['histogram'][: bits + 1]):,.0f}" for bits in _TAIL)
    real = different_pairs([row for row in stored["near"] if row["real"]])
    return [
        *lines,
        "",
        f"Pairs within so many bits, as stored, with the gate: {tail}. Of {stored['real']:,} pairs "
        f"of pictures that no generator made, {real} are different and within {RADIUS} bits: at "
        f"most {upper_bound(real, stored['real']):.1e}.",
    ]


def different_pairs(near: Sequence[Mapping[str, Any]]) -> int:
    """Count the pairs that a person called different, or that nobody has looked at."""
    return sum(row["relation"] in (DIFFERENT, "not looked at") for row in near)


def _near(every: Sequence[Mapping[str, Any]]) -> list[str]:
    """List every pair that is near in any way of asking, once."""
    lines = [
        "| bits | quality | pair | by the manifest | looked at |",
        "|---|---|---|---|---|",
    ]
    seen: set[tuple[str, str]] = set()
    for row in every:
        for pair in row["near"]:
            if (key := (pair["one"], pair["other"])) in seen:
                continue
            seen.add(key)
            how = "" if row["way"] == every[0]["way"] else f" ({row['way']})"
            lines.append(
                f"| {pair['bits']}{how} | {pair['quality'][0]}, {pair['quality'][1]} | "
                f"{pair['one']}, {pair['other']} | {pair['manifest']} | "
                f"{pair['relation']}{': ' if pair['seen'] else ''}{pair['seen']} |"
            )
    return lines


def _changes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "| change | pictures | as stored (95 % interval) | eight looks | and parts | bits to the "
        "original, as stored: median; 95 % within |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        shares = [percent(way["found"] / row["of"]) for way in row["ways"]]
        low, high = row["ways"][0]["interval"]
        lines.append(
            f"| {row['group']}: {row['name']} | {row['of']} | {shares[0]} "
            f"({100 * low:.1f}–{100 * high:.1f}) | {shares[1]} | {shares[2]} | "
            f"{row['median']:.0f}; {row['p95']:.0f} |"
        )
    low = max(rows, key=lambda row: row["below"] / row["of"])
    text = (
        f"Most copies fall below the gate in {low['group']}, {low['name']}: {low['below']} of "
        f"{low['of']}."
    )
    wide = max(rows, key=_apart)
    found, of = wide["larger"]
    if of:
        text += (
            f" Pictures of a shorter side of {LARGER} pixels or more differ most from all in "
            f"{wide['group']}, {wide['name']}: {percent(found / of)} % of {of}."
        )
    return [*lines, "", text]


def _apart(row: Mapping[str, Any]) -> float:
    found, of = row["larger"]
    return abs(found / of - row["ways"][0]["found"] / row["of"]) if of else 0.0


def _full_size(found: Mapping[str, Any]) -> list[str]:
    if not found["of"]:
        return []
    each = "; ".join(
        f"{row['name']} {row['found']} (median {row['median']:.0f} bits, at most {row['most']})"
        for row in found["changes"]
    )
    return [
        f"The same for {found['of']} pictures of a shorter side of {min(found['short'])} to "
        f"{max(found['short'])} pixels, as stored: {each}.",
        "",
    ]


def _edits(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    found = Counter(
        row["tool"] for row in rows if row["bits"] <= RADIUS and row["quality"] >= QUALITY
    )
    every = Counter(row["tool"] for row in rows)
    tools = ", ".join(f"{tool} {found[tool]} of {count}" for tool, count in every.items())
    return [
        f"Edits of the set made with generators (inpainting, outpainting, restyling), as stored: "
        f"{found.total()} of {len(rows)} match what they were made from ({tools})."
    ]


def _cost(result: Mapping[str, Any]) -> list[str]:
    plain = result["unaltered"]
    whole, parts = plain["hashing_ms"]
    pairs = plain["of"] * (plain["of"] - 1) // 2
    lines = [
        f"Each of the {plain['of']} pictures as it is, in an index of "
        f"{result['index']['hashes']:,}, one thread:",
        "",
        "| asked | queries | hashing, CPU ms | search, CPU ms | pairs of different pictures that "
        "match | 95 % upper bound of their share |",
        "|---|---|---|---|---|---|",
    ]
    costs = (whole, whole, whole + parts)
    for name, way, cost in zip(WAYS, plain["ways"], costs, strict=True):
        met = different_pairs(way["strangers"])
        lines.append(
            f"| {name} | {way['queries']:.1f} | {cost:.2f} | {way['search_ms']:.2f} | {met} | "
            f"{upper_bound(met, pairs):.1e} |"
        )
    known = {(row["one"], row["other"]) for row in plain["ways"][0]["strangers"]}
    extra = [
        row for row in plain["ways"][-1]["strangers"] if (row["one"], row["other"]) not in known
    ]
    altered = [
        sum(different_pairs(row["ways"][way]["strangers"]) for row in result["changes"])
        for way in range(len(WAYS))
    ]
    count = sum(row["of"] for row in result["changes"])
    return [
        *lines,
        "",
        f"Met by looks or parts alone: {_list(extra)}. The {count:,} altered copies met "
        f"{altered[0]} different pictures as stored, {altered[1]} in eight looks, {altered[2]} by "
        "parts as well.",
    ]


def _list(rows: Sequence[Mapping[str, Any]]) -> str:
    texts = [
        f"{row['one']}, {row['other']} ({row['bits']} bits; {row['seen'] or row['relation']})"
        for row in rows
    ]
    return "; ".join(texts) or "nothing"

"""Draws the results of ``benchmarks/lists_rates.py`` as SVG text, without a library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

_WIDTH, _LEFT, _TOP = 760, 190, 30
_TALL = 150  # pixels of the histogram
_ROW = 13  # pixels a row of bars
_BINS = 4  # bits a bar of the histogram
_FURTHEST = 192  # bits: where the histogram ends
_COLOURS = ("#1b4f8f", "#6d9fd4", "#c5dbf2")
_NAMES = ("as stored", "+ mirrored and turned", "+ parts: bars and captions off, panels")


def plot(result: Mapping[str, Any]) -> str:
    """Return the histogram of distances between different pictures, and a bar for each change."""
    rows = result["changes"]
    height = _TOP + _TALL + 60 + 40 + _ROW * (len(rows) + _groups(rows)) + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="10">'
        '<rect width="100%" height="100%" fill="white"/>'
        f'<g transform="translate(48,{_TOP})">{_histogram(result["pairs"][0])}</g>'
        f'<g transform="translate({_LEFT},{_TOP + _TALL + 90})">{_bars(rows)}</g></svg>\n'
    )


def _groups(rows: list[Mapping[str, Any]]) -> int:
    return len(dict.fromkeys(row["group"] for row in rows))


def _histogram(pairs: Mapping[str, Any]) -> str:
    """Bars on a logarithmic axis; one pair is a bar of half a decade."""
    counts = [
        sum(pairs["histogram"][start : start + _BINS]) for start in range(0, _FURTHEST, _BINS)
    ]
    top = math.ceil(math.log10(max(*counts, 10.0)))
    wide = _WIDTH - 48 - 20
    step = wide / len(counts)

    def up(count: float) -> float:
        return (math.log10(count) + 0.5) / (top + 0.5) * _TALL

    bars = "".join(
        f'<rect x="{n * step:.1f}" y="{_TALL - up(count):.1f}" width="{step - 1:.1f}" '
        f'height="{up(count):.1f}" fill="{_COLOURS[0]}"/>'
        for n, count in enumerate(counts)
        if count
    )
    limit = 32 / _FURTHEST * wide
    marks = "".join(
        f'<text x="{bits / _FURTHEST * wide:.0f}" y="{_TALL + 13}" text-anchor="middle">'
        f"{bits}</text>"
        for bits in range(0, _FURTHEST + 1, 32)
    )
    marks += "".join(
        f'<text x="-4" y="{_TALL - up(10.0**power) + 3:.1f}" text-anchor="end">'
        f"{10**power if power < 4 else f'10^{power}'}</text>"
        for power in range(top + 1)
    )
    return (
        '<text y="-10" font-weight="bold">Pairs of pictures of the set, by the distance between '
        f"their hashes in bits ({pairs['pairs']:,} pairs, quality 50 or more)</text>"
        f'<rect width="{wide}" height="{_TALL}" fill="none" stroke="#999"/>{bars}{marks}'
        f'<line x1="{limit:.1f}" x2="{limit:.1f}" y1="0" y2="{_TALL}" stroke="#b3261e" '
        f'stroke-width="1.5"/><text x="{limit + 4:.1f}" y="12" fill="#b3261e">'
        "left of the line: 31 bits or fewer, a match</text>"
    )


def _bars(rows: list[Mapping[str, Any]]) -> str:
    wide = _WIDTH - _LEFT - 60
    parts = [
        f'<text x="{-_LEFT + 8}" y="-24" font-weight="bold">Altered copies that match their '
        "original, %</text>"
    ]
    for n, (name, colour) in enumerate(zip(_NAMES, _COLOURS, strict=True)):
        x = (0, 80, 220)[n]
        parts.append(f'<rect x="{x}" y="-16" width="9" height="9" fill="{colour}"/>')
        parts.append(f'<text x="{x + 13}" y="-8">{escape(name)}</text>')
    y, group = 0, ""
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            y += _ROW
            parts.append(
                f'<text x="{-_LEFT + 8}" y="{y - 2}" font-style="italic">{escape(group)}</text>'
            )
        parts.append(f'<text x="-6" y="{y + 9}" text-anchor="end">{escape(row["name"])}</text>')
        shares = [way["found"] / row["of"] for way in row["ways"]]
        parts.extend(
            f'<rect y="{y + 1}" width="{share * wide:.1f}" height="{_ROW - 3}" fill="{colour}"/>'
            for share, colour in reversed(list(zip(shares, _COLOURS, strict=True)))
        )
        parts.append(
            f'<text x="{shares[-1] * wide + 4:.1f}" y="{y + 9}">{percent(shares[-1])}</text>'
        )
        y += _ROW
    frame = f'<line y1="0" y2="{y}" stroke="#999"/>'
    return "".join(parts) + frame


def percent(share: float) -> str:
    """Return a share in per cent; never 0 or 100 where it is not."""
    value = 100 * share
    if share in (0.0, 1.0):
        return f"{value:.0f}"
    return f"{min(max(value, 0.1), 99.9):.1f}"

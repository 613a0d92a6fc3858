"""A small log-log plot as SVG text: no library, so that the benchmarks need nothing more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _TOP = 220, 150, 48, 26
_COLUMNS = 4


def growth(rows: Sequence[Mapping[str, float | None]], names: Sequence[str]) -> str:
    """Return one small panel per figure: items on the x axis, the figure on the y axis, both log.

    A dashed line shows linear growth from the first point.
    """
    panels = [_panel(name, rows) for name in names]
    across = min(_COLUMNS, len(panels))
    down = math.ceil(len(panels) / across)
    step_x, step_y = _WIDTH + _LEFT + 20, _HEIGHT + _TOP + 34
    body = "".join(
        f'<g transform="translate({n % across * step_x + _LEFT},{n // across * step_y + _TOP})">'
        f"{panel}</g>"
        for n, panel in enumerate(panels)
    )
    size = f'width="{across * step_x}" height="{down * step_y}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="10">'
        f'<rect width="100%" height="100%" fill="white"/>{body}</svg>\n'
    )


def _panel(name: str, rows: Sequence[Mapping[str, float | None]]) -> str:
    points = [(float(r["items"] or 1), float(v)) for r in rows if (v := r[name])]
    frame = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999"/>'
    title = f'<text x="0" y="-8" font-weight="bold">{escape(name)}</text>'
    if len(points) < 2:
        return frame + title
    low_x, high_x = math.log10(points[0][0]), math.log10(points[-1][0])
    low_y = math.floor(min(math.log10(v) for _, v in points))
    high_y = max(math.ceil(max(math.log10(v) for _, v in points)), low_y + 1)

    def place(x: float, y: float) -> str:
        across = (math.log10(x) - low_x) / (high_x - low_x) * _WIDTH
        up = (math.log10(y) - low_y) / (high_y - low_y) * _HEIGHT
        return f"{across:.1f},{_HEIGHT - max(-5.0, min(up, _HEIGHT + 5.0)):.1f}"

    line = " ".join(place(x, y) for x, y in points)
    (x0, y0), x1 = points[0], points[-1][0]
    straight = f"{place(x0, y0)} {place(x1, y0 * x1 / x0)}"
    marks = "".join(
        f'<text x="-4" y="{_HEIGHT - (y - low_y) / (high_y - low_y) * _HEIGHT + 3:.1f}" '
        f'text-anchor="end">{_power(y)}</text>'
        for y in range(low_y, high_y + 1)
    )
    marks += "".join(
        f'<text x="{place(10.0**x, 10.0**low_y).split(",")[0]}" y="{_HEIGHT + 12}" '
        f'text-anchor="middle">{_power(x)}</text>'
        for x in range(math.ceil(low_x), math.floor(high_x) + 1)
    )
    return (
        f'{frame}{title}{marks}<polyline points="{straight}" fill="none" stroke="#bbb" '
        f'stroke-dasharray="4"/><polyline points="{line}" fill="none" stroke="#1b4f8f" '
        'stroke-width="2"/>'
    )


def _power(exponent: int) -> str:
    if 0 <= exponent < 4:
        return str(10**exponent)
    return f"10^{exponent}"

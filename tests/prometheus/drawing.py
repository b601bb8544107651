"""Draws a dashboard as one SVG, from the answers to its queries. Plain shapes of our own: this is not Grafana."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

WIDTH = 1240
UNIT_W, UNIT_H, GAP = WIDTH / 24, 30, 8
"""One column and one row of the grid, and what is left free around each panel."""
COLORS = (
    "#3274d9",
    "#e0752d",
    "#299c46",
    "#a352cc",
    "#e02f44",
    "#8f8f00",
    "#0a9396",
    "#9b5de5",
    "#6b705c",
    "#bc4749",
)
BACKGROUND, CARD, INK, SOFT, LINE = "#f4f5f8", "#ffffff", "#1f2329", "#6b7280", "#e3e6eb"
WORST = {"green": "#299c46", "orange": "#e0752d", "red": "#e02f44"}
NAMES_AT_MOST = 6
"""Lines of a legend; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series as it is called, with its points as pairs of time and value."""

    name: str
    points: Sequence[tuple[float, float]]

    @property
    def finite(self) -> list[tuple[float, float]]:
        """Without what is no number: a quantile of nothing."""
        return [(at, value) for at, value in self.points if math.isfinite(value)]

    @property
    def last(self) -> float | None:
        """The newest number."""
        found = self.finite
        return found[-1][1] if found else None


def drawn(document: dict[str, Any], lines: dict[int, list[Line]], *, since: float, until: float) -> str:
    """The whole dashboard; `lines` by the panels' ids."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in document["panels"])
    height = bottom * UNIT_H + 50
    opened = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" role="img"><title>{escape(document["title"])}</title>'
    )
    parts = [
        opened,
        f'<rect width="{WIDTH}" height="{height}" fill="{BACKGROUND}"/>',
        text(GAP + 4, 29, document["title"], size=18, weight=600),
    ]
    for panel in document["panels"]:
        place = panel["gridPos"]
        x, y = place["x"] * UNIT_W, place["y"] * UNIT_H + 44
        if panel["type"] == "row":
            parts.append(text(x + GAP + 4, y + 20, panel["title"], size=14, weight=600))
            continue
        box = Box(x + GAP / 2, y + GAP / 2, place["w"] * UNIT_W - GAP, place["h"] * UNIT_H - GAP)
        parts.append(_panel(panel, box, lines[panel["id"]], since, until))
    return "\n".join([*parts, "</svg>"]) + "\n"


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the picture."""

    x: float
    y: float
    w: float
    h: float


def text(
    x: float,
    y: float,
    what: str,
    *,
    size: float = 11,
    fill: str = INK,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    """Some words."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(what)}</text>'
    )


def said(value: float | None, unit: str, decimals: int | None = None) -> str:
    """A number with its unit, short."""
    if value is None:
        return "none"
    if unit == "s":
        found = f"{value / 60:.0f} min" if value >= 120 else f"{_short(value, None)} s"
    elif unit == "percentunit":
        found = f"{_short(value * 100, decimals)} %"
    elif unit == "currencyUSD":
        found = f"${value:.{4 if 0 < value < 0.01 else 2}f}"
    elif unit == "bytes":
        found = f"{value / 1024**2:.0f} MiB"
    else:
        found = _short(value, decimals) + ("/s" if unit == "ops" else "")
    return found


def _short(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    for size, letter in ((1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if letter == 'k' else size):.1f} {letter}"
    return f"{value:.{0 if value == int(value) or value >= 100 else 1 if value >= 10 else 2}f}"


def _panel(panel: dict[str, Any], box: Box, lines: list[Line], since: float, until: float) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    unit, decimals = defaults["unit"], defaults.get("decimals")
    frame = (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.w:.1f}" height="{box.h:.1f}" rx="4" fill="{CARD}" '
        f'stroke="{LINE}"/>'
    )
    title = text(box.x + 9, box.y + 18, panel["title"], size=12, weight=600)
    inside = Box(box.x + 9, box.y + 26, box.w - 18, box.h - 34)
    match panel["type"]:
        case "timeseries":
            stacked = defaults["custom"]["stacking"]["mode"] == "normal"
            body = _over_time(inside, lines, (since, until), unit, stacked=stacked)
        case "stat":
            value = lines[0].last if lines else None
            color = _color(value, defaults["thresholds"]["steps"])
            body = text(inside.x + inside.w / 2, inside.y + inside.h / 2 + 12, said(value, unit, decimals),
                        size=32, fill=color, weight=600, anchor="middle")  # fmt: skip
        case _:
            body = _bars(inside, lines, unit, decimals)
    return frame + title + body


def _color(value: float | None, steps: list[dict[str, Any]]) -> str:
    color = "green"
    for step in steps[1:]:
        if value is not None and value >= step["value"]:
            color = step["color"]
    return WORST[color]


def _bars(box: Box, lines: list[Line], unit: str, decimals: int | None) -> str:
    found = sorted(((one.last, one.name) for one in lines if one.last is not None), reverse=True)
    rows = int(box.h // 19)
    most = max((value for value, _ in found), default=1) or 1
    parts = []
    for n, (value, name) in enumerate(found[:rows]):
        y = box.y + n * 19
        share = max(2.0, value / most * (box.w - 62))
        parts.append(
            f'<rect x="{box.x:.1f}" y="{y:.1f}" width="{share:.1f}" height="15" fill="{COLORS[0]}" opacity="0.25"/>'
        )
        parts.append(text(box.x + 4, y + 11.5, name))
        parts.append(text(box.x + box.w, y + 11.5, said(value, unit, decimals), anchor="end"))
    return "".join(parts) or text(box.x + box.w / 2, box.y + box.h / 2, "none", fill=SOFT, anchor="middle")


def _over_time(box: Box, lines: list[Line], span: tuple[float, float], unit: str, *, stacked: bool) -> str:
    shown = sorted(
        (one for one in lines if one.finite), key=lambda one: -max(value for _, value in one.finite)
    )
    if not shown:
        return text(box.x + box.w / 2, box.y + box.h / 2, "none", fill=SOFT, anchor="middle")
    names = shown[:NAMES_AT_MOST]
    legend_h = 15 * math.ceil(len(names) / 2) + (15 if len(shown) > len(names) else 0)
    plot = Box(box.x + 44, box.y + 4, box.w - 48, box.h - legend_h - 24)
    layers = _layers(shown, stacked=stacked)
    top = _nice(max(value for layer in layers for _, _, value in layer))
    parts = [_axes(plot, span, top, unit)]
    for n, layer in enumerate(layers):
        color = COLORS[n % len(COLORS)]
        upper = _bends([_at(plot, span, top, at, value) for at, _, value in layer])
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in upper)
        if stacked:
            lower = _bends([_at(plot, span, top, at, below) for at, below, _ in reversed(layer)])
            area = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*upper, *lower))
            parts.append(f'<polygon points="{area}" fill="{color}" opacity="0.35"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.4"/>')
    for n, one in enumerate(names):
        x, y = box.x + (n % 2) * box.w / 2, box.y + box.h - legend_h + 10 + (n // 2) * 15
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 8:.1f}" width="9" height="9" fill="{COLORS[n % len(COLORS)]}"/>'
        )
        parts.append(text(x + 13, y, f"{one.name}  {said(one.last, unit)}", size=10.5, fill=SOFT))
    if len(shown) > len(names):
        parts.append(text(box.x, box.y + box.h, f"and {len(shown) - len(names)} more", size=10.5, fill=SOFT))
    return "".join(parts)


def _layers(lines: list[Line], *, stacked: bool) -> list[list[tuple[float, float, float]]]:
    """For each line its points as time, lower edge, upper edge; stacked ones lie upon those before."""
    if not stacked:
        return [[(at, 0.0, value) for at, value in one.finite] for one in lines]
    below: dict[float, float] = {}
    layers = []
    for one in lines:
        layer = []
        for at, value in one.finite:
            edge = below.get(at, 0.0)
            layer.append((at, edge, edge + value))
            below[at] = edge + value
        layers.append(layer)
    return layers


def _bends(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the points of a level stretch that lie between its ends."""
    inner = [
        point
        for before, point, after in zip(points, points[1:], points[2:], strict=False)
        if not abs(before[1] - point[1]) < 0.05 > abs(after[1] - point[1])
    ]
    return [*points[:1], *inner, *points[-1:]] if len(points) > 1 else points


def _at(plot: Box, span: tuple[float, float], top: float, at: float, value: float) -> tuple[float, float]:
    return (
        plot.x + (at - span[0]) / (span[1] - span[0]) * plot.w,
        plot.y + plot.h - max(0.0, value) / top * plot.h,
    )


def _axes(plot: Box, span: tuple[float, float], top: float, unit: str) -> str:
    parts = []
    for share in (0, 0.5, 1):
        y = plot.y + plot.h - share * plot.h
        parts.append(
            f'<line x1="{plot.x:.1f}" x2="{plot.x + plot.w:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>'
        )
        parts.append(text(plot.x - 5, y + 3.5, said(share * top, unit), size=9.5, fill=SOFT, anchor="end"))
    minutes = (span[1] - span[0]) / 60
    for minute in range(0, int(minutes) + 1, max(1, round(minutes / 5))):
        x = plot.x + minute / minutes * plot.w
        parts.append(text(x, plot.y + plot.h + 12, f"{minute} min", size=9.5, fill=SOFT, anchor="middle"))
    return "".join(parts)


def _nice(value: float) -> float:
    """The next round number above."""
    if value <= 0:
        return 1.0
    size = 10 ** math.floor(math.log10(value))
    return float(next(step * size for step in (1, 2, 5, 10) if step * size >= value * 0.999))

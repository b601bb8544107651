"""A question's answer as horizontal bars in SVG: no library, and readable without colours."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from app.export.duck import Answer
from app.export.questions import Question

WIDTH, LABELS, VALUES, ROW, TOP = 760, 190, 90, 26, 46
COLOURS = ("#1b6ca8", "#e08e0b", "#4a9c6d", "#a23b72", "#6b6b6b", "#c8553d", "#7d6bb0", "#2f4858", "#b0a160")
"""Told apart by people who see red and green alike; the names stand beside them anyway."""


def bars(question: Question, answer: Answer) -> str:
    """One bar for each label, its pieces in the order in which the answer names them."""
    plot = question.plot
    if plot is None:
        raise ValueError(f"{question.name} says nothing of a plot")
    column = {name: number for number, name in enumerate(answer.names)}
    pieces: dict[str, dict[str, float]] = {}
    for row in answer.rows:
        label, series = row[column[plot.label]] or "", (row[column[plot.series]] or "") if plot.series else ""
        each = pieces.setdefault(label, {})
        each[series] = each.get(series, 0.0) + float(row[column[plot.value]] or 0)
    names = list(dict.fromkeys(series for each in pieces.values() for series in each))
    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(names)}
    most = max((sum(each.values()) for each in pieces.values()), default=0.0) or 1.0
    lines = [
        f'<text x="10" y="20" font-size="15" font-weight="bold">{escape(question.title)}</text>',
        *_legend(colours if plot.series else {}),
    ]
    top = TOP + (18 * _legend_rows(colours) if plot.series else 0)
    for n, (label, each) in enumerate(pieces.items()):
        lines += _bar(label, each, colours, top + n * ROW, (WIDTH - LABELS - VALUES) / most)
    height = top + len(pieces) * ROW + 12
    lines.append(f'<text x="{LABELS}" y="{height - 2}" fill="#555">{escape(plot.value)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 6}" role="img" '
        f'aria-label="{escape(question.title)}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{height + 6}" fill="#fff"/>\n' + "\n".join(lines) + "\n</svg>\n"
    )


def _bar(
    label: str, pieces: Mapping[str, float], colours: Mapping[str, str], y: int, scale: float
) -> list[str]:
    lines = [f'<text x="{LABELS - 8}" y="{y + 14}" text-anchor="end">{escape(label)}</text>']
    x = float(LABELS)
    for series, value in pieces.items():
        said = f"{label}, {series}: {value:g}" if series else f"{label}: {value:g}"
        lines.append(
            f'<rect x="{x:.1f}" y="{y}" width="{value * scale:.1f}" height="{ROW - 7}" fill="{colours[series]}">'
            f"<title>{escape(said)}</title></rect>"
        )
        x += value * scale
    total = sum(pieces.values())
    return [*lines, f'<text x="{x + 6:.1f}" y="{y + 14}">{total:,.10g}</text>']


def _legend(colours: Mapping[str, str]) -> list[str]:
    lines = []
    for n, (name, colour) in enumerate(colours.items()):
        x, y = LABELS + (n % 3) * 185, 32 + 18 * (n // 3)
        lines.append(f'<rect x="{x}" y="{y}" width="11" height="11" fill="{colour}"/>')
        lines.append(f'<text x="{x + 16}" y="{y + 10}">{escape(name)}</text>')
    return lines


def _legend_rows(colours: Mapping[str, str]) -> int:
    return (len(colours) + 2) // 3

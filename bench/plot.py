"""The figures at a glance: how many times its "must" each row reaches, with least and greatest round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.book import Book

MET, MISSED, LINE = "#1b7837", "#b2182b", "#555555"


def draw(path: Path, book: Book) -> None:
    """Write the plot as SVG, the same bytes for the same figures."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "care-transitions"
    mpl.rcParams["svg.fonttype"] = "none"
    rows = [(name, row) for name, row in book["rows"].items() if row["must"]]
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.45 * max(1, len(rows))))
    for place, (_name, row) in enumerate(rows):
        _draw_row(axes, len(rows) - place, row)
    axes.set_yticks(range(len(rows), 0, -1), [name for name, _ in rows])
    axes.set_xscale("log")
    axes.axvline(1.0, color=LINE, linewidth=1)
    axes.set_xlabel('times the "must" (line: 1); dot: median, bar: least and greatest round, tick: the aim')
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)


def _draw_row(axes: Any, y: int, row: dict[str, Any]) -> None:
    low, median, high = (_times(row, row["counted"][which]) for which in ("min", "median", "max"))
    colour = MET if row["met"] else MISSED
    axes.plot([low, high], [y, y], color=colour, linewidth=3, alpha=0.4, solid_capstyle="butt")
    axes.plot([median], [y], marker="o", color=colour)
    if row["aim"]:
        axes.plot([_times(row, row["aim"])], [y], marker="|", markersize=14, color=LINE)


def _times(row: dict[str, Any], value: float) -> float:
    """value / must, turned round for upper bounds; a figure of zero is drawn as a thousandth."""
    must = row["must"]
    return float(must / max(value, must / 1000) if row["at_most"] else max(value, must / 1000) / must)

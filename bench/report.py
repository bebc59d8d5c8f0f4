"""The figures as a page: the part of docs/performance.md between its markers. The words around it are a person's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.book import Book

BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"


class NoMarkers(Exception):
    """The page lacks the markers between which the figures go."""


def write(page: Path, book: Book) -> None:
    """Put the figures between the markers. Raises NoMarkers."""
    text = page.read_text("utf-8")
    head, found, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not (found and ended):
        raise NoMarkers(f"{page} lacks {BEGIN} or {END}")
    page.write_text(f"{head}{BEGIN}\n\n{figures(book)}\n{END}{tail}", "utf-8")


def figures(book: Book) -> str:
    """All of it as Markdown."""
    parts = [_machine(book["machine"]), _judged(book["rows"]), _sides(book["rows"])]
    parts += [_table(name, table) for name, table in book["tables"].items()]
    return "\n".join(part for part in parts if part)


def _machine(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, {machine['system']}; broker, "
        "database and clients on the same machine.\n"
    )


def _judged(rows: dict[str, Any]) -> str:
    head = [
        "| Row | Compared | Median (min … max) | Must | Aim | Met | Rounds | Measured |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join(head + [_judged_line(name, row) for name, row in rows.items()]) + "\n"


def _judged_line(name: str, row: dict[str, Any]) -> str:
    counted, sign = row["counted"], "≤" if row["at_most"] else "≥"
    unit = "" if row["against"] else f" {row['unit']}"
    compared = f"{row['ours']} / {row['against']}" if row["against"] else row["ours"]
    value = f"**{_n(counted['median'])}**{unit} ({_n(counted['min'])} … {_n(counted['max'])})"
    bounds = [f"{sign} {_n(row[bound])}" if row[bound] is not None else "–" for bound in ("must", "aim")]
    return (
        f"| {name} | {compared} | {value} | {bounds[0]} | {bounds[1]} | {_met(row)} | {_rounds(row)} | {_when(row)} |"
    )


def _met(row: dict[str, Any]) -> str:
    if row["must"] is None and row["aim"] is None:
        return "–"
    if not row["met"]:
        return "**no**"
    if row["must"] is None:
        return "the aim" if row["aim_met"] else "short of the aim"
    return "yes, and the aim" if row["aim_met"] and row["aim"] is not None else "yes"


def _rounds(row: dict[str, Any]) -> int:
    return len(row["counted"]["each"])


def _when(row: dict[str, Any]) -> str:
    measured = row["measured"]
    return f"{measured['at'][:16].replace('T', ' ')}, {measured['commit']}, load {measured['load_before']}"


def _sides(rows: dict[str, Any]) -> str:
    head = [
        "| Row | Side | Median (min … max) | Unit | Client CPU, µs each | Also |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines = [_side_line(name, row, side) for name, row in rows.items() for side in row["sides"]]
    return "\n".join(head + lines) + "\n"


def _side_line(name: str, row: dict[str, Any], side: str) -> str:
    figures = row["sides"][side]
    rate, cpu = figures["rate"], figures.get("cpu_us")
    extra = ", ".join(f"{what} {_n(value['median'])}" for what, value in figures.get("extra", {}).items())
    cells = [name, side, f"{_n(rate['median'])} ({_n(rate['min'])} … {_n(rate['max'])})", row["unit"]]
    return "| " + " | ".join([*cells, _n(cpu["median"]) if cpu else "", extra]) + " |"


def _table(name: str, table: dict[str, Any]) -> str:
    head = [f"**{name}**: {table['what']} ({_when(table)})", "", "| " + " | ".join(table["columns"]) + " |"]
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in table["rows"]]
    bounds = [_bound(bound) for bound in table["bounds"]]
    return "\n".join([*head, "|" + " --- |" * len(table["columns"]), *lines, "", *bounds]) + "\n"


def _bound(bound: dict[str, Any]) -> str:
    sign = "≤" if bound["at_most"] else "≥"
    asked = [f"{word} {sign} {_n(bound[word])}" for word in ("must", "aim") if bound[word] is not None]
    return f"- {bound['what']}: {_n(bound['value'])}; {', '.join(asked) or 'nothing asked'}; met: {_met(bound)}"


def _cell(cell: str | float) -> str:
    return cell if isinstance(cell, str) else _n(cell)


def _n(value: float) -> str:
    """Three significant digits at least, thousands parted."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

"""Markdown: a page that says it is generated, tables, links to code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def page(title: str, *parts: str) -> str:
    """A whole page."""
    note = "*Generated from the code by `make docs`; edit the code, not this page.*"
    return "\n\n".join([f"# {title}", note, *(part.strip() for part in parts)]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar or a line break inside a cell cannot break it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """In code type; nothing stays nothing."""
    return f"`{text}`" if text else ""


def first_line(thing: object) -> str:
    """The first line of a docstring."""
    return (thing.__doc__ or "").strip().partition("\n")[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

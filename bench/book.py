"""The figures as kept: docs/performance.json. A run with --only replaces its rows and leaves the others as they are.

Each row keeps its own time, commit and versions. Figures of two machines are never put into one file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Book = dict[str, Any]


class OtherMachine(Exception):
    """The file holds figures of another machine."""


def read(path: Path, machine: dict[str, Any]) -> Book:
    """The book at `path`, or an empty one. Raises OtherMachine."""
    if not path.exists():
        return {"machine": machine, "rows": {}, "tables": {}}
    book: Book = json.loads(path.read_text("utf-8"))
    if book["machine"] != machine:
        raise OtherMachine(f"{path} holds figures of another machine ({book['machine']}): give --out another file")
    return book


def write(path: Path, book: Book, order: list[str]) -> None:
    """Write it, rows and tables in the order of `order`; what is not in it any more is left out."""
    for part in ("rows", "tables"):
        book[part] = {name: book[part][name] for name in order if name in book[part]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", "utf-8")

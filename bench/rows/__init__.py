"""Every module here has `rows(place)`: the rows and tables of one topic. Making them is cheap and starts nothing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from bench.place import Place
from bench.rounds import Entry


def all_rows(place: Place) -> list[Entry]:
    """All of them, in the order of the modules' names. Raises ValueError where a name is there twice."""
    entries = list(_found(place))
    names = [entry.name for entry in entries]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"rows of the same name: {sorted(doubled)}")
    return entries


def _found(place: Place) -> Iterator[Entry]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        yield from importlib.import_module(f"{__name__}.{module.name}").rows(place)

"""For each import contract of pyproject.toml, imports that it must refuse, worked out from its own words.

Each is one line appended to a module of a copy of the tree, so that a contract that guards nothing is found out.
"""

from __future__ import annotations

import itertools
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("services", "shared", "care", "demo")
UNLISTED: Final = "unlisted_room"


class Plant(NamedTuple):
    """`importer` imports `imported`; for a room that no contract lists `imported` is ""."""

    importer: str
    imported: str = ""


def contracts() -> dict[str, Mapping[str, Any]]:
    """Name -> contract, as configured."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return {contract["name"]: contract for contract in configured}


def copy_of_the_tree(to: Path) -> None:
    """What import-linter needs, without caches."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)


def plants_for(contract: Mapping[str, Any]) -> list[Plant]:
    """At least one thing that this contract must refuse, for each place that it names."""
    return list(_WAYS[contract["type"]](contract))


def plant(tree: Path, what: Plant) -> None:
    """Put it there."""
    if not what.imported:
        (tree / (what.importer.replace(".", "/") + ".py")).write_text('"""A room that nobody agreed on."""\n')
        return
    file = _file(tree, what.importer)
    assert file is not None
    with file.open("a", encoding="utf-8") as module:
        module.write(f"\nimport {what.imported}\n")


def _file(root: Path, module: str) -> Path | None:
    place = root / module.replace(".", "/")
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)


def _modules(pattern: str) -> list[str]:
    """The modules that a name with wildcards stands for."""
    found = [path.relative_to(ROOT) for path in sorted(ROOT.glob(pattern.replace(".", "/")))]
    found += [path.relative_to(ROOT) for path in sorted(ROOT.glob(pattern.replace(".", "/") + ".py"))]
    names = (".".join(path.with_suffix("").parts) for path in found if path.name != "__init__.py")
    modules = [name for name in names if _file(ROOT, name)]
    assert modules, f"a contract names {pattern}, which is not there"
    return modules


def _independence(contract: Mapping[str, Any]) -> Iterator[Plant]:
    modules = [name for pattern in contract["modules"] for name in _modules(pattern)]
    for one, other in itertools.pairwise([*modules, modules[0]]):
        yield Plant(one, other)


def _layers(contract: Mapping[str, Any]) -> Iterator[Plant]:
    containers = [name for pattern in contract.get("containers", []) for name in _modules(pattern)]
    for container in containers or [""]:
        if contract.get("exhaustive"):
            yield Plant(f"{container}.{UNLISTED}")
        layers = [there for layer in contract["layers"] if (there := _there(container, layer))]
        for higher, lower in itertools.pairwise(layers):
            yield from (Plant(low, high) for low in lower for high in higher)
        for siblings in layers:
            yield from (Plant(one, other) for one, other in itertools.permutations(siblings, 2))


def _there(container: str, layer: str) -> list[str]:
    """The modules of one layer: `store | (channels)` is two siblings that do not know each other, if both are there."""
    names = re.findall(r"\w+", layer)
    modules = [f"{container}.{name}" if container else name for name in names]
    return [module for module in modules if _file(ROOT, module)]


def _forbidden(contract: Mapping[str, Any]) -> Iterator[Plant]:
    sources = [name for pattern in contract["source_modules"] for name in _modules(pattern)]
    for source, forbidden in itertools.product(sources, contract["forbidden_modules"]):
        yield Plant(source, forbidden)


_WAYS: Final = {"independence": _independence, "layers": _layers, "forbidden": _forbidden}

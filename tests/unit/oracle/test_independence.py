"""What expects shares no code with what is judged: its modules are read, not run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import demo.oracle

ROOM = Path(demo.oracle.__file__).parent
EXPECTING = (
    "facts",
    "calendar",
    "pathways",
    "audience",
    "shields",
    "stages",
    "stays",
    "persons",
    "work",
    "expecting",
    "meant",
    "comparing",
)
OBSERVING = ("observing", "kept", "following", "judging")
OF_THE_HOSPITAL = ("demo.hospital.facilities", "demo.hospital.faults", "demo.hospital.providers")
MEANT = (*OF_THE_HOSPITAL, "demo.hospital.sendings", "demo.hospital.course")


def imports(module: str) -> set[str]:
    tree = ast.parse((ROOM / f"{module}.py").read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def ours(module: str) -> set[str]:
    return {name for name in imports(module) if name.split(".")[0] in ("services", "shared", "demo", "care", "tests")}


@pytest.mark.parametrize("module", EXPECTING)
def test_expecting__shares_no_code_with_what_is_judged(module: str) -> None:
    allowed = (
        {f"demo.oracle.{one}" for one in EXPECTING} | {"demo.oracle"} | (set(MEANT) if module == "meant" else set())
    )
    assert ours(module) <= allowed


@pytest.mark.parametrize("module", OBSERVING)
def test_observing__asks_no_service(module: str) -> None:
    """Nor any reader of HL7, feed profile or database: it sees what was said."""
    forbidden = ("services", "care", "shared.hl7", "shared.feeds", "shared.mongo", "motor", "pymongo")
    assert not [name for name in imports(module) if name.startswith(forbidden)]


@pytest.mark.parametrize("name", MEANT)
def test_what_the_hospital_meant__is_its_own(name: str) -> None:
    path = Path(__file__).parents[3] / f"{name.replace('.', '/')}.py"
    tree = ast.parse(path.read_text())
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [one for one in named if one.startswith(("services", "shared"))]


def test_modules__are_all_judged_here() -> None:
    assert {path.stem for path in ROOM.glob("*.py")} == {*EXPECTING, *OBSERVING, "__init__"}

"""Same rooms everywhere, tools that are shared by those who share them, one door for each driver, no clock inside."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.architecture.plants import PACKAGES, ROOT

SERVICES = sorted(file.parent.name for file in ROOT.glob("services/*/__init__.py"))
ROOMS = {"__init__", "__main__", "agents", "domain", "handlers", "settings", "store"}

ALONE = {
    "alarm": "of two only followup keeps hours yet; the fence and the sweep know no service",
}
"""Children of `shared` that fewer than two use, and why they are there all the same."""

DOORS = {
    "faust": ["shared.stream"],
    "mode": ["shared.stream"],
    "aiokafka": ["shared.stream"],
    "motor": ["shared.mongo"],
    "pymongo": ["shared.mongo"],
    "bson": ["shared.mongo"],
    "structlog": ["shared.telemetry"],
    "pydantic_settings": ["shared.settings", "services.*.settings"],
    "aiosmtplib": ["services.notifier.channels"],
    "typer": ["care"],
}
"""Library -> who may import it. The demo is apart: it starts the servers and looks into them."""

REAL_CLOCK = {"shared/telemetry.py"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def within(graph: grimp.ImportGraph, module: str) -> set[str]:
    return {module} | graph.find_descendants(module)


def users(graph: grimp.ImportGraph, child: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Services, `care` and `demo`, that use a child of shared: themselves, or through another child."""
    importers = {who for module in within(graph, child) for who in graph.find_modules_that_directly_import(module)}
    found = {user(importer) for importer in importers - within(graph, child)}
    others = {one for one in found if one.startswith("shared.")} - seen - {child}
    through = (users(graph, other, seen | others | {child}) for other in others)
    return {one for one in found if not one.startswith("shared.")}.union(*through)


def user(module: str) -> str:
    package, *rest = module.split(".")
    return f"{package}.{rest[0]}" if package in ("services", "shared") and rest else package


@pytest.mark.parametrize("service", SERVICES)
def test_rooms__are_the_same_in_every_service(service: str) -> None:
    home = ROOT / "services" / service
    there = {file.stem for file in home.glob("*.py")} | {file.parent.name for file in home.glob("*/__init__.py")}
    assert ROOMS - there == set()
    assert len(there - ROOMS) <= 1, "one further room, for its own craft"


def test_shared__each_child_is_used_by_two(graph: grimp.ImportGraph) -> None:
    children = {child.removeprefix("shared."): users(graph, child) for child in graph.find_children("shared")}
    assert set(ALONE) <= set(children)
    alone = {child: using for child, using in children.items() if len(using) < 2 and child not in ALONE}
    assert alone == {}, "move it into its only user, or say in ALONE why not"


@pytest.mark.parametrize("library", DOORS)
def test_driver__is_imported_behind_its_door_only(graph: grimp.ImportGraph, library: str) -> None:
    importers = graph.find_modules_that_directly_import(library) if library in graph.modules else set()
    assert {one for one in importers if not any(is_in(one, door) for door in (*DOORS[library], "demo"))} == set()


def is_in(module: str, door: str) -> bool:
    """`services.*.settings` is that room of any service; a door's descendants stand behind it."""
    return re.match(rf"{re.escape(door).replace(re.escape('*'), '[^.]+')}(\.|$)", module) is not None


def test_is_in__a_door_is_a_whole_name() -> None:
    assert is_in("shared.mongo.client", "shared.mongo")
    assert is_in("services.notifier.settings", "services.*.settings")
    assert not is_in("shared.mongodb", "shared.mongo")
    assert not is_in("services.notifier.domain.settings", "services.*.settings")


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("from datetime import datetime\n\nNOW = datetime.now()\n", True),
        ("import datetime\n\nNOW = datetime.datetime.now(datetime.UTC)\n", True),
        ("from datetime import datetime\n\nNOW = datetime.utcnow()\n", True),
        ("from uuid import uuid4\n\nID = uuid4()\n", True),
        ("import uuid\n\nID = uuid.uuid4()\n", True),
        ("from uuid import NAMESPACE_DNS, uuid5\n\nID = uuid5(NAMESPACE_DNS, 'cause')\n", False),
    ],
)
@pytest.mark.parametrize("room", [f"services/{service}/domain" for service in SERVICES])
def test_ruff__refuses_a_clock_and_chance_in_a_domain(room: str, code: str, seen: bool) -> None:
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--no-cache", "--output-format", "concise"]
    command = [*ruff, "--stdin-filename", f"{room}/planted.py", "-"]
    run = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False)
    assert ("TID251" in run.stdout) == seen


def test_ban__is_lifted_at_the_real_clock_only() -> None:
    files = {file.relative_to(ROOT).as_posix(): file for package in PACKAGES for file in (ROOT / package).rglob("*.py")}
    lifted = {name for name, file in files.items() if "TID251" in file.read_text("utf-8")}
    assert lifted <= REAL_CLOCK

"""`make imports` is green because the code obeys, not because the contracts sleep: each is broken here and sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.plants import Plant, contracts, copy_of_the_tree, plant, plants_for

CONTRACTS = contracts()


def lint_imports(tree: Path) -> str:
    """The whole report; wide, so that no name is wrapped."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "1000", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False).stdout


def refused(report: str, contract: str) -> set[Plant]:
    """What the report holds against the code under one contract's heading."""
    _, _, below = report.partition("Broken contracts\n")
    heading = re.search(rf"^{re.escape(contract)}\n-+\n(.*?)(?=^[^\n]+\n-{{5,}}\n|\Z)", below, re.MULTILINE | re.DOTALL)
    body = heading.group(1) if heading else ""
    imports = {Plant(*pair) for pair in re.findall(r"^-?\s+(\S+) -> (\S+) \(l", body, re.MULTILINE)}
    return imports | {Plant(room) for room in re.findall(r"^- (\S+)$", body, re.MULTILINE)}


@pytest.fixture(scope="module")
def report_of_the_broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    tree = tmp_path_factory.mktemp("broken")
    copy_of_the_tree(tree)
    for what in {what for contract in CONTRACTS.values() for what in plants_for(contract)}:
        plant(tree, what)
    return lint_imports(tree)


def test_contracts__the_code_as_it_is_keeps_all(tmp_path: Path) -> None:
    copy_of_the_tree(tmp_path)
    report = lint_imports(tmp_path)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in report, report


@pytest.mark.parametrize("name", CONTRACTS)
def test_contract__is_seen_to_break(name: str, report_of_the_broken: str) -> None:
    planted = plants_for(CONTRACTS[name])
    assert planted
    assert f"\n{name} BROKEN\n" in report_of_the_broken
    assert set(planted) - refused(report_of_the_broken, name) == set()

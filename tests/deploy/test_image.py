"""The image's recipe: what goes in, what does not, as whom it runs, and that nothing in it needs what is not there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest

from care.doctor import SERVICES
from tests.deploy.rendering import OVERLAYS, ROOT, container, render, workloads
from tests.deploy.runtime_only import LOCK, locked, normalised

RECIPE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of one name, continued lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", RECIPE, flags=re.MULTILINE))
    return re.findall(rf"^{name}\s+(.*)$", joined, re.MULTILINE)


def context() -> set[str]:
    """What .dockerignore lets into the build."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in lines, "everything is shut out first"
    return {line[1:] for line in lines if line.startswith("!")}


def importing(*modules: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "tests.deploy.runtime_only", *modules]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_context__is_what_the_recipe_copies() -> None:
    copied = {word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]}
    assert copied == context()


def test_context__holds_every_package_with_its_data() -> None:
    """Pathways and templates are in the packages' folders, and nothing takes them out again."""
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= context()
    taken_out = {
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not re.match(r"[#!]|\*$", line)
    }
    assert taken_out == {"**/__pycache__", "**/*.pyc"}


def test_recipe__starts_from_bases_that_can_be_chosen() -> None:
    before_the_first_stage = RECIPE.partition("\nFROM ")[0]
    for base in instructions("FROM"):
        name = re.match(r"\$\{(\w+)\}", base)
        assert name is not None
        assert re.search(rf"^ARG {name[1]}=\S+:(?!latest)\S+$", before_the_first_stage, re.MULTILINE)


def test_recipe__runs_as_nobody_in_particular_and_is_told_what() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert [json.loads(entry) for entry in instructions("ENTRYPOINT")] == [["python", "-P", "-m"]]
    assert instructions("HEALTHCHECK") == []
    assert not re.search(r"^#\s*syntax=", RECIPE, re.MULTILINE), "a frontend would have to be fetched"


def test_recipe__installs_by_hash_and_nothing_that_must_be_built() -> None:
    (install,) = (run for run in instructions("RUN") if " install " in run)
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(install.split())


def test_recipe__says_what_the_image_is() -> None:
    titles = set(re.findall(r"org\.opencontainers\.image\.([\w.]+)=", " ".join(instructions("LABEL"))))
    assert titles == {"title", "description", "licenses", "version", "revision", "created", "base.name"}


def test_lock__names_nothing_of_demo_or_dev() -> None:
    """Beyond what the project depends on: a package of a group may also be a dependency's dependency."""
    wanted = {normalised(re.split(r"[\[<>=~! ;]", each)[0]) for each in PROJECT["project"]["dependencies"]}
    groups = {
        normalised(re.split(r"[\[<>=~! ;]", each)[0])
        for group in ("demo", "dev")
        for each in PROJECT["dependency-groups"][group]
    }
    assert wanted <= locked(LOCK.read_text("utf-8"))
    assert groups & locked(LOCK.read_text("utf-8")) == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_commands__of_all_workloads_are_in_the_image(overlay: str) -> None:
    programs = {container(workload)["args"][0] for workload in workloads(render(f"overlays/{overlay}"))}
    assert programs == {"care", *(f"services.{service}" for service in SERVICES)}


def test_services__need_nothing_but_the_lock() -> None:
    run = importing(*(f"services.{service}.__main__" for service in SERVICES))
    assert (run.returncode, run.stderr) == (0, "")


def test_care__needs_nothing_but_the_lock() -> None:
    run = importing("care.__main__")
    assert (run.returncode, run.stderr) == (0, "")


def test_what_the_image_lacks__is_seen_to_be_missing() -> None:
    run = importing("pytest")
    assert run.returncode == 1
    assert "No module named 'pytest' in the image" in run.stderr

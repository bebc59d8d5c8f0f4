"""What is generated is as the code says, and a page that is not is named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.notifier.settings import Settings
from tests.architecture.plants import ROOT, copy_of_the_tree


def generate(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "docs/generate.py", *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    copy_of_the_tree(tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    generate(tmp_path)
    return tmp_path


def test_check__nothing_is_stale() -> None:
    run = generate(ROOT, "--check")
    assert (run.returncode, run.stderr) == (0, "")


def test_check__names_what_is_stale_and_writes_nothing(tree: Path) -> None:
    snapshots = tree / "shared" / "schemas" / "json"
    (tree / "docs" / "topics.md").write_text("# Topics\n")
    (tree / "docs" / "lifecycles.md").unlink()
    (snapshots / "timer.due.v1.json").write_text("{}\n")
    (snapshots / "orphan.v1.json").write_text("{}\n")
    run = generate(tree, "--check")
    assert run.returncode == 1
    assert [line.split(" ")[0] for line in run.stderr.splitlines()] == [
        "docs/topics.md",
        "docs/lifecycles.md",
        "shared/schemas/json/timer.due.v1.json",
        "shared/schemas/json/orphan.v1.json",
    ]
    assert (snapshots / "timer.due.v1.json").read_text() == "{}\n"


def test_generate__mends_what_is_stale(tree: Path) -> None:
    orphan = tree / "shared" / "schemas" / "json" / "orphan.v1.json"
    orphan.write_text("{}\n")
    (tree / "docs" / "topics.md").unlink()
    assert generate(tree).returncode == 0
    assert not orphan.exists()
    assert generate(tree, "--check").returncode == 0


def test_check__a_setting_that_comes_makes_its_page_stale(tree: Path) -> None:
    settings = tree / "services" / "followup" / "settings.py"
    settings.write_text(settings.read_text() + '    patience_days: int = Field(default=3, description="How long.")\n')
    assert generate(tree, "--check").stderr.split(" ")[0] == "docs/configuration.md"
    generate(tree)
    row = "| `CARE_PATIENCE_DAYS` | whole number | `3` |  | How long. |"
    assert row in (tree / "docs" / "configuration.md").read_text()


def test_check__a_lifecycle_without_a_reader_is_refused(tree: Path) -> None:
    (tree / "services" / "gateway" / "domain" / "lifecycle.py").write_text('"""How a message moves."""\n')
    run = generate(tree, "--check")
    assert run.returncode != 0
    assert "no reader for the lifecycle of gateway" in run.stderr


def test_generate__an_unknown_option_is_refused(tree: Path) -> None:
    assert generate(tree, "--force").returncode == 64


def test_configuration__names_what_a_service_that_is_told_nothing_asks_for() -> None:
    """Every service's own complaint, read from its stderr, stands in the page as required."""
    required = set(re.findall(r"^\| `(CARE_\w+)` \|[^|]*\| \*\*required\*\*", page("configuration"), re.MULTILINE))
    for service in sorted(file.parent.name for file in ROOT.glob("services/*/settings.py")):
        run = subprocess.run(
            [sys.executable, "-m", f"services.{service}"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        asked = set(re.findall(r"^(CARE_\w+): Field required", run.stderr, re.MULTILINE))
        assert run.returncode == 78
        assert asked
        assert all(name in required or any(one.startswith(f"{name}__") for one in required) for name in asked)


def test_configuration__leaves_out_the_part_that_follows_another_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CARE_NOTIFIER__DEPLOYMENT` is no setting: whatever it says, `CARE_DEPLOYMENT` counts."""
    told = {"DEPLOYMENT": "demo", "KAFKA_BOOTSTRAP": "kafka:9092", "MONGO_URL": "mongodb://mongo", **SMTP}
    for name, value in {**told, "NOTIFIER__DEPLOYMENT": "live"}.items():
        monkeypatch.setenv(f"CARE_{name}", value)
    assert Settings().notifier.deployment == "demo"
    assert "CARE_NOTIFIER__DEPLOYMENT" not in page("configuration")
    assert all(f"`CARE_{name}`" in page("configuration") for name in told)


SMTP = {
    "NOTIFIER__SMTP__HOST": "relay",
    "NOTIFIER__SMTP__SENDER": "care@example.org",
    "NOTIFIER__SMTP__MESSAGE_ID_DOMAIN": "example.org",
}


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")

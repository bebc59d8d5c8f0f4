"""`--rounds N`: the long form, each fault N times; its figures are printed and, with `--figures FILE`, kept."""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from demo.stack import Kafka, Mongo
from shared.stream.administration import create
from tests.integration.engine.conftest import a_broker
from tests.integration.loss.trial import Account, Trial

_COUNTS = ("events", "lost", "doubled", "redelivered", "repeats", "letters")
_FIGURES: list[dict[str, Any]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=1, help="how often each fault of the loss suite is tried")
    parser.addoption("--figures", default="", help="a file that takes one line of JSON for each trial")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "round_" in metafunc.fixturenames:
        metafunc.parametrize("round_", range(metafunc.config.getoption("rounds", 1)))


@pytest.fixture
def events(request: pytest.FixtureRequest) -> int:
    """Events of a trial: few in CI, more in the long form."""
    return 240 if request.config.getoption("rounds", 1) == 1 else 800


@pytest.fixture(scope="session")
async def contract(kafka: Kafka) -> None:
    """The topics without which no service starts."""
    await create(a_broker(kafka), replication=1)


@pytest.fixture
async def trial(
    kafka: Kafka, mongo: Mongo, contract: None, unique: str, tmp_path: Path, round_: int
) -> AsyncIterator[Trial]:
    if kafka.controls is None or mongo.controls is None:
        pytest.skip("a given server is not ours to kill")
    trial = Trial(kafka, mongo, tmp_path / "trial", unique)
    await trial.open()
    yield trial
    trial.close()


@pytest.fixture
def keep(request: pytest.FixtureRequest, kafka: Kafka, mongo: Mongo) -> Callable[[Account, float], None]:
    """Keeps a trial's account and its seconds of recovery for the summary; the account must be clean."""

    def keep(account: Account, seconds: float) -> None:
        scenario = request.node.originalname.removeprefix("test_").split("__")[0]
        row = {"scenario": scenario, **dataclasses.asdict(account), "seconds": round(seconds, 2)}
        _FIGURES.append(row)
        if path := request.config.getoption("figures", ""):
            with Path(path).open("a") as file:
                file.write(json.dumps(row | {"at": time.time(), "on": _versions(kafka, mongo)}) + "\n")
        assert (account.lost, account.doubled) == (0, 0)

    return keep


def _versions(kafka: Kafka, mongo: Mongo) -> str:
    clients = ", ".join(f"{name} {version(name)}" for name in ("aiokafka", "motor", "pymongo", "faust-streaming"))
    return f"{kafka.version}, {mongo.version}, Python {platform.python_version()}, {clients}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _FIGURES:
        return
    terminalreporter.section("loss suite")
    for scenario in dict.fromkeys(row["scenario"] for row in _FIGURES):
        rows = [row for row in _FIGURES if row["scenario"] == scenario]
        seconds = sorted(row["seconds"] for row in rows)
        total = {
            name: sum(row[name] for row in rows) for name in ("events", "lost", "doubled", "redelivered", "repeats")
        }
        counts = " ".join(f"{name} {count}" for name, count in total.items())
        terminalreporter.write_line(
            f"{scenario}: {len(rows)} rounds, {counts}; "
            f"recovered in {seconds[0]:.1f} / {seconds[len(seconds) // 2]:.1f} / {seconds[-1]:.1f} s"
        )

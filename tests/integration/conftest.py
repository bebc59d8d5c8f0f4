"""The servers of the integration tests: once per run, named in its summary, gone with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from demo.stack import Kafka, Mongo, start_tansu
from demo.stack.whole import temporary_directory
from tests.integration.mail import channels_closed, mail_server  # noqa: F401 - fixtures
from tests.integration.servers import Used, kafka_for_tests, mongo_for_tests

_USED = Used()


@pytest.fixture(scope="session")
def stack_directory() -> Iterator[Path]:
    with temporary_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def kafka(stack_directory: Path) -> Iterator[Kafka]:
    """The truest Kafka that can be had here (servers.py). A test that kills it must restart it."""
    broker = kafka_for_tests(stack_directory / "kafka", _USED)
    _USED.note(f"Kafka: {broker.version} ({broker.kind}) at {broker.bootstrap}")
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def tansu(stack_directory: Path) -> Iterator[Kafka]:
    """The demo's broker, for what must hold on both; it keeps nothing over a restart."""
    broker = start_tansu(stack_directory / "tansu")
    _USED.note(f"Kafka of the demo: {broker.version} at {broker.bootstrap}")
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def mongo(stack_directory: Path) -> Iterator[Mongo]:
    """A replica set's primary. A test that kills it must restart it."""
    database = mongo_for_tests(stack_directory / "mongo", _USED)
    _USED.note(f"MongoDB: {database.version} ({database.kind})")
    yield database
    database.close()


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Iterator[str]:
    """A prefix for this test's topics, groups and databases. Databases that bear it are dropped afterwards.

    Topics stay: they are gone with the broker, and on a given one their prefix says where they are from.
    """
    prefix = f"t{secrets.token_hex(5)}"
    # asked for now, so that it is closed after this fixture
    database: Mongo | None = request.getfixturevalue("mongo") if "mongo" in request.fixturenames else None
    yield prefix
    if database is not None:
        _drop_databases(database.uri, prefix)


def _drop_databases(uri: str, prefix: str) -> None:
    with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=10_000) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _USED.lines:
        terminalreporter.section("servers of this run")
        for line in _USED.lines:
            terminalreporter.write_line(line)

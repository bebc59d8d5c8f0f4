"""The whole chain, once per run: five services as processes on the run's Kafka and mongod, under a fast clock."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

import aiohttp
import pytest

from care.session import ADMIN_PORT
from demo.deployment import Deployment, deployed, token_file
from demo.hospital.mllp_client import MllpClient
from demo.stack import Kafka, Mongo, Stack
from shared.schemas.topics import ALL, dead_letter_topics
from shared.stream.reading import Onlooker
from shared.stream.records import Heard

PATIENCE = 80.0


@dataclass
class Chain:
    """A running deployment, and everything that was said on its topics and mailed since it began."""

    local: Deployment
    mails: list[Message]
    records: list[Heard] = field(default_factory=list)
    _onlooker: Onlooker | None = None

    @property
    def logs(self) -> list[Path]:
        """The services' log files."""
        return [server.recipe.log for server in self.local.servers.values()]

    async def send(self, body: bytes, feed: str = "north") -> str:
        """Send one message over MLLP; returns the acknowledgement code."""
        async with MllpClient("127.0.0.1", self.local.feeds[feed].mllp_port or 0) as client:
            return (await client.send(body)).code

    async def post(self, body: bytes, kind: str = "text/plain") -> tuple[int, bytes]:
        """Post one body over HTTP as feed north; returns status and answer."""
        token = token_file(self.local.stack.directory).read_text()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.local.post_url, data=body, headers=headers) as response,
        ):
            return response.status, await response.read()

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Listen on until `holds()`, or fail saying `what` did not come."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            await self.listen()
            assert time.monotonic() < deadline, f"not seen within {PATIENCE:.0f} s: {what}; seen: {self.seen()}"

    def seen(self) -> str:
        """How many records of each type, for a message."""
        names = (f"{r.topic} {r.header('ce_type')[23:]} {r.header('dl_reason')}".rstrip() for r in self.records)
        return str(Counter(names))

    async def listen(self) -> None:
        """Take in what was said since the last look."""
        if self._onlooker is None:
            names = [topic.name for topic in (*ALL, *dead_letter_topics())]
            self._onlooker = Onlooker(self.local.broker, names)
            await self._onlooker.start()
        self.records += await self._onlooker.fetch(0.2)

    async def close(self) -> None:
        if self._onlooker is not None:
            await self._onlooker.stop()
            self._onlooker = None


@pytest.fixture(scope="session")
def deployment(kafka: Kafka, mongo: Mongo, stack_directory: Path) -> Iterator[tuple[Deployment, list[Message]]]:
    directory = stack_directory / "chain"
    directory.mkdir()
    mails: list[Message] = []
    with deployed(
        Stack(kafka, mongo, directory),
        fast_clock=True,
        on_mail=lambda message, _at: mails.append(message),
        changes={"CARE_DATABASE_PREFIX": "chain", "CARE_GROUP_PREFIX": "chain"},
    ) as local:
        yield local, mails


@pytest.fixture
async def chain(deployment: tuple[Deployment, list[Message]]):  # type: ignore[no-untyped-def]
    local, mails = deployment
    running = Chain(local, mails)
    yield running
    await running.close()


@pytest.fixture
def environment(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What `care` is told of the chain; a local stack of the user's own is out of sight."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(chain.local.stack.directory))
    ports = {ADMIN_PORT + name.upper(): str(port) for name, port in chain.local.wiring.admin_ports.items()}
    settings = {**chain.local.wiring.environment, **ports}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings

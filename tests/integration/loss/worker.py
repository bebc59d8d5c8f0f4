"""The process that is hurt: the counting service on the real engine, made as services are, with gates to be held at.

A gate is a file in the test's directory: while `hold-<point>` is there, a batch that comes to the point writes
`held-<point>-<pid>` and waits, awake, so that the group keeps the process; `fail-<point>` raises there, once.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.mongo.documents import MongoDocuments
from shared.process import Process, serve
from shared.settings import ServiceSettings
from shared.stream.batch import BatchHearing, Projection
from shared.stream.decisions import Fact, Handler, Refs
from shared.stream.documents import Document
from shared.stream.host import Background
from shared.stream.kafka import lane_of
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.records import Heard, Saying
from tests.contracts_suite.counting import COUNTERS, CountingHandler, counted_on

POINTS = ("loaded", "saved", "said")


class Settings(ServiceSettings):
    loss_directory: Path
    loss_heard: str
    loss_said: str


@dataclass(frozen=True)
class Gates:
    directory: Path

    async def pass_(self, point: str) -> None:
        fail = self.directory / f"fail-{point}"
        if fail.exists():
            fail.unlink()
            raise RuntimeError("planted")
        hold = self.directory / f"hold-{point}"
        if hold.exists():
            held = self.directory / f"held-{point}-{os.getpid()}"
            held.touch()
            while hold.exists():  # noqa: ASYNC110 - the other side of the gate is another process
                await asyncio.sleep(0.01)
            held.unlink()


class GatedDocuments(MongoDocuments):
    def __init__(self, database: Any, gates: Gates) -> None:
        super().__init__(database)
        self._gates = gates

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        found = await super().load(refs)
        await self._gates.pass_("loaded")
        return found

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        lost = await super().save(documents)
        await self._gates.pass_("saved")
        return lost


class GatedPublisher(KafkaPublisher):
    def __init__(self, broker: Any, gates: Gates) -> None:
        super().__init__(broker)
        self._gates = gates

    async def say(self, sayings: Sequence[Saying]) -> None:
        await super().say(sayings)
        await self._gates.pass_("said")


@dataclass(frozen=True)
class CountedHearing(BatchHearing):
    """Writes a byte for each record as it is heard, there after a SIGKILL too. What is only read ahead is not heard."""

    heard: int = -1

    async def hear(self, records: Sequence[Heard]) -> None:
        os.write(self.heard, b"." * len(records))
        await super().hear(records)


def _kill_if_told(fact: Fact) -> None:
    if fact.body.do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


async def _agents(process: Process, settings: Settings) -> list[Any]:
    gates = Gates(settings.loss_directory)
    process.documents = GatedDocuments(process.database, gates)
    process.publisher = GatedPublisher(process.broker, gates)
    await process.open([], [COUNTERS])
    marker = settings.loss_directory / f"stopping-{os.getpid()}"

    heard = os.open(settings.loss_directory / f"heard-{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def counted(handlers: Mapping[str, Handler], project: Projection | None = None) -> CountedHearing:
        engine = (process.documents, process.publisher, process.ledger, lane_of)
        return CountedHearing(process.name, handlers, *engine, project, heard=heard)

    async def begin() -> None: ...

    async def end() -> None:
        marker.touch()

    process.hearing = counted  # type: ignore[method-assign]
    handler = CountingHandler(says=counted_on(settings.loss_said), hook=_kill_if_told)
    # started last, so stopped first: tells the test that SIGTERM has arrived
    return [*process.hearer({settings.loss_heard: handler}), Background(begin, end)]


if __name__ == "__main__":
    serve("counter", Settings, _agents)

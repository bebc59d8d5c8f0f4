"""The twins in memory behind ports that fail: each call may crash its process, be refused, or lose its answer.

What the twins do is held against Apache Kafka and mongod by tests/contracts_suite; nothing of it is done anew here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from services.gateway.domain.message import Received, Refusal
from services.gateway.handlers.ports import Kept
from services.gateway.store import MemoryRawMessages
from services.notifier.domain.delivery import Delivery
from services.notifier.store import CLAIMABLE, MemoryDeliveries
from shared.mongo.memory import MemoryAttempts, MemoryDocuments
from shared.stream.decisions import Refs
from shared.stream.documents import Document, DueAlarm
from shared.stream.memory import MemoryConsumer, MemoryPublisher, Place
from shared.stream.outages import Away
from shared.stream.records import Cause, Heard, Saying
from tests.simulation.faults import Instance

MONGO, KAFKA = "mongodb", "kafka"


class Documents:
    """A process's connection to its service's documents."""

    def __init__(self, instance: Instance, twin: MemoryDocuments) -> None:
        self._at, self._twin = instance, twin

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        await self._at.before(MONGO)
        found = await self._twin.load(refs)
        await self._at.after(MONGO)
        return found

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        await self._at.before(MONGO)
        swarm, torn = self._at.swarm, len(documents) > 1 and self._at.swarm.strikes("partial")
        if swarm.strikes("stale-save"):
            await self._at.outlive_the_session()
        written = [one for one in documents if not torn or swarm.rng.random() < 0.5]
        lost = await self._twin.save(written)
        if torn:
            raise Away(MONGO, "SimulatedTorn")
        await self._at.after(MONGO)
        return lost

    async def save_together(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        """All or none. Its process may crash just before and just after; it may be aborted, as one that met another is;
        never be reached; and lose its answer.
        """
        await self._at.before(MONGO)
        if self._at.swarm.strikes("stale-save"):
            await self._at.outlive_the_session()
        await self._at.perhaps_crash("crash-uniting")
        if self._at.swarm.strikes("transaction-aborted"):
            return {(document.collection, document.id) for document in documents}
        lost = await self._twin.save_together(documents)
        await self._at.perhaps_crash("crash-uniting")
        await self._at.after(MONGO)
        return lost

    async def due(
        self, collection: str, lanes: Collection[int], until: datetime, *, limit: int, lease: float
    ) -> list[DueAlarm]:
        await self._at.before(MONGO)
        rows = await self._twin.due(collection, lanes, until, limit=limit, lease=lease)
        await self._at.after(MONGO)
        return rows


class Attempts:
    """A process's connection to who hears what."""

    def __init__(self, instance: Instance, twin: MemoryAttempts) -> None:
        self._at, self._twin = instance, twin.another(instance.name)

    async def open(self, committed: dict[Place, int]) -> set[Place]:
        await self._at.before(MONGO)
        return await self._twin.open(committed)

    async def close(self, partitions: Collection[Place]) -> None:
        await self._at.before(MONGO)
        await self._twin.close(partitions)

    async def attempt(self, cause: Cause) -> int:
        await self._at.before(MONGO)
        return await self._twin.attempt(cause)

    async def clear(self, cause: Cause) -> None:
        await self._at.before(MONGO)
        await self._twin.clear(cause)


class Publisher:
    """A process's producer: records of one key keep their order; confirmations may be lost, and records doubled."""

    def __init__(self, instance: Instance) -> None:
        self._at, self._twin = instance, MemoryPublisher(instance.world.log)

    async def say(self, sayings: Sequence[Saying]) -> None:
        await self._at.before(KAFKA)
        failed: set[bytes] = set()
        for saying in sayings:
            if saying.key in failed or self._at.swarm.strikes("partial"):
                failed.add(saying.key)
                continue
            await self._at.point()
            await self._twin.say([saying] * (2 if self._at.swarm.strikes("duplicate") else 1))
        if failed:
            raise Away(KAFKA, "SimulatedPartial")
        await self._at.after(KAFKA)


class Consumer(MemoryConsumer):
    """A process's member of its group; who belongs to it is the coordinator's affair (`groups`)."""

    def __init__(self, instance: Instance, group: str, topics: Sequence[str]) -> None:
        super().__init__(instance.world.log, group, topics)
        self.at, self.group = instance, group
        instance.consumer = self

    async def start(self, rebalance: Any) -> None:
        self._rebalance = rebalance
        await self.at.world.groups.join(self)

    async def stop(self) -> None:
        await self.at.world.groups.leave(self)

    def drop(self) -> list[Place]:
        """Nothing is ours any more."""
        held, self._assigned = sorted(self._assigned), {}
        return held

    async def take(self, lanes: list[int]) -> None:
        await self._take(lanes)

    async def fetch(self, limit: int, seconds: float) -> list[Heard]:
        await self.at.before(KAFKA)
        return await super().fetch(limit, seconds)

    async def _something(self, seconds: float) -> None:
        await super()._something(seconds)
        await self.at.before(KAFKA)

    async def commit(self, offsets: dict[Place, int]) -> None:
        await self.at.before(KAFKA)
        await super().commit(offsets)
        self.at.world.safety.committed(self.group, offsets)
        await self.at.after(KAFKA)

    async def committed(self, partitions: Sequence[Place]) -> dict[Place, int]:
        await self.at.before(KAFKA)
        return await super().committed(partitions)

    async def beginnings(self, partitions: Sequence[Place]) -> dict[Place, int]:
        await self.at.before(KAFKA)
        return await super().beginnings(partitions)


class Deliveries:
    """A process's connection to the deliveries. A look that would find nothing is answered without reading them all."""

    def __init__(self, instance: Instance, twin: MemoryDeliveries) -> None:
        self._at, self._twin = instance, twin

    def _holds(self, field: str, *values: Any) -> bool:
        return any(row[field] in values for row in self._twin._docs.values())

    async def insert_missing(self, deliveries: Sequence[Delivery]) -> None:
        await self._at.before(MONGO)
        torn = len(deliveries) > 1 and self._at.swarm.strikes("partial")
        await self._twin.insert_missing(deliveries[:1] if torn else deliveries)
        if torn:
            raise Away(MONGO, "SimulatedTorn")
        await self._at.after(MONGO)

    async def load(self, ids: Sequence[str]) -> list[Delivery]:
        await self._at.before(MONGO)
        return await self._twin.load(ids)

    async def save(self, delivery: Delivery) -> Delivery | None:
        await self._at.before(MONGO)
        saved = await self._twin.save(delivery)
        await self._at.after(MONGO)
        return saved

    async def save_all(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        await self._at.before(MONGO)
        torn = len(deliveries) > 1 and self._at.swarm.strikes("partial")
        saved = await self._twin.save_all(deliveries[:1] if torn else deliveries)
        if torn:
            raise Away(MONGO, "SimulatedTorn")
        await self._at.after(MONGO)
        return saved

    async def due(self, channel: str, now: datetime, limit: int, without: Sequence[str] = ()) -> list[Delivery]:
        await self._at.before(MONGO)
        return await self._twin.due(channel, now, limit, without) if self._holds("status", *CLAIMABLE) else []

    async def leases_run_out(self, now: datetime, limit: int) -> list[Delivery]:
        await self._at.before(MONGO)
        return await self._twin.leases_run_out(now, limit) if self._holds("status", "sending") else []

    async def unsaid(self, now: datetime, limit: int) -> list[Delivery]:
        await self._at.before(MONGO)
        return await self._twin.unsaid(now, limit) if self._holds("said", False) else []


class RawMessages:
    """A process's connection to the raw messages."""

    def __init__(self, instance: Instance, twin: MemoryRawMessages) -> None:
        self._at, self._twin = instance, twin

    async def add(self, messages: Sequence[Received]) -> list[Kept]:
        await self._at.before(MONGO)
        kept = await self._twin.add(messages)
        await self._at.after(MONGO)
        return kept

    async def keep_refused(self, refusals: Sequence[Refusal]) -> None:
        await self._at.before(MONGO)
        await self._twin.keep_refused(refusals)
        await self._at.after(MONGO)

    async def said(self, ids: Sequence[str]) -> None:
        await self._at.before(MONGO)
        await self._twin.said(ids)
        await self._at.after(MONGO)

    async def set_aside(self, id_: str, code: str) -> None:
        await self._at.before(MONGO)
        await self._twin.set_aside(id_, code)

    async def claim(self, limit: int) -> list[Received]:
        await self._at.before(MONGO)
        claimed = await self._twin.claim(limit)
        await self._at.after(MONGO)
        return claimed

    async def unsaid(self, most: int) -> int:
        await self._at.before(MONGO)
        return await self._twin.unsaid(most)

"""How much is under way in the chain, as far as can be asked: brokers and stores may be away just now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from demo.drain import Drain, Waiting
from demo.services import NAMES
from shared.mongo.client import away, connect, database
from shared.stream.kafka import Broker
from shared.stream.outages import Away

Ends = dict[tuple[str, int], int]
ASK_SECONDS = 8.0
POLL_SECONDS = 0.7
UNSETTLED = {"$or": [{"status": {"$in": ["pending", "sending"]}}, {"status": "unknown", "withdrawn_by": ""}]}


class Stuck(Exception):
    """Nothing moved for too long; the text says who holds what."""


class _BrokerEnds:
    """Asks the broker itself (ListOffsets): on Apache Kafka it tells the truth."""

    def __init__(self, broker: Broker, topics: list[str]) -> None:
        self._topics = topics
        self._consumer = AIOKafkaConsumer(**broker.options(), enable_auto_commit=False)

    async def start(self) -> None:
        await self._consumer.start()
        await self._consumer._client.force_metadata_update()

    async def stop(self) -> None:
        await self._consumer.stop()

    async def ends(self) -> Ends:
        places = [
            TopicPartition(topic, n) for topic in self._topics for n in self._consumer.partitions_for_topic(topic) or ()
        ]
        return {(tp.topic, tp.partition): end for tp, end in (await self._consumer.end_offsets(places)).items()}


class Meter:
    """`waiting` is what was seen last; the question was put at `asked_at` (monotonic)."""

    def __init__(self, broker: Broker, mongo_uri: str, topics: list[str], hospital_topics: list[str]) -> None:
        self._broker, self._topics, self._hospital = broker, topics, hospital_topics
        client = connect(mongo_uri, timeout=5.0)
        self._databases: Mapping[str, Any] = {name: database(client, f"care_{name}") for name in NAMES}
        self._drain: Drain | None = None
        self._ends: _BrokerEnds | None = None
        self._asking = asyncio.Lock()
        self.waiting: list[Waiting] = []
        self.asked_at = 0.0

    def held_by(self, service: str) -> int:
        """How much one service has before it."""
        return sum(one.count for one in self.waiting if one.holder.startswith(f"{service},"))

    def total(self) -> int:
        """How much is under way."""
        return sum(one.count for one in self.waiting)

    async def run(self, clock: Any) -> None:
        """Look at it, for ever. `clock` tells the business time."""
        while True:
            await self.look(clock.now)
            await asyncio.sleep(POLL_SECONDS)

    async def look(self, until: datetime) -> bool:
        """Whether it could be asked."""
        async with self._asking:
            asked_at = time.monotonic()
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    drain, ends = await self._connected()
                    self.waiting = await drain.waiting(until, ends, self._hospital)
            except (Away, KafkaError, TimeoutError, OSError):
                await self.close()
                return False
            self.asked_at = asked_at
        return True

    async def ends(self) -> Ends:
        """Where the topics end just now. Raises what the driver raises."""
        async with self._asking:
            return await (await self._connected())[1].ends()

    async def unsettled(self) -> int:
        """Deliveries that are still to be sent, or of which nobody said yet what became. Raises Away."""
        with away():
            return int(await self._databases["notifier"]["deliveries"].count_documents(UNSETTLED))

    async def drained(self, until: datetime, patience: float, *, settled: bool = False) -> None:
        """Wait until nothing due up to `until` is under way, seen twice in a row. Raises Stuck after `patience` s
        without a change. `settled`: every delivery has ended too.
        """
        clear, before, since = 0, "", time.monotonic()
        while clear < 2:
            asked = await self.look(until)
            left = await self._unsettled_or_unknown() if settled and asked else 0
            clear = clear + 1 if asked and not self.waiting and not left else 0
            state = f"{asked} {left} {', '.join(map(str, self.waiting))}"
            before, since = (before, since) if state == before else (state, time.monotonic())
            if time.monotonic() - since > patience:
                raise Stuck(state)
            await asyncio.sleep(POLL_SECONDS)

    async def _unsettled_or_unknown(self) -> int:
        try:
            return await self.unsettled()
        except Away:
            return 1

    async def _connected(self) -> tuple[Drain, _BrokerEnds]:
        if self._drain is None or self._ends is None:
            self._drain = Drain(self._broker, self._databases, {name: f"care.{name}" for name in NAMES})
            self._ends = _BrokerEnds(self._broker, self._topics)
            await self._drain.start()
            await self._ends.start()
        return self._drain, self._ends

    async def close(self) -> None:
        """What cannot be closed in order is left to the end of the process."""
        drain, ends, self._drain, self._ends = self._drain, self._ends, None, None
        for one in (drain, ends):
            if one is not None:
                try:
                    await asyncio.wait_for(one.stop(), 2.0)
                except (KafkaError, OSError, TimeoutError):
                    continue

"""The care team of a run: hears of work when a wave is through, and says what it did of it while the next one runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime

from aiokafka.errors import KafkaError

from demo.staff import Staff
from shared.schemas.envelope import TYPE_PREFIX
from shared.schemas.topics import TASKS
from shared.stream.codec import decode, encode
from shared.stream.kafka import Broker
from shared.stream.outages import Away
from shared.stream.reading import Onlooker
from shared.stream.records import Heard, Saying
from tests.chaos.meter import Ends, Meter

READ_SECONDS, DEAF_SECONDS = 120.0, 8.0
CHANGE_THE_PLAN = frozenset(
    TYPE_PREFIX + f"task.{name}.v1" for name in ("requested", "rescheduled", "completed", "cancelled")
)


class Nurses:
    """`said`: commands given out."""

    def __init__(self, seed: int, broker: Broker, meter: Meter) -> None:
        self._staff, self._meter = Staff(seed), meter
        self._ear = Ear(broker, [TASKS.name])
        self._known: set[str] = set()
        self.said = 0

    async def listen(self) -> None:
        """Everything that is on the topic now."""
        async for record in self._ear.up_to(await self._ends()):
            id_ = record.header("ce_id")
            if id_ not in self._known and record.header("ce_type") in CHANGE_THE_PLAN:
                self._known.add(id_)
                self._staff.hear(decode(record))

    def commands(self, until: datetime) -> list[Saying]:
        """What was done up to then and not said yet."""
        done = [encode(event, event.data.TOPIC) for event in self._staff.done_by(until)]
        self.said += len(done)
        return done

    async def close(self) -> None:
        """Close the connections."""
        await self._ear.close()

    async def _ends(self) -> Ends:
        while True:
            try:
                return await asyncio.wait_for(self._meter.ends(), 8.0)
            except (KafkaError, Away, TimeoutError, OSError):
                await self._meter.close()
                await asyncio.sleep(0.5)


class Ear:
    """Follows topics from their beginning, up to ends that the broker told, over any number of its restarts."""

    def __init__(self, broker: Broker, topics: list[str]) -> None:
        self._broker, self._topics = broker, topics
        self._onlooker: Onlooker | None = None
        self._opened = 0.0
        self._next: dict[tuple[str, int], int] = {}

    async def up_to(self, ends: Ends) -> AsyncIterator[Heard]:
        """Records in partition order. Raises TimeoutError when it does not get there."""
        came = time.monotonic()
        while any(self._next.get(place, 0) < end for place, end in ends.items() if place[0] in self._topics):
            for record in await self._fetch():
                if record.offset >= self._next.get((record.topic, record.partition), 0):
                    self._next[record.topic, record.partition] = record.offset + 1
                    came = time.monotonic()
                    yield record
            if time.monotonic() - came > READ_SECONDS:
                raise TimeoutError(f"nothing more came of {', '.join(self._topics)}")
            if time.monotonic() - max(came, self._opened) > DEAF_SECONDS:
                await self.close()  # it began when the broker did not know its topics yet

    async def _fetch(self) -> list[Heard]:
        """A connection that broke is made anew, from the beginning: what was heard is passed over."""
        try:
            if self._onlooker is None:
                onlooker = Onlooker(self._broker, self._topics)
                await onlooker.start()
                self._onlooker, self._opened = onlooker, time.monotonic()
            return await self._onlooker.fetch(0.3)
        except Away:
            await self.close()
            await asyncio.sleep(0.5)
            return []

    async def close(self) -> None:
        """Close the connections."""
        onlooker, self._onlooker = self._onlooker, None
        if onlooker is not None:
            try:
                await asyncio.wait_for(onlooker.stop(), 2.0)
            except (KafkaError, OSError, TimeoutError):
                return

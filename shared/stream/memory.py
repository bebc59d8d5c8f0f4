"""Kafka's twin in memory: partitions, groups, committed offsets and rebalances, for tests and simulation.

It promises what the real one promises and no more; the same test suite is run against both.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from shared.stream.kafka import MAX_LETTER_BYTES, lane_of
from shared.stream.member import Rebalance
from shared.stream.outages import Abandoned, OutputTooLarge
from shared.stream.records import Heard, Saying

Place = tuple[str, int]


class MemoryLog:
    """The broker: records by partition, committed offsets by group, the members of each group."""

    def __init__(self, partitions: int = 8) -> None:
        self.partitions = partitions
        self.records: dict[Place, list[Heard]] = defaultdict(list)
        self.first: dict[Place, int] = defaultdict(int)
        self.commits: dict[str, dict[Place, int]] = defaultdict(dict)
        self.members: dict[str, list[MemoryConsumer]] = defaultdict(list)
        self.waiting: dict[asyncio.Future[None], MemoryConsumer] = {}

    async def append(self, saying: Saying, partition: int | None = None) -> Heard:
        """Append one record; returns it as it will be heard."""
        lane = lane_of(saying.key.decode("utf-8", "replace")) if partition is None else partition
        kept = self.records[(saying.topic, lane)]
        record = Heard(saying.topic, lane, len(kept), saying.key, saying.value, saying.headers, int(time.time() * 1000))
        kept.append(record)
        for waiter, consumer in self.waiting.items():
            if (saying.topic, lane) in consumer._assigned:
                wake(waiter)
        return record

    def retain(self, place: Place, first: int) -> None:
        """What retention does: records before `first` are gone."""
        self.first[place] = first

    def all_of(self, topic: str) -> list[Heard]:
        """Every record of a topic, partition by partition."""
        return [r for place in sorted(self.records) if place[0] == topic for r in self.records[place]]


class MemoryPublisher:
    """Implements `Publisher`."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def say(self, sayings: Sequence[Saying]) -> None:
        """As in `Publisher`."""
        for saying in sayings:
            if saying.size > MAX_LETTER_BYTES:
                raise OutputTooLarge
            await self._log.append(saying)

    async def close(self) -> None:
        """Nothing to close."""


class MemoryConsumer:
    """A member of a group. Joining and leaving rebalance the whole group, eagerly, range by range."""

    def __init__(self, log: MemoryLog, group: str, topics: Sequence[str]) -> None:
        self._log = log
        self._group = group
        self._topics = list(topics)
        self._rebalance: Rebalance | None = None
        self._assigned: dict[Place, int] = {}
        self._paused: set[Place] = set()
        self.settling = False

    async def start(self, rebalance: Rebalance) -> None:
        """Join the group."""
        self._rebalance = rebalance
        self._log.members[self._group].append(self)
        await self._rebalance_all(self._log.members[self._group][:-1])

    async def stop(self) -> None:
        """Leave the group."""
        members = self._log.members[self._group]
        if self in members:
            members.remove(self)
            self._assigned = {}
            await self._rebalance_all(members)

    async def _rebalance_all(self, before: list[MemoryConsumer]) -> None:
        for member in before:
            if member._assigned:
                await member.give_back()
                member._assigned = {}
        members = self._log.members[self._group]
        for index, member in enumerate(members):
            await member._take([lane for lane in range(self._log.partitions) if lane % len(members) == index])

    async def give_back(self) -> None:
        """The group settles: from here to the new assignment nothing is fetched, as in aiokafka."""
        self.settling = True
        if self._rebalance is not None:
            await self._rebalance.revoked(self.assignment())

    async def _take(self, lanes: list[int]) -> None:
        commits = self._log.commits[self._group]
        places = sorted((topic, lane) for topic in self._topics for lane in lanes)
        self._assigned = {place: max(commits.get(place, 0), self._log.first[place]) for place in places}
        self._paused.clear()
        self.settling = False
        for waiter, consumer in self._log.waiting.items():
            if consumer is self:
                wake(waiter)
        if self._rebalance is not None:
            await self._rebalance.assigned(places)

    async def fetch(self, limit: int, seconds: float) -> list[Heard]:
        """As `kafka_consumer.KafkaConsumer.fetch`."""
        found = self._available(limit)
        if not found and seconds > 0:
            await self._something(seconds)
            found = self._available(limit)
        return found

    async def _something(self, seconds: float) -> None:
        """Until a record comes to one of our partitions, or they change."""
        waiter = asyncio.get_running_loop().create_future()
        self._log.waiting[waiter] = self
        try:
            await asyncio.wait({waiter}, timeout=seconds)
        finally:
            del self._log.waiting[waiter]

    def _available(self, limit: int) -> list[Heard]:
        found: list[Heard] = []
        if self.settling:
            return found
        for place, position in self._assigned.items():
            kept = self._log.records.get(place, ())
            if position < len(kept) and place not in self._paused and len(found) < limit:
                taken = kept[position : position + limit - len(found)]
                self._assigned[place] = position + len(taken)
                found += taken
        return found

    def pause(self) -> None:
        """As in `Consumer`."""
        self._paused = set(self._assigned)

    def resume(self) -> None:
        """As in `Consumer`."""
        self._paused.clear()

    async def commit(self, offsets: dict[Place, int]) -> None:
        """As in `Consumer`."""
        if self not in self._log.members[self._group] or any(place not in self._assigned for place in offsets):
            raise Abandoned
        self._log.commits[self._group].update(offsets)

    async def committed(self, partitions: Sequence[Place]) -> dict[Place, int]:
        """As in `Consumer`."""
        commits = self._log.commits[self._group]
        return {place: commits[place] for place in partitions if place in commits}

    async def beginnings(self, partitions: Sequence[Place]) -> dict[Place, int]:
        """As in `Consumer`."""
        return {place: self._log.first[place] for place in partitions}

    def partitions(self) -> list[Place]:
        """As in `Consumer`."""
        return [(topic, lane) for topic in self._topics for lane in range(self._log.partitions)]

    def assignment(self) -> list[Place]:
        """As in `Consumer`."""
        return sorted(self._assigned)

    def high_watermark(self, topic: str, partition: int) -> tuple[int, float] | None:
        """As in `Consumer`; always fresh."""
        if (topic, partition) not in self._assigned:
            return None
        return len(self._log.records.get((topic, partition), ())), time.time()


def wake(waiter: asyncio.Future[None]) -> None:
    """Whoever waits goes on."""
    if not waiter.done():
        waiter.set_result(None)


def crash(member: MemoryConsumer) -> Callable[[], object]:
    """The member is gone without leaving; the group notices when the returned coroutine function is awaited."""
    members = member._log.members[member._group]
    members.remove(member)
    survivors = list(members)

    async def notice() -> None:
        if survivors:
            await survivors[0]._rebalance_all(survivors)

    return notice

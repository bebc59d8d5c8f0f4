"""What every broker must do for the engine: the twin in memory, Apache Kafka, and Tansu as far as it goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from shared.schemas.topics import MAX_MESSAGE_BYTES, PARTITIONS
from shared.stream.kafka import lane_of
from shared.stream.member import Consumer
from shared.stream.outages import Abandoned, OutputTooLarge
from shared.stream.records import Heard, Saying

Place = tuple[str, int]


class Listening:
    """Implements `Rebalance`: remembers what was given and taken."""

    def __init__(self) -> None:
        self.assignments: list[list[Place]] = []
        self.revocations: list[list[Place]] = []

    async def assigned(self, partitions: Sequence[Place]) -> None:
        self.assignments.append(list(partitions))

    async def revoked(self, partitions: Sequence[Place]) -> None:
        self.revocations.append(list(partitions))


class Clinging(Listening):
    """Gives nothing back until it is `let`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def revoked(self, partitions: Sequence[Place]) -> None:
        if partitions:  # the first time there is nothing to give
            self.asked.set()
            await self.let.wait()
        await super().revoked(partitions)


class Speaking(Protocol):
    async def say(self, sayings: Sequence[Saying]) -> None: ...
    async def close(self) -> None: ...


@dataclass
class Bus:
    """A broker with two topics of eight partitions of this test alone. `member` makes one of the group `group`."""

    topics: tuple[str, str]
    group: str
    publisher: Speaking
    member: Callable[[], Consumer]
    joined: list[tuple[Consumer, Listening]] = field(default_factory=list)

    async def join(self, listening: Listening | None = None) -> tuple[Consumer, Listening]:
        consumer, listening = self.member(), listening or Listening()
        self.joined.append((consumer, listening))
        await self._polled(consumer.start(listening))
        return consumer, listening

    async def _polled(self, starting: Awaitable[None]) -> None:
        """A member that joins is let in only when the others poll."""
        task = asyncio.ensure_future(starting)
        others = [consumer for consumer, _ in self.joined[:-1]]
        while not task.done():
            await asyncio.gather(*(quietly(consumer) for consumer in others), asyncio.wait({task}, timeout=0.1))
        task.result()

    async def settled(self) -> None:
        """Until every partition of both topics is held by exactly one member, as all of them see it."""
        everything = sorted((topic, lane) for topic in self.topics for lane in range(PARTITIONS))
        async with asyncio.timeout(30):
            while sorted(place for consumer, _ in self.joined for place in consumer.assignment()) != everything:
                await asyncio.gather(*(quietly(consumer) for consumer, _ in self.joined), asyncio.sleep(0.05))

    async def leave(self, consumer: Consumer) -> None:
        self.joined = [pair for pair in self.joined if pair[0] is not consumer]
        await consumer.stop()

    async def close(self) -> None:
        for consumer, _ in self.joined:
            await consumer.stop()
        await self.publisher.close()


async def quietly(consumer: Consumer) -> None:
    """Poll while paused, so that the group is kept. Only for topics that hold nothing: a rebalance undoes the pause."""
    consumer.pause()
    await consumer.fetch(1, 0.05)
    consumer.resume()


async def fetched(consumer: Consumer, count: int, seconds: float = 30.0) -> list[Heard]:
    """`count` records, or TimeoutError."""
    found: list[Heard] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            found += await consumer.fetch(500, 0.1)
    return found


async def fetched_of(consumer: Consumer, bus: Bus, numbers: range) -> list[int]:
    """The offsets that `consumer` is handed after these records are said on one lane of the first topic."""
    await bus.publisher.say([a_saying(bus.topics[0], "key", n) for n in numbers])
    return [record.offset for record in await fetched(consumer, len(numbers))]


def a_saying(topic: str, key: str, n: int, size: int = 10) -> Saying:
    return Saying(topic, key.encode(), b"%d" % n + b" " * size, (("ce_id", b"%d" % n), ("empty", b"")))


class BusCore:
    """What the engine cannot do without. Subclasses give the fixture `bus`."""

    async def test_say__each_key_in_order_and_whole_on_its_lane(self, bus: Bus) -> None:
        sayings = [a_saying(bus.topics[0], f"key-{n % 7}", n, size=n % 90) for n in range(700)]
        for first in range(0, 700, 100):
            await bus.publisher.say(sayings[first : first + 100])
        consumer, _ = await bus.join()
        heard = await fetched(consumer, 700)
        assert len(heard) == 700
        for key in (f"key-{n}" for n in range(7)):
            mine = [r for r in heard if r.key == key.encode()]
            assert [(r.value, r.headers) for r in mine] == [
                (s.value, s.headers) for s in sayings if s.key == key.encode()
            ]
            assert {r.partition for r in mine} == {lane_of(key)}
            assert sorted(r.offset for r in mine) == [r.offset for r in mine]

    async def test_commit__is_what_committed_tells_and_where_the_next_begins(self, bus: Bus) -> None:
        topic, lane = bus.topics[0], lane_of("key")
        await bus.publisher.say([a_saying(topic, "key", n) for n in range(10)])
        first, _ = await bus.join()
        await fetched(first, 10)
        assert await first.committed([(topic, lane)]) == {}
        await first.commit({(topic, lane): 4})
        assert await first.committed([(topic, lane), (topic, (lane + 1) % 8)]) == {(topic, lane): 4}
        await bus.leave(first)
        second, _ = await bus.join()
        assert [r.offset for r in await fetched(second, 6)] == [4, 5, 6, 7, 8, 9]

    async def test_rebalance__one_member_has_the_same_numbers_of_all_topics(self, bus: Bus) -> None:
        """What a fence and a lane stand on: whoever hears a patient's encounters hears that patient's commands."""
        for _ in range(3):
            await bus.join()
        await bus.settled()
        for consumer, listening in bus.joined:
            numbers = {topic: {n for t, n in consumer.assignment() if t == topic} for topic in bus.topics}
            assert numbers[bus.topics[0]] == numbers[bus.topics[1]] != set()
            assert listening.assignments[-1] == consumer.assignment()

    async def test_high_watermark__is_the_true_end_after_several_batches(self, bus: Bus) -> None:
        """Not ListOffsets: Tansu's is wrong. A partition that is not ours has none."""
        topic, lane = bus.topics[0], lane_of("key")
        consumer, _ = await bus.join()
        for batch in range(5):
            await bus.publisher.say([a_saying(topic, "key", n) for n in range(batch * 20, batch * 20 + 20)])
        await fetched(consumer, 100)
        ends = await self.ends_seen_after(consumer, (topic, lane), time.time())
        assert ends == 100
        assert consumer.high_watermark(topic, 99) is None

    async def ends_seen_after(self, consumer: Consumer, place: Place, moment: float) -> int:
        """The end that a fetch answered after `moment` saw."""
        async with asyncio.timeout(30):
            while True:
                await consumer.fetch(10, 0.05)
                seen = consumer.high_watermark(*place)
                if seen is not None and seen[1] > moment:
                    return seen[0]


class BusContract(BusCore):
    """All of it. Subclasses give the fixture `bus`."""

    async def test_fetch__no_more_than_the_limit_and_nothing_twice(self, bus: Bus) -> None:
        await bus.publisher.say([a_saying(bus.topics[0], f"key-{n}", n) for n in range(200)])
        consumer, _ = await bus.join()
        heard: list[Heard] = []
        async with asyncio.timeout(30):
            while len(heard) < 200:
                some = await consumer.fetch(30, 0.1)
                assert len(some) <= 30
                heard += some
        assert len({r.cause for r in heard}) == 200
        assert await consumer.fetch(30, 0.1) == []

    async def test_fetch__waits_no_longer_than_it_may(self, bus: Bus) -> None:
        consumer, _ = await bus.join()
        started = time.monotonic()
        assert await consumer.fetch(30, 0.2) == []
        assert time.monotonic() - started < 5

    async def test_pause__nothing_is_fetched_until_resume(self, bus: Bus) -> None:
        consumer, _ = await bus.join()
        consumer.pause()
        await bus.publisher.say([a_saying(bus.topics[0], "key", n) for n in range(5)])
        for _ in range(5):
            assert await consumer.fetch(10, 0.1) == []
        consumer.resume()
        assert len(await fetched(consumer, 5)) == 5

    async def test_commit__of_a_partition_that_is_not_ours_is_abandoned(self, bus: Bus) -> None:
        first, _ = await bus.join()
        await bus.join()
        await bus.settled()
        [theirs, *_] = [(bus.topics[0], n) for n in range(8) if (bus.topics[0], n) not in first.assignment()]
        with pytest.raises(Abandoned):
            await first.commit({theirs: 0})

    async def test_rebalance__takes_all_from_who_was_there_before_it_gives(self, bus: Bus) -> None:
        first, listening = await bus.join()
        everything = first.assignment()
        assert len(everything) == 16
        second, _ = await bus.join()
        await bus.settled()
        assert listening.revocations[-1] == everything
        await bus.leave(second)
        await bus.settled()
        assert listening.assignments[-1] == everything

    async def test_rebalance__nothing_is_handed_out_while_a_member_gives_back(self, bus: Bus) -> None:
        """What is fetched then would be heard by this member and, not being committed, by the next one too."""
        clinging = Clinging()
        first, _ = await bus.join(clinging)
        assert await fetched_of(first, bus, range(3)) == [0, 1, 2]
        joining = asyncio.ensure_future(bus.join())
        try:
            async with asyncio.timeout(30):
                await clinging.asked.wait()
            await bus.publisher.say([a_saying(bus.topics[0], "key", n) for n in range(3, 6)])
            fetching = asyncio.ensure_future(first.fetch(10, 0.1))  # nothing, or no answer before the group settled
            await asyncio.wait({fetching}, timeout=1.0)
            assert not fetching.done() or fetching.result() == []
        finally:
            clinging.let.set()
        await asyncio.wait_for(asyncio.gather(joining, fetching), 60)

    async def test_high_watermark__of_an_empty_partition_is_0_and_moves_with_its_fetches(self, bus: Bus) -> None:
        consumer, _ = await bus.join()
        place = (bus.topics[1], 5)
        assert await self.ends_seen_after(consumer, place, time.time()) == 0
        assert await self.ends_seen_after(consumer, place, time.time()) == 0

    async def test_beginnings__of_partitions_that_lost_nothing_are_0(self, bus: Bus) -> None:
        consumer, _ = await bus.join()
        await bus.publisher.say([a_saying(bus.topics[0], "key", 1)])
        places = [(bus.topics[0], lane_of("key")), (bus.topics[1], 0)]
        assert await consumer.beginnings(places) == dict.fromkeys(places, 0)

    async def test_say__a_record_of_the_greatest_size_and_its_dead_letter_fit(self, bus: Bus) -> None:
        await bus.publisher.say([a_saying(bus.topics[0], "key", 1, size=MAX_MESSAGE_BYTES)])
        consumer, _ = await bus.join()
        [record] = await fetched(consumer, 1)
        assert len(record.value or b"") > MAX_MESSAGE_BYTES

    async def test_say__beyond_the_limit_is_refused_and_what_follows_is_said(self, bus: Bus) -> None:
        with pytest.raises(OutputTooLarge):
            await bus.publisher.say([a_saying(bus.topics[0], "key", 1, size=2 * MAX_MESSAGE_BYTES)])
        await bus.publisher.say([a_saying(bus.topics[0], "key", 2)])
        consumer, _ = await bus.join()
        [record] = await fetched(consumer, 1)
        assert record.header("ce_id") == "2"

    async def test_say__a_header_without_value_comes_back_as_one(self, bus: Bus) -> None:
        """Kafka allows it, so a foreign record may have it, and its dead letter must be sayable."""
        headers: Any = (("none", None),)
        await bus.publisher.say([Saying(bus.topics[0], b"key", b"value", headers)])
        consumer, _ = await bus.join()
        [record] = await fetched(consumer, 1)
        assert record.headers == (("none", None),)

"""The loop where it is easily almost right: what comes early, who is away, what is said when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from shared.mongo.memory import MemoryAttempts
from shared.stream.ledger import Ledger
from shared.stream.loop import Loop
from shared.stream.member import Places
from shared.stream.memory import MemoryConsumer, MemoryLog
from shared.stream.outages import Away
from shared.stream.records import Heard
from shared.stream.suspects import Suspects
from tests.contracts_suite.counting import HEARD
from tests.unit.stream.test_loop import GROUP, PACE, Ear, Instance, committed, poke, running, until


class Early(MemoryConsumer):
    """Undoes the pause at each poll: fetches go on giving records while a batch is heard."""

    def pause(self) -> None:
        """A rebalance undid it."""


async def test_loop__keeps_everything_that_came_while_a_batch_was_heard() -> None:
    log, polls = MemoryLog(), asyncio.Event()

    async def slow(records: Sequence[Heard]) -> None:
        if records[0].offset == 0:
            await polls.wait()

    await poke(log, 1)
    ear = Ear(slow)
    async with running(log, ear, consumer=Early(log, GROUP, (HEARD,))) as instance:
        await until(lambda: instance.loop._batch is not None)
        await poke(log, 4)
        await until(lambda: len(instance.loop._early) >= 3)
        polls.set()
        await until(lambda: committed(log) == 5)
    assert [cause.offset for cause in ear.heard] == [0, 1, 2, 3, 4]


@dataclass
class Flaky:
    """Makes the next polls of the group fail."""

    left: int = 3
    polls: list[int] = field(default_factory=list)


class FlakyConsumer(MemoryConsumer):
    flaky: Flaky

    async def fetch(self, limit: int, seconds: float) -> list[Heard]:
        if seconds == 0.0 and self.flaky.left:
            self.flaky.left -= 1
            raise Away("kafka", "Planted")
        return await super().fetch(limit, seconds)


async def test_loop__a_poll_that_fails_while_a_batch_is_heard_is_noted_and_survived() -> None:
    log, done = MemoryLog(), asyncio.Event()

    async def slow(_records: Sequence[Heard]) -> None:
        await done.wait()

    await poke(log, 1)
    consumer = FlakyConsumer(log, GROUP, (HEARD,))
    consumer.flaky = Flaky()
    async with running(log, Ear(slow), consumer=consumer) as instance:
        await until(lambda: consumer.flaky.left == 0)
        assert instance.loop.away == "kafka"
        done.set()
        await until(lambda: committed(log) == 1)
        await until(lambda: instance.loop.away == "")
        assert instance.deaths == []
        assert time.monotonic() - instance.loop.progress_at < 10


async def test_loop__is_not_ready_once_its_partitions_were_revoked() -> None:
    async with running(MemoryLog(), Ear()) as instance:
        await until(lambda: instance.loop.ready)
        await instance.loop.revoked([(HEARD, 0)])
        assert not instance.loop.ready


async def test_loop__whose_partitions_are_revoked_before_any_were_assigned_lives() -> None:
    log = MemoryLog()
    instance = Instance(log, Ear())
    instance.loop._taking = None
    await instance.loop.revoked([(HEARD, 0)])
    await instance.stop()
    assert instance.deaths == []


async def test_loop__a_fetch_that_fails_is_noted_and_no_longer_when_the_next_one_works() -> None:
    log = MemoryLog()

    class Failing(MemoryConsumer):
        fails = False

        async def fetch(self, limit: int, seconds: float) -> list[Heard]:
            if self.fails:
                raise Away("kafka", "Planted")
            return await super().fetch(limit, seconds)

    consumer = Failing(log, GROUP, (HEARD,))
    async with running(log, Ear(), consumer=consumer) as instance:
        await until(lambda: instance.loop.ready)
        began = time.monotonic()
        await until(lambda: instance.loop.progress_at > began)
        consumer.fails = True
        await until(lambda: instance.loop.away == "kafka")
        consumer.fails = False
        await until(lambda: instance.loop.away == "")
        assert instance.deaths == []


async def test_loop__that_is_stopped_while_a_driver_stays_away_ends_with_its_code() -> None:
    async def away(_records: Sequence[Heard]) -> None:
        raise Away("mongodb", "Planted")

    log = MemoryLog()
    await poke(log, 1)
    instance = Instance(log, Ear(away))
    await until(lambda: instance.loop.away == "mongodb")
    await instance.stop()
    assert instance.deaths[0] == "stopping-while-away"
    assert committed(log) is None


class Broken(MemoryAttempts):
    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        raise LookupError


async def test_loop__that_cannot_take_its_partitions_ends_with_what_and_where() -> None:
    instance = Instance(MemoryLog(), Ear(), attempts=Broken())
    await until(lambda: instance.deaths)
    assert instance.deaths[0].startswith("assigned-LookupError-")
    await instance.stop()


async def test_loop__marks_its_partitions_at_the_offsets_that_the_group_committed() -> None:
    opened: list[dict[tuple[str, int], int]] = []

    class Noting(MemoryAttempts):
        async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
            opened.append(committed)
            return await super().open(committed)

    log = MemoryLog()
    await poke(log, 7)
    async with running(log, Ear()):
        await until(lambda: committed(log) == 7)
    async with running(log, Ear(), attempts=Noting()):
        await until(lambda: opened)
    assert opened[0][(HEARD, 0)] == 7


def a_loop(consumer: MemoryConsumer, attempts: MemoryAttempts) -> Loop:
    """A loop that does not run yet."""

    async def refuse(_record: Heard, _reason: str) -> None:
        """Nobody is refused here."""

    def die(code: str) -> None:
        raise AssertionError(code)

    return Loop(consumer, Ear(), Ledger(), Suspects(attempts, refuse, 1), die, PACE)


class Closed(MemoryAttempts):
    async def close(self, partitions: Collection[tuple[str, int]]) -> None:
        raise Away("mongodb", "Planted")


async def test_loop__revoked_and_left_before_anything_was_assigned() -> None:
    loop = a_loop(MemoryConsumer(MemoryLog(), GROUP, (HEARD,)), MemoryAttempts())
    assert (loop.ready, loop.away) == (False, "")
    await loop.revoked([(HEARD, 0)])
    await loop._leave()


async def test_loop__that_cannot_give_its_partitions_back_cleanly_says_who_is_away() -> None:
    loop = a_loop(MemoryConsumer(MemoryLog(), GROUP, (HEARD,)), Closed())
    await loop.revoked([(HEARD, 0)])
    assert loop.away == "mongodb"


async def test_loop__that_cannot_ask_what_others_committed_says_who_is_away() -> None:
    class Deaf(MemoryConsumer):
        async def committed(self, partitions: Places) -> dict[tuple[str, int], int]:
            raise Away("kafka", "Planted")

        def partitions(self) -> list[tuple[str, int]]:
            return [(HEARD, 0), (HEARD, 1)]

        def assignment(self) -> list[tuple[str, int]]:
            return [(HEARD, 0)]

    loop = a_loop(Deaf(MemoryLog(), GROUP, (HEARD,)), MemoryAttempts())
    loop.ready = True
    await loop.learn()
    assert loop.away == "kafka"

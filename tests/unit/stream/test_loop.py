"""The loop on the twins: what is waited out, what is abandoned, what ends the process; and the record that kills."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from shared.mongo.memory import MemoryAttempts
from shared.stream.ledger import Ledger
from shared.stream.loop import Loop, Pace
from shared.stream.memory import MemoryConsumer, MemoryLog, crash
from shared.stream.outages import Abandoned, Away
from shared.stream.records import Cause, Heard
from shared.stream.suspects import LIMIT, Suspects
from tests.contracts_suite.counting import HEARD, a_poke

PACE = Pace(batch=50, linger=0.02, grace=0.1, first_backoff=0.005, longest_backoff=0.04, keep_alive=0.01, patience=0.2)
GROUP = "care.counter"


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.002)


class Ear:
    """Implements `Hearing`. `act` is called for each batch before it counts as heard."""

    def __init__(self, act: Callable[[Sequence[Heard]], Awaitable[None]] | None = None) -> None:
        self.heard: list[Cause] = []
        self.batches: list[int] = []
        self._act = act

    async def hear(self, records: Sequence[Heard]) -> None:
        if self._act is not None:
            await self._act(records)
        self.heard += [record.cause for record in records]
        self.batches.append(len(records))


class Died(BaseException):
    """Our process's end, in a test."""


class Instance:
    """One process: a consumer, a ledger, a loop. `deaths` are the codes it would have ended with."""

    def __init__(
        self,
        log: MemoryLog,
        ear: Ear,
        attempts: MemoryAttempts | None = None,
        topics: Sequence[str] = (HEARD,),
        consumer: MemoryConsumer | None = None,
    ) -> None:
        self.deaths: list[str] = []
        self.refused: list[tuple[Cause, str]] = []
        self.ledger = Ledger()
        self.consumer = consumer or MemoryConsumer(log, GROUP, topics)
        self.suspects = Suspects(attempts or MemoryAttempts(), self._refuse, PACE.batch)
        self.loop = Loop(self.consumer, ear, self.ledger, self.suspects, self._die, PACE)
        self.task = asyncio.create_task(self.loop.run())

    async def _refuse(self, record: Heard, reason: str) -> None:
        self.refused.append((record.cause, reason))

    def _die(self, code: str) -> None:
        self.deaths.append(code)
        raise Died(code)

    async def stop(self) -> None:
        await self.loop.stop()
        with suppress(Died):
            await asyncio.wait_for(self.task, 30)

    async def kill(self) -> Callable[[], object]:
        """SIGKILL: gone without a word; the group notices when what is returned is awaited."""
        self.task.cancel()
        if self.loop._batch is not None:
            self.loop._batch.cancel()
        with suppress(asyncio.CancelledError, Died):
            await self.task
        return crash(self.consumer)


@asynccontextmanager
async def running(log: MemoryLog, ear: Ear, **more: Any) -> Any:
    instance = Instance(log, ear, **more)
    try:
        yield instance
    finally:
        await instance.stop()


async def poke(log: MemoryLog, count: int, lane: int = 0) -> None:
    for n in range(count):
        await log.append(a_poke("a", n + 1), lane)


def committed(log: MemoryLog, lane: int = 0, topic: str = HEARD) -> int | None:
    return log.commits[GROUP].get((topic, lane))


async def test_run__hears_in_order_and_commits_behind() -> None:
    log, ear = MemoryLog(), Ear()
    await poke(log, 120)
    async with running(log, ear):
        await until(lambda: committed(log) == 120)
    assert [cause.offset for cause in ear.heard] == list(range(120))
    assert max(ear.batches) <= 50


async def test_run__nothing_is_committed_before_it_is_heard() -> None:
    log, at_hearing = MemoryLog(), []

    async def note(records: Sequence[Heard]) -> None:
        at_hearing.append((records[0].offset, committed(log) or 0))

    await poke(log, 120)
    async with running(log, Ear(note)):
        await until(lambda: committed(log) == 120)
    assert at_hearing == [(0, 0), (50, 50), (100, 100)]


async def test_run__stop_finishes_the_batch_and_leaves_the_group() -> None:
    log, gate, begun = MemoryLog(), asyncio.Event(), asyncio.Event()

    async def slowly(_records: Sequence[Heard]) -> None:
        begun.set()
        await gate.wait()

    await poke(log, 10)
    attempts = MemoryAttempts()
    instance = Instance(log, Ear(slowly), attempts)
    await begun.wait()
    stopping = asyncio.create_task(instance.stop())
    await asyncio.sleep(0.03)
    assert committed(log) is None
    gate.set()
    await stopping
    assert committed(log) == 10
    assert log.members[GROUP] == []
    assert attempts.held == {}
    assert instance.deaths == []


async def test_run__away_is_waited_out_and_the_batch_heard_again() -> None:
    log, tries = MemoryLog(), []

    async def thrice(records: Sequence[Heard]) -> None:
        tries.append([record.offset for record in records])
        if len(tries) <= 3:
            raise Away("mongodb", "AutoReconnect")

    await poke(log, 5)
    async with running(log, Ear(thrice)) as instance:
        await until(lambda: committed(log) == 5)
        assert instance.loop.away == ""
        assert instance.deaths == []
    assert tries == [[0, 1, 2, 3, 4]] * 4


async def test_run__away_is_shown_and_the_group_is_polled_meanwhile() -> None:
    log, gone = MemoryLog(), [True]

    async def maybe(_records: Sequence[Heard]) -> None:
        if gone[0]:
            raise Away("mongodb", "AutoReconnect")

    await poke(log, 5)
    async with running(log, Ear(maybe)) as instance:
        await until(lambda: instance.loop.away == "mongodb")
        await until(lambda: instance.consumer._paused)
        gone[0] = False
        await until(lambda: committed(log) == 5)
        await until(lambda: not instance.consumer._paused)
        assert instance.loop.away == ""


async def test_run__an_exception_in_hearing_ends_the_process_uncommitted() -> None:
    log = MemoryLog()

    async def bug(_records: Sequence[Heard]) -> None:
        raise ValueError("Testperson, Ada")

    await poke(log, 5)
    async with running(log, Ear(bug)) as instance:
        await until(lambda: instance.deaths)
    assert committed(log) is None
    assert instance.deaths[0].startswith("loop-ValueError-bug:")
    assert "Testperson" not in instance.deaths[0]


class Failing(MemoryConsumer):
    """A consumer of which some calls fail as told."""

    def __init__(self, log: MemoryLog, **failing: list[Exception]) -> None:
        super().__init__(log, GROUP, [HEARD])
        self.failing = failing

    def _fail(self, call: str) -> None:
        if self.failing.get(call):
            raise self.failing[call].pop(0)

    async def start(self, rebalance: Any) -> None:
        self._fail("start")
        await super().start(rebalance)

    async def commit(self, offsets: dict[tuple[str, int], int]) -> None:
        self._fail("commit")
        await super().commit(offsets)

    async def committed(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        self._fail("committed")
        return await super().committed(partitions)

    async def fetch(self, limit: int, seconds: float) -> list[Heard]:
        self._fail("fetch")
        return await super().fetch(limit, seconds)


async def test_run__a_refused_commit_abandons_the_batch_and_goes_on() -> None:
    log, ear = MemoryLog(), Ear()
    await poke(log, 5)
    consumer = Failing(log, commit=[Abandoned()])
    async with running(log, ear, consumer=consumer) as instance:
        await until(lambda: len(ear.heard) == 5)
        assert committed(log) is None
        assert not instance.ledger.settled(Cause(HEARD, 0, 0))
        await poke(log, 1)
        await until(lambda: committed(log) == 6)
        assert instance.deaths == []


@pytest.mark.parametrize("call", ["start", "commit", "committed", "fetch"])
async def test_run__kafka_away_at_any_call_is_waited_out(call: str) -> None:
    log, ear = MemoryLog(), Ear()
    await poke(log, 5)
    failing: dict[str, list[Exception]] = {call: [Away("kafka", "X"), Away("kafka", "X")]}
    async with running(log, ear, consumer=Failing(log, **failing)) as instance:
        await until(lambda: committed(log) == 5)
        await until(lambda: instance.loop.away == "")
        assert instance.deaths == []
    assert len(ear.heard) == 5


async def test_run__a_consumer_whose_fetch_fails_for_long_is_given_up() -> None:
    """aiokafka's coordinator may end for good; every fetch then fails, for ever, and only a new process helps."""
    log = MemoryLog()
    broken = Failing(log, fetch=[Away("kafka", "Dead")] * 10_000)
    async with running(log, Ear(), consumer=broken) as instance:
        await until(lambda: instance.deaths)
        assert instance.deaths[0] == "fetch-keeps-failing"


class FlakyAttempts(MemoryAttempts):
    """`away` is how many of the next calls fail, having done what was asked."""

    away = 0

    def _strike(self) -> None:
        if self.away:
            self.away -= 1
            raise Away("mongodb", "Planted")

    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        found = await super().open(committed)
        self._strike()
        return found

    async def attempt(self, cause: Cause) -> int:
        count = await super().attempt(cause)
        self._strike()
        return count

    async def clear(self, cause: Cause) -> None:
        await super().clear(cause)
        self._strike()

    async def close(self, partitions: Any) -> None:
        await super().close(partitions)
        self._strike()


async def test_run__mongodb_away_at_assignment_is_waited_out_and_no_crash_is_counted() -> None:
    log, ear, attempts = MemoryLog(), Ear(), FlakyAttempts()
    attempts.away = 3
    await poke(log, 5)
    async with running(log, ear, attempts=attempts) as instance:
        await until(lambda: committed(log) == 5)
        assert instance.deaths == []
    assert ear.batches == [5]


async def test_assigned__returns_though_mongodb_is_away_and_nothing_is_heard_before_it_is_through() -> None:
    """Its caller is the group's own coroutine: while it waits, no heartbeat is sent."""
    log, ear, attempts = MemoryLog(), Ear(), FlakyAttempts()
    attempts.away = 10_000
    await poke(log, 5)
    async with running(log, ear, attempts=attempts) as instance:
        await until(lambda: instance.loop._batch is not None)
        await asyncio.sleep(0.05)
        assert ear.heard == []
        assert not instance.loop.ready
        attempts.away = 0
        await until(lambda: committed(log) == 5)
        assert instance.loop.ready


async def test_stop__with_mongodb_away_still_leaves_the_group() -> None:
    log, attempts = MemoryLog(), FlakyAttempts()
    async with running(log, Ear(), attempts=attempts) as instance:
        await until(lambda: instance.loop.ready)
        attempts.away = 1
    assert instance.deaths == []
    assert log.members[GROUP] == []


async def test_revoked__a_batch_that_ends_in_time_is_committed() -> None:
    log, gate = MemoryLog(), asyncio.Event()

    async def slowly(_records: Sequence[Heard]) -> None:
        await gate.wait()

    await poke(log, 5)
    async with running(log, Ear(slowly)) as first:
        await until(lambda: first.loop._batch is not None)
        asyncio.get_running_loop().call_later(0.03, gate.set)
        async with running(log, Ear()) as second:
            await until(lambda: second.loop.ready)
            assert committed(log) == 5


async def test_revoked__a_batch_that_does_not_end_is_cancelled_and_heard_by_the_next() -> None:
    log, cancelled = MemoryLog(), []

    async def for_ever(records: Sequence[Heard]) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(len(records))
            raise

    await poke(log, 5)
    first = Instance(log, Ear(for_ever))
    await until(lambda: first.loop._batch is not None)
    heard = Ear()
    second = Instance(log, heard)
    await until(lambda: cancelled)
    await (await first.kill())()  # type: ignore[misc]
    await until(lambda: committed(log) == 5)
    assert cancelled[0] == 5
    assert len(heard.heard) == 5
    assert first.deaths == second.deaths == []
    await second.stop()


async def test_rebalance__three_come_and_go_and_every_record_is_heard_and_committed() -> None:
    log, ear = MemoryLog(), Ear()
    instances: list[Instance] = []

    async def a_little(_records: Sequence[Heard]) -> None:
        await asyncio.sleep(0.01)

    ear._act = a_little
    for step in range(6):
        for lane in range(8):
            await poke(log, 20, lane)
        if step % 2 == 0:
            instances.append(Instance(log, ear))
        else:
            await instances.pop(0).stop()
        await asyncio.sleep(0.02)
    instances.append(Instance(log, ear))
    await until(lambda: all(committed(log, lane) == 120 for lane in range(8)))
    for instance in instances:
        await instance.stop()
    for lane in range(8):
        assert sorted({c.offset for c in ear.heard if c.partition == lane}) == list(range(120))
    assert [instance.deaths for instance in instances] == [[]] * len(instances)


class Killing:
    """A supervisor: starts the process anew whenever a record kills it, as Kubernetes would."""

    def __init__(self, log: MemoryLog, deadly: Callable[[Heard], bool]) -> None:
        self.log, self.deadly = log, deadly
        self.attempts = MemoryAttempts()
        self.kills = 0
        self.heard: list[Cause] = []
        self.refused: list[tuple[Cause, str]] = []
        self.batches: list[int] = []

    async def run(self, done: Callable[[], bool], most: int = 30) -> None:
        for process in range(most):
            killed = asyncio.Event()

            async def act(records: Sequence[Heard], killed: asyncio.Event = killed) -> None:
                if any(self.deadly(record) for record in records):
                    killed.set()
                    await asyncio.Event().wait()

            ear = Ear(act)
            instance = Instance(self.log, ear, self.attempts.another(f"process {process}"))
            instance.refused = self.refused
            await until(lambda killed=killed: killed.is_set() or done())
            self.heard += ear.heard
            self.batches += ear.batches
            if not killed.is_set():
                await instance.stop()
                return
            self.kills += 1
            await instance.kill()
        pytest.fail("the record killed every process")


async def test_suspects__a_record_that_kills_its_hearer_goes_to_the_dead_letters_alone() -> None:
    log = MemoryLog()
    await poke(log, 20)
    deadly = Killing(log, lambda record: record.offset == 13)
    await deadly.run(lambda: committed(log) == 20)
    assert deadly.refused == [(Cause(HEARD, 0, 13), "crash-loop")]
    assert sorted({cause.offset for cause in deadly.heard}) == [n for n in range(20) if n != 13]
    assert LIMIT <= deadly.kills <= LIMIT + 4
    assert deadly.attempts.tried == {}


async def test_suspects__two_that_kill_go_one_after_the_other() -> None:
    log = MemoryLog()
    await poke(log, 10)
    await poke(log, 10, lane=3)
    deadly = Killing(log, lambda record: (record.partition, record.offset) in {(0, 2), (3, 7)})
    await deadly.run(lambda: committed(log) == 10 and committed(log, 3) == 10)
    assert sorted(deadly.refused) == [(Cause(HEARD, 0, 2), "crash-loop"), (Cause(HEARD, 3, 7), "crash-loop")]


async def test_suspects__kills_that_the_next_try_survives_dead_letter_nothing() -> None:
    """Twelve kills from outside, each in the middle of a batch: whoever is heard after them is innocent."""
    log, kills = MemoryLog(), [0]
    await poke(log, 20)

    def from_outside(_record: Heard) -> bool:
        kills[0] += 1
        return kills[0] % 3 != 0 and kills[0] < 60

    deadly = Killing(log, from_outside)
    await deadly.run(lambda: committed(log) == 20, most=80)
    assert deadly.refused == []
    assert {cause.offset for cause in deadly.heard} == set(range(20))


async def test_suspects__rebalances_in_the_middle_of_a_suspected_record_dead_letter_nothing() -> None:
    """The same process tries it again and again and is alive: that is no crash."""
    log, tries = MemoryLog(), []
    await poke(log, 3)
    attempts = MemoryAttempts("before")
    for _ in range(3):
        attempts = attempts.another(f"{id(attempts)}")
        await attempts.open({(HEARD, lane): 0 for lane in range(8)})

    async def slow_at_first(records: Sequence[Heard]) -> None:
        tries.append(len(records))
        if len(tries) <= 2 * LIMIT:
            await asyncio.Event().wait()

    instance = Instance(log, Ear(slow_at_first), attempts.another("ours"))
    for n in range(2 * LIMIT):
        await until(lambda n=n: len(tries) > n)
        other = MemoryConsumer(log, GROUP, [HEARD])
        await other.start(_Passive())
        # the mark is taken off by a clean revoke; another's crash puts it back
        for lane in range(8):
            attempts.held[(HEARD, lane)] = ("dead", 0, 2)
        await other.stop()
    await until(lambda: committed(log) == 3)
    await instance.stop()
    assert set(tries) == {1}
    assert instance.refused == []


class _Passive:
    async def revoked(self, partitions: Any) -> None: ...
    async def assigned(self, partitions: Any) -> None: ...


@pytest.mark.parametrize("away", range(1, 4))
async def test_suspects__mongodb_away_while_a_record_is_tried_alone_ends_nothing_and_counts_once(away: int) -> None:
    log, attempts = MemoryLog(), FlakyAttempts("ours")
    for owner in ("x", "y", "z"):
        await attempts.another(owner).open({(HEARD, 0): 0})
    await poke(log, 3)
    counts: list[int] = []

    async def flaky(_records: Sequence[Heard]) -> None:
        counts.append(max(len(tried) for tried in attempts.tried.values()))
        attempts.away = away

    async with running(log, Ear(flaky), attempts=attempts) as instance:
        await until(lambda: committed(log) == 3)
        assert instance.deaths == []
    assert counts == [1, 1, 1]
    assert instance.refused == []


async def test_ledger__knows_after_assignment_what_the_group_committed_and_where_partitions_begin() -> None:
    log = MemoryLog()
    await poke(log, 9)
    log.commits[GROUP][(HEARD, 0)] = 4
    log.retain((HEARD, 5), 70)
    async with running(log, Ear()) as instance:
        await until(lambda: instance.loop.ready)
        assert instance.ledger.settled(Cause(HEARD, 0, 3))
        assert instance.ledger.committed(HEARD, 5) == 70
        assert not instance.ledger.settled(Cause(HEARD, 5, 69))
        await until(lambda: committed(log) == 9)

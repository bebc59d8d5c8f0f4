"""The next batch is fetched and read while one waits; nothing is decided of it, and each record is heard once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from shared.mongo.memory import MemoryAttempts
from shared.stream.decisions import Fact
from shared.stream.ledger import Ledger
from shared.stream.loop import Loop, Pace
from shared.stream.memory import MemoryConsumer, MemoryLog
from shared.stream.records import Cause, Heard
from shared.stream.suspects import Suspects
from tests.contracts_suite.counting import HEARD, CountingHandler, a_poke, heard_all
from tests.unit.stream.office import Office
from tests.unit.stream.test_loop import GROUP, Died, Ear, committed, poke, until

PACE = Pace(batch=10, linger=0.02, grace=0.1, first_backoff=0.005, longest_backoff=0.04, keep_alive=5.0, look=0.001)


class Reader:
    """A loop over an ear whose hearing waits for `gate`. `seen` are the records that were read ahead."""

    def __init__(
        self,
        log: MemoryLog,
        attempts: MemoryAttempts | None = None,
        pace: Pace = PACE,
        consumer: MemoryConsumer | None = None,
    ) -> None:
        self.gate, self.seen, self.died = asyncio.Event(), list[Cause](), list[str]()
        self.ear = Ear(self._wait)
        self.suspects = Suspects(attempts or MemoryAttempts(), self._refuse, PACE.batch)
        consumer = consumer or MemoryConsumer(log, GROUP, [HEARD])
        self.loop = Loop(consumer, self.ear, Ledger(), self.suspects, self._die, pace, self._see)
        self.task = asyncio.create_task(self.loop.run())

    def _see(self, records: Sequence[Heard]) -> None:
        self.seen += [record.cause for record in records]

    async def _wait(self, _records: Sequence[Heard]) -> None:
        await self.gate.wait()

    async def _refuse(self, record: Heard, reason: str) -> None:
        raise AssertionError((record.cause, reason))

    def _die(self, code: str) -> None:
        self.died.append(code)
        raise Died(code)

    async def stop(self) -> None:
        self.gate.set()
        await self.loop.stop()
        await asyncio.wait_for(self.task, 30)
        assert not self.died


async def test_look_ahead__reads_the_next_batch_while_one_waits_and_no_further() -> None:
    log = MemoryLog()
    await poke(log, 35)
    reader = Reader(log)
    await until(lambda: len(reader.seen) == 10)
    assert ([cause.offset for cause in reader.seen], reader.ear.heard) == (list(range(10, 20)), [])
    assert committed(log) is None
    reader.gate.set()
    await until(lambda: committed(log) == 35)
    assert [cause.offset for cause in reader.ear.heard] == list(range(35))
    assert max(reader.ear.batches) == 10
    await reader.stop()


async def test_look_ahead__few_that_were_fetched_early_are_filled_up_to_a_batch() -> None:
    log = MemoryLog()
    await poke(log, 12)
    reader = Reader(log)
    await until(lambda: len(reader.seen) == 2)
    await poke(log, 20)
    reader.gate.set()
    await until(lambda: committed(log) == 32)
    assert reader.ear.batches[:2] == [10, 10]
    assert [cause.offset for cause in reader.ear.heard] == list(range(32))
    await reader.stop()


async def test_look_ahead__what_a_revoke_took_is_heard_by_its_next_owner_only() -> None:
    log = MemoryLog()
    for lane in (0, 1):
        await poke(log, 15, lane)
    first = Reader(log)
    await until(lambda: len(first.seen) == 10)
    second = Reader(log)
    first.gate.set()
    second.gate.set()
    await until(lambda: (committed(log, 0), committed(log, 1)) == (15, 15))
    await until(lambda: first.loop.ready and second.loop.ready)
    assert {*first.ear.heard, *second.ear.heard} == {Cause(HEARD, lane, n) for lane in (0, 1) for n in range(15)}
    lanes = [{cause.partition for cause in reader.ear.heard[10:]} for reader in (first, second)]
    assert lanes[0].isdisjoint(lanes[1])
    await first.stop()
    await second.stop()


class Overlapping(MemoryConsumer):
    """A rebalance undid the pause; the look ahead waits in its fetch until the poll of the group brought a record."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log, GROUP, [HEARD])
        self.polled = asyncio.Event()

    def pause(self) -> None:
        """Undone at once."""

    async def fetch(self, limit: int, seconds: float) -> list[Heard]:
        if limit == 1:
            found = await super().fetch(limit, seconds)
            self.polled.set()
            return found
        if seconds == 0.0:
            await self.polled.wait()
        return await super().fetch(limit, seconds)


async def test_look_ahead__keeps_what_the_poll_of_the_group_brought_meanwhile() -> None:
    log = MemoryLog()
    await poke(log, 11)
    reader = Reader(log, pace=replace(PACE, keep_alive=0.01), consumer=Overlapping(log))
    await until(lambda: len(reader.seen) == 1)
    reader.gate.set()
    await until(lambda: committed(log) == 11)
    assert [cause.offset for cause in reader.ear.heard] == list(range(11))
    await reader.stop()


async def test_look_ahead__under_suspicion_nothing_is_read_before_its_turn() -> None:
    log = MemoryLog()
    await poke(log, 30)
    attempts = MemoryAttempts()
    for owner in ("dead", "dead too"):
        await attempts.another(owner).open({(HEARD, 0): 0})
    reader = Reader(log, attempts.another("alive"))
    await until(lambda: reader.suspects.any())
    await asyncio.sleep(0.05)
    assert reader.seen == []
    reader.gate.set()
    await until(lambda: committed(log) == 30)
    assert reader.ear.batches[:10] == [1] * 10
    await reader.stop()


async def test_read_ahead__is_read_once_and_what_cannot_be_read_is_refused_in_its_turn() -> None:
    office, reads = Office(), list[int]()

    class Counting(CountingHandler):
        def read(self, record: Heard) -> Fact | None:
            reads.append(record.offset)
            return super().read(record)

    office.handler = Counting()
    hearing = office.hearing
    records = heard_all([a_poke("a", 1), a_poke("a", 2, do="bug-in-read"), a_poke("a", 3)])
    hearing.read_ahead(records)
    assert (reads, office.letters(), office.said()) == ([0, 1, 2], [], [])
    await hearing.hear(records)
    assert reads == [0, 1, 2, 1]
    assert [letter.key for letter in office.letters()] == [b"a"]
    assert office.counter().state == {"total": 2}


async def test_read_ahead__another_record_of_the_same_place_is_read_for_itself() -> None:
    office = Office()
    hearing = office.hearing
    hearing.read_ahead(heard_all([a_poke("a", 1)]))
    await hearing.hear(heard_all([a_poke("b", 1)]))
    assert office.counter("b").state == {"total": 1}

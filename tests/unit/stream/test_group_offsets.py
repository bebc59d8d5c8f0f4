"""What another member of the group committed is learnt, so that what it settled need not be said again."""

from __future__ import annotations

from shared.stream.memory import MemoryLog
from shared.stream.records import Cause
from tests.contracts_suite.counting import HEARD
from tests.unit.stream.test_loop import Ear, committed, poke, running, until


async def test_learn__reads_what_the_others_committed() -> None:
    log = MemoryLog(partitions=2)
    async with running(log, Ear()) as ours, running(log, Ear()) as other:
        await until(lambda: ours.loop.ready and other.loop.ready)
        ((_, theirs),) = other.consumer.assignment()
        await poke(log, 5, theirs)
        await until(lambda: committed(log, theirs) == 5)
        cause = Cause(HEARD, theirs, 4)
        assert not ours.ledger.settled(cause)
        await ours.loop.learn()
        assert ours.ledger.settled(cause)
        assert not ours.ledger.settled(Cause(HEARD, theirs, 5))


async def test_learn__alone_there_is_nobody_to_learn_from() -> None:
    log = MemoryLog(partitions=2)
    async with running(log, Ear()) as ours:
        await until(lambda: ours.loop.ready)
        log.commits["care.counter"][(HEARD, 0)] = 9
        await ours.loop.learn()
        assert not ours.ledger.settled(Cause(HEARD, 0, 8))

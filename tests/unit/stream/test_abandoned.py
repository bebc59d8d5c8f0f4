"""A refused commit in the middle of a batch that is heard one by one: what is left must not be stepped over."""

from __future__ import annotations

import asyncio

import pytest

from shared.mongo.memory import MemoryAttempts
from shared.stream.memory import MemoryLog
from shared.stream.outages import Abandoned
from shared.stream.records import Cause
from tests.contracts_suite.counting import HEARD
from tests.unit.stream.test_loop import Ear, Failing, Instance, committed, poke, until


async def under_suspicion() -> MemoryAttempts:
    """Two processes ended uncleanly where partition 0 still stands: its next records are heard alone."""
    attempts = MemoryAttempts("ours")
    for owner in ("x", "y"):
        await attempts.another(owner).open({(HEARD, 0): 0})
    return attempts


class Refusing(Failing):
    """The group refuses the nth commit."""

    def __init__(self, log: MemoryLog, nth: int) -> None:
        super().__init__(log)
        self.commits, self.nth = 0, nth

    async def commit(self, offsets: dict[tuple[str, int], int]) -> None:
        self.commits += 1
        if self.commits == self.nth:
            raise Abandoned
        await super().commit(offsets)


async def ended(instance: Instance) -> None:
    await asyncio.wait({instance.task}, timeout=30)
    assert instance.task.exception() is not None


@pytest.mark.parametrize("nth", [1, 2])
async def test_abandoned__with_records_left_unheard_the_process_ends(nth: int) -> None:
    """They were fetched: without an end the next commit would say that they were heard."""
    log, ear = MemoryLog(), Ear()
    await poke(log, 3)
    instance = Instance(log, ear, await under_suspicion(), consumer=Refusing(log, nth))
    await until(lambda: instance.deaths)
    assert instance.deaths[0] == "abandoned-half-heard"
    await ended(instance)
    assert [cause.offset for cause in ear.heard] == list(range(nth))
    assert committed(log) == (nth - 1 or None)


async def test_abandoned__with_records_left_unheard_the_next_process_hears_them_all() -> None:
    log, ear = MemoryLog(), Ear()
    await poke(log, 3)
    attempts = await under_suspicion()
    instance = Instance(log, ear, attempts, consumer=Refusing(log, 2))
    await until(lambda: instance.deaths)
    await ended(instance)
    log.members.clear()
    again = Ear()
    second = Instance(log, again, attempts.another("next"))
    await poke(log, 1)
    await until(lambda: committed(log) == 4)
    await second.stop()
    assert [cause.offset for cause in again.heard] == [1, 2, 3]
    assert set(ear.heard + again.heard) == {Cause(HEARD, 0, n) for n in range(4)}


async def test_abandoned__with_nothing_left_it_just_goes_on() -> None:
    log, ear = MemoryLog(), Ear()
    await poke(log, 3)
    instance = Instance(log, ear, await under_suspicion(), consumer=Refusing(log, 3))
    await until(lambda: len(ear.heard) == 3)
    await poke(log, 1)
    await until(lambda: committed(log) == 4)
    await instance.stop()
    assert instance.deaths == []
    assert [cause.offset for cause in ear.heard] == [0, 1, 2, 3]
    assert ear.batches == [1, 1, 1, 1]


async def test_abandoned__a_trusted_part_before_suspected_records_ends_it_too() -> None:
    """The trusted part goes first and its commit is refused: the records of the suspected partition are not heard."""
    log, ear = MemoryLog(), Ear()
    await poke(log, 2)
    await poke(log, 5, lane=3)
    instance = Instance(log, ear, await under_suspicion(), consumer=Refusing(log, 1))
    await until(lambda: instance.deaths)
    assert instance.deaths[0] == "abandoned-half-heard"
    await ended(instance)
    assert ear.heard == [Cause(HEARD, 3, n) for n in range(5)]
    assert (committed(log), committed(log, 3)) == (None, None)

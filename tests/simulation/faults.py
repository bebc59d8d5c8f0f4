"""What may go wrong in a seed, how often, and a process that it goes wrong in.

Swarm testing: each seed enables a random subset of the faults at random rates, so that rare pairs meet too.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import Counter
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from shared.stream.outages import Away
from tests.simulation.virtual import OWNER, TURN

if TYPE_CHECKING:
    from tests.simulation.world import World

SESSION = 4.0
"""Seconds without a heartbeat after which the group goes on without a member."""

RATES = {
    "crash": 0.012,
    "freeze": 0.008,
    "away-before": 0.06,
    "away-after": 0.06,
    "partial": 0.08,
    "duplicate": 0.08,
    "slow": 0.4,
    "stale-save": 0.1,
    "transaction-aborted": 0.8,
    "crash-uniting": 0.8,
    "provider-transient": 0.25,
    "provider-permanent": 0.08,
    "provider-lost-answer": 0.25,
    "provider-never-came": 0.15,
    "provider-hang": 0.15,
    "provider-unreachable": 0.2,
}
"""The highest rate of each fault at one point."""

EVENTS = (
    "join",
    "leave",
    "clock-jump",
    "bad-deploy",
    "poison",
    "hospital-repeats",
    "hospital-reorders",
    "split-keys",
    "haste",
)
"""Faults that come once or by the script, not by a rate."""

MOST_CRASHES = 4
"""Of one service in one seed: a record that is there at six crashes is rightly taken for their cause."""


class Swarm:
    """The faults of one seed."""

    def __init__(self, rng: random.Random) -> None:
        calm = rng.random() < 0.05
        self.rates = {name: rng.random() * most if rng.random() < 0.5 else 0.0 for name, most in RATES.items()}
        self.events = {name for name in EVENTS if rng.random() < 0.5}
        if calm:
            self.rates, self.events = dict.fromkeys(RATES, 0.0), set()
        self.on = False
        self.rng = rng
        self.counts: Counter[str] = Counter()

    def strikes(self, fault: str) -> bool:
        """Does it happen now?"""
        if not self.on or self.rng.random() >= self.rates[fault]:
            return False
        self.counts[fault] += 1
        return True


class Instance:
    """One process: its tasks, and the point every call to the outside passes."""

    def __init__(self, world: World, service: str, name: str) -> None:
        self.world, self.service, self.name = world, service, name
        self.swarm = world.swarm
        self.tasks: list[asyncio.Task[Any]] = []
        self.alive = True
        self.frozen_until = 0.0
        self.leaving = False
        self.consumer: Any = None
        self.stop: Any = None

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run in this process: what the coroutine starts dies with it too."""
        context = contextvars.copy_context()
        context.run(OWNER.set, self)
        return asyncio.get_running_loop().create_task(coro, context=context)

    async def point(self) -> None:
        """A scheduling point: others go on, time passes, the process may stop for good or for a while."""
        swarm, rng = self.swarm, self.swarm.rng
        if swarm.on and swarm.strikes("slow"):
            await asyncio.sleep(rng.random() * 0.05)
        else:
            await TURN
        if swarm.on:
            if self.alive and self.world.may_crash(self) and self.swarm.strikes("crash"):
                self.crash()
            if self.swarm.strikes("freeze"):
                self.freeze(rng.choice((0.5, 3.0, 7.0, 12.0)))
        loop = self.world.wall.loop
        while self.alive and self.frozen_until > loop.now:  # noqa: ASYNC110 - it may be set again
            await asyncio.sleep(self.frozen_until - loop.now)
        while not self.alive:
            await self.world.never()

    async def before(self, what: str) -> None:
        """A call goes out; perhaps it does not arrive. Raises Away."""
        await self.point()
        if self.swarm.on and self.swarm.strikes("away-before"):
            raise Away(what, "SimulatedBefore")

    async def after(self, what: str) -> None:
        """A call was carried out; perhaps its answer does not arrive. Raises Away."""
        if self.swarm.on and self.swarm.strikes("away-after"):
            raise Away(what, "SimulatedAfter")
        await self.point()

    async def outlive_the_session(self) -> None:
        """Stalled with a decision in hand for so long that another process has the partitions meanwhile."""
        if len(self.world.instances[self.service]) < 2:
            self.world.start(self.service)
        self.freeze(SESSION + 4.0 + self.swarm.rng.random() * 4.0)
        await self.point()

    async def perhaps_crash(self, fault: str) -> None:
        """A crash at one point that is rare, and must be hit."""
        if self.alive and self.world.may_crash(self) and self.swarm.strikes(fault):
            self.crash()
        await self.point()

    def crash(self) -> None:
        """Gone, with all its memory; nothing it still does reaches anybody."""
        if not self.alive:
            return
        self.alive = False
        self.world.note("crash", self.name)
        for task in self.tasks:
            asyncio.get_running_loop().call_soon(task.cancel)
        self.tasks = []
        self.world.crashed(self)

    def freeze(self, seconds: float) -> None:
        """Stalled, as under SIGSTOP: the group may go on without it, and it does not know."""
        now = self.world.wall.loop.now
        if self.frozen_until > now:
            return
        self.frozen_until = now + seconds
        self.world.note("freeze", self.name, seconds)
        if seconds > SESSION and self.consumer is not None:
            self.world.groups.lose(self.consumer)

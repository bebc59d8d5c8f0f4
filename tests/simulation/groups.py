"""The group coordinator: eager rebalances, one at a time a group; who does not answer in time is left behind.

Assignment and offsets are the twin's. What it adds is what a broker does to a member that is dead or stalled: the group
goes on, and a stalled one works on as a zombie until it notices and comes back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.faults import SESSION
from tests.simulation.ports import Consumer

if TYPE_CHECKING:
    from tests.simulation.world import World

ANSWER = 6.0
"""Seconds a member has to give its partitions back."""


class Groups:
    """All groups of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._locks: dict[str, asyncio.Lock] = {}
        self._away: set[Consumer] = set()

    def _members(self, group: str) -> list[Consumer]:
        return self._world.log.members[group]  # type: ignore[return-value]

    async def join(self, consumer: Consumer) -> None:
        """In when the group has settled."""
        if consumer not in self._members(consumer.group):
            self._members(consumer.group).append(consumer)
        await asyncio.shield(self._world.background(self._settle(consumer.group)))

    async def leave(self, consumer: Consumer) -> None:
        """Out at once; the others settle."""
        consumer.drop()
        self._remove(consumer)
        self._world.background(self._settle(consumer.group))

    def _remove(self, consumer: Consumer) -> None:
        members = self._members(consumer.group)
        if consumer in members:
            members.remove(consumer)

    def lose(self, consumer: Consumer) -> None:
        """No heartbeat comes any more: after the session time-out the group goes on without it."""
        self._world.background(self._lose(consumer))

    async def _lose(self, consumer: Consumer) -> None:
        await asyncio.sleep(SESSION)
        if consumer not in self._members(consumer.group):
            return
        self._remove(consumer)
        self._world.note("lost-member", consumer.at.name)
        await self._settle(consumer.group)
        await self._come_back(consumer)

    async def _come_back(self, consumer: Consumer) -> None:
        """A zombie works on for a while, then notices, gives up what it held, and joins again."""
        if consumer in self._away:
            return
        self._away.add(consumer)
        loop = asyncio.get_running_loop()
        while consumer.at.alive and consumer.at.frozen_until > loop.time():  # noqa: ASYNC110 - as in `point`
            await asyncio.sleep(consumer.at.frozen_until - loop.time())
        await asyncio.sleep(self._world.swarm.rng.random() * 3.0)
        self._away.discard(consumer)
        if consumer.at.alive and not consumer.at.leaving:
            self._world.note("zombie-ends", consumer.at.name)
            consumer.at.spawn(self._rejoin(consumer))

    async def _rejoin(self, consumer: Consumer) -> None:
        await consumer.give_back()
        consumer.drop()
        await self.join(consumer)

    async def _settle(self, group: str) -> None:
        async with self._locks.setdefault(group, asyncio.Lock()):
            self._world.note("rebalance", group)
            holders = [one for one in self._members(group) if one.assignment()]
            left_behind = await self._revoke(holders)
            for one in left_behind:
                self._remove(one)
                if one.at.alive:
                    self._world.background(self._come_back(one))
            members = [one for one in self._members(group) if one.at.alive]
            for index, one in enumerate(members):
                lanes = [lane for lane in range(self._world.log.partitions) if lane % len(members) == index]
                await asyncio.wait({one.at.spawn(one.take(lanes))})

    async def _revoke(self, holders: list[Consumer]) -> list[Consumer]:
        """Ask all at once; those that did not answer."""
        asked = {one: one.at.spawn(one.give_back()) for one in holders if one.at.alive}
        if asked:
            await asyncio.wait(asked.values(), timeout=ANSWER)
        left = []
        for one in holders:
            task = asked.get(one)
            if task is None or not task.done() or task.cancelled() or not one.at.alive:
                left.append(one)
            else:
                task.result()
                one.drop()
        return left

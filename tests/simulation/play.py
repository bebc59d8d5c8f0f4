"""The conductor: plays a seed from its first message to its end, and reports what it showed."""

from __future__ import annotations

import asyncio
import hashlib
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.schemas.topics import ADT_INBOUND, ENCOUNTERS, TRANSITIONS
from shared.stream.deadletters import PLACE, REASON, SERVICE
from shared.stream.records import Saying
from tests.simulation import staff
from tests.simulation.ends import differences
from tests.simulation.er7 import Message, written
from tests.simulation.faults import SESSION
from tests.simulation.hospital import Stay, a_stay
from tests.simulation.people import People, plotted
from tests.simulation.stories import told
from tests.simulation.virtual import Wall, run
from tests.simulation.world import SERVICES, Broken, World

REPAIRED, TOLD = 0.25, 0.45
"""The share of the seeds in which numbers turn out to be one patient's, or a stay another's; and, from there on, of
those in which patients change beds, come back, or have their numbers renamed."""


@dataclass
class Report:
    """What one seed showed."""

    seed: int
    violations: list[str]
    trace: list[str]
    counts: dict[str, int]
    virtual_seconds: float = 0.0
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class Conductor:
    """Plays a seed from its first message to its end."""

    def __init__(self, world: World) -> None:
        self.world, self.rng, self.events = world, world.rng, world.swarm.events

    async def play(self) -> None:
        """All of it; raises Broken."""
        world, agenda = self.world, self._agenda()
        for service in SERVICES:
            world.start(service)
        if "split-keys" in self.events or world.people.repairs or any(one.swaps for one in agenda):
            world.start("admissions")  # so that two of them decide about one patient
        await staff.load_directory(world)
        await world.quiet()
        world.swarm.on = True
        await self._days(agenda)
        await self._calm()
        await self._mend()
        for days in (8, 8):
            await world.move_clock(world.business + timedelta(days=days))
            await world.quiet()
        for difference in differences(world):
            world.violate(difference)
        world.hold()

    async def _days(self, agenda: list[Message]) -> None:
        """What the hospital sends, and a few days after it, under faults."""
        world = self.world
        for message in agenda:
            if message.sent_at - world.business > timedelta(days=2):
                await self._silence(message.sent_at)
            await world.move_clock(message.sent_at)
            sending = world.background(world.send(message))
            if self.rng.random() < (0.1 if "haste" in self.events else 0.7):
                await asyncio.wait({sending}, timeout=20.0)
            await self._something()
            await world.sleep(self.rng.random() * (0.05 if "haste" in self.events else 2.5))
        for hours in (self.rng.randrange(12, 60), self.rng.randrange(12, 60)):
            await world.move_clock(world.business + timedelta(hours=hours))
            await self._something()
            await world.sleep(1.0 + self.rng.random() * 4.0)

    async def _silence(self, until: datetime) -> None:
        """Nobody sends anything for days: what falls due meanwhile may be heard before the next message."""
        await self.world.move_clock(until - timedelta(minutes=5))
        await self.world.sleep(self.rng.random() * 5.0)

    def _agenda(self) -> list[Message]:
        world = self.world
        world.stays, repairs = self._stories()
        world.people = People(world.stays, repairs)
        messages = [one for one in world.people.messages if not one.is_half]
        for message in messages:
            if "hospital-reorders" in self.events and self.rng.random() < 0.5:
                message.sent_at += timedelta(minutes=self.rng.randrange(1, 900))
            message.body = written(message)
        if "hospital-repeats" in self.events:
            messages += [one for one in messages if self.rng.random() < 0.4]
        return sorted(messages, key=lambda one: one.sent_at)

    def _stories(self) -> tuple[list[Stay], list[Message]]:
        split, numbers = "split-keys" in self.events, range(1, self.rng.choice((2, 2, 3)))
        stays = [a_stay(number, self.rng, split=split) for number in numbers]
        share = self.rng.random()
        if REPAIRED <= share < TOLD:
            return told(self.rng, split=split)
        return plotted(stays, self.rng) if share < REPAIRED else (stays, [])

    async def _something(self) -> None:
        """One of the things that come now and then."""
        world, service = self.world, self.rng.choice(SERVICES)
        if self.rng.random() < 0.4:
            world.background(staff.complete_one(world))
        if "join" in self.events and len(world.instances[service]) < 2 and self.rng.random() < 0.3:
            world.start(service)
        if "leave" in self.events and len(world.instances[service]) > 1 and self.rng.random() < 0.5:
            leaving: Any = self.rng.choice(world.instances[service])
            world.note("leave", leaving.name)
            leaving.spawn(leaving.leave())
        if "clock-jump" in self.events and self.rng.random() < 0.3:
            world.wall.jump(self.rng.choice((-3.0, -1.0, 2.0, 7.0)))
            world.note("clock-jump", world.wall.skew)
        if "poison" in self.events and self.rng.random() < 0.2:
            await self._poison()

    async def _poison(self) -> None:
        """A record nobody can read, on one of three topics."""
        world = self.world
        value = f"poison {len(world.poison)}".encode()
        world.poison.add(value)
        topic = self.rng.choice((ADT_INBOUND.name, ENCOUNTERS.name, TRANSITIONS.name))
        await world.log.append(Saying(topic, str(self.rng.random()).encode(), value, ()))

    async def _calm(self) -> None:
        """Faults off: every service has a process, whoever is stalled goes on, everything comes to rest."""
        world = self.world
        world.swarm.on = False
        for instance in [one for every in world.instances.values() for one in every]:
            instance.frozen_until = 0.0
        await world.sleep(3 * SESSION)
        for service in SERVICES:
            if not [one for one in world.instances[service] if not one.leaving]:
                world.start(service)
        await world.quiet()

    async def _mend(self) -> None:
        """The bad deploy is mended and what it stumbled over is replayed, once each."""
        world = self.world
        world.note("mended")
        replayed: set[str] = set()
        for letter in list(world.safety.letters):
            place = letter.header(PLACE)
            if (letter.header(SERVICE), place) in world.stumbled and place not in replayed:
                replayed.add(place)
                headers = tuple(pair for pair in letter.headers if pair[0] not in (PLACE, SERVICE, REASON))
                lane = (place.split("/")[0], int(place.split("/")[1]))
                await world.log.append(Saying(lane[0], letter.key or b"", letter.value or b"", headers), lane[1])
        world._clumsy = ""
        await world.quiet()


async def _play(wall: Wall, rng: random.Random) -> World:
    world = World(wall, rng)
    with suppress(Broken):
        await Conductor(world).play()
    return world


def simulate(seed: int) -> Report:
    """Play one seed."""
    world: World = run(seed, _play)
    counts = {**world.swarm.counts, **{f"repeats-{k}": n for k, n in world.safety.repeats.items()}}
    counts["crashes"] = sum(world.crashes.values())
    return Report(seed, world.violations, world.trace, counts, world.wall.loop.now)

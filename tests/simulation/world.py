"""One seed: its hospital, its processes, its faults, and the conductor that plays them and asks at the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from services.gateway.store import MemoryRawMessages
from shared.mongo.memory import MemoryAttempts
from shared.stream.decisions import Reading
from shared.stream.outages import Away
from shared.stream.records import Cause, Heard
from tests.simulation.ends import unfinished
from tests.simulation.er7 import MONDAY, Message
from tests.simulation.faults import MOST_CRASHES, SESSION, Instance, Swarm
from tests.simulation.groups import Groups
from tests.simulation.hospital import Stay
from tests.simulation.instances import FEED, HEARERS, process_of
from tests.simulation.people import People
from tests.simulation.safety import Safety, WatchedDeliveries, WatchedDocuments, WatchedLog
from tests.simulation.virtual import Wall, nobodys

SERVICES = ("gateway", *HEARERS)
PATIENCE = 300.0
"""Seconds without faults after which whoever has not finished stands still."""


class Broken(Exception):
    """An invariant does not hold: the seed ends here."""


class World:
    """Everything of one seed."""

    def __init__(self, wall: Wall, rng: random.Random) -> None:
        self.wall, self.rng = wall, rng
        self.business = MONDAY
        self.violations: list[str] = []
        self.trace: list[str] = []
        self.swarm = Swarm(rng)
        self.safety = Safety(self)
        self.log = WatchedLog(self)
        self.groups = Groups(self)
        self.documents = {name: WatchedDocuments(self, name) for name in HEARERS}
        self.attempts = {name: MemoryAttempts("nobody") for name in HEARERS}
        self.deliveries = WatchedDeliveries(self)
        self.raw = MemoryRawMessages(lease=4.0, clock=wall)
        self.instances: dict[str, list[Instance]] = {name: [] for name in SERVICES}
        self.started = dict.fromkeys(SERVICES, 0)
        self.crashes = dict.fromkeys(SERVICES, 0)
        self.stays: list[Stay] = []
        self.people = People((), ())
        self.commands: dict[str, Any] = {}
        self.told: dict[str, list[Any]] = {}
        self.poison: set[bytes] = set()
        self.stumbled: set[tuple[str, str]] = set()
        self.read: dict[tuple[str, Cause], Reading] = {}
        self._stumbles: dict[tuple[str, str], bool] = {}
        self._clumsy = rng.choice(HEARERS) if "bad-deploy" in self.swarm.events else ""
        self._background: dict[asyncio.Task[Any], None] = {}
        self._never: list[asyncio.Future[None]] = []

    def never(self) -> asyncio.Future[None]:
        """What the dead wait for."""
        self._never.append(asyncio.get_running_loop().create_future())
        return self._never[-1]

    def clock(self) -> datetime:
        """The business clock."""
        return self.business

    def note(self, *what: Any) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.wall.loop.now:9.3f} " + " ".join(str(part) for part in what))

    def violate(self, what: str) -> None:
        """An invariant is broken."""
        self.note("VIOLATION", what)
        self.violations.append(what)

    def background(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run beside everything, in no process."""
        task = asyncio.get_running_loop().create_task(coro, context=nobodys())
        self._background[task] = None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._background.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self.violate(f"the simulation itself stumbled: {task.exception()!r}")

    def start(self, service: str) -> Instance:
        """A new process of a service."""
        self.started[service] += 1
        instance = process_of(self, service, f"{service}-{self.started[service]}")
        self.note("start", instance.name)
        self.instances[service].append(instance)
        instance.start()  # type: ignore[attr-defined]
        return instance

    def may_crash(self, instance: Instance) -> bool:
        """Crashes are bounded by service."""
        return self.crashes[instance.service] < MOST_CRASHES

    def crashed(self, instance: Instance) -> None:
        """A process is gone; unless it left by itself another one comes."""
        self.instances[instance.service].remove(instance)
        if instance.consumer is not None:
            self.groups.lose(instance.consumer)
        if not instance.leaving:
            self.crashes[instance.service] += 1
            self.background(self._replace(instance.service))

    async def _replace(self, service: str) -> None:
        await asyncio.sleep(self.swarm.rng.random() * SESSION * 2)
        self.start(service)

    def stumbles(self, service: str, record: Heard) -> bool:
        """Does the bad deploy of a service stumble over this record? Always, or never."""
        if service != self._clumsy or not record.header("ce_id"):
            return False
        place = (service, f"{record.topic}/{record.partition}/{record.offset}")
        if place not in self._stumbles:
            self._stumbles[place] = self.swarm.on and self.rng.random() < 0.25
        if self._stumbles[place]:
            self.stumbled.add(place)
        return self._stumbles[place]

    async def move_clock(self, to: datetime) -> None:
        """The business clock only goes on."""
        if to > self.business:
            self.business = to
            self.note("clock", to.isoformat())
            self.safety.clock_moved(to)

    def hold(self) -> None:
        """Raises Broken once an invariant is broken."""
        if self.violations:
            raise Broken

    async def sleep(self, seconds: float) -> None:
        """Let the others work."""
        await asyncio.sleep(seconds)
        self.hold()

    async def quiet(self) -> None:
        """Until nothing is left to do, seen twice in a row."""
        deadline, seen = self.wall.loop.now + PATIENCE, 0
        while seen < 2:
            await self.sleep(0.5)
            left = unfinished(self)
            seen = 0 if left else seen + 1
            if self.wall.loop.now > deadline:
                self.violate(f"stands still: {left}")

    async def send(self, message: Message) -> None:
        """The hospital's side: again and again until it is acknowledged."""
        while True:
            doors: list[Any] = self.instances["gateway"]
            if doors and await self._sent(self.rng.choice(doors), message):
                self.safety.acknowledged(message.control_id)
                return
            await asyncio.sleep(0.2 + self.rng.random())

    async def _sent(self, door: Any, message: Message) -> bool:
        task = door.spawn(door.intake.take(message.body, FEED))
        done, _ = await asyncio.wait({task}, timeout=5.0)
        if not done:
            task.add_done_callback(lambda late: late.cancelled() or late.exception())
        if not done or task.cancelled():
            return False
        try:
            return bool(task.result().code == "")
        except Away:
            return False

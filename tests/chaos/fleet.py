"""The processes of a run and who restarts them: what is killed, or ends by itself, is started again as a cluster would.

Ends nothing that it did not start.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from demo.deployment import Deployment
from demo.services import recipe
from demo.stack.ports import free_ports
from demo.stack.process import Server, StackError
from tests.chaos.strikes import KAFKA, MONGOD

BACKOFF = (0.2, 1.0, 2.0, 4.0, 8.0)
LOOK_SECONDS = 0.3


class Handle(Protocol):
    """A server process, or what stands for one."""

    @property
    def pid(self) -> int: ...
    def kill(self) -> None: ...
    def stop_signal(self) -> None: ...
    def cont(self) -> None: ...
    def restart(self) -> None: ...


@dataclass
class Unit:
    """One process. `busy`: a strike is upon it, or it is being started. `admin_port` 0: it has no probes."""

    name: str
    handle: Handle
    admin_port: int = 0
    busy: bool = False

    @property
    def service(self) -> str:
        """Whose instance it is."""
        return self.name.removesuffix("-2")


@dataclass(frozen=True)
class Ended:
    """A process that ended without being told to: when (monotonic) and the last code it logged."""

    name: str
    at: float
    code: str


class Fleet:
    """All processes of a deployment by name, second instances included while they are there."""

    def __init__(self, local: Deployment, say: Callable[[str], None]) -> None:
        self._local, self._say = local, say
        stack = local.stack
        self.units = {KAFKA: Unit(KAFKA, stack.kafka), MONGOD: Unit(MONGOD, stack.mongo)}
        for name, server in local.servers.items():
            self.units[name] = Unit(name, server, local.wiring.admin_ports[name])
        self.ended: list[Ended] = []
        self._over = False

    def services(self) -> list[Unit]:
        """Those with probes."""
        return [unit for unit in self.units.values() if unit.admin_port]

    async def revive(self, unit: Unit) -> None:
        """Start it until it is ready. A start that fails is tried again, later and later."""
        for n in range(1_000):
            await asyncio.sleep(BACKOFF[min(n, len(BACKOFF) - 1)])
            if self._over:
                return
            try:
                await asyncio.to_thread(unit.handle.restart)
            except StackError as failed:
                self._say(f"{unit.name} did not start: {str(failed).splitlines()[0]}")
            else:
                return

    async def join(self, service: str) -> Unit:
        """A second instance, ready."""
        name, port = f"{service}-2", free_ports(1)[0]
        start = recipe(service, self._local.wiring, instance=name, admin_port=port)
        while True:
            try:
                server = await asyncio.to_thread(Server, start)
            except StackError as failed:
                self._say(f"{name} did not start: {str(failed).splitlines()[0]}")
                await asyncio.sleep(BACKOFF[1])
            else:
                self.units[name] = Unit(name, server, port, busy=True)
                return self.units[name]

    async def leave(self, service: str, *, suddenly: bool) -> None:
        """The second instance goes and does not come back."""
        unit = self.units.pop(f"{service}-2")
        server = unit.handle
        assert isinstance(server, Server)
        await asyncio.to_thread(server.kill if suddenly else server.terminate)

    async def watch(self) -> None:
        """Start again what ended by itself, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                for unit in [one for one in self.services() if not one.busy and not _runs(one)]:
                    unit.busy = True
                    self.ended.append(Ended(unit.name, time.monotonic(), _last_code(unit)))
                    self._say(f"{unit.name} ended by itself: {self.ended[-1].code}")
                    group.create_task(self._again(unit))
                await asyncio.sleep(LOOK_SECONDS)

    async def _again(self, unit: Unit) -> None:
        await self.revive(unit)
        unit.busy = False

    def end(self) -> None:
        """Everything killed at once: a run that is broken off has nothing to shut down in order."""
        self._over = True
        for unit in self.units.values():
            unit.handle.kill()


def _runs(unit: Unit) -> bool:
    return isinstance(unit.handle, Server) and unit.handle.running


def _last_code(unit: Unit) -> str:
    """The code of the last line of its log that has one."""
    assert isinstance(unit.handle, Server)
    for line in reversed(unit.handle.recipe.log_tail().splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "code" in found:
            return f"{found.get('event', '')} {found['code']}"
    return "no code in its log"

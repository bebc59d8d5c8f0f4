"""Carries the strikes out while the messages go in, and measures how long each target takes to be of use again.

Recovered is who is ready and made progress: heard a record, acknowledged a message, or has nothing before it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos.doors import Doors
from tests.chaos.fleet import Fleet, Unit
from tests.chaos.meter import Meter
from tests.chaos.scraping import HEARD, Scraper
from tests.chaos.strikes import GATEWAY, KAFKA, MONGOD, Kind, Strike

GOING = (Kind.LEAVE, Kind.LOSE)
AT_ONCE = 3
RECOVERY_SECONDS = 240.0
LOOK_SECONDS = 0.1


@dataclass
class Struck:
    """A strike as it went. Times are monotonic; `released`: when the target was started or let go on again.

    `recovered` None: not within `RECOVERY_SECONDS`.
    """

    strike: Strike
    at: float
    released: float = 0.0
    recovered: float | None = None
    over: bool = False

    @property
    def seconds(self) -> float:
        """From the blow, of a stall from its end, to recovery."""
        since = self.released if self.strike.kind is Kind.STALL else self.at
        return (self.recovered or since + RECOVERY_SECONDS) - since


class Striker:
    """`due`: how many strikes may have begun by now; whoever paces the messages raises it."""

    def __init__(self, plan: Sequence[Strike], fleet: Fleet, scraper: Scraper, meter: Meter, doors: Doors) -> None:
        self._plan, self._fleet, self._scraper, self._meter, self._doors = plan, fleet, scraper, meter, doors
        self.struck: list[Struck] = []
        self._under_way = 0
        self.due: Callable[[], int] = lambda: 0

    @property
    def begun(self) -> int:
        """How many strikes have begun."""
        return len(self.struck)

    @property
    def over(self) -> bool:
        """All strikes were carried out, and their targets are of use again or given up."""
        return self.begun == len(self._plan) and not self._under_way

    async def run(self) -> None:
        """Every strike in turn: when it is due, its target is up, and not too many are under way."""
        async with asyncio.TaskGroup() as group:
            for strike in self._plan:
                while not self._may_begin(strike):  # noqa: ASYNC110  it depends on processes
                    await asyncio.sleep(LOOK_SECONDS)
                self._under_way += 1
                struck = Struck(strike, time.monotonic())
                self.struck.append(struck)
                group.create_task(self._carry_out(struck))

    def _may_begin(self, strike: Strike) -> bool:
        free = self._under_way < AT_ONCE and self.begun < self.due()
        name = f"{strike.target}-2" if strike.kind in GOING else strike.target
        unit = self._fleet.units.get(name)
        if strike.kind is Kind.JOIN and f"{strike.target}-2" in self._fleet.units:
            return False
        if not free or unit is None or unit.busy:
            return False
        unit.busy = strike.kind is not Kind.JOIN
        return True

    async def _carry_out(self, struck: Struck) -> None:
        try:
            unit, usable = await self._blow(struck)
            await self._recovery(struck, usable)
            if struck.strike.kind not in GOING:
                unit.busy = False
        finally:
            struck.over = True
            self._under_way -= 1

    async def _blow(self, struck: Struck) -> tuple[Unit, Callable[[], bool]]:
        """The blow and what follows it at once; returns who is to be of use again, and how that is seen."""
        strike, fleet = struck.strike, self._fleet
        if strike.kind is Kind.JOIN:
            unit = await fleet.join(strike.target)
        elif strike.kind in GOING:
            await fleet.leave(strike.target, suddenly=strike.kind is Kind.LOSE)
            unit = fleet.units[strike.target]
        else:
            unit = fleet.units[strike.target]
            await (self._stall(unit, strike.seconds) if strike.kind is Kind.STALL else self._kill(unit))
        struck.released = time.monotonic()
        return unit, self._progress(unit)

    async def _kill(self, unit: Unit) -> None:
        await asyncio.to_thread(unit.handle.kill)
        await self._fleet.revive(unit)

    async def _stall(self, unit: Unit, seconds: float) -> None:
        unit.handle.stop_signal()
        try:
            await asyncio.sleep(seconds)
        finally:
            unit.handle.cont()

    def _progress(self, unit: Unit) -> Callable[[], bool]:
        """Asked again and again until true."""
        since = time.monotonic()
        if unit.name in (KAFKA, MONGOD):
            before = self._scraper.heard_by_all()
            return lambda: self._scraper.heard_by_all() > before or self._nothing_before("", since)
        if unit.name == GATEWAY:
            answered = self._doors.answered
            return lambda: self._doors.answered > answered or self._nothing_before(GATEWAY, since)
        heard = self._scraper.of(unit, HEARD)
        return lambda: self._scraper.of(unit, HEARD) > heard or self._nothing_before(unit.service, since)

    def _nothing_before(self, service: str, since: float) -> bool:
        """As asked after `since`."""
        held = self._meter.held_by(service) if service else self._meter.total()
        return self._meter.asked_at > since and not held

    async def _recovery(self, struck: Struck, usable: Callable[[], bool]) -> None:
        deadline = struck.released + RECOVERY_SECONDS
        while time.monotonic() < deadline:
            if usable():
                struck.recovered = time.monotonic()
                return
            await asyncio.sleep(LOOK_SECONDS)

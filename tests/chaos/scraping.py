"""Reads the services' own metrics while they live: a counter dies with its process, what was last seen of it stays."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict

import aiohttp

from demo.stack.ports import LOOPBACK
from tests.chaos.fleet import Fleet, Unit

POLL_SECONDS = 0.7
HEARD, REPEATED, RECEIVED = "care_records_heard_total", "care_records_repeated_total", "care_messages_received_total"
LOST_RACES = "care_lost_races_total"
_SAMPLE = re.compile(r"^(care_\w+_total)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


class Scraper:
    """What was last seen of each incarnation: (instance, process id) → metric → sum over its labels."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._seen: dict[tuple[str, int], dict[str, float]] = {}

    async def run(self) -> None:
        """Look at everybody, for ever."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1.5)) as session:
            while True:
                await asyncio.gather(*(self.look(unit, session) for unit in self._fleet.services()))
                await asyncio.sleep(POLL_SECONDS)

    async def look(self, unit: Unit, session: aiohttp.ClientSession) -> None:
        """Once at one; who does not answer is left as it was."""
        place = (unit.name, unit.handle.pid)
        try:
            async with session.get(f"http://{LOOPBACK}:{unit.admin_port}/metrics") as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return
        if unit.handle.pid == place[1]:
            self._seen[place] = sums(text)

    def of(self, unit: Unit, metric: str) -> float:
        """Of its living incarnation, 0 while nothing was seen of it."""
        return self._seen.get((unit.name, unit.handle.pid), {}).get(metric, 0.0)

    def heard_by_all(self) -> float:
        """Records heard by all that ever lived."""
        return self.total(HEARD)

    def total(self, metric: str) -> float:
        """Over all incarnations; what was counted after the last look at one is not in it."""
        return sum(seen.get(metric, 0.0) for seen in self._seen.values())


def sums(text: str) -> dict[str, float]:
    """Counters by name; messages received by outcome too (`care_messages_received_total repeated`)."""
    found: dict[str, float] = defaultdict(float)
    for name, labels, value in _SAMPLE.findall(text):
        found[name] += float(value)
        outcome = re.search(r'outcome="([^"]+)"', labels)
        if name == RECEIVED and outcome:
            found[f"{name} {outcome[1]}"] += float(value)
    return found

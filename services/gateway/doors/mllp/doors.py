"""The MLLP doors that are open now: opened, closed and given their feed's new profile as the profiles change.

A door whose port is taken stays closed, and is tried again each time; the others are open meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from services.gateway.doors.mllp.server import MllpServer
from shared.feeds import FeedProfile
from shared.telemetry import log, metrics

Place = tuple[str, int]


class MllpDoors:
    """One a process. `make` makes the server of a profile's port."""

    def __init__(self, make: Callable[[FeedProfile, int], MllpServer]) -> None:
        self._make = make
        self._open: dict[Place, MllpServer] = {}
        self._taken: set[Place] = set()

    async def follow(self, profiles: Iterable[FeedProfile]) -> None:
        """Have a door for each of these that has a port, and no other."""
        wanted = {(p.feed, p.mllp_port): p for p in profiles if p.mllp_port is not None}
        await self._close([place for place in self._open if place not in wanted])
        self._taken &= wanted.keys()
        for place, profile in wanted.items():
            if place in self._open:
                self._open[place].show(profile)
            else:
                await self._try(place, profile)

    def port_of(self, feed: str) -> int:
        """Where a feed's door is, 0 if it is closed."""
        return next((server.port for (name, _), server in self._open.items() if name == feed), 0)

    async def stop(self) -> None:
        """Close all together: the last sender's time to be answered is the first one's too."""
        await self._close(list(self._open))

    async def _try(self, place: Place, profile: FeedProfile) -> None:
        server = self._make(profile, place[1])
        self._open[place] = server  # before it listens: one that is stopped meanwhile is closed with the others
        try:
            await server.start()
        except OSError as error:
            del self._open[place]
            if place not in self._taken:
                log.error("door_stays_closed", feed=place[0], port=place[1], code=type(error).__name__)
            self._taken.add(place)
        else:
            self._taken.discard(place)
        metrics.doors.labels(place[0]).set(place in self._open)

    async def _close(self, places: list[Place]) -> None:
        for place in places:
            log.info("door_closed", feed=place[0], port=self._open[place].port)
            metrics.doors.labels(place[0]).set(0)
        await asyncio.gather(*(self._open.pop(place).stop() for place in places))

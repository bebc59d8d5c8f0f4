"""The hospital's side of a run: every message by its door, again and again until it is acknowledged; and the clock.

MLLP: several lanes at once, each with its own connection. A hospital's own topic: until the broker confirms it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from demo.hospital import Sending, Via
from demo.hospital.mllp_client import MllpClient, Patience
from demo.hospital.mllp_lanes import MllpLanes
from demo.stack.ports import LOOPBACK
from shared.clock import set_clock
from shared.feeds import FeedProfile
from shared.stream.kafka import Broker
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.outages import Away
from shared.stream.records import Saying

LANES = 12
PATIENCE = Patience(connect=2.0, answer=5.0, between=0.3, altogether=600.0)
TICK = timedelta(seconds=30)


class Clock:
    """The business clock of a run, which only moves forward."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.now = datetime.fromisoformat(file.read_text())

    def reach(self, moment: datetime, tick: timedelta = TICK) -> None:
        """At least `moment`, unless that is less than a tick away."""
        if moment - self.now >= tick:
            self.now = moment
            set_clock(self._file, moment)


class Doors:
    """Counts what was acknowledged, and what had to be sent again to be."""

    def __init__(self, feeds: dict[str, FeedProfile], broker: Broker, clock: Clock) -> None:
        self._clock = clock
        self._topics = {feed.feed: feed.kafka_topic for feed in feeds.values() if feed.kafka_topic}
        self._clients: list[MllpClient] = []
        self._lanes = MllpLanes({f.feed: self._opener(f.mllp_port) for f in feeds.values() if f.mllp_port})
        self._publisher = KafkaPublisher(broker)
        self.acknowledged = self.refused = self.said_again = 0

    def _opener(self, port: int):  # type: ignore[no-untyped-def]
        def open_() -> MllpClient:
            self._clients.append(MllpClient(LOOPBACK, port, patience=PATIENCE))
            return self._clients[-1]

        return open_

    @property
    def answered(self) -> int:
        """Messages that are not the hospital's any more; a refused one is a difference in the end."""
        return self.acknowledged + self.refused

    @property
    def resent(self) -> int:
        """Messages sent again over MLLP because no answer came."""
        return sum(client.resent for client in self._clients)

    async def send(self, lane: int, sending: Sending) -> bool | None:
        """As `demo.hospital.player.Send`."""
        self._clock.reach(sending.at)
        if sending.via is Via.TOPIC:
            saying = Saying(self._topics[sending.feed], sending.control_id.encode(), sending.body, ())
            await self.say([saying])
            taken: bool | None = True
        else:
            taken = await self._lanes.send(sending.feed, lane, sending.body)
        self.acknowledged += bool(taken)
        self.refused += taken is False
        return taken

    async def say(self, sayings: Sequence[Saying]) -> None:
        """Until the broker confirms them all."""
        while True:
            try:
                return await self._publisher.say(sayings)
            except Away:
                self.said_again += len(sayings)
                await asyncio.sleep(0.3)

    async def close(self) -> None:
        """Close all connections."""
        await self._lanes.close()
        await self._publisher.close()

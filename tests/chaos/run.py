"""One run: messages in waves, strikes meanwhile, until all went in and all is through.

Within a wave nothing waits for anything: the clock moves with the messages, and strikes hit who is busy. Between two
waves everything of the first has to be through, so that the oracle knows what can have overtaken what.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from demo.deployment import Deployment
from demo.hospital import Sending
from demo.hospital.player import Pace, play
from shared.schemas.topics import ALL, dead_letter_topics
from tests.chaos.doors import LANES, Clock, Doors
from tests.chaos.fleet import Ended, Fleet
from tests.chaos.meter import Meter
from tests.chaos.nurses import Nurses
from tests.chaos.scraping import LOST_RACES, RECEIVED, REPEATED, Scraper
from tests.chaos.strikes import Strike
from tests.chaos.striking import Striker, Struck
from tests.chaos.traffic import Wave, longest

MOST_UNDER_WAY = 3_000
AT_DOORS = 4 * LANES
PROGRESS_SECONDS = 15.0
PATIENCE_SECONDS = 180.0


class Unacknowledged(Exception):
    """A message was not acknowledged for ten minutes."""


@dataclass
class Played:
    """What happened, as far as it is not on topics, in databases or in the mailbox. Seconds are monotonic."""

    sent: list[Sending]
    step: timedelta
    until: object
    struck: list[Struck] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    last_sent: float = 0.0
    settled: float = 0.0


class Run:
    """Everything that is held while a run goes on."""

    def __init__(self, local: Deployment, seed: int, plan: Sequence[Strike], say: Callable[[str], None]) -> None:
        topics = [topic.name for topic in (*ALL, *dead_letter_topics())]
        hospital = [feed.kafka_topic for feed in local.feeds.values() if feed.kafka_topic]
        self._local, self._plan, self._say = local, plan, say
        self.clock = Clock(Path(local.wiring.environment["CARE_CLOCK_FILE"]))
        self.doors = Doors(local.feeds, local.broker, self.clock)
        self.meter = Meter(local.broker, local.stack.mongo.uri, topics + hospital, hospital)
        self.fleet = Fleet(local, say)
        self.scraper = Scraper(self.fleet)
        self.striker = Striker(plan, self.fleet, self.scraper, self.meter, self.doors)
        self.nurses = Nurses(seed, local.broker, self.meter)
        self._sent = self._total = 0

    async def play(self, waves: Sequence[Wave]) -> Played:
        """All of it. Raises Unacknowledged, Stuck."""
        sent = [one for wave in waves for one in wave.sendings]
        played = Played(sent, 2 * longest(list(waves)), waves[-1].end, began=time.monotonic())
        self._total = len(sent)
        self.striker.due = lambda: 1 + len(self._plan) * self.doors.answered // self._total
        async with self._meanwhile():
            for n, wave in enumerate(waves, 1):
                await self._wave(wave, f"wave {n} of {len(waves)}")
            played.last_sent = time.monotonic()
            await self._finish(waves[-1])
        played.settled = time.monotonic()
        played.struck, played.ended = self.striker.struck, self.fleet.ended
        played.figures = self._figures()
        return played

    async def _wave(self, wave: Wave, name: str) -> None:
        await self.doors.say(self.nurses.commands(self.clock.now))
        progress = await play(wave.sendings, send=self.doors.send, pace=self._pace(), connections=LANES)
        if not progress.finished:
            raise Unacknowledged(", ".join(list(progress.unacknowledged)[:10]))
        self.clock.reach(wave.end, timedelta(0))
        self._say(f"{name} is in; waiting until it is through")
        await self.meter.drained(wave.end, PATIENCE_SECONDS)
        await self.nurses.listen()

    async def _finish(self, last: Wave) -> None:
        """Strikes that are left, then quiet, then everything settled."""
        self.striker.due = lambda: len(self._plan)
        while not self.striker.over:  # noqa: ASYNC110  it is over when its last target is of use again
            await asyncio.sleep(0.2)
        await self.meter.drained(last.end, PATIENCE_SECONDS, settled=True)

    def _pace(self) -> Pace:
        """Not ahead of the strikes, so that they hit while there is work; not far ahead of the chain either."""

        async def pace(_: Sending) -> None:
            while self._sent - self.doors.answered > AT_DOORS or self._ahead() or self._full():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            self._sent += 1

        return pace

    def _full(self) -> bool:
        return self.meter.total() > MOST_UNDER_WAY

    def _ahead(self) -> bool:
        return self._sent * len(self._plan) > (self.striker.begun + 2) * self._total

    @contextlib.asynccontextmanager
    async def _meanwhile(self) -> AsyncIterator[None]:
        """What goes on beside the messages; one that fails ends the run."""
        jobs = (self.fleet.watch(), self.scraper.run(), self.meter.run(self.clock), self.striker.run(), self._tell())
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(job) for job in jobs]
                yield
                for task in tasks:
                    task.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        finally:
            for closing in (self.nurses.close(), self.doors.close(), self.meter.close()):
                await asyncio.wait_for(closing, 10.0)

    async def _tell(self) -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            waiting = ", ".join(map(str, self.meter.waiting)) or "nothing"
            self._say(
                f"{time.monotonic() - began:5.0f} s: {self.doors.acknowledged} of {self._total} acknowledged,"
                f" {self.striker.begun} of {len(self._plan)} strikes; under way: {waiting}"
            )

    def _figures(self) -> dict[str, float]:
        return {
            "resent over MLLP without an answer": self.doors.resent,
            "said again to Kafka by the hospital or the nurses": self.doors.said_again,
            "messages that the gateway knew again": self.scraper.total(f"{RECEIVED} repeated"),
            "records that hearers knew again": self.scraper.total(REPEATED),
            "lost races decided again": self.scraper.total(LOST_RACES),
            "commands of nurses": self.nurses.said,
            "messages refused at the door": self.doors.refused,
        }

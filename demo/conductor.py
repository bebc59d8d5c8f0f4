"""Owns the demo's business clock: lets time pass in steps, and only when everything up to now is through the chain.

Messages go in by the hospital's real doors (MLLP, its own topic), nurses act by commands, and what is shown is read
from the topics and the mailbox. Forty seconds without progress (longer than any lease) end the demo with the name of
who holds it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demo.drain import Drain, Waiting
from demo.hospital.mllp_client import MllpClient
from demo.hospital.sendings import Sending
from demo.staff import Staff
from demo.tally import Tally
from shared.clock import set_clock
from shared.stream.codec import encode
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.reading import Onlooker
from shared.stream.records import Saying

STEP = timedelta(hours=3)
PATIENCE = 40.0


class Stuck(Exception):
    """Nothing moved for too long; the text says who holds what."""

    def __init__(self, waiting: Sequence[Waiting]) -> None:
        super().__init__(", ".join(str(each) for each in waiting) or "a topic that is not fetched")


@dataclass
class Doors:
    """The hospital's side: one MLLP connection a feed, and the feeds that have a topic of their own."""

    clients: Mapping[str, MllpClient]
    topics: Mapping[str, str]
    publisher: KafkaPublisher

    async def send(self, sending: Sending) -> str:
        """Send one message by its door; returns the acknowledgement code ("stored" for a topic)."""
        if sending.via == "topic":
            saying = Saying(self.topics[sending.feed], sending.control_id.encode(), sending.body, ())
            await self.publisher.say([saying])
            return "said"
        return (await self.clients[sending.feed].send(sending.body)).code


class Conductor:
    """Plays a schedule. `show` is called with the business time after each look at the topics."""

    def __init__(
        self,
        doors: Doors,
        drain: Drain,
        onlooker: Onlooker,
        staff: Staff,
        tally: Tally,
        clock_file: Path,
        show: Callable[[datetime], None],
    ) -> None:
        self._doors = doors
        self._drain = drain
        self._onlooker = onlooker
        self._staff = staff
        self._tally = tally
        self._clock_file = clock_file
        self._show = show

    async def play(self, sendings: Sequence[Sending], start: datetime, end: datetime) -> None:
        """From `start` to `end` on the business clock. Raises Stuck."""
        await self.settle(start)
        left = sorted(sendings, key=lambda sending: sending.at)
        now = start
        while now < end:
            now = min(end, now + STEP)
            due = [sending for sending in left if sending.at <= now]
            left = left[len(due) :]
            await self._send(due)
            set_clock(self._clock_file, now)
            # what the hospital said comes before what nurses do of it: a death must not race a visit
            await self.settle(now)
            if await self._work(now):
                await self.settle(now)

    async def _send(self, due: Sequence[Sending]) -> None:
        for sending in due:
            set_clock(self._clock_file, sending.at)
            code = await self._doors.send(sending)
            self._tally.messages[code] += 1

    async def _work(self, now: datetime) -> bool:
        done = self._staff.done_by(now)
        await self._doors.publisher.say([encode(event, event.data.TOPIC) for event in done])
        return bool(done)

    async def settle(self, now: datetime) -> None:
        """Wait until nothing due up to `now` is left, seen twice in a row. Raises Stuck."""
        clear, before, since = 0, "", time.monotonic()
        while clear < 2:
            heard = await self._look(now)
            waiting = await self._drain.waiting(now, self._onlooker, list(self._doors.topics.values()))
            clear = clear + 1 if not waiting and not heard else 0
            state = f"{waiting}{heard}"
            if state != before or heard:
                before, since = state, time.monotonic()
            elif clear == 0 and time.monotonic() - since > PATIENCE:
                raise Stuck(waiting)
            await asyncio.sleep(0.02)

    async def _look(self, now: datetime) -> int:
        records = await self._onlooker.fetch(0.03)
        for record in records:
            event = self._tally.hear(record)
            if event is not None:
                self._staff.hear(event)
        self._show(now)
        return len(records)

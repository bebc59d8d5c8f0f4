"""Sends a schedule: several lanes at once, each patient's messages in one lane, in order, one at a time.

How a message is sent is the caller's affair (`Send`), and so is when (`Pace`). Nothing is forgotten: whatever ends the
play, `Progress.unacknowledged` names what was begun and not acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol
from zlib import crc32

from demo.hospital.sendings import Sending

_QUEUED: Final = 64

Pace = Callable[[Sending], Awaitable[None]]
"""Awaited before each sending, in the order of the schedule: returns when it is time."""

Tell = Callable[["Progress"], None]
"""Called after every change; must be quick."""


class Send(Protocol):
    """Sends one message and waits for its answer; called for one message of a lane at a time.

    Returns whether it was taken (AA, CA; for a Kafka topic: confirmed by the broker) or refused, or None if nobody
    answered before the sender gave up.
    """

    async def __call__(self, lane: int, sending: Sending, /) -> bool | None: ...


@dataclass(slots=True)
class Progress:
    """How far a play is. `unacknowledged`: control ids that were begun, or held back behind one of these."""

    total: int = 0
    sent: int = 0
    acknowledged: int = 0
    negative: int = 0
    unacknowledged: dict[str, None] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Everything was sent and answered."""
        return self.acknowledged + self.negative == self.total


async def play(
    sendings: Iterable[Sending],
    *,
    send: Send,
    pace: Pace | None = None,
    connections: int = 4,
    tell: Tell | None = None,
    stop: asyncio.Event | None = None,
) -> Progress:
    """Play a schedule to its end, or until `stop` is set: then nothing new begins and what is under way is finished.

    When cancelled, or when `send` raises, what is under way is cancelled too; `tell` hears the last state before the
    exception goes on. A lane in which a message was not acknowledged sends nothing more.
    """
    play_ = _Play(list(sendings), send, tell or _silent, stop or asyncio.Event())
    try:
        async with asyncio.TaskGroup() as group:
            queues = [play_.open_lane(group, lane) for lane in range(connections)]
            await play_.feed(queues, pace or _at_once)
    finally:
        play_.tell(play_.progress)
    return play_.progress


def at_rate(messages_per_second: float) -> Pace:
    """A pace in real time, evenly spread from the first message on; what is late is caught up."""
    first: float | None = None
    count = 0

    async def pace(_: Sending) -> None:
        nonlocal first, count
        now = asyncio.get_running_loop().time()
        first = now if first is None else first
        await asyncio.sleep(max(0.0, first + count / messages_per_second - now))
        count += 1

    return pace


def lane_of(patient: str, lanes: int) -> int:
    """The same patient has the same lane in every process."""
    return crc32(patient.encode()) % lanes


async def _at_once(_: Sending) -> None:
    return


def _silent(_: Progress) -> None:
    return


class _Play:
    def __init__(self, sendings: list[Sending], send: Send, tell: Tell, stop: asyncio.Event) -> None:
        self._sendings, self._send, self._stop = sendings, send, stop
        self.tell = tell
        self.progress = Progress(total=len(sendings))

    def open_lane(self, group: asyncio.TaskGroup, lane: int) -> asyncio.Queue[Sending | None]:
        """A lane and its queue; None in it ends the lane."""
        queue: asyncio.Queue[Sending | None] = asyncio.Queue(_QUEUED)
        group.create_task(self._lane(lane, queue))
        return queue

    async def feed(self, queues: list[asyncio.Queue[Sending | None]], pace: Pace) -> None:
        """Every sending into its lane when it is time."""
        for sending in self._sendings:
            if self._stop.is_set() or not await self._in_time(pace, sending):
                break
            await queues[lane_of(sending.patient, len(queues))].put(sending)
        for queue in queues:
            await queue.put(None)

    async def _in_time(self, pace: Pace, sending: Sending) -> bool:
        """Whether its time came before the stop."""
        waiting, stopping = asyncio.ensure_future(pace(sending)), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
            return waiting.done()
        finally:
            waiting.cancel()
            stopping.cancel()

    async def _lane(self, lane: int, queue: asyncio.Queue[Sending | None]) -> None:
        held = False
        while (sending := await queue.get()) is not None:
            if held:
                self.progress.unacknowledged[sending.control_id] = None
                self.tell(self.progress)
            elif not self._stop.is_set():
                held = await self._one(lane, sending) is None

    async def _one(self, lane: int, sending: Sending) -> bool | None:
        progress, control_id = self.progress, sending.control_id
        progress.sent += 1
        progress.unacknowledged[control_id] = None
        self.tell(progress)
        taken = await self._send(lane, sending)
        if taken is not None:
            del progress.unacknowledged[control_id]
            progress.acknowledged += taken
            progress.negative += not taken
            self.tell(progress)
        return taken

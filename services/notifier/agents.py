"""notifier's topics → handlers, and the senders that work off what was decided, hosted in a Faust worker."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from services.notifier.channels.email import EmailChannel
from services.notifier.channels.relay import Relay
from services.notifier.channels.sender import Sender
from services.notifier.handlers import DELIVERIES, DIRECTORIES, SUBJECTS, handlers
from services.notifier.settings import NotifierPolicy
from services.notifier.store import Deliveries, MongoDeliveries
from shared.process import Process
from shared.startup import patiently
from shared.stream.host import Background, die
from shared.stream.outages import Away, where
from shared.telemetry import log, wall_clock

Run = Callable[[asyncio.Event, Callable[[Exception], None]], Awaitable[None]]
STOP_SECONDS = 20.0


async def agents(process: Process, policy: NotifierPolicy) -> list[Any]:
    """The services of this process, in start order: the senders stop after the hearing does."""
    deliveries = MongoDeliveries(process.database[DELIVERIES])
    await process.open([], [SUBJECTS, DIRECTORIES])
    await patiently(deliveries.ensure_indexes)
    owner = secrets.token_hex(8)
    channel = EmailChannel(policy.smtp, wall_clock)
    relay = Relay(deliveries, process.publisher, policy, source="care-transitions/notifier", clock=wall_clock)
    sender = Sender(
        deliveries, [channel], policy, owner=owner, clock=wall_clock, chance=random.random, ended=relay.take
    )
    projection = Deliveries(deliveries, wall_clock, sender.wake)
    closing, *hearing = process.hearer(handlers(policy), project=projection.project)
    return [closing, _background(relay.run), _background(_sending(sender, channel)), *hearing]


def _sending(sender: Sender, channel: EmailChannel) -> Run:
    """The sender's loop; its channel is closed behind it."""

    async def run(stop: asyncio.Event, on_error: Callable[[Exception], None]) -> None:
        try:
            await sender.run(stop, on_error)
        finally:
            channel.close()

    return run


def _background(run: Run) -> Background:
    """A loop that ends by its stop event, with time to finish what is under way; a bug in it ends the process."""
    stop = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def begin() -> None:
        tasks.append(asyncio.ensure_future(run(stop, _on_error)))

    async def end() -> None:
        stop.set()
        await asyncio.wait(tasks, timeout=STOP_SECONDS)

    return Background(begin, end)


def _on_error(error: Exception) -> None:
    if isinstance(error, Away):
        log.warning("sending_waits", what=error.what, code=error.code)
    else:
        die(f"sending-{type(error).__name__}-{where(error)}")

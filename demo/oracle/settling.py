"""Waits until a deployment has nothing more to say: no new record on any topic for some seconds."""

from __future__ import annotations

import time

from shared.schemas.topics import ALL, dead_letter_topics
from shared.stream.kafka import Broker
from shared.stream.reading import Onlooker


class NeverQuiet(Exception):
    """Something was still said when patience ended."""


async def settled(broker: Broker, quiet: float, patience: float) -> None:
    """Return when nothing new came for `quiet` seconds. Raises NeverQuiet after `patience` seconds, and Away."""
    onlooker = Onlooker(broker, [topic.name for topic in (*ALL, *dead_letter_topics())])
    await onlooker.start()
    try:
        last = began = time.monotonic()
        while time.monotonic() - last < quiet:
            if await onlooker.fetch(0.1):
                last = time.monotonic()
            if time.monotonic() - began > patience:
                raise NeverQuiet
    finally:
        await onlooker.stop()

"""Looks on until a deployment has nothing more to say: quiet, nothing pending, no alarm left to ring."""

from __future__ import annotations

import time
from datetime import datetime

from demo.oracle.observing import Observed
from shared.schemas.topics import ALL, dead_letter_topics
from shared.stream.kafka import Broker
from shared.stream.reading import Onlooker


async def followed(broker: Broker, until: datetime, quiet: float, patience: float) -> Observed:
    """All that the topics hold from their beginning, when nothing new came for `quiet` seconds and all is settled.

    After `patience` seconds it returns what there is: what did not settle shows as a difference. Raises Away.
    """
    seen = Observed()
    onlooker = Onlooker(broker, [topic.name for topic in (*ALL, *dead_letter_topics())])
    await onlooker.start()
    try:
        async for record in onlooker.until_end():
            seen.hear(record)  # a busy broker is quiet before its first answer, too
        began = last = time.monotonic()
        while time.monotonic() - began < patience:
            records = await onlooker.fetch(0.1)
            for record in records:
                seen.hear(record)
            last = time.monotonic() if records else last
            if time.monotonic() - last >= quiet and seen.is_settled(until):
                break
    finally:
        await onlooker.stop()
    return seen

"""What producer and consumer share: where Kafka is, how large a record may be, which partition a key has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from shared.schemas.topics import MAX_MESSAGE_BYTES, PARTITIONS

DEAD_LETTER_ROOM = 64 * 1024
MAX_RECORD_BYTES = MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM
MAX_LETTER_BYTES = MAX_RECORD_BYTES + DEAD_LETTER_ROOM
"""Our sayings are bounded by MAX_MESSAGE_BYTES, but a topic takes records up to MAX_RECORD_BYTES from anybody, and the
dead letter of each of them must fit too: one that does not would stop its partition for good.
"""


@lru_cache(maxsize=16_384)
def hash_of(key: bytes) -> int:
    """What Kafka's default partitioner takes the remainder of (murmur2). A key's next event comes soon after."""
    return int(murmur2(key) & 0x7FFFFFFF)


def lane_of(key: str) -> int:
    """The partition of `key` on every co-heard topic, as Kafka's default partitioner has it."""
    return hash_of(key.encode()) % PARTITIONS


@dataclass(frozen=True)
class Broker:
    """Where Kafka is. `idempotent` false only for the demo's broker, which refuses InitProducerId; never silently."""

    bootstrap: str
    idempotent: bool = True
    security: dict[str, Any] | None = None
    send_timeout: float = 10.0
    session_seconds: float = 10.0

    def options(self) -> dict[str, Any]:
        """What producer, consumer and admin share."""
        return {"bootstrap_servers": self.bootstrap, **(self.security or {})}


async def end_quietly(stopping: Awaitable[Any], seconds: float) -> None:
    """Stop a client that may be broken: its failure to stop changes nothing, and is not waited for."""
    try:
        await asyncio.wait_for(stopping, seconds)
    except (KafkaError, TimeoutError, OSError) as error:
        del error

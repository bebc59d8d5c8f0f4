"""Says records through aiokafka's producer, with nothing left to its defaults.

A sending is over when every confirmation is in; a time-out means *unknown*, and the same bytes are said again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError

from shared.stream.kafka import MAX_LETTER_BYTES, Broker, end_quietly, hash_of
from shared.stream.outages import Away, OutputTooLarge
from shared.stream.records import Saying

BATCH_BYTES = 256 * 1024
"""Of one partition in one request. aiokafka's own 16 KiB hold some twenty of our events, and a saying then waits for
the broker's answer before it may hand over the next twenty: six answers one after the other for a batch, not one.
"""


def _partition(key: bytes, partitions: Sequence[int], _available: Sequence[int]) -> int:
    """As Kafka's default partitioner; every saying has a key."""
    return partitions[hash_of(key) % len(partitions)]


class KafkaPublisher:
    """Implements `Publisher`. A producer that failed for good is replaced before the next saying."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._producer: AIOKafkaProducer | None = None
        self._pending: dict[AIOKafkaProducer, set[asyncio.Future[Any]]] = {}
        self._ending: set[asyncio.Future[None]] = set()
        self._lock = asyncio.Lock()

    async def _ready(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                self._producer = await self._started()
            return self._producer

    async def _started(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._broker.options(),
            acks="all",
            enable_idempotence=self._broker.idempotent,
            max_request_size=MAX_LETTER_BYTES,
            max_batch_size=BATCH_BYTES,
            partitioner=_partition,
            request_timeout_ms=int(self._broker.send_timeout * 1000),
            metadata_max_age_ms=60_000,
        )
        try:
            await producer.start()
        except BaseException:
            await _end(producer)
            raise
        return producer

    async def say(self, sayings: Sequence[Saying]) -> None:
        """As in `Publisher`. Raises OutputTooLarge for a record above the limit (a bug: sizes are checked earlier)."""
        used: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._broker.send_timeout):
                used = await self._ready()
                await self._confirmed(used, sayings)
        except MessageSizeTooLargeError as error:
            raise OutputTooLarge from error
        except (KafkaError, TimeoutError, OSError) as error:
            await self._replace(used)
            raise Away("kafka", type(error).__name__) from error

    async def _confirmed(self, producer: AIOKafkaProducer, sayings: Sequence[Saying]) -> None:
        futures: list[asyncio.Future[Any]] = []
        try:
            for s in sayings:
                future = await producer.send(s.topic, value=s.value, key=s.key, headers=list(s.headers))
                futures.append(future)
                if self._producer is not producer:
                    # ended while `send` waited: its buffer took the record, and nobody empties it any more
                    raise KafkaConnectionError("the producer was replaced")
                self._pending.setdefault(producer, set()).add(future)
            await asyncio.gather(*futures)
        finally:
            self._pending.get(producer, set()).difference_update(futures)
            for future in futures:
                future.cancel()

    async def _replace(self, used: AIOKafkaProducer | None) -> None:
        """End the producer that failed, if nobody else has yet; who else waits for it is told at once."""
        if used is None or self._producer is not used:
            return
        self._producer = None
        for future in self._pending.pop(used, set()):
            if not future.done():
                future.set_exception(KafkaConnectionError("the producer was replaced"))
        # a task of its own: a cancelled sayer must not leave a sender behind that tries for ever
        ending = asyncio.ensure_future(_end(used))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        await asyncio.shield(ending)

    async def close(self) -> None:
        """Stop; what was said is confirmed already."""
        await self._replace(self._producer)
        if self._ending:
            await asyncio.wait(self._ending)


async def _end(producer: AIOKafkaProducer) -> None:
    """End a producer without its farewell, which waits for what cannot be delivered.

    Left half stopped, its sender would try for ever and say all of it again, once for each such producer, when Kafka
    is back; aiokafka has no public way to drop what is pending. The sender takes a cancellation for a wish to finish
    first, so it is told again for as long as something keeps it.
    """
    producer._closed = True
    await end_quietly(producer.client.close(), 2.0)
    sender = producer._sender.sender_task
    for _ in range(10):
        if sender is None or sender.done():
            return
        sender.cancel()
        await asyncio.wait({sender}, timeout=0.2)

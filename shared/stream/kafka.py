"""The one door to Kafka: aiokafka's producer and consumer, with nothing left to their defaults.

A sending is over when every confirmation is in; a time-out means *unknown*, and the same bytes are said again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
)
from aiokafka.partitioner import murmur2

from shared.schemas.topics import MAX_MESSAGE_BYTES, PARTITIONS
from shared.stream.outages import Abandoned, Away, OutputTooLarge
from shared.stream.records import Heard, Saying

DEAD_LETTER_ROOM = 64 * 1024
MAX_RECORD_BYTES = MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM
MAX_LETTER_BYTES = MAX_RECORD_BYTES + DEAD_LETTER_ROOM
"""Our sayings are bounded by MAX_MESSAGE_BYTES, but a topic takes records up to MAX_RECORD_BYTES from anybody, and the
dead letter of each of them must fit too: one that does not would stop its partition for good.
"""


def lane_of(key: str) -> int:
    """The partition of `key` on every co-heard topic, as Kafka's default partitioner has it (murmur2)."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS)


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
    await _quietly(producer.client.close(), 2.0)
    sender = producer._sender.sender_task
    for _ in range(10):
        if sender is None or sender.done():
            return
        sender.cancel()
        await asyncio.wait({sender}, timeout=0.2)


async def _quietly(stopping: Any, seconds: float) -> None:
    """Stop a client that may be broken: its failure to stop changes nothing, and is not waited for."""
    try:
        await asyncio.wait_for(stopping, seconds)
    except (KafkaError, TimeoutError, OSError) as error:
        del error


class Rebalance(Protocol):
    """What the loop does around a rebalance."""

    async def revoked(self, partitions: Sequence[tuple[str, int]]) -> None:
        """The partitions go; returns within seconds."""

    async def assigned(self, partitions: Sequence[tuple[str, int]]) -> None:
        """These are ours now."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, rebalance: Rebalance, die: Callable[[str], None]) -> None:
        self._rebalance = rebalance
        self._die = die

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._call(self._rebalance.revoked, revoked)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        await self._call(self._rebalance.assigned, assigned)

    async def _call(self, method: Any, partitions: Sequence[TopicPartition]) -> None:
        try:
            await method(sorted((tp.topic, tp.partition) for tp in partitions))
        except Exception as error:  # noqa: BLE001 - aiokafka would log it and go on; we do not
            self._die(f"rebalance-{type(error).__name__}")


class KafkaConsumer:
    """A member of a consumer group that commits only what it is told, when it is told."""

    def __init__(self, broker: Broker, group: str, topics: Sequence[str], die: Callable[[str], None]) -> None:
        self._topics = list(topics)
        self._die = die
        self._consumer = AIOKafkaConsumer(
            **broker.options(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=int(broker.session_seconds * 1000),
            heartbeat_interval_ms=int(broker.session_seconds * 300),
            max_poll_interval_ms=60_000,
            rebalance_timeout_ms=15_000,
            fetch_max_wait_ms=200,
            max_partition_fetch_bytes=2 * MAX_MESSAGE_BYTES,
            metadata_max_age_ms=30_000,
        )

    async def start(self, rebalance: Rebalance) -> None:
        """Join the group. Raises Away."""
        self._consumer.subscribe(self._topics, listener=_Listener(rebalance, self._die))
        try:
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error

    async def stop(self) -> None:
        """Leave the group."""
        await _quietly(self._consumer.stop(), 10.0)

    async def fetch(self, limit: int, seconds: float) -> list[Heard]:
        """Up to `limit` records, each partition's in order; waits up to `seconds` for the first."""
        try:
            fetched = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=limit)
        except RecordTooLargeError:
            # aiokafka has stepped over the record already: the next commit would lose it
            self._die("record-too-large-to-fetch")
            return []
        except (KafkaError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error
        return [
            Heard(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp)
            for records in fetched.values()
            for r in records
        ]

    def pause(self) -> None:
        """Fetch no more until `resume`; polling goes on so that the group keeps us."""
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Fetch again."""
        self._consumer.resume(*self._consumer.paused())

    async def commit(self, offsets: dict[tuple[str, int], int]) -> None:
        """Commit next-to-hear offsets. Raises Abandoned when the group moved on, Away when there is no answer."""
        wanted = {TopicPartition(*place): offset for place, offset in offsets.items()}
        try:
            async with asyncio.timeout(15.0):
                await self._consumer.commit(wanted)
        except (CommitFailedError, IllegalStateError) as error:
            raise Abandoned from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error

    async def committed(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The group's committed offsets as the coordinator has them; absent ones are left out. Raises Away."""
        found = {}
        try:
            async with asyncio.timeout(15.0):
                for place in partitions:
                    offset = await self._consumer.committed(TopicPartition(*place))
                    if offset is not None:
                        found[place] = int(offset)
        except (KafkaError, TimeoutError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error
        return found

    async def beginnings(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The first offset that is still there, by partition. Raises Away."""
        try:
            async with asyncio.timeout(15.0):
                found = await self._consumer.beginning_offsets([TopicPartition(*place) for place in partitions])
        except (KafkaError, TimeoutError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error
        return {(tp.topic, tp.partition): int(offset) for tp, offset in found.items()}

    def partitions(self) -> list[tuple[str, int]]:
        """Every partition of the subscribed topics, ours or not, as far as metadata tells."""
        return [(topic, n) for topic in self._topics for n in sorted(self._consumer.partitions_for_topic(topic) or ())]

    def assignment(self) -> list[tuple[str, int]]:
        """The partitions that are ours now."""
        return sorted((tp.topic, tp.partition) for tp in self._consumer.assignment())

    def high_watermark(self, topic: str, partition: int) -> tuple[int, float] | None:
        """The end as the last fetch saw it, and when that was (Unix seconds). None: not fetched yet.

        Not ListOffsets, whose *latest* is wrong on the demo's broker.
        """
        place = TopicPartition(topic, partition)
        if place not in self._consumer.assignment():
            return None
        end, at = self._consumer.highwater(place), self._consumer.last_poll_timestamp(place)
        return None if end is None or at is None else (int(end), at / 1000)

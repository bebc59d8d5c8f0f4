"""A member of a consumer group through aiokafka, with nothing left to its defaults: it commits only what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, RecordTooLargeError

from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.stream.kafka import Broker, end_quietly
from shared.stream.member import Rebalance
from shared.stream.outages import Abandoned, Away
from shared.stream.records import Heard


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
        await end_quietly(self._consumer.stop(), 10.0)

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
        asked = [self._consumer.committed(TopicPartition(*place)) for place in partitions]
        try:
            async with asyncio.timeout(15.0):
                offsets = await asyncio.gather(*asked)
        except (KafkaError, TimeoutError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error
        pairs = zip(partitions, offsets, strict=True)
        return {place: int(offset) for place, offset in pairs if offset is not None}

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

"""Reads topics from the outside, without a group: for `care` commands and tests that look on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.stream.kafka import Broker
from shared.stream.outages import Away
from shared.stream.records import Heard


class Onlooker:
    """Follows topics from their beginning, or from their end at `start`; commits nothing, belongs to no group."""

    def __init__(self, broker: Broker, topics: Sequence[str], *, at_end: bool = False) -> None:
        self._topics = list(topics)
        self._at_end = at_end
        self._consumer = AIOKafkaConsumer(
            **broker.options(), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100
        )
        self._places: list[TopicPartition] = []

    async def start(self) -> None:
        """Find the partitions and begin. Topics that do not exist are passed over. Raises Away."""
        try:
            await self._consumer.start()
            await self._consumer._client.force_metadata_update()
            for topic in self._topics:
                self._places += [TopicPartition(topic, n) for n in self._consumer.partitions_for_topic(topic) or ()]
            self._consumer.assign(self._places)
            if self._at_end:
                await self._skip()
        except (KafkaError, OSError) as error:
            await self._consumer.stop()
            raise Away("kafka", type(error).__name__) from error

    @property
    def places(self) -> list[tuple[str, int]]:
        """The partitions that were found."""
        return [(tp.topic, tp.partition) for tp in self._places]

    async def _skip(self) -> None:
        """To the ends as fetches see them: ListOffsets' *latest* is too early on the local broker."""
        await self._consumer.seek_to_end(*self._places)
        while len(await self.ends()) < len(self._places):
            await self._consumer.getmany(timeout_ms=100)
        for (topic, partition), end in (await self.ends()).items():
            self._consumer.seek(TopicPartition(topic, partition), end)

    async def stop(self) -> None:
        """Close the connections."""
        await self._consumer.stop()

    async def fetch(self, seconds: float = 0.1) -> list[Heard]:
        """What came since the last call, in partition order. Raises Away."""
        try:
            fetched = await self._consumer.getmany(timeout_ms=int(seconds * 1000))
        except (KafkaError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error
        return [
            Heard(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp)
            for records in fetched.values()
            for r in records
        ]

    async def ends(self) -> dict[tuple[str, int], int]:
        """The ends as fetches saw them; a partition that was not fetched yet is missing."""
        found = {(tp.topic, tp.partition): self._consumer.highwater(tp) for tp in self._places}
        return {place: end for place, end in found.items() if end is not None}

    async def until_end(self) -> AsyncIterator[Heard]:
        """Every record up to the ends of now, then stops."""
        while True:
            for record in await self.fetch(0.3):
                yield record
            if await self._is_at_end():
                return

    async def _is_at_end(self) -> bool:
        ends = await self.ends()
        if len(ends) < len(self._places):
            return False
        return all([await self._consumer.position(tp) >= ends[(tp.topic, tp.partition)] for tp in self._places])

"""Our consumer and publisher on Apache Kafka and on Tansu, under the suite that the twin passes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from demo.stack import Kafka
from shared.stream.kafka import lane_of
from tests.contracts_suite.streams import Bus, BusContract, BusCore, a_saying
from tests.integration.engine.conftest import a_bus

pytestmark = pytest.mark.integration


def _never(code: str) -> None:
    pytest.fail(f"the process would have ended: {code}")


class TestKafka(BusContract):
    @pytest.fixture
    async def bus(self, kafka: Kafka, unique: str) -> AsyncIterator[Bus]:
        async with a_bus(kafka, unique, _never) as bus:
            yield bus

    async def test_beginnings__after_retention_are_where_the_records_begin(self, bus: Bus, kafka: Kafka) -> None:
        place = (bus.topics[0], lane_of("key"))
        await bus.publisher.say([a_saying(bus.topics[0], "key", n) for n in range(10)])
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.delete_records({TopicPartition(*place): RecordsToDelete(before_offset=10)})
        await admin.close()
        consumer, _ = await bus.join()
        assert await consumer.beginnings([place]) == {place: 10}
        assert await consumer.committed([place]) == {}
        assert await self.ends_seen_after(consumer, place, time.time()) == 10


class TestTansu(BusCore):
    """Only the core: each joining takes Tansu three seconds; all of the suite passes (docs/reliability.md)."""

    @pytest.fixture
    async def bus(self, tansu: Kafka, unique: str) -> AsyncIterator[Bus]:
        async with a_bus(tansu, unique, _never) as bus:
            yield bus

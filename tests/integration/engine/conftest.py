"""Topics of this test alone, on either broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from demo.stack import Kafka
from demo.stack.probe import takes_records
from shared.schemas.topics import PARTITIONS
from shared.stream.kafka import MAX_LETTER_BYTES, Broker
from shared.stream.kafka_consumer import KafkaConsumer
from shared.stream.kafka_producer import KafkaPublisher
from tests.contracts_suite.streams import Bus


def a_broker(kafka: Kafka, **changes: float) -> Broker:
    return Broker(kafka.bootstrap, idempotent=kafka.idempotent_producer, **changes)  # type: ignore[arg-type]


async def taken_in(kafka: Kafka) -> None:
    """Until the broker is one of its cluster: the test before may have frozen it, and then it is out for a while."""
    deadline = time.monotonic() + 60
    while not takes_records(kafka.bootstrap):
        assert time.monotonic() < deadline, "the broker is not let in again"
        await asyncio.sleep(0.1)


async def create_topics(kafka: Kafka, names: Sequence[str]) -> None:
    await taken_in(kafka)
    settings = {"max.message.bytes": str(MAX_LETTER_BYTES)}
    new = [NewTopic(name, PARTITIONS, 1, topic_configs=settings) for name in names]
    deadline = time.monotonic() + 60
    while (errors := await _created(kafka, new)) is None:
        assert time.monotonic() < deadline, "no broker says that it is there"
        await asyncio.sleep(0.2)
    assert errors <= {0, TopicAlreadyExistsError.errno}


async def _created(kafka: Kafka, new: list[NewTopic]) -> set[int] | None:
    """The error codes, or None: a broker that was frozen leaves its cluster's metadata once more for a moment."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        await admin.start()
        return {error[1] for error in (await admin.create_topics(new)).topic_errors}
    except (AttributeError, KafkaError):  # aiokafka asks a controller that it does not know
        return None
    finally:
        await admin.close()


@asynccontextmanager
async def a_bus(kafka: Kafka, unique: str, die: Callable[[str], None]) -> AsyncIterator[Bus]:
    topics, broker = (f"{unique}.one", f"{unique}.two"), a_broker(kafka, session_seconds=6.0)
    await create_topics(kafka, topics)
    bus = Bus(topics, f"{unique}.group", KafkaPublisher(broker), lambda: KafkaConsumer(broker, bus.group, topics, die))
    try:
        yield bus
    finally:
        await bus.close()


Create = Callable[[Kafka, Sequence[str]], Awaitable[None]]

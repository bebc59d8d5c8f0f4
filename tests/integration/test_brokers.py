"""The facts about brokers that the engine stands on, held against both: Apache Kafka (or what stands in) and Tansu."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownError

from demo.stack import Kafka, given_kafka

pytestmark = pytest.mark.integration

BATCHES, BATCH_SIZE = 5, 20


@pytest.fixture(params=["kafka", "tansu"])
def broker(request: pytest.FixtureRequest) -> Kafka:
    chosen: Kafka = request.getfixturevalue(request.param)
    return chosen


@asynccontextmanager
async def administrator(broker: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def a_topic(broker: Kafka, name: str, partitions: int = 1) -> TopicPartition:
    async with administrator(broker) as admin:
        answer = await admin.create_topics([NewTopic(name, partitions, 1)])
    assert [error[1] for error in answer.topic_errors] == [0]
    return TopicPartition(name, 0)


@asynccontextmanager
async def a_producer(broker: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    idempotent = broker.idempotent_producer
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=idempotent)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def a_reader(broker: Kafka, partition: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, enable_auto_commit=False)
    await reader.start()
    try:
        reader.assign([partition])
        await reader.seek_to_beginning(partition)
        yield reader
    finally:
        await reader.stop()


async def say(broker: Kafka, partition: TopicPartition) -> list[bytes]:
    """Several batches, each confirmed before the next: ListOffsets' fault shows only where there is more than one."""
    said = [[b"%d-%d" % (batch, n) for n in range(BATCH_SIZE)] for batch in range(BATCHES)]
    async with a_producer(broker) as producer:
        for batch in said:
            sent = [
                await producer.send(partition.topic, value, partition=0, headers=[("ce_id", value)]) for value in batch
            ]
            await asyncio.gather(*sent)
    return [value for batch in said for value in batch]


async def hear(reader: AIOKafkaConsumer, count: int) -> list[tuple[int, bytes, bytes]]:
    """(offset, value, ce_id header) of the first `count` records; TimeoutError where they do not come."""
    heard: list[tuple[int, bytes, bytes]] = []
    async with asyncio.timeout(40):
        while len(heard) < count:
            for records in (await reader.getmany(timeout_ms=500)).values():
                heard += [(record.offset, record.value, dict(record.headers)["ce_id"]) for record in records]
    return heard


async def test_records__come_back_whole_and_in_order(broker: Kafka, unique: str) -> None:
    partition = await a_topic(broker, f"{unique}.order")
    said = await say(broker, partition)
    async with a_reader(broker, partition) as reader:
        assert await hear(reader, 100) == [(offset, value, value) for offset, value in enumerate(said)]


async def test_high_watermark__after_a_fetch_is_right_on_both(broker: Kafka, unique: str) -> None:
    partition = await a_topic(broker, f"{unique}.watermark")
    await say(broker, partition)
    async with a_reader(broker, partition) as reader:
        await hear(reader, 100)
        assert reader.highwater(partition) == 100


async def test_list_offsets_latest__right_on_apache_kafka(kafka: Kafka, unique: str) -> None:
    if kafka.kind == "tansu":
        pytest.skip("no Apache Kafka in this run")
    partition = await a_topic(kafka, f"{unique}.latest")
    await say(kafka, partition)
    async with a_reader(kafka, partition) as reader:
        assert await reader.end_offsets([partition]) == {partition: 100}


async def test_list_offsets_latest__canary_still_wrong_on_tansu(tansu: Kafka, unique: str) -> None:
    """100 is right. When this fails Tansu is mended: fences and lag may then use ListOffsets there too."""
    partition = await a_topic(tansu, f"{unique}.latest")
    await say(tansu, partition)
    async with a_reader(tansu, partition) as reader:
        latest = (await reader.end_offsets([partition]))[partition]
    assert latest < 100


async def test_idempotent_producer__canary_still_refused_by_tansu(tansu: Kafka) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=tansu.bootstrap, enable_idempotence=True)
    try:
        with pytest.raises(UnknownError):
            await asyncio.wait_for(producer.start(), 40)
    finally:
        await producer.stop()


async def test_naming_a_topic__makes_none_on_apache_kafka(kafka: Kafka, unique: str) -> None:
    if kafka.kind in {"tansu", "given"}:
        pytest.skip("only where the broker's settings are ours")
    assert unique not in await topics_after_asking_for(kafka, unique)


async def test_naming_a_topic__canary_still_makes_one_on_tansu(tansu: Kafka, unique: str) -> None:
    """Why topics are created before any service asks for its own, and why no check may name one it doubts."""
    assert unique in await topics_after_asking_for(tansu, unique)


async def topics_after_asking_for(broker: Kafka, topic: str) -> list[str]:
    async with administrator(broker) as admin:
        await admin.describe_topics([topic])
        return list(await admin.list_topics())


def test_given_kafka__tells_its_release_where_the_protocol_does(kafka: Kafka, tansu: Kafka) -> None:
    if kafka.kind == "apache":
        assert given_kafka(kafka.bootstrap).version == "Kafka 4.1 (metadata.version 27)"
    assert given_kafka(tansu.bootstrap).version == "Kafka protocol, release not told"

"""The publisher when Kafka does not answer: away in time, nothing left behind, and well again afterwards."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import MessageSizeTooLargeError

from demo.stack import Kafka
from shared.schemas.topics import ENCOUNTERS
from shared.stream.administration import configuration
from shared.stream.deadletters import dead_letter
from shared.stream.kafka import MAX_RECORD_BYTES
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.outages import Away
from shared.stream.reading import Onlooker
from shared.stream.records import Heard, Saying
from tests.contracts_suite.streams import a_saying
from tests.integration.engine.conftest import a_broker, create_topics

pytestmark = pytest.mark.integration


@contextmanager
def frozen(kafka: Kafka) -> Iterator[None]:
    kafka.stop_signal()
    try:
        yield
    finally:
        kafka.cont()


async def ids_on(kafka: Kafka, topic: str, at_least: int) -> list[str]:
    """All that is there. A broker that was frozen names no partitions until its controller has let it in again."""
    deadline = time.monotonic() + 40
    found: list[str] = []
    while len(found) < at_least:
        assert time.monotonic() < deadline, f"only {found}"
        onlooker = Onlooker(a_broker(kafka), [topic])
        await onlooker.start()
        found = [record.header("ce_id") async for record in onlooker.until_end()]
        await onlooker.stop()
    return found


async def ended(tasks: set[asyncio.Task[object]]) -> None:
    deadline = time.monotonic() + 30
    while left := [task for task in asyncio.all_tasks() - tasks if not task.done()]:
        assert time.monotonic() < deadline, f"left behind: {left}"
        await asyncio.sleep(0.05)


async def said_at_last(publisher: KafkaPublisher, sayings: list[Saying]) -> int:
    """As callers do: again until it is confirmed, since a broker that was frozen is let in again only after a while.

    Returns how often it had to be said; what timed out may have arrived.
    """
    deadline = time.monotonic() + 60
    for times in itertools.count(1):
        try:
            await publisher.say(sayings)
        except Away:
            assert time.monotonic() < deadline, "not said"
            await asyncio.sleep(0.1)
        else:
            return times
    raise AssertionError


async def test_say__kafka_that_does_not_answer_is_away_in_time_and_leaves_nothing_behind(
    kafka: Kafka, unique: str
) -> None:
    """A sender left behind would say it again when Kafka is back: once for each try of an hour's outage."""
    topic = f"{unique}.said"
    await create_topics(kafka, [topic])
    before = asyncio.all_tasks()
    publisher = KafkaPublisher(a_broker(kafka, send_timeout=1.0))
    first = await said_at_last(publisher, [a_saying(topic, "key", 1)])
    with frozen(kafka):
        for _ in range(3):
            started = time.monotonic()
            with pytest.raises(Away):
                await publisher.say([a_saying(topic, "key", n) for n in (2, 3)])
            assert time.monotonic() - started < 15, "a second, and what ending a producer may take"
        await ended(before)
    last = await said_at_last(publisher, [a_saying(topic, "key", n) for n in (2, 3, 4)])
    await publisher.close()
    await ended(before)
    said = await ids_on(kafka, topic, 4)
    assert list(dict.fromkeys(said)) == ["1", "2", "3", "4"]
    # what was on the wire when the first try gave up may have arrived; no later try can have sent anything
    assert len(said) <= first + 2 + 3 * last


async def test_say__a_cancelled_saying_leaves_the_publisher_usable(kafka: Kafka, unique: str) -> None:
    """A revoke cancels the batch at any step."""
    topic = f"{unique}.said"
    await create_topics(kafka, [topic])
    publisher = KafkaPublisher(a_broker(kafka, send_timeout=5.0))
    with frozen(kafka):
        task = asyncio.create_task(publisher.say([a_saying(topic, "key", 1)]))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await said_at_last(publisher, [a_saying(topic, "key", 2)])
    task = asyncio.create_task(publisher.say([a_saying(topic, "key", n) for n in range(3, 300)]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    await said_at_last(publisher, [a_saying(topic, "key", n) for n in range(3, 300)])
    await publisher.close()
    said = [int(id_) for id_ in await ids_on(kafka, topic, 298)]
    assert list(dict.fromkeys(n for n in said if n > 1)) == list(range(2, 300))


async def test_say__to_nobody_is_away(unique: str) -> None:
    before = asyncio.all_tasks()
    publisher = KafkaPublisher(a_broker(Kafka("none", bootstrap="127.0.0.1:1", kind="given"), send_timeout=1.0))
    with pytest.raises(Away):
        await publisher.say([a_saying(unique, "key", 1)])
    await publisher.close()
    await ended(before)


async def test_say__the_dead_letter_of_the_greatest_record_that_a_topic_takes_fits(kafka: Kafka, unique: str) -> None:
    """Topics as `administration` makes them; the record is another producer's, one byte below what the broker takes."""
    topic = replace(ENCOUNTERS, name=f"{unique}.heard")
    letters = replace(ENCOUNTERS, name=topic.dead_letters("counter"))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    for each in (topic, letters):
        new = NewTopic(each.name, 8, 1, topic_configs=configuration(each, 1))
        assert [error[1] for error in (await admin.create_topics([new])).topic_errors] == [0]
    await admin.close()
    greatest = await _greatest_value(kafka, topic.name)
    publisher = KafkaPublisher(a_broker(kafka))
    await publisher.say([dead_letter(Heard(topic.name, 0, 2**40, b"key", greatest), "counter", "x" * 200)])
    await publisher.close()


async def _greatest_value(kafka: Kafka, topic: str) -> bytes:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=2**22)
    await producer.start()
    size = MAX_RECORD_BYTES
    try:
        while True:
            try:
                await producer.send_and_wait(topic, b"x" * size, key=b"key")
            except MessageSizeTooLargeError:
                size -= 8
            else:
                return b"x" * size
    finally:
        await producer.stop()

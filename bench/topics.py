"""Topics of the bench: made, filled and read back with confluent-kafka, which is fast and none of ours."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from uuid import NAMESPACE_URL, uuid5

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from bench.rounds import Wrong

SECONDS = 30.0
Record = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value, headers."""


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 4})


def unique(what: str) -> str:
    """A name that no other run has."""
    return f"bench-{what}-{uuid5(NAMESPACE_URL, f'{what}{time.time_ns()}').hex[:8]}"


def create(bootstrap: str, *names: str, partitions: int) -> None:
    """Topics with one replica; raises KafkaException where one is there."""
    admin = _admin(bootstrap)
    for made in admin.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
        made.result(SECONDS)


def delete(bootstrap: str, *names: str) -> None:
    """Best effort: the broker goes with the run."""
    admin = _admin(bootstrap)  # held until all is answered: its thread ends with it
    for gone in admin.delete_topics(list(names)).values():
        try:
            gone.result(SECONDS)
        except KafkaException as error:
            del error


def fill(bootstrap: str, topic: str, records: Iterable[Record]) -> int:
    """Say all of them, confirmed; returns how many."""
    producer, count = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "acks": "all"}), 0
    for key, value, headers in records:
        while True:
            try:
                producer.produce(topic, value, key, headers=headers)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        count += 1
    if producer.flush(SECONDS):
        raise Wrong(f"{topic} could not be filled")
    return count


def read_all(bootstrap: str, topic: str) -> Iterator[Message]:
    """Every record up to the ends of now."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": unique("reader"), "enable.auto.commit": False})
    try:
        places = [TopicPartition(topic, n, 0) for n in consumer.list_topics(topic, SECONDS).topics[topic].partitions]
        left = sum(_count(consumer, place) for place in places)
        consumer.assign(places)
        deadline = time.monotonic() + SECONDS
        while left > 0:
            messages = consumer.consume(min(left, 5_000), timeout=1.0)
            yield from messages
            left -= len(messages)
            if time.monotonic() > deadline:
                raise Wrong(f"{topic} could not be read to its end")
    finally:
        consumer.close()


def _count(consumer: Consumer, place: TopicPartition) -> int:
    low, high = consumer.get_watermark_offsets(place, timeout=SECONDS)
    return int(high - low)


def committed(bootstrap: str, group: str, topic: str) -> int:
    """The sum of the group's committed offsets on this topic."""
    admin = _admin(bootstrap)
    (asked,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    return sum(max(0, place.offset) for place in asked.result(SECONDS).topic_partitions if place.topic == topic)


def members(bootstrap: str, group: str) -> int:
    """How many members the group has, once it is stable; 0 before."""
    admin = _admin(bootstrap)
    (asked,) = admin.describe_consumer_groups([group]).values()
    try:
        found = asked.result(SECONDS)
    except KafkaException:
        return 0
    return len(found.members) if found.state.name == "STABLE" else 0

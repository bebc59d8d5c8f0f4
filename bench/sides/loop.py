"""The baseline: the loop a good hand would write with confluent-kafka and pymongo, and nothing around it.

Consume up to 500, validate, one unordered bulk of upserts (majority), produce (acks=all), commit. Saved before said.
Tuned: garbage collector out of the way, retryable writes off (the upsert is idempotent and Kafka redelivers), long
fetches, records batched by the producer.
"""

from __future__ import annotations

import gc

import orjson
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from pymongo import MongoClient, UpdateOne, WriteConcern
from pymongo.collection import Collection

from bench.sides.told import Told
from bench.stopwatch import Stopwatch
from bench.work import Adt, told, upsert

Documents = Collection[dict[str, object]]


def main() -> None:
    """Until the limit."""
    asked, watch = Told.read(), Stopwatch()
    consumer, producer, documents = _consumer(asked), _producer(asked), _documents(asked)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    count = 0
    while count < asked.limit:
        messages = consumer.consume(asked.batch, timeout=0.05)
        if messages:
            watch.started()
            _carry(messages, consumer, producer, documents, asked.said)
            count += len(messages)
    watch.tell(count)
    consumer.close()


def _consumer(asked: Told) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": asked.bootstrap,
            "group.id": asked.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "queued.min.messages": 20_000,
            "fetch.wait.max.ms": 50,
        }
    )
    consumer.subscribe([asked.heard])
    return consumer


def _producer(asked: Told) -> Producer:
    return Producer({"bootstrap.servers": asked.bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 5})


def _documents(asked: Told) -> Documents:
    client: MongoClient[dict[str, object]] = MongoClient(asked.mongo_url, retryWrites=False)
    return client[asked.database].get_collection("episodes", write_concern=WriteConcern(w="majority"))


def _carry(messages: list[Message], consumer: Consumer, producer: Producer, documents: Documents, said: str) -> None:
    events = [Adt.model_validate_json(message.value() or b"") for message in messages]
    documents.bulk_write([UpdateOne(*upsert(event), upsert=True) for event in events], ordered=False)
    for event in events:
        producer.produce(said, orjson.dumps(told(event)), event.encounter.id, on_delivery=_confirmed)
    producer.flush()
    ends = {(message.topic(), message.partition()): message.offset() + 1 for message in messages}
    consumer.commit(offsets=[TopicPartition(*place, offset) for place, offset in ends.items()], asynchronous=False)


def _confirmed(error: KafkaError | None, _message: Message) -> None:
    if error is not None:
        raise RuntimeError("not confirmed")


if __name__ == "__main__":
    main()

"""One discharge → six notifications, stored and said: our engine with notifier's own projection, or awaited one by one.

`python -m bench.sides.fanout ours|naive`. The discharges are in memory. Both make the same six events and the same six
delivery documents, by the same code; what differs is how they are stored and said, and that ours also keeps the
subject's document, with what was seen and what is to be said.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from bench.sides.told import Told
from bench.stopwatch import Stopwatch
from services.notifier.store import Deliveries, MongoDeliveries
from shared.mongo.client import connect, database
from shared.mongo.documents import MongoDocuments
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, EventData, Sequence, derived_id
from shared.schemas.notifications import DeliveryState, NotificationDecided
from shared.stream.batch import BatchHearing
from shared.stream.codec import encode, envelope_of
from shared.stream.decisions import Decision, Desk, Fact, Refs, Say
from shared.stream.kafka import Broker, lane_of
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.ledger import Ledger
from shared.stream.records import Heard

SUBJECTS, HEARD = "subjects", "bench.discharged"
TEAM = ("attending", "pcp", "case_manager", "pharmacist", "home_health", "coordinator")
AT = datetime(2026, 11, 5, 15, 0, tzinfo=UTC)


class Discharged(EventData):
    """What is heard."""

    TYPE: ClassVar[str] = "bench.discharged.v1"
    TOPIC: ClassVar[str] = HEARD
    encounter_id: str
    disposition: str


def said_on(topic: str) -> type[NotificationDecided]:
    """notifier's own event, said on this topic."""

    class DecidedThere(NotificationDecided):
        TOPIC: ClassVar[str] = topic

    return DecidedThere


def discharges(count: int) -> list[Heard]:
    """As they would be fetched."""
    found = []
    for n in range(count):
        subject = f"ENC{n:08d}"
        envelope = Envelope(
            derived_id("bench", n),
            "bench",
            TYPE_PREFIX + Discharged.TYPE,
            subject,
            AT,
            subject,
            "t",
            "f",
            sequence=Sequence(1, 1),
        )
        saying = encode(Event(envelope, Discharged(encounter_id=subject, disposition="06")), HEARD)
        found.append(Heard(HEARD, 0, n, saying.key, saying.value, saying.headers))
    return found


def notices(fact: Fact, says: type[NotificationDecided]) -> Iterator[tuple[str, NotificationDecided, dict[str, Any]]]:
    """Six times: delivery id, the event, and what only the sender may read."""
    for role in TEAM:
        id_ = derived_id(fact.envelope.id, role, "email")
        state = DeliveryState(
            delivery_id=id_,
            encounter_id=fact.envelope.subject,
            cause=fact.envelope.id,
            tells=fact.envelope.type,
            recipient=f"{role}-of-{fact.envelope.subject}",
            role=role,
            channel="email",
            status="pending",
        )
        private = {
            "notice": "discharged",
            "withdraws": True,
            "address": f"{role}@clinic.example",
            "context": {"unit": "MED1", "disposition": fact.body.disposition},
        }
        yield id_, says(delivery=state, occurred_at=fact.envelope.time), private


class Handler:
    """Decides that six should know."""

    def __init__(self, says: type[NotificationDecided]) -> None:
        self._says = says

    def read(self, record: Heard) -> Fact:
        """Envelope and data."""
        envelope = envelope_of(record)
        data = Discharged.model_validate_json(record.value or b"")
        return Fact(record, envelope, data, (Refs(SUBJECTS, (envelope.subject,)),))

    def decide(self, fact: Fact, _desk: Desk) -> Decision:
        """As above."""
        says = tuple(Say(data, id_, private=private) for id_, data, private in notices(fact, self._says))
        state = {"told": [say.subject for say in says], "disposition": fact.body.disposition}
        return Decision(SUBJECTS, fact.envelope.subject, state=state, say=says)


async def ours(told: Told, watch: Stopwatch) -> None:
    """In batches, through the engine and notifier's projection."""
    client = connect(told.mongo_url)
    store, publisher, ledger = database(client, told.database), KafkaPublisher(Broker(told.bootstrap)), Ledger()
    documents, deliveries = MongoDocuments(store), MongoDeliveries(store["deliveries"])
    await documents.ensure_indexes([SUBJECTS])
    await deliveries.ensure_indexes()
    projection = Deliveries(deliveries, lambda: AT)
    handlers = {HEARD: Handler(said_on(told.said))}
    hearing = BatchHearing("bench", handlers, documents, publisher, ledger, lane_of, projection.project)
    records = discharges(told.limit)
    await publisher.say([])
    _settle()
    watch.started()
    for first in range(0, told.limit, told.batch):
        await hearing.hear(records[first : first + told.batch])
        ledger.note(HEARD, 0, first + told.batch)
    watch.tell(told.limit)
    await publisher.close()


async def naive(told: Told, watch: Stopwatch) -> None:
    """Each document and each event awaited."""
    client = connect(told.mongo_url)
    publisher = KafkaPublisher(Broker(told.bootstrap))
    deliveries = MongoDeliveries(database(client, told.database)["deliveries"])
    await deliveries.ensure_indexes()
    one_by_one = Deliveries(deliveries, lambda: AT)
    handler = Handler(said_on(told.said))
    records = discharges(told.limit)
    await publisher.say([])
    _settle()
    watch.started()
    for record in records:
        fact = handler.read(record)
        for id_, data, private in notices(fact, said_on(told.said)):
            event = Event(_envelope(fact, id_, data), data)
            await one_by_one.project([(event, private)])
            await publisher.say([encode(event, told.said)])
    watch.tell(told.limit)
    await publisher.close()


def _envelope(fact: Fact, id_: str, data: EventData) -> Envelope:
    cause = fact.envelope
    type_ = TYPE_PREFIX + data.TYPE
    event_id = derived_id("bench", cause.id, data.TYPE, id_, 0)
    return Envelope(event_id, "bench", type_, id_, cause.time, cause.key, "t", "f", sequence=Sequence(1, 1))


def _settle() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


if __name__ == "__main__":
    asyncio.run({"ours": ours, "naive": naive}[sys.argv[1]](Told.read(), Stopwatch()))

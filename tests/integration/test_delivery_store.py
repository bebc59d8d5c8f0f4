"""Where deliveries are kept on a real mongod, and what a lost race looks like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import BulkWriteError

from services.notifier.channels.sender import Sender
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.retry import Kind, Result
from services.notifier.store import MongoDeliveries
from shared.mongo.bulk import insert_missing
from shared.stream.outages import Away
from tests.unit.notifier.deliveries_suite import DeliveriesSuite
from tests.unit.notifier.givens import Clock, a_delivery, a_policy

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


class LosingCollection:
    """A collection whose bulk write ends with these errors."""

    def __init__(self, *errors: dict[str, Any], concern: tuple[str, ...] = ()) -> None:
        self._details = {"writeErrors": list(errors), "writeConcernErrors": list(concern)}

    async def bulk_write(self, operations: Any, ordered: bool) -> None:
        raise BulkWriteError(self._details)


LOST_RACE = {"code": 11000, "keyPattern": {"_id": 1}}


async def test_insert__lost_to_another_replica_is_there() -> None:
    await insert_missing(LosingCollection(LOST_RACE, LOST_RACE), [{"_id": "delivery-1"}])


@pytest.mark.parametrize(
    "collection",
    [
        LosingCollection(LOST_RACE, {"code": 11000, "keyPattern": {"address": 1}}),
        LosingCollection({"code": 121, "keyPattern": {"_id": 1}}),
        LosingCollection(LOST_RACE, concern=("waiting for replication timed out",)),
        LosingCollection(),
    ],
)
async def test_insert__any_other_error_is_raised(collection: LosingCollection) -> None:
    with pytest.raises(BulkWriteError):
        await insert_missing(collection, [{"_id": "delivery-1"}])


@pytest.mark.integration
class TestMongoDeliveries(DeliveriesSuite):
    @pytest.fixture
    async def deliveries(self, mongo: Any) -> AsyncIterator[MongoDeliveries]:
        client: Any = AsyncIOMotorClient(mongo.uri)
        collection = client["notifier_deliveries_test"]["deliveries"]
        await collection.drop()
        deliveries = MongoDeliveries(collection)
        await deliveries.ensure_indexes()
        await deliveries.ensure_indexes()
        yield deliveries
        await client.drop_database("notifier_deliveries_test")
        client.close()

    async def test_insert__an_error_that_is_no_lost_race_is_raised(self, deliveries: MongoDeliveries) -> None:
        await deliveries._collection.create_index([("address", 1)], unique=True)
        await deliveries.insert_missing([a_delivery()])
        with pytest.raises(Away, match="BulkWriteError"):
            await deliveries.insert_missing([a_delivery("delivery-2")])

    async def test_many__are_claimed_once_by_senders_at_once(self, deliveries: MongoDeliveries) -> None:
        await deliveries.insert_missing([a_delivery(f"delivery-{n}") for n in range(60)])
        channel, clock = Slow(), Clock(NOW + timedelta(minutes=1))
        policy = a_policy(endpoint_limit=20, recipient_limit=20)
        senders = [
            Sender(deliveries, [channel], policy, owner=f"sender-{n}", clock=clock, chance=lambda: 0.0)
            for n in range(3)
        ]
        while sum(await asyncio.gather(*(sender.step() for sender in senders))):
            await asyncio.gather(*(sender.drain() for sender in senders))
        assert sorted(channel.took) == sorted(f"delivery-{n}" for n in range(60))

    async def test_due__of_a_backlog_only_what_is_taken_is_read(self, deliveries: MongoDeliveries) -> None:
        busy = [a_delivery(f"busy-{n}", address="busy@example.org") for n in range(1_000)]
        others = [a_delivery(f"other-{n}", status="unknown" if n % 2 else "pending") for n in range(10)]
        await deliveries.insert_missing([*busy, *others])
        store = deliveries._collection.database
        await store.command("profile", 2)
        found = await deliveries.due("email", NOW + timedelta(minutes=1), 5, ["busy@example.org"])
        await store.command("profile", 0)
        (read,) = await store["system.profile"].find({"command.find": "deliveries"}).to_list(None)
        assert (len(found), read["docsExamined"], read.get("hasSortStage", False)) == (5, 5, False)


class Slow:
    """Takes everything, after a turn of the loop."""

    kind = "email"

    def __init__(self) -> None:
        self.took: list[str] = []

    async def send(self, delivery: Delivery) -> Result:
        await asyncio.sleep(0)
        self.took.append(delivery.delivery_id)
        return Result(Kind.SENT, "smtp-250")

"""`care providers unmapped` on a real mongod: counted by hand, and by the index alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from care.providers import Unmapped, unmapped_of
from demo.stack import Mongo
from services.notifier.domain.delivery import text_of
from services.notifier.domain.directory import with_entry
from services.notifier.store import MongoDeliveries
from tests.builders import T0
from tests.unit.notifier.givens import a_delivery, primary

pytestmark = pytest.mark.integration


async def test_unmapped__by_feed_and_by_index_alone(mongo: Mongo, unique: str) -> None:
    client: Any = AsyncIOMotorClient(mongo.uri)
    database = client[f"{unique}_notifier"]
    deliveries = MongoDeliveries(database["deliveries"])
    await deliveries.ensure_indexes()
    unfound = {"tenant": "t", "feed": "north", "status": "suppressed", "reason": "no-directory-entry", "decided_at": T0}
    given: list[dict[str, Any]] = [
        {"recipient": "provider:NORTH|D7", "encounter_id": "e-1"},
        {"recipient": "provider:NORTH|D7", "encounter_id": "e-1", "decided_at": T0 + timedelta(hours=1)},
        {"recipient": "provider:NORTH|D7", "encounter_id": "e-2", "role": "ATND"},
        {"recipient": "provider:NORTH|P1"},
        {"recipient": "provider:unidentified-PCP"},
        {"recipient": "role:coordinator"},
        {"recipient": "provider:SOUTH|D7", "feed": "south"},
        {"recipient": "provider:NORTH|D7", "decided_at": T0 - timedelta(hours=1)},
    ]
    told = [{"recipient": "primary", "reason": "", "status": "sent"}] * 50
    every = [a_delivery(f"d-{n}", **(unfound | one)) for n, one in enumerate([*given, *told])]
    await deliveries.insert_missing(every)
    await database["directories"].insert_one({"_id": "t", "state": with_entry(None, primary())})
    await database.command("profile", 2)
    lines = await unmapped_of(database, T0)
    await database.command("profile", 0)
    (read,) = await database["system.profile"].find({"command.aggregate": "deliveries"}).to_list(None)
    north = Unmapped("north", "NORTH", "D7", ("ATND", "PCP"), 3, 2, text_of(T0 + timedelta(hours=1)))
    south = Unmapped("south", "SOUTH", "D7", ("PCP",), 1, 1, text_of(T0))
    assert lines == [north, south]
    assert read["docsExamined"] == 7
    assert await unmapped_of(database, T0, "south") == [south]
    await client.drop_database(database.name)
    client.close()

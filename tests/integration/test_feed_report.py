"""`care feed report` on a real mongod: counted by hand, and by the index alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from care.feed_report import TOLD, Line, shadow_of
from demo.stack import Mongo
from services.notifier.store import MongoDeliveries
from tests.builders import T0
from tests.unit.notifier.givens import a_delivery

pytestmark = pytest.mark.integration


async def test_report__of_one_feeds_shadow_and_by_index_alone(mongo: Mongo, unique: str) -> None:
    client: Any = AsyncIOMotorClient(mongo.uri)
    collection = client[f"{unique}_notifier"]["deliveries"]
    deliveries = MongoDeliveries(collection)
    await deliveries.ensure_indexes()
    await deliveries.ensure_indexes()
    shadow = {"mode": "shadow", "feed": "north", "status": "suppressed", "reason": "mode-shadow", "decided_at": T0}
    discharge = {"notice": "encounter.discharged", "recipient": "primary", "role": "PCP", "channel": "email"}
    given = [
        shadow | discharge | {"encounter_id": "e-1"},
        shadow | discharge | {"encounter_id": "e-1"},
        shadow | discharge | {"encounter_id": "e-2"},
        shadow | discharge | {"notice": "", "tells": "task.due.v1", "encounter_id": "e-2"},
        shadow | discharge | {"recipient": "", "channel": "", "reason": "no-directory-entry", "encounter_id": "e-2"},
        shadow | discharge | {"decided_at": T0 - timedelta(hours=1)},
        shadow | discharge | {"feed": "south"},
    ]
    live = [shadow | discharge | {"mode": "live"}] * 50
    await deliveries.insert_missing([a_delivery(f"d-{n}", **one) for n, one in enumerate([*given, *live])])
    await collection.database.command("profile", 2)
    lines = await shadow_of(collection, "north", T0)
    await collection.database.command("profile", 0)
    (read,) = await collection.database["system.profile"].find({"command.find": "deliveries"}).to_list(None)
    assert lines == [
        Line(TOLD, "encounter.discharged", "primary", "email", 3, 2),
        Line(TOLD, "task.due.v1", "primary", "email", 1, 1),
        Line("no-directory-entry", "encounter.discharged", "role PCP", "", 1, 1),
    ]
    assert (read["docsExamined"], read["keysExamined"]) == (5, 5)
    await client.drop_database(collection.database.name)
    client.close()

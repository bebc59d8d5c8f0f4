"""Claims due alarms with the production store, five hundred at a time, as a sweeper does: `bench.sides.claims NAME`.

Timed are the claims alone. Between them what was claimed gets another alarm, as its decision would give it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta

from pymongo import UpdateMany

from bench.sides.told import Told
from shared.mongo.client import connect, database
from shared.mongo.documents import MongoDocuments
from shared.schemas.topics import PARTITIONS

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
AT_ONCE, DUE = 500, 5_000


async def main(told: Told, name: str) -> None:
    """Makes DUE documents due, then claims them all."""
    collection = database(connect(told.mongo_url, timeout=120.0), told.database)[name]
    documents = MongoDocuments(collection.database)
    await documents.ensure_indexes([name])
    await collection.update_many(
        {"_id": {"$in": [f"due-{n:08d}" for n in range(DUE)]}},
        {"$set": {"next_alarm_at": NOW - timedelta(hours=1)}, "$unset": {"alarm_lease": ""}},
    )
    claimed, seconds = 0, 0.0
    while claimed < DUE:
        begun = time.perf_counter()
        found = await documents.due(name, range(PARTITIONS), NOW, limit=AT_ONCE, lease=30.0)
        seconds += time.perf_counter() - begun
        claimed += len(found)
        assert len(found) == AT_ONCE
        later = {"$set": {"next_alarm_at": NOW + timedelta(days=1)}, "$inc": {"version": 1}}
        await collection.bulk_write([UpdateMany({"_id": {"$in": [one.id for one in found]}}, later)])
    left = await documents.due(name, range(PARTITIONS), NOW, limit=AT_ONCE, lease=30.0)
    assert not left
    sys.stdout.write(json.dumps({"count": claimed, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    asyncio.run(main(Told.read(), sys.argv[1]))

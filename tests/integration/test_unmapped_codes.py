"""`care codes` on a real mongod: unknown codes by the index alone, and who is decided again once one is mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from care.feed_codes import set_code
from demo.stack import Mongo
from services.admissions.handlers import COLLECTION
from services.admissions.store import INDEXES, Recoding, UnmappedCode, unmapped_codes
from shared.mongo.indexes import ensure_indexes
from shared.profiles import HEARERS_LOOKS, Feeds
from shared.schemas.timers import TimerDue
from shared.schemas.topics import ADMISSIONS_TIMERS
from shared.stream.codec import decode
from shared.stream.memory import MemoryLog, MemoryPublisher
from tests.builders import T0

pytestmark = pytest.mark.integration

PROFILE = """[[feed]]
feed = "north"
tenant = "valley"
zone = "UTC"
facility = "NORTH"
default_authority = "NORTH"
"""
HOME, SNF = "north|PV1-36|HOME", "north|PV1-36|SNF"
EARLY, LATE = "2026-11-01T14:05:00.000000+00:00", "2026-11-03T14:05:00.000000+00:00"
CODES: list[list[tuple[str, str]]] = [[], [(HOME, LATE), (SNF, LATE)], [(HOME, EARLY)], [(SNF, LATE)]]


def a_patient(n: int, codes: list[tuple[str, str]]) -> dict[str, Any]:
    state = {"unmapped": [{"code": code, "since": since} for code, since in codes], "reviews": []}
    context = {"tenant": "valley", "feed": "north", "mode": "shadow", "label": "restricted"}
    return {"_id": f"p-{n}", "version": 1, "key": f"key-{n}", "context": context, "state": state}


async def test_codes__are_counted_by_the_index_and_asked_again_once_known(
    mongo: Mongo, unique: str, tmp_path: Path
) -> None:
    client: Any = AsyncIOMotorClient(mongo.uri)
    database = client[f"{unique}_admissions"]
    await ensure_indexes(database, INDEXES)
    without = [a_patient(100 + n, []) for n in range(50)]
    patients = [a_patient(n, codes) for n, codes in enumerate(CODES)]
    await database[COLLECTION].insert_many([*without, *patients])
    await database.command("profile", 2)
    found = await unmapped_codes(database)
    await database.command("profile", 0)
    (read,) = await database["system.profile"].find({"command.aggregate": COLLECTION}).to_list(None)
    assert found == [UnmappedCode(HOME, 2, EARLY), UnmappedCode(SNF, 2, LATE)]
    assert read["docsExamined"] == 3

    file = tmp_path / "feeds.toml"
    file.write_text(PROFILE)
    log = MemoryLog()
    recoding = Recoding(await Feeds.read(file), database, MemoryPublisher(log), lambda: T0)
    await recoding.look()
    assert log.all_of(ADMISSIONS_TIMERS.name) == []
    set_code(file, "north", "PV1-36", "home", "01")
    for _ in range(HEARERS_LOOKS + 1):
        await recoding.look()
    events = [decode(record) for record in log.all_of(ADMISSIONS_TIMERS.name)]
    timers = [event.data for event in events if isinstance(event.data, TimerDue)]
    assert sorted(timer.aggregate for timer in timers) == ["p-1", "p-2"]
    assert {timer.alarm.split(":")[0] for timer in timers} == {"codes"}
    assert {timer.due for timer in timers} == {T0}
    assert sorted(event.envelope.key for event in events) == ["key-1", "key-2"]
    assert {(event.envelope.feed, event.envelope.mode, event.envelope.label) for event in events} == {
        ("north", "shadow", "restricted")
    }

    restarted = Recoding(await Feeds.read(file), database, MemoryPublisher(log), lambda: T0)
    await restarted.look()
    assert len(log.all_of(ADMISSIONS_TIMERS.name)) == 4
    client.close()

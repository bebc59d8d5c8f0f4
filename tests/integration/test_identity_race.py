"""Two instances of admissions on a real mongod: the same new patient at once, and a merge against a discharge."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from demo.stack import Mongo
from services.admissions.handlers import COLLECTION, handlers
from services.admissions.store import INDEXES
from shared.mongo.documents import MongoDocuments
from shared.mongo.indexes import ensure_indexes
from shared.schemas.topics import ENCOUNTERS
from shared.stream.batch import BatchHearing
from shared.stream.codec import decode
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.records import Heard
from tests.unit.admissions.house import SECRET, a_raw_record, feeds
from tests.unit.admissions.messages import adt
from tests.unit.admissions.test_stays import admit, cx, end, mrg, repair

pytestmark = pytest.mark.integration

TIMES = 25


class Two:
    """Two instances on one database; what both say goes to one log."""

    def __init__(self, database: Any) -> None:
        self.database, self.log, self.offset = database, MemoryLog(), 0
        publisher = MemoryPublisher(self.log)
        self.instances = [
            BatchHearing(
                "admissions", handlers(feeds(), SECRET), MongoDocuments(database), publisher, Ledger(), lane_of
            )
            for _ in range(2)
        ]

    async def hear(self, *messages: tuple[str, bytes]) -> None:
        """Each by an instance of its own, at once."""
        pairs = zip(self.instances, messages, strict=False)
        await asyncio.gather(*(one.hear([self._record(*message)]) for one, message in pairs))

    def _record(self, feed: str, message: bytes) -> Heard:
        self.offset += 1
        raw = a_raw_record(message, feed=feed)
        return Heard(raw.topic, self.offset % 2, self.offset, raw.key, raw.value, raw.headers)

    async def documents(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await self.database[COLLECTION].find({}).to_list(None)
        return rows

    def said(self) -> list[tuple[str, str]]:
        """(type, subject) of each event, once; what a lost race says again is the same event."""
        events = [decode(record) for record in self.log.all_of(ENCOUNTERS.name)]
        assert not [place for place in self.log.records if place[0].endswith(".dlq")]
        return list({one.envelope.id: (one.data.TYPE, one.envelope.subject) for one in events}.values())


async def _two(mongo: Mongo, unique: str) -> Two:
    client: Any = AsyncIOMotorClient(mongo.uri)
    database = client[f"{unique}_admissions"]
    await ensure_indexes(database, INDEXES)
    await MongoDocuments(database).ensure_indexes([COLLECTION])
    return Two(database)


async def test_race__two_hospitals_meet_the_same_new_patient_at_once(mongo: Mongo, unique: str) -> None:
    two = await _two(mongo, unique)
    for n in range(TIMES):
        here = adt("A01", "01 0905", mrn=f"{n}^^^NORTH^MR~S{n}^^^STATE^PE", visit=f"V{n}^^^NORTH^VN")
        there = adt("A01", "01 0905", mrn=f"T{n}^^^SOUTH^MR~S{n}^^^STATE^PE", visit=f"W{n}^^^SOUTH^VN")
        await two.hear(("north", here), ("south", there))
    documents = await two.documents()
    assert [len(row["state"]["visits"]) for row in documents] == [2] * TIMES
    assert {len(row["claims"]) for row in documents} == {3}
    admitted = [subject for type_, subject in two.said() if type_ == "encounter.admitted.v1"]
    assert len(admitted) == len(set(admitted)) == 2 * TIMES


async def test_race__a_merge_against_a_discharge_of_the_number_that_gives_way(mongo: Mongo, unique: str) -> None:
    """Whichever is first, one document is left, the other is its alias, and the stay is over."""
    two = await _two(mongo, unique)
    await two.hear(("north", admit("P")), ("north", admit("Q", visit="V2")))
    merge = repair("P", "A40", "02 1200", mrg(cx("Q")))
    await two.hear(("north", merge), ("north", end("Q", visit="V2")))
    kept, alias = sorted(await two.documents(), key=lambda row: str(row["state"]["alias_of"]))
    assert (alias["state"]["alias_of"], alias.get("claims", [])) == (kept["_id"], [])
    assert len(kept["claims"]) == 2
    stages = sorted(one["stage"] for one in kept["state"]["encounters"].values())
    assert stages == ["admitted", "discharged"]
    assert [type_ for type_, _ in two.said()].count("encounter.discharged.v1") == 1

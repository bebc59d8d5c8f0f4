"""Two instances meet the same new patient at the same instant: one document, both stays, each told once.

The store is the twin, with the races of the real one; both load before either saves, so that one always loses. A
thousand times, a third of them each way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.admissions.handlers import COLLECTION, handlers
from shared.mongo.memory import MemoryDocuments
from shared.stream.batch import BatchHearing
from shared.stream.codec import decode
from shared.stream.decisions import Refs
from shared.stream.documents import Document
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.records import Heard
from tests.unit.admissions.house import SECRET, a_raw_record, feeds
from tests.unit.admissions.messages import adt

TIMES = 334
WAYS = {
    "one-number": ("{n}^^^NORTH^MR", "{n}^^^NORTH^MR"),
    "a-number-in-common": ("{n}^^^NORTH^MR~S{n}^^^STATE^PE", "T{n}^^^SOUTH^MR~S{n}^^^STATE^PE"),
    "two-numbers-of-one-house": ("E{n}^^^NORTH^PI~{n}^^^NORTH^MR", "E{n}^^^NORTH^PI"),
}


class Interleaved(MemoryDocuments):
    """The others have their turn between what is loaded and what is saved."""

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        found = await super().load(refs)
        await asyncio.sleep(0)
        return found


def _instance(documents: MemoryDocuments, log: MemoryLog) -> BatchHearing:
    return BatchHearing("admissions", handlers(feeds(), SECRET), documents, MemoryPublisher(log), Ledger(), lane_of)


def _record(feed: str, mrn: str, visit: str, offset: int) -> Heard:
    message = adt("A01", "01 0905", start="01 0900", mrn=mrn, visit=f"{visit}^^^{feed.upper()}^VN", control=f"{visit}")
    raw = a_raw_record(message, feed=feed)
    return Heard(raw.topic, 0 if feed == "north" else 1, offset, raw.key, raw.value, raw.headers)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_race__for_a_new_patient(way: tuple[str, str]) -> None:
    documents, log = Interleaved(), MemoryLog()
    one, other = _instance(documents, log), _instance(documents, log)
    for n in range(TIMES):
        north = _record("north", way[0].format(n=n), f"V{n}", n)
        second = "south" if "SOUTH" in way[1] else "north"
        south = _record(second, way[1].format(n=n), f"W{n}", n + TIMES)
        await asyncio.gather(one.hear([north]), other.hear([south]))
    kept = [document for (collection, _), document in documents.stored.items() if collection == COLLECTION]
    assert len(kept) == TIMES
    assert {len(document.state["visits"]) for document in kept} == {2}
    heard = [decode(record) for record in log.all_of("care.encounters.v1")]
    said = {event.envelope.id: event for event in heard}.values()  # the loser says the winner's news again
    admitted = [event.envelope.subject for event in said if event.data.TYPE == "encounter.admitted.v1"]
    assert len(admitted) == len(set(admitted)) == 2 * TIMES
    numbers = [(event.envelope.subject, event.envelope.sequence.n) for event in said if event.envelope.sequence]
    assert len(numbers) == len(set(numbers))
    assert not [place for place in log.records if place[0].endswith(".dlq")]

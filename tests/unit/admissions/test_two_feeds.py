"""Two hospitals, one patient: what one says of the patient must not decide whether the other's team is told.

North is a shadow feed, south is live; both trust the state's numbers. The whole way runs on the twins: admissions,
discharge, followup with its alarm clock, notifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from services.admissions.handlers import handlers as admissions
from services.discharge.handlers import handlers as discharge
from services.discharge.store import PATHWAYS, federal_calendar, load_pathways
from services.followup.domain.alarms import alarms_due
from services.followup.handlers import handlers as followup
from services.notifier.handlers import handlers as notifier
from services.notifier.store import Deliveries, MemoryDeliveries
from shared.alarm.sweeper import Alarms, Sweeper
from shared.feeds import FeedProfile
from shared.mongo.memory import MemoryDocuments
from shared.schemas.commands import CancelTask
from shared.schemas.directory import DirectoryEntrySet
from shared.schemas.envelope import EventData, Mode
from shared.schemas.identifiers import Identifier
from shared.stream.batch import BatchHearing, Projection
from shared.stream.codec import decode, encode
from shared.stream.decisions import Handler
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.records import Saying
from tests.builders import an_event
from tests.unit.admissions.house import SECRET, a_raw_record, feeds
from tests.unit.admissions.messages import adt
from tests.unit.notifier.givens import a_policy, coordinator, primary, supervisor

CARE = ("care.encounters.v1", "care.transitions.v1", "care.tasks.v1", "care.notifications.v1")
NOVEMBER_6 = datetime(2026, 11, 6, 17, 0, tzinfo=UTC)  # 3 days after the discharge: every task is due, visits overdue
MODES = {"north": Mode.SHADOW, "south": Mode.LIVE}


@dataclass
class Service:
    """One service on twins, and how far it has heard."""

    name: str
    handlers: Mapping[str, Handler]
    log: MemoryLog
    project: Projection | None = None
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    ledger: Ledger = field(default_factory=Ledger)
    heard: dict[tuple[str, int], int] = field(default_factory=dict)

    async def hear(self) -> bool:
        """Everything that is there; whether there was anything."""
        places = [place for place in sorted(self.log.records) if place[0] in self.handlers]
        new = [record for place in places for record in self.log.records[place][self.heard.get(place, 0) :]]
        publisher = MemoryPublisher(self.log)
        hearing = BatchHearing(
            self.name, self.handlers, self.documents, publisher, self.ledger, lane_of, project=self.project
        )
        if new:
            await hearing.hear(new)
        for record in new:
            self.heard[(record.topic, record.partition)] = record.offset + 1
            self.ledger.note(record.topic, record.partition, record.offset + 1)
        return bool(new)


@dataclass
class Heard:
    """What a sweeper asks of a consumer that has heard everything, and fetches again and again."""

    fetches: int = 0

    def assignment(self) -> list[tuple[str, int]]:
        return [("care.transitions.v1", lane) for lane in range(8)]

    def high_watermark(self, _topic: str, _partition: int) -> tuple[int, float]:
        return 0, 4_000_000_000.0 + self.fetches


class Region:
    """Both hospitals and the whole house behind them."""

    def __init__(self, profiles: dict[str, FeedProfile] | None = None) -> None:
        self.log, self.deliveries = MemoryLog(), MemoryDeliveries()
        self.profiles = profiles = profiles or feeds(mode="shadow")
        projected = Deliveries(self.deliveries, lambda: NOVEMBER_6).project
        self.followup = Service("followup", followup(), self.log)
        self.services = (
            Service("admissions", admissions(profiles, SECRET), self.log),
            Service("discharge", discharge(load_pathways(PATHWAYS), federal_calendar()), self.log),
            self.followup,
            Service("notifier", notifier(a_policy()), self.log, projected),
        )

    async def run(self) -> None:
        while any([await service.hear() for service in self.services]):
            pass

    async def know(self, *entries: DirectoryEntrySet) -> None:
        for entry in entries:
            await self.log.append(encode(an_event(entry), entry.TOPIC))
        await self.run()

    async def say(self, data: EventData, **envelope: Any) -> None:
        await self.log.append(encode(an_event(data, sequence=None, **envelope), data.TOPIC))
        await self.run()

    async def hear(self, feed: str, message: bytes) -> None:
        """The gateway says the message with the mode that the feed has now."""
        raw = a_raw_record(message, feed=feed, mode=MODES[feed])
        await self.log.append(Saying(raw.topic, raw.key or b"", message, raw.headers))
        await self.run()

    async def let_time_pass(self) -> int:
        """Until three days later: every alarm in between rings. Returns how many."""
        inputs, said = Heard(), 0
        alarms = Alarms("followup", "followup.timers.v1", "transitions", alarms_due)
        publisher = MemoryPublisher(self.log)
        sweeper = Sweeper(alarms, self.followup.documents, publisher, inputs, self.followup.ledger, lambda: NOVEMBER_6)
        for _ in range(16):
            inputs.fetches += 1
            said += await sweeper.sweep()
            await self.run()
        return said

    def contexts(self) -> set[tuple[str, Mode]]:
        """Feed and mode of everything that was said of a stay, its transition, its tasks and its notifications."""
        said = [decode(record).envelope for topic in CARE for record in self.log.all_of(topic)]
        return {(envelope.feed, envelope.mode) for envelope in said}

    def fates(self) -> set[tuple[str, str]]:
        return {(doc["status"], doc["reason"]) for doc in self.deliveries._docs.values()}

    def told_of(self) -> set[str]:
        return {doc["tells"] for doc in self.deliveries._docs.values()}

    def letters(self) -> list[str]:
        return [topic for topic, _ in self.log.records if topic.endswith(".dlq")]


def at(hospital: str, trigger: str, recorded: str, **said: Any) -> bytes:
    """A message of `hospital` about the patient whom the state knows as S77."""
    name = hospital.upper()
    known = {"mrn": f"{name[0]}1^^^{name}^MR~S77^^^STATE^PE", "visit": f"{name[0]}V1^^^{name}^VN", "facility": name}
    return adt(trigger, recorded, **{**known, "pcp": f"P1^PRIMARY^PAT^^^^^^{name}", **said})


async def a_discharged_patient(hospital: str) -> Region:
    region = Region()
    number = Identifier(value="P1", assigner=hospital.upper())
    await region.know(coordinator(), supervisor(), primary(identifiers=(number,)))
    await region.hear(hospital, at(hospital, "A01", "03 0800", start="03 0800"))
    await region.hear(hospital, at(hospital, "A03", "03 1500", end="03 1500", disposition="01"))
    return region


NEW_PHONE = {"phone": "^PRN^PH^^^518^5550199", "pcp": ""}
ELSEWHERE = pytest.mark.parametrize("visit", ["", "X9^^^ELSEWHERE^VN"], ids=["of-no-stay", "of-a-stay-of-its-own"])


@ELSEWHERE
async def test_a_live_hospital__does_not_wake_the_shadow_stay(visit: str) -> None:
    region = await a_discharged_patient("north")
    await region.hear("south", at("south", "A08", "03 1600", visit=visit, **NEW_PHONE))
    updates = [r for r in region.log.all_of("care.encounters.v1") if r.header("ce_type").endswith("updated.v1")]
    assert [(r.header("ce_feed"), r.header("ce_mode")) for r in updates] == [("north", "shadow")]
    assert await region.let_time_pass() > 0
    assert region.contexts() == {("north", Mode.SHADOW)}
    assert {status for status, _ in region.fates()} == {"suppressed"}
    assert ("suppressed", "mode-shadow") in region.fates()
    assert {"encounter.discharged.v1", "transition.opened.v1", "task.due.v1"} <= region.told_of()
    assert region.letters() == []


@ELSEWHERE
async def test_a_shadow_hospital__does_not_silence_the_live_stay(visit: str) -> None:
    region = await a_discharged_patient("south")
    await region.hear("north", at("north", "A08", "03 1600", visit=visit, **NEW_PHONE))
    updates = [r for r in region.log.all_of("care.encounters.v1") if r.header("ce_type").endswith("updated.v1")]
    assert [(r.header("ce_feed"), r.header("ce_mode")) for r in updates] == [("south", "live")]
    assert await region.let_time_pass() > 0
    assert region.contexts() == {("south", Mode.LIVE)}
    assert region.fates() == {("pending", "")}
    assert {"encounter.discharged.v1", "transition.opened.v1", "task.due.v1"} <= region.told_of()
    assert region.letters() == []


@pytest.mark.parametrize(("first", "second"), [("north", "south"), ("south", "north")])
async def test_a_stay_in_each_hospital__each_is_told_as_its_own_feed_is(first: str, second: str) -> None:
    region = await a_discharged_patient(first)
    await region.hear(second, at(second, "A04", "03 1600", start="03 1600", pcp="", **{"class": "E"}))
    await region.hear(first, at(first, "A08", "03 1630", visit="", **NEW_PHONE))
    assert await region.let_time_pass() > 0
    assert region.contexts() == {("north", Mode.SHADOW), ("south", Mode.LIVE)}
    said = [decode(record) for topic in CARE[:3] for record in region.log.all_of(topic)]
    assert {(each.data.encounter.facility.lower(), each.envelope.feed) for each in said} == {  # type: ignore[attr-defined]
        ("north", "north"),
        ("south", "south"),
    }
    told = {(doc["feed"], doc["status"]) for doc in region.deliveries._docs.values()}
    assert told == {("north", "suppressed"), ("south", "pending")}


@pytest.mark.parametrize(("hospital", "other"), [("north", Mode.LIVE), ("south", Mode.SHADOW)])
async def test_a_command_of_another_mode__changes_neither_what_is_said_nor_who_is_told(
    hospital: str, other: Mode
) -> None:
    """Who completes or cancels a task writes the headers of the command, and may write anything there."""
    region = await a_discharged_patient(hospital)
    (document,) = region.followup.documents.stored.values()
    task_id = document.state["tasks"][0]["task"]["task_id"]
    who = Identifier(value="C1", assigner="PROGRAMME")
    command = CancelTask(
        command_id="c1", transition_id=document.id, task_id=task_id, actor=who, reason="patient-refused"
    )
    await region.say(command, subject=document.id, key=document.key, feed="elsewhere", mode=other)
    assert await region.let_time_pass() > 0
    assert region.contexts() == {(hospital, MODES[hospital])}
    assert ("pending" in {status for status, _ in region.fates()}) is (hospital == "south")
    assert any(r.header("ce_type").endswith("task.cancelled.v1") for r in region.log.all_of("care.tasks.v1"))
    assert region.letters() == []


async def test_a_hospital_that_goes_live__takes_its_own_stays_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode is that of the stay's own last message, so its next one, and not another's, lets its team know."""
    region = await a_discharged_patient("north")
    monkeypatch.setitem(MODES, "north", Mode.LIVE)
    await region.hear("south", at("south", "A08", "03 1600", visit="", **NEW_PHONE))
    assert region.contexts() == {("north", Mode.SHADOW)}
    await region.hear("north", at("north", "A08", "03 1630", address="1 New Street^^Albany^NY^12207"))
    last = decode(region.log.all_of("care.encounters.v1")[-1])
    assert (last.envelope.feed, last.envelope.mode) == ("north", Mode.LIVE)
    await region.let_time_pass()
    assert ("pending", "") in region.fates()

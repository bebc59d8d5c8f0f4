"""One discharge walked through all five services: every record on the way is read, valid and a proper CloudEvent."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event

from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.envelope import TYPE_PREFIX, Sequence
from shared.schemas.topics import ADT_INBOUND, ENCOUNTERS, NOTIFICATIONS, TASKS, TRANSITIONS
from shared.stream.codec import decode
from shared.stream.records import Heard
from tests.integration.chain.conftest import Chain
from tests.integration.chain.messages import adt

pytestmark = pytest.mark.integration
SCHEMAS = Path(__file__).parents[3] / "shared" / "schemas" / "json"
EXPECTED_TASKS = {"contact", "home-visit", "medication-reconciliation", "practitioner-visit"}
"""Domain rules §8.1, class I, disposition 01: C2, HV, MR and V7/V14."""


def of_trace(chain: Chain, trace: str) -> list[Heard]:
    return [record for record in chain.records if record.header("traceparent") == trace]


def trace_of(chain: Chain, control_id: str) -> str:
    found = [r for r in chain.records if r.topic == ADT_INBOUND.name and control_id.encode() in (r.value or b"")]
    return found[0].header("traceparent") if found else "none"


def of_topic(records: list[Heard], topic: str) -> list[Heard]:
    return [record for record in records if record.topic == topic]


def check_cloud_event(record: Heard) -> None:
    message = KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value or b"")
    event = from_kafka_event(message)
    assert event.get_type() == record.header("ce_type")
    assert event.get_id() == record.header("ce_id")
    assert event.get_subject() == record.header("ce_subject")


def check_schema(record: Heard) -> None:
    if record.topic == ADT_INBOUND.name:
        feed = FeedFacts(name="north", zone="America/New_York", default_authority="NORTH")
        read = read_adt(parse(record.value or b""), feed=feed)
        data, name = json.loads(read.model_dump_json(by_alias=True)), "adt-event.v1"
    else:
        data, name = json.loads(record.value or b""), record.header("ce_type").removeprefix(TYPE_PREFIX)
    jsonschema.validate(data, json.loads((SCHEMAS / f"{name}.json").read_text()))


def check_sequences(records: list[Heard]) -> None:
    """Gapless from 1 per (subject, topic), repeats removed (engine: "Seen")."""
    streams: dict[tuple[str, str], set[int]] = {}
    for record in records:
        if record.header("ce_sequence"):
            n = Sequence.parse(record.header("ce_sequence")).n
            streams.setdefault((record.topic, record.header("ce_subject")), set()).add(n)
    for stream, numbers in streams.items():
        assert numbers == set(range(1, len(numbers) + 1)), stream


async def test_a03__walks_through_all_five_services(chain: Chain) -> None:
    assert await chain.send(adt("A03", "WALK1", visit="VWALK1", mrn="770101")) == "AA"

    def mailed() -> bool:
        trace = trace_of(chain, "WALK1")
        said = of_topic(of_trace(chain, trace), NOTIFICATIONS.name)
        return any(r.header("ce_type").endswith("notification.sent.v1") for r in said)

    await chain.until(mailed, "a notification sent because of WALK1")
    records = of_trace(chain, trace_of(chain, "WALK1"))

    (inbound,) = of_topic(records, ADT_INBOUND.name)
    (encounter,) = of_topic(records, ENCOUNTERS.name)
    (transition,) = of_topic(records, TRANSITIONS.name)
    tasks = of_topic(records, TASKS.name)
    assert encounter.header("ce_type") == "org.caretransitions.encounter.discharged.v1"
    assert transition.header("ce_type") == "org.caretransitions.transition.opened.v1"
    assert {decode(task).data.task.code for task in tasks} == EXPECTED_TASKS  # type: ignore[attr-defined]
    assert inbound.value == adt("A03", "WALK1", visit="VWALK1", mrn="770101")
    keys = {record.key for record in records if record is not inbound}
    assert len(keys) == 1, "everything said of one patient has one key"

    for record in records:
        check_cloud_event(record)
        check_schema(record)
    check_sequences(records)
    sent_to = {str(mail["To"]) for mail in chain.mails}
    assert "olive.testoak@example.org" in sent_to, "the primary care practitioner of PD1-4 was told"

"""What an operator does to a running deployment: looks at it, follows a topic, and brings a dead letter back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import fields
from datetime import datetime, timedelta

import pytest
from click.testing import Result
from typer.testing import CliRunner

from care.__main__ import app
from care.dlq import chosen, dead_letters, say_again
from care.pages import SERVICES, Page, page
from services.discharge.handlers import COLLECTION as ENCOUNTER_DOCUMENTS
from services.notifier.handlers import SUBJECTS
from shared.clock import set_clock
from shared.mongo.client import connect, database
from shared.mongo.documents import MongoDocuments
from shared.schemas.envelope import TYPE_PREFIX
from shared.schemas.topics import ADT_INBOUND, ENCOUNTERS, TASKS, TRANSITIONS
from shared.stream.deadletters import dead_letter
from shared.stream.decisions import Refs
from shared.stream.documents import Document
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.records import Heard, Saying
from shared.telemetry import metrics
from tests.integration.chain.conftest import Chain
from tests.integration.chain.messages import adt
from tests.integration.chain.test_oracle import moved

pytestmark = pytest.mark.integration

ONLY_WHEN_SOMETHING_IS_WRONG = {"away", "feeds_invalid", "lost_races", "unsaid"}
"""A chain in good health never moves these: tests/unit/stream/test_measures.py, gateway/test_handlers.py and
unit/shared/test_profiles.py do."""


async def care(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


async def say(chain: Chain, *sayings: Saying) -> None:
    publisher = KafkaPublisher(chain.local.broker)
    await publisher.say(sayings)
    await publisher.close()


async def discharged(chain: Chain, control_id: str, visit: str) -> Heard:
    """Discharge somebody, and return the record that says so."""
    assert await chain.send(adt("A03", control_id, visit=visit, mrn=f"7702{visit[-1]}1")) == "AA"

    def found() -> list[Heard]:
        return [r for r in chain.records if r.topic == ENCOUNTERS.name and visit.encode() in (r.value or b"")]

    await chain.until(lambda: bool(found()), f"{visit} on {ENCOUNTERS.name}")
    return found()[0]


def of_another_stay(record: Heard, encounter_id: str) -> Heard:
    """The same discharge as if it were another encounter's, an event of its own."""
    changes = {"ce_subject": encounter_id.encode(), "ce_id": b"6d1f5a3e-0000-5000-8000-000000000001"}
    value = (record.value or b"").replace(record.header("ce_subject").encode(), encounter_id.encode())
    headers = tuple((name, changes.get(name, held)) for name, held in record.headers)
    return Heard(record.topic, record.partition, 999_999, record.key, value, headers)


async def document(chain: Chain, service: str, collection: str, id_: str) -> Document | None:
    client = connect(chain.local.stack.mongo.uri)
    try:
        store = MongoDocuments(database(client, f"chain_{service}"))
        return next(iter(await store.load([Refs(collection, (id_,))])), None)
    finally:
        client.close()


def said_of(chain: Chain, encounter_id: str) -> list[Heard]:
    return [r for r in chain.records if r.topic == TRANSITIONS.name and encounter_id.encode() in (r.value or b"")]


async def test_replay__reaches_the_one_hearer_that_failed_and_is_applied_once(
    chain: Chain, environment: dict[str, str]
) -> None:
    """A letter of discharge's whose record notifier has not heard: if a replay reached it too, it would know of it."""
    other = "6d1f5a3e-0000-5000-8000-0000000000aa"
    lost = of_another_stay(await discharged(chain, "REPL1", "VREPL1"), other)
    await say(chain, dead_letter(lost, "discharge", "planted-defect"))
    place = f"{ENCOUNTERS.name}/{lost.partition}/999999"

    dry = await care("dlq", "replay", "--topic", ENCOUNTERS.name, "--reason", "planted-defect", "--dry-run")
    assert (dry.exit_code, dry.output) == (0, f"{place}  discharge  planted-defect\nwould say 1 again\n")
    assert await document(chain, "discharge", ENCOUNTER_DOCUMENTS, other) is None

    real = await care("dlq", "replay", place)
    assert (real.exit_code, real.output.splitlines()[-1]) == (0, "said 1 again")
    await chain.until(lambda: bool(said_of(chain, other)), "the transition of the replayed discharge")
    (opened,) = said_of(chain, other)
    assert opened.header("ce_type") == f"{TYPE_PREFIX}transition.opened.v1"
    first = await document(chain, "discharge", ENCOUNTER_DOCUMENTS, other)
    assert first is not None
    assert set(first.streams) == {f"{ENCOUNTERS.name}|{other}"}, "it counts in the original topic's stream"

    repeated = repeats_of(chain, "discharge")
    letters = chosen(await dead_letters(chain.local.broker), place=place)
    await say_again(chain.local.broker, letters)
    await chain.until(lambda: repeats_of(chain, "discharge") > repeated, "the second replay known again")
    assert await document(chain, "discharge", ENCOUNTER_DOCUMENTS, other) == first
    assert {r.header("ce_id") for r in said_of(chain, other)} == {opened.header("ce_id")}

    told = await notifiers(chain, other)
    assert {name.split("|")[0] for name in told.streams} == {TRANSITIONS.name, TASKS.name}, (
        "of the replay it heard nothing"
    )


async def notifiers(chain: Chain, encounter_id: str) -> Document:
    """Its document of the encounter, once it has heard of a task: what it was to hear before has come by then."""
    deadline = asyncio.get_running_loop().time() + 80
    while True:
        found = await document(chain, "notifier", SUBJECTS, encounter_id)
        if found is not None and any(name.startswith(TASKS.name) for name in found.streams):
            return found
        assert asyncio.get_running_loop().time() < deadline, "notifier never heard of a task"
        await asyncio.sleep(0.2)


def repeats_of(chain: Chain, service: str) -> float:
    return page(chain.local.wiring.admin_ports[service]).total("care_records_repeated_total")


async def test_replay__of_what_is_not_there_says_what_to_do(chain: Chain, environment: dict[str, str]) -> None:
    absent = await care("dlq", "replay", "care.tasks.v1/0/123456")
    assert absent.exit_code == 1
    assert "`care dlq list` names them" in absent.output
    half = await care("dlq", "replay", "--topic", "care.tasks.v1")
    assert half.exit_code == 2
    assert "--reason" in half.output


async def test_tail__masks_the_patient_unless_asked(chain: Chain, environment: dict[str, str]) -> None:
    record = await discharged(chain, "TAIL1", "VTAIL1")
    seen = await care("tail", ENCOUNTERS.name, "--from-beginning", "--no-follow")
    line = next(one for one in seen.output.splitlines() if record.header("ce_subject") in one)
    assert f"{record.partition}/{record.offset}  encounter.discharged.v1  {record.header('ce_subject')}  1.1" in line
    assert "Chainperson" not in seen.output
    assert "1941" not in seen.output
    raw = await care("tail", ADT_INBOUND.name, "--from-beginning", "--no-follow")
    assert "MSH:11 EVN:6 PID:8 PD1:4 PV1:45" in raw.output
    assert "Chainperson" not in raw.output
    asked = await care("tail", ENCOUNTERS.name, "--from-beginning", "--no-follow", "--phi", "--reason", "test")
    assert "Chainperson" in asked.output
    unknown = await care("tail", "care.no-such.v1", "--from-beginning", "--no-follow")
    assert (unknown.exit_code, "docs/topics.md" in unknown.output) == (1, True)


async def test_tail__follows_what_comes_and_ends_on_ctrl_c(chain: Chain, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "care", "tail", ADT_INBOUND.name]
    tail = await asyncio.to_thread(
        subprocess.Popen, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    reading = asyncio.ensure_future(asyncio.to_thread(tail.stdout.readline))  # type: ignore[union-attr]
    for attempt in range(120):
        await chain.send(adt("A08", f"TAILING{attempt}", visit="VTAIL9", mrn="770291"))
        await asyncio.wait({reading}, timeout=0.5)
        if reading.done():
            break
    tail.send_signal(signal.SIGINT)
    _, errors = await asyncio.to_thread(tail.communicate, timeout=40)
    assert "adt.received.v1" in await reading
    assert (tail.returncode, errors) == (0, "")


async def test_top__shows_every_service_alive_and_ready(chain: Chain, environment: dict[str, str]) -> None:
    shown = await care("top", "--once", "--every", "0.2")
    rows = {line.split()[0]: line.split()[1:3] for line in shown.output.splitlines() if line.split()[0] in SERVICES}
    assert rows == {service: ["ok", "ok"] for service in SERVICES}


async def test_feeds__shows_the_last_message_of_a_feed_and_counts(chain: Chain, environment: dict[str, str]) -> None:
    assert await chain.send(adt("A03", "FEEDS1", visit="VFEED1", mrn="770301")) == "AA"
    shown = await care("feeds")
    north = next(line.split() for line in shown.output.splitlines() if line.strip().startswith("north"))
    now = datetime.fromisoformat(chain.local.stack.directory.joinpath("clock").read_text())
    port = chain.local.feeds["north"].mllp_port
    assert north[1:7] == ["MLLP", f"{port},", "HTTP", "live", f"{now:%Y-%m-%d}", f"{now:%H:%M:%S}Z"]
    a_minute, stored = float(north[7]), int(north[8])
    assert a_minute > 0
    assert stored > 0


def has_moved(pages: list[Page], field: str) -> bool:
    """A counter or histogram counted; a gauge was set: one with labels has series only then."""
    metric = getattr(metrics, field)
    (described,) = metric.describe()
    suffix = {"counter": "_total", "histogram": "_count"}.get(described.type, "")
    name = described.name + suffix
    if field == "lag":
        return any(sample == name for page in pages for sample, _, _ in page.samples)
    return any(page.total(name) > 0 for page in pages)


async def test_metrics__each_is_moved_by_the_running_chain(chain: Chain) -> None:
    clock = chain.local.stack.directory / "clock"
    record = await discharged(chain, "METRIC1", "VMETR1")
    inbound = next(r for r in chain.records if r.topic == ADT_INBOUND.name and b"|METRIC1|" in (r.value or b""))
    for again in (record, inbound):
        await say(chain, Saying(again.topic, again.key or b"", again.value or b"", again.headers))
    await chain.send(adt("A01", "METRIC2").replace(b"A01", b"A99"))
    await chain.send(adt("A03", "METRIC3").replace(b"PID|", b"PXD|"))
    latin = adt("A08", "METRIC4", visit="VMETR1", mrn="770211").replace(b"Chainperson", b"Chainpers\xf6n")
    assert (await chain.post(b"BHS|^~\\&\r" + latin + adt("A03", "METRIC5").replace(b"ADT^A03", b"ORU^R01")))[0] == 200
    expected = {field.name for field in fields(metrics)} - ONLY_WHEN_SOMETHING_IS_WRONG

    async def still() -> set[str]:
        found = [await asyncio.to_thread(page, port) for port in chain.local.wiring.admin_ports.values()]
        return {field for field in expected if not has_moved(found, field)}

    with moved(clock):
        set_clock(clock, datetime.fromisoformat(clock.read_text()) + timedelta(days=5))
        deadline = asyncio.get_running_loop().time() + 80
        while left := await still():
            assert asyncio.get_running_loop().time() < deadline, f"not moved: {sorted(left)}"
            await asyncio.sleep(0.3)

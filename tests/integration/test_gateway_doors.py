"""The gateway on a real mongod and a real Kafka: what came through a door is on the topic, whatever died in between."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from demo.stack import Kafka, Mongo
from demo.stack.ports import free_ports
from services.gateway.agents import Doors, agents
from services.gateway.domain.message import Judge
from services.gateway.handlers.intake import Intake
from services.gateway.handlers.ports import Outages
from services.gateway.handlers.voice import Relay, Voice
from services.gateway.store import MongoRawMessages
from shared.feeds import FeedProfile
from shared.process import Process
from shared.settings import ServiceSettings
from shared.stream.administration import create
from shared.stream.codec import envelope_of
from shared.stream.kafka import Broker
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.records import Heard
from shared.telemetry import wall_clock
from tests.unit.gateway.parts import BODY_SHA256, LIMIT, SECRET, a_body, a_feed, framed

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """Where one test's gateway lives; feed and databases bear the test's own prefix."""

    kafka: Kafka
    mongo: Mongo
    unique: str

    @property
    def broker(self) -> Broker:
        return Broker(self.kafka.bootstrap, idempotent=self.kafka.idempotent_producer)

    @property
    def topic(self) -> str:
        return f"{self.unique}.adt"

    def environment(self) -> dict[str, str]:
        return {
            "CARE_DEPLOYMENT": "test",
            "CARE_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "CARE_KAFKA_IDEMPOTENT": str(self.kafka.idempotent_producer),
            "CARE_MONGO_URL": self.mongo.uri,
            "CARE_DATABASE_PREFIX": self.unique,
            "CARE_GROUP_PREFIX": self.unique,
        }

    def process(self) -> Process:
        names = {name.removeprefix("CARE_").lower(): value for name, value in self.environment().items()}
        return Process("gateway", ServiceSettings(**names))  # type: ignore[arg-type]

    def feed(self, **changes: Any) -> FeedProfile:
        return a_feed(feed=self.unique, **changes)

    async def said(self, enough: Callable[[list[Heard]], bool]) -> list[Heard]:
        """This test's records on adt.inbound.v1, as soon as they are enough."""
        reader = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap, enable_auto_commit=False)
        await reader.start()
        found: list[Heard] = []
        try:
            places = [TopicPartition("adt.inbound.v1", n) for n in range(8)]
            reader.assign(places)
            await reader.seek_to_beginning(*places)
            async with asyncio.timeout(60):
                while not enough(found):
                    for records in (await reader.getmany(timeout_ms=200)).values():
                        heard = (
                            Heard(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers)) for r in records
                        )
                        found += [record for record in heard if record.header("ce_feed") == self.unique]
        finally:
            await reader.stop()
        return found


@pytest.fixture
async def place(kafka: Kafka, mongo: Mongo, unique: str) -> Place:
    found = Place(kafka, mongo, unique)
    await create(found.broker, 1, [found.topic])
    return found


@asynccontextmanager
async def running(services: Sequence[Any]) -> AsyncIterator[None]:
    for service in services:
        await service.start()
    try:
        yield
    finally:
        for service in reversed(services):
            await service.stop()


async def asked(port: int, bodies: Sequence[bytes]) -> list[bytes]:
    """Send all on one connection; returns the answers that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    try:
        for body in bodies:
            writer.write(framed(body))
            answers.append(await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 30))
    finally:
        writer.close()
    return answers


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = 60.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.1)


async def test_both_doors__messages_are_on_the_topic_in_our_envelope(place: Place) -> None:
    (port,) = free_ports(1)
    feed = place.feed(mllp_port=port, kafka_topic=place.topic, mode="shadow")
    closed = a_feed(feed=f"{place.unique}-off", mllp_port=free_ports(1)[0], mode="off")
    process = place.process()
    services = await agents(process, {feed.feed: feed, closed.feed: closed}, SECRET, Doors())
    producer = AIOKafkaProducer(bootstrap_servers=place.kafka.bootstrap)
    await producer.start()
    async with running(services):
        answers = await asked(port, [a_body("MSG1"), a_body("MSG1"), b"no HL7", a_body("MSG2")])
        assert [answer.split(b"MSA|")[1][:2] for answer in answers] == [b"AA", b"AA", b"AR", b"AA"]
        for value in (a_body("MSG3"), b'{"control_id": "MSG4"}', b"neither", a_body("MSG1")):
            await producer.send_and_wait(place.topic, value, key=b"any key: 100200")
        records = await place.said(lambda found: len(found) >= 4)
        with pytest.raises(OSError):  # noqa: PT011 - refused: the door of a feed that is off is closed
            await asyncio.open_connection("127.0.0.1", closed.mllp_port)
        raw = process.database["raw"]
        await eventually(lambda: _is(raw.count_documents({"said_at": {"$type": "date"}}), 4), "all noted as said")
        refused = process.database["refused"]
        await eventually(lambda: _is(refused.count_documents({"code": "no-msh"}), 2), "both refused are kept")
    await producer.stop()
    by_value = {record.value: record for record in records}
    assert set(by_value) == {a_body("MSG1"), a_body("MSG2"), a_body("MSG3"), b'{"control_id": "MSG4"}'}
    assert len(records) == 4
    envelope = envelope_of(by_value[a_body("MSG1")])
    assert (envelope.source, envelope.type) == ("care-transitions/gateway", "org.caretransitions.adt.received.v1")
    assert (envelope.subject, envelope.feed, envelope.tenant) == (place.unique, place.unique, "tenant-1")
    assert envelope.mode.value == "shadow"
    row = await _row(place, {"control_id": "MSG1"})
    assert (row["_id"], row["sha256"], row["received_at"]) == (envelope.id, BODY_SHA256, envelope.time)
    assert {by_value[a_body(f"MSG{n}")].key for n in (1, 2, 3)} == {row["key"].encode()}
    assert by_value[b'{"control_id": "MSG4"}'].header("content-type") == "application/json"
    assert not any(b"100200" in (record.key or b"") for record in records)


async def _is(counting: Awaitable[int], wanted: int) -> bool:
    return await counting == wanted


async def _row(place: Place, query: dict[str, Any]) -> dict[str, Any]:
    process = place.process()
    row: dict[str, Any] = await process.database["raw"].find_one(query)
    process.client.close()
    return row


async def test_kafka_away__the_sender_is_answered_and_the_relay_says_it_later(place: Place) -> None:
    process = place.process()
    raw, outages = MongoRawMessages(process.database, "one", lease=1.0), Outages()
    await raw.ensure_indexes(1)
    nowhere = KafkaPublisher(Broker("127.0.0.1:1", idempotent=False, send_timeout=0.5))
    voice = Voice(raw, nowhere, outages)
    intake = Intake(raw, voice, Judge(SECRET, LIMIT), wall_clock, lambda: False, outages)
    for n in range(5):
        assert (await intake.take(a_body(f"MSG{n}"), place.feed())).code == ""
    await voice.close()
    assert outages.away == {"kafka"}
    relay = Relay(raw, Voice(raw, process.publisher, outages), outages, most_unsaid=100)

    async def nothing_unsaid() -> bool:
        await relay.sweep()
        return await raw.unsaid(10) == 0

    await eventually(nothing_unsaid, "the relay said them")
    records = await place.said(lambda found: len(found) >= 5)
    assert sorted(record.value or b"" for record in records) == [a_body(f"MSG{n}") for n in range(5)]
    await process.publisher.close()
    process.client.close()


FEEDS = """
[[feed]]
feed = "{feed}"
tenant = "tenant-1"
zone = "America/New_York"
facility = "NORTH"
default_authority = "NORTH"
mode = "live"
mllp_port = {port}
"""


@asynccontextmanager
async def a_gateway(place: Place, directory: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process as it is deployed, listening."""
    (directory / "feeds.toml").write_text(FEEDS.format(feed=place.unique, port=port))
    (directory / "secret").write_bytes(SECRET)
    files = {"CARE_FEEDS_FILE": f"{directory}/feeds.toml", "CARE_IDENTITY_SECRET_FILE": f"{directory}/secret"}
    with (directory / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.gateway",
            cwd=ROOT,
            env={**os.environ, **place.environment(), **files},
            stdout=log,
            stderr=log,
        )
    try:

        async def listening() -> bool:
            assert process.returncode is None, (directory / "log").read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.close()
            return True

        await eventually(listening, "the door is open")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def persistent(port: int, control_ids: Sequence[str], answered: list[str]) -> None:
    """A sender as hospitals have them: one message at a time, again until it is answered."""
    waiting = list(control_ids)
    while waiting:
        try:
            (answer,) = await asked(port, [a_body(waiting[0])])
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            await asyncio.sleep(0.05)
            continue
        assert b"MSA|AA|" + waiting[0].encode() + b"\r" in answer
        answered.append(waiting.pop(0))


async def test_sigkill__in_the_midst_of_traffic_loses_nothing_that_was_answered(place: Place, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    ids = [[f"S{sender}M{n}" for n in range(60)] for sender in range(8)]
    answered: list[str] = []
    senders: list[asyncio.Task[None]] = []
    async with a_gateway(place, tmp_path, port) as gateway:
        senders = [asyncio.create_task(persistent(port, mine, answered)) for mine in ids]
        await eventually(lambda: _true(len(answered) >= 100), "a hundred answers")
        gateway.send_signal(signal.SIGKILL)
        await gateway.wait()
    assert len(answered) < 480
    async with a_gateway(place, tmp_path, port) as gateway:
        await asyncio.wait_for(asyncio.gather(*senders), 120)
        records = await place.said(lambda found: len({record.value for record in found}) >= 480)
        gateway.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(gateway.wait(), 60) == 0
    assert sorted(answered) == sorted(one for mine in ids for one in mine)
    by_id: dict[str, set[bytes]] = {}
    for record in records:
        by_id.setdefault(record.header("ce_id"), set()).add((record.key or b"") + (record.value or b""))
    assert len(by_id) == 480, "one message each, however often it was said"
    assert all(len(said) == 1 for said in by_id.values())
    assert "Canarybird" not in (tmp_path / "log").read_text()


async def _true(condition: bool) -> bool:
    return condition

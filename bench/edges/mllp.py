"""MLLP with a durable answer, 64 connections: our gateway, python-hl7's server and Apache Camel, on the same broker.

Ours answers when the message is stored in MongoDB (majority, journaled), and says it to Kafka besides; the others
answer when Kafka has confirmed it (acks=all). What was answered must be there afterwards, counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.edges.jvm import jars, java
from bench.edges.watch import cpu_seconds
from bench.place import Place
from bench.rounds import Sample, Wrong
from demo.services import wire
from demo.stack.ports import LOOPBACK, free_ports
from shared.mongo.client import connect, database
from shared.stream.administration import create
from shared.stream.kafka import Broker

CONNECTIONS: Final = 64
WARM: Final = 4.0
SECONDS: Final = 8.0
PARTITIONS: Final = 8
_VERSION: Final = "4.10.0"
_CAMEL: Final = (
    *(f"org.apache.camel:{name}:{_VERSION}" for name in ("camel-main", "camel-mllp", "camel-kafka")),
    "org.slf4j:slf4j-nop:2.0.16",
)
_FEED: Final = """[[feed]]
feed = "north"
tenant = "bench"
mode = "live"
zone = "America/New_York"
facility = "NORTH"
default_authority = "NORTH"
mllp_port = {port}
"""


class Sides:
    """Each method is one round of one side."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def gateway(self) -> Sample:
        """The production process, as deployed."""
        port, prefix = free_ports(1)[0], f"bench{secrets.token_hex(4)}"
        directory = self._place.directory / prefix
        directory.mkdir()
        feeds = directory / "feeds.toml"
        feeds.write_text(_FEED.format(port=port))
        asyncio.run(create(Broker(self._place.bootstrap), 1))
        wiring = wire(directory, self._place.kafka, self._place.mongo, 25, feeds, None)
        environment = {**wiring.environment, "CARE_DATABASE_PREFIX": prefix, "CARE_GROUP_PREFIX": prefix}
        with self._place.start("-m", "services.gateway", env=environment) as child:
            sample, answered = self._flood(port, child.process.pid)
            asyncio.run(self._hold_to_stored(prefix, answered))
        return sample

    def python_hl7(self) -> Sample:
        """python-hl7's asyncio server."""
        port, topic = free_ports(1)[0], self._topic()
        command = ("-m", "bench.edges.python_hl7_server", str(port), self._place.bootstrap, topic)
        with self._place.start(*command) as child:
            sample, answered = self._flood(port, child.process.pid)
        asyncio.run(self._hold_to_said(topic, answered))
        return sample

    def camel(self) -> Sample:
        """Apache Camel on the JVM."""
        port, topic = free_ports(1)[0], self._topic()
        command = [*java("CamelMllp.java", jars(*_CAMEL), "-Xmx512m"), str(port), self._place.bootstrap, topic]
        with _running([*command, str(CONNECTIONS)], self._place.directory) as pid:
            sample, answered = self._flood(port, pid)
        asyncio.run(self._hold_to_said(topic, answered))
        return sample

    def _flood(self, port: int, pid: int) -> tuple[Sample, int]:
        _await(lambda: _listens(port), 90.0, "the server does not listen")
        before = cpu_seconds(pid)
        arguments = (str(port), str(CONNECTIONS), str(WARM), str(SECONDS))
        told = self._place.told("-m", "bench.edges.flood", *arguments)
        codes: dict[str, int] = told["codes"]
        if set(codes) != {"AA"}:
            raise Wrong(f"not every message was answered AA: {codes}")
        cpu_us = (cpu_seconds(pid) - before) / codes["AA"] * 1e6
        extra = {name: float(told[name]) for name in ("p50_ms", "p99_ms", "client_cores")}
        return Sample(told["rate"], cpu_us, extra), codes["AA"]

    def _topic(self) -> str:
        topic = f"bench-mllp-{secrets.token_hex(4)}"

        async def make() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._place.bootstrap)
            await admin.start()
            try:
                await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
            finally:
                await admin.close()

        asyncio.run(make())
        return topic

    async def _hold_to_said(self, topic: str, answered: int) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._place.bootstrap)
        await consumer.start()
        try:
            ends = await consumer.end_offsets([TopicPartition(topic, n) for n in range(PARTITIONS)])
        finally:
            await consumer.stop()
        if sum(ends.values()) < answered:
            raise Wrong(f"{answered} answered, {sum(ends.values())} on the topic")

    async def _hold_to_stored(self, prefix: str, answered: int) -> None:
        client = connect(self._place.mongo_url)
        raw: Any = database(client, f"{prefix}_gateway")["raw"]
        stored = await raw.count_documents({})
        unsaid = 1
        for _ in range(300):
            if not (unsaid := await raw.count_documents({"said_at": None})):
                break
            await asyncio.sleep(0.2)
        await client.drop_database(f"{prefix}_gateway")
        client.close()
        if stored < answered or unsaid:
            raise Wrong(f"{answered} answered, {stored} stored, {unsaid} not said")


@contextlib.contextmanager
def _running(command: list[str], directory: Path) -> Iterator[int]:
    process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _await(ready: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise Wrong(what)
        time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0

"""The whole chain on this machine: Apache Kafka, mongod, the five services, a mail sink; real clocks, MLLP for all.

Its settings are the demo's, with three exceptions: no business clock, every feed live by MLLP, and a fact may be ten
days old (the hospital's stays are told within seconds, see `traffic`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo.deployment import DATA, directory_event
from demo.services import NAMES, Wiring, start_services, stop_services, wire
from demo.stack import Stack, open_stack
from demo.stack.ports import LOOPBACK, free_ports
from demo.stack.process import Recipe, Server
from services.notifier.domain.directory_file import read_directory
from shared.feeds import FeedProfile, parse_feeds
from shared.stream.administration import create
from shared.stream.codec import encode
from shared.stream.kafka import Broker
from shared.stream.kafka_producer import KafkaPublisher
from shared.telemetry import wall_clock

CHANGES: Final = {"CARE_NOTIFIER__GREATEST_AGE": "P10D"}


@dataclass(frozen=True)
class Whole:
    """A running chain. `mails`: the sink's file. `pids`: every process of it by name."""

    stack: Stack
    wiring: Wiring
    ports: Mapping[str, int]
    servers: Mapping[str, Server]
    mails: Path

    @property
    def pids(self) -> dict[str, int]:
        """By name; a restarted one has another pid, so ask each time."""
        ours = {name: server.pid for name, server in self.servers.items()}
        return ours | {"kafka": self.stack.kafka.pid, "mongod": self.stack.mongo.pid}


@contextlib.contextmanager
def deployed(changes: Mapping[str, str] = {}) -> Iterator[Whole]:
    """All of it, ready. `changes` are further `CARE_*` settings. Raises StackError."""
    with open_stack("apache", {}) as stack, contextlib.ExitStack() as cleanup:
        mails, (port,) = stack.directory / "mails", free_ports(1)
        sink = Server(_sink(stack.directory, port, mails))
        cleanup.callback(sink.close)
        feeds_file, feeds = _feeds(stack.directory)
        wiring = wire(stack.directory, stack.kafka, stack.mongo, port, feeds_file, None)
        wiring.environment.update({**CHANGES, **changes})
        asyncio.run(_prepare(Broker(stack.kafka.bootstrap), feeds))
        servers = start_services(wiring)
        cleanup.callback(stop_services, servers)
        ports = {feed.feed: feed.mllp_port for feed in feeds.values() if feed.mllp_port}
        yield Whole(stack, wiring, ports, {**{name: servers[name] for name in NAMES}, "sink": sink}, mails)


def _sink(directory: Path, port: int, mails: Path) -> Recipe:
    return Recipe(
        name="sink",
        command=[sys.executable, "-m", "bench.edges.sink", str(port), str(mails)],
        directory=directory,
        ready=lambda: _listens(port) and mails.exists(),
        timeout_s=30.0,
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _feeds(directory: Path) -> tuple[Path, dict[str, FeedProfile]]:
    """The demo's hospitals, each live and by MLLP."""
    text = (DATA / "feeds.toml").read_text("utf-8").replace('mode = "shadow"', 'mode = "live"')
    door = r"^(?:mllp_port = 0|kafka_topic = .*)$"
    text = re.sub(door, lambda _: f"mllp_port = {free_ports(1)[0]}", text, flags=re.MULTILINE)
    file = directory / "feeds.toml"
    file.write_text(text)
    return file, parse_feeds(tomllib.loads(text))


async def _prepare(broker: Broker, feeds: Mapping[str, FeedProfile]) -> None:
    await create(broker, 1)
    entries = read_directory(tomllib.loads((DATA / "directory.toml").read_text("utf-8")))
    tenants = sorted({feed.tenant for feed in feeds.values()})
    now = wall_clock()
    events = [directory_event(entry, tenant, now) for tenant in tenants for entry in entries]
    publisher = KafkaPublisher(broker)
    try:
        await publisher.say([encode(event, event.data.TOPIC) for event in events])
    finally:
        await publisher.close()

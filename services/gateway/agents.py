"""The doors of a deployment and what stands behind them, hosted in a Faust worker. A feed that is off has no door."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from services.gateway.domain.message import Judge
from services.gateway.handlers.intake import Intake
from services.gateway.handlers.ports import Outages
from services.gateway.handlers.topic import TopicHearing
from services.gateway.handlers.voice import Relay, Voice
from services.gateway.mllp.conversation import Door
from services.gateway.mllp.limits import Limits
from services.gateway.mllp.server import LOOPBACK, MllpServer
from services.gateway.store import LEASE_SECONDS, MongoRawMessages
from shared.feeds import FeedProfile
from shared.health import AdminServer, Health, stuck
from shared.process import Process
from shared.schemas.envelope import Mode
from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.startup import patiently
from shared.stream.host import Background, DataPlane, Periodic
from shared.stream.kafka_consumer import KafkaConsumer
from shared.stream.loop import Loop

RELAY_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Doors:
    """How the doors stand. `most_unsaid`: beyond so many stored and unsaid messages nobody is answered."""

    host: str = LOOPBACK
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None
    keep_days: int = 30
    most_unsaid: int = 200_000
    lease_seconds: float = LEASE_SECONDS

    def __post_init__(self) -> None:
        """Raises ValueError for a message that is let in and could never be said."""
        if self.limits.message > MAX_MESSAGE_BYTES:
            raise ValueError(f"messages of more than {MAX_MESSAGE_BYTES} bytes cannot be said")


async def agents(
    process: Process, feeds: Mapping[str, FeedProfile], secret: bytes, doors: Doors | None = None
) -> list[Any]:
    """The services of this process, in start order. `secret` keys the keys; waits for MongoDB as long as it takes."""
    doors = doors or Doors()
    raw = MongoRawMessages(process.database, secrets.token_hex(8), lease=doors.lease_seconds)
    await patiently(lambda: raw.ensure_indexes(doors.keep_days))
    outages = Outages()
    voice = Voice(raw, process.publisher, outages)
    relay = Relay(raw, voice, outages, most_unsaid=doors.most_unsaid)
    judge = Judge(secret, doors.limits.message)
    intake = Intake(raw, voice, judge, process.clock, lambda: relay.full, outages)
    wanted = [feed for feed in feeds.values() if feed.mode is not Mode.OFF]
    plane = _plane(process, intake, wanted)
    loop = plane[1] if plane else None
    return [
        process.closing(),
        _admin(process, relay, outages, loop),
        Background(_nothing, voice.close),
        Periodic(relay.sweep, RELAY_SECONDS),
        *([DataPlane(plane[1]), process.lag_of(plane[0])] if plane else []),
        _listening(_servers(process, intake, wanted, doors)),
    ]


def _plane(process: Process, intake: Intake, feeds: list[FeedProfile]) -> tuple[KafkaConsumer, Loop] | None:
    by_topic = {feed.kafka_topic: feed for feed in feeds if feed.kafka_topic}
    if not by_topic:
        return None
    hearing = TopicHearing(intake, by_topic)
    return process.plane(list(by_topic), hearing, hearing.refuse)


def _servers(process: Process, intake: Intake, feeds: list[FeedProfile], doors: Doors) -> list[MllpServer]:
    numbers, ours = count(1), secrets.token_hex(5)

    def next_control_id() -> str:
        return f"{ours}{next(numbers)}"  # 20 characters (MSH-10, HL7 v2.5.1 ch. 2.15.9.10) last for 10^10 answers

    return [
        MllpServer(
            Door(feed, intake, process.clock, next_control_id),
            feed.mllp_port,
            host=doors.host,
            limits=doors.limits,
            tls=doors.tls,
        )
        for feed in feeds
        if feed.mllp_port is not None
    ]


def _listening(servers: list[MllpServer]) -> Background:
    """Opened one after the other, closed together: the last sender's time to be answered is the first one's too."""

    async def start() -> None:
        for server in servers:
            await server.start()

    async def stop() -> None:
        await asyncio.gather(*(server.stop() for server in servers))

    return Background(start, stop)


def _admin(process: Process, relay: Relay, outages: Outages, loop: Loop | None) -> Background:
    """Ready as long as messages can be stored: Kafka away closes no door."""

    def ready() -> str:
        return "mongodb" if "mongodb" in outages.away else "backlog-full" if relay.full else ""

    alive = stuck(lambda: loop.progress_at, lambda: loop.away) if loop is not None else lambda: ""
    server = AdminServer(Health(alive, ready), process.settings.admin_host, process.settings.admin_port)
    return Background(server.start, server.stop)


async def _nothing() -> None:
    """Voice starts by itself."""

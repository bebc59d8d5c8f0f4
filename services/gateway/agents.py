"""The doors of a deployment and what stands behind them, hosted in a Faust worker. A feed that is off has no door."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from services.gateway.domain.message import Judge
from services.gateway.doors.http.post import Post
from services.gateway.doors.http.senders import Senders
from services.gateway.doors.http.server import HttpDoor
from services.gateway.doors.limits import LOOPBACK, Limits
from services.gateway.doors.mllp.conversation import Door
from services.gateway.doors.mllp.doors import MllpDoors
from services.gateway.doors.mllp.server import MllpServer
from services.gateway.handlers.intake import Intake
from services.gateway.handlers.ports import Outages
from services.gateway.handlers.topic import TopicHearing
from services.gateway.handlers.voice import Relay, Voice
from services.gateway.store import LEASE_SECONDS, MongoRawMessages
from shared.feeds import FeedProfile
from shared.health import AdminServer, Health, stuck
from shared.process import Process
from shared.profiles import LOOK_SECONDS, Feeds
from shared.schemas.envelope import Mode
from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.startup import patiently
from shared.stream.host import Background, DataPlane, Periodic
from shared.stream.loop import Loop
from shared.telemetry import log

RELAY_SECONDS: Final = 1.0


@dataclass(frozen=True)
class HttpPlace:
    """Where the HTTP door listens. `port` 0 takes a free one."""

    port: int
    host: str = LOOPBACK
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True)
class Doors:
    """How the doors stand. `most_unsaid`: beyond so many stored and unsaid messages nobody is answered.

    `host` and `tls` are the MLLP doors'; `http` None: there is no HTTP door.
    """

    host: str = LOOPBACK
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None
    http: HttpPlace | None = None
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
    """The services of this process, in start order. `secret` keys the keys; waits for MongoDB as long as it takes.

    Where `feeds` are `Feeds` they are looked at again, and the doors follow.
    """
    doors = doors or Doors()
    raw = MongoRawMessages(process.database, secrets.token_hex(8), lease=doors.lease_seconds)
    await patiently(lambda: raw.ensure_indexes(doors.keep_days))
    outages = Outages()
    voice = Voice(raw, process.publisher, outages)
    relay = Relay(raw, voice, outages, most_unsaid=doors.most_unsaid)
    judge = Judge(secret, doors.limits.message)
    intake = Intake(raw, voice, judge, process.clock, lambda: relay.full, outages)
    next_id = _control_ids()
    topics, servers = TopicDoors(process, intake), MllpDoors(_server_of(process, intake, doors, next_id))
    posts = _http_of(process, intake, doors, next_id)
    look, listening = _following(feeds, topics, servers, posts)
    return [
        process.closing(),
        _admin(process, relay, outages, topics),
        Background(_nothing, voice.close),
        Periodic(relay.sweep, RELAY_SECONDS),
        listening,
        Periodic(look, LOOK_SECONDS),
    ]


def _following(
    feeds: Mapping[str, FeedProfile], topics: TopicDoors, servers: MllpDoors, posts: HttpDoor | None
) -> tuple[Callable[[], Awaitable[None]], Background]:
    """The look that keeps the doors as the profiles say, and the doors' beginning and end."""

    async def follow() -> None:
        wanted = [feed for feed in feeds.values() if feed.mode is not Mode.OFF]
        await topics.follow(wanted)
        await servers.follow(wanted)
        if posts is not None:
            await posts.follow(feeds.values())

    async def look() -> None:
        if isinstance(feeds, Feeds):
            await feeds.refresh()
        await follow()

    async def stop() -> None:
        closing = [servers.stop(), topics.stop(), *([posts.stop()] if posts is not None else [])]
        await asyncio.gather(*closing)

    return look, Background(follow, stop)


class TopicDoors:
    """The hospitals' own topics that are heard now. Another set of topics is another consumer of the same group."""

    def __init__(self, process: Process, intake: Intake) -> None:
        self._process = process
        self._feeds: dict[str, FeedProfile] = {}
        self._hearing = TopicHearing(intake, self._feeds)
        self._loop: Loop | None = None
        self._services: list[Any] = []

    async def follow(self, profiles: Iterable[FeedProfile]) -> None:
        """Hear the topics of these and no other; while Kafka is away the change waits for it."""
        wanted = {feed.kafka_topic: feed for feed in profiles if feed.kafka_topic}
        if wanted.keys() != self._feeds.keys():
            if self._loop is not None and self._loop.away:
                return
            await self.stop()
        self._feeds.clear()
        self._feeds.update(wanted)
        if wanted and self._loop is None:
            await self._start()

    async def _start(self) -> None:
        consumer, self._loop = self._process.plane(list(self._feeds), self._hearing, self._hearing.refuse)
        self._services = [DataPlane(self._loop), self._process.lag_of(consumer)]
        for service in self._services:
            await service.start()
        log.info("topics_heard", count=len(self._feeds))

    async def stop(self) -> None:
        """Finish the batch and leave the group."""
        services, self._services, self._loop = self._services, [], None
        for service in reversed(services):
            await service.stop()

    def alive(self) -> str:
        """As `Health.alive`: "" where no topic is heard."""
        loop = self._loop
        return stuck(lambda: loop.progress_at, lambda: loop.away)() if loop is not None else ""


def _control_ids() -> Callable[[], str]:
    numbers, ours = count(1), secrets.token_hex(5)
    return lambda: f"{ours}{next(numbers)}"  # 20 characters (MSH-10, HL7 v2.5.1 ch. 2.15.9.10) last for 10^10 answers


def _server_of(
    process: Process, intake: Intake, doors: Doors, next_id: Callable[[], str]
) -> Callable[[FeedProfile, int], MllpServer]:
    def make(feed: FeedProfile, port: int) -> MllpServer:
        door = Door(feed, intake, process.clock, next_id)
        return MllpServer(door, port, host=doors.host, limits=doors.limits, tls=doors.tls)

    return make


def _http_of(process: Process, intake: Intake, doors: Doors, next_id: Callable[[], str]) -> HttpDoor | None:
    if doors.http is None:
        return None
    senders = Senders()
    post = Post(senders, intake, process.clock, next_id, doors.limits)
    return HttpDoor(senders, post, doors.http.port, host=doors.http.host, limits=doors.limits, tls=doors.http.tls)


def _admin(process: Process, relay: Relay, outages: Outages, topics: TopicDoors) -> Background:
    """Ready as long as messages can be stored: Kafka away closes no door."""

    def ready() -> str:
        return "mongodb" if "mongodb" in outages.away else "backlog-full" if relay.full else ""

    server = AdminServer(Health(topics.alive, ready), process.settings.admin_host, process.settings.admin_port)
    return Background(server.start, server.stop)


async def _nothing() -> None:
    """Voice starts by itself."""

"""A whole deployment on this machine: topics, mailbox, five services, directory; for `care up`, the demo and tests."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from demo.mailbox import Mailbox, OnMail
from demo.services import Wiring, start_services, stop_services, wire
from demo.stack import Stack
from demo.stack.ports import LOOPBACK, free_ports
from demo.stack.process import Server
from services.notifier.domain.directory_file import read_directory
from shared.feeds import FeedProfile, parse_feeds
from shared.schemas.directory import DirectoryEntrySet
from shared.schemas.envelope import Event, derived_id, said_by
from shared.stream.administration import create
from shared.stream.codec import encode
from shared.stream.kafka import Broker
from shared.stream.kafka_producer import KafkaPublisher
from shared.telemetry import wall_clock

DATA = Path(__file__).with_name("data")
PREPARED_SECONDS = 60.0
START = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)
"""A Monday, midnight in New York: where the fast clock begins."""


@dataclass(frozen=True)
class Deployment:
    """A running local deployment."""

    stack: Stack
    wiring: Wiring
    feeds: dict[str, FeedProfile]
    mailbox: Mailbox
    servers: dict[str, Server]

    @property
    def post_url(self) -> str:
        """Where messages are posted to."""
        return f"http://{LOOPBACK}:{self.wiring.environment['CARE_HTTP_PORT']}/adt"

    @property
    def broker(self) -> Broker:
        """How its services reach Kafka."""
        return Broker(self.stack.kafka.bootstrap, idempotent=self.stack.kafka.idempotent_producer)


@contextlib.contextmanager
def deployed(
    stack: Stack,
    *,
    fast_clock: bool,
    on_mail: OnMail | None = None,
    changes: dict[str, str] | None = None,
    start: datetime = START,
) -> Iterator[Deployment]:
    """Everything on top of `stack`, ready; stopped in order on leaving. `changes` are further `CARE_*` settings.

    `start`: what a fast clock shows at first.

    Raises StackError with the end of a log.
    """
    with contextlib.ExitStack() as cleanup:
        mailbox = Mailbox(stack.directory / "mailbox", on_mail)
        mailbox.start()
        cleanup.callback(mailbox.stop)
        feeds_file, feeds = _feeds(stack.directory)
        clock = stack.directory / "clock" if fast_clock else None
        if clock is not None:
            clock.write_text(start.isoformat())
        wiring = wire(stack.directory, stack.kafka, stack.mongo, mailbox.port, feeds_file, clock)
        wiring.environment.update(changes or {})
        broker = Broker(stack.kafka.bootstrap, idempotent=stack.kafka.idempotent_producer)
        topics = [feed.kafka_topic for feed in feeds.values() if feed.kafka_topic]
        asyncio.run(_prepare(broker, topics, sorted({feed.tenant for feed in feeds.values()})))
        servers = start_services(wiring)
        cleanup.callback(stop_services, servers)
        yield Deployment(stack, wiring, feeds, mailbox, servers)


def _feeds(directory: Path) -> tuple[Path, dict[str, FeedProfile]]:
    """The demo's feed profiles with free MLLP ports, and a new token for `POST /adt` in `token_file`."""
    token = secrets.token_urlsafe(32)
    file = token_file(directory)
    file.touch(0o600)
    file.write_text(token)
    text = (DATA / "feeds.toml").read_text("utf-8").replace("0" * 64, hashlib.sha256(token.encode()).hexdigest())
    text = re.sub(r"^mllp_port = 0$", lambda _: f"mllp_port = {free_ports(1)[0]}", text, flags=re.MULTILINE)
    file = directory / "feeds.toml"
    file.write_text(text)
    return file, parse_feeds(tomllib.loads(text))


def token_file(directory: Path) -> Path:
    """Where a stack in this directory keeps the token with which feed north may post."""
    return directory / "north.token"


async def _prepare(broker: Broker, topics: list[str], tenants: list[str]) -> None:
    await create(broker, 1, topics)
    entries = read_directory(tomllib.loads((DATA / "directory.toml").read_text("utf-8")))
    # on a busy machine a topic just made is without a leader for longer than a service would wait
    publisher = KafkaPublisher(replace(broker, send_timeout=PREPARED_SECONDS))
    now = wall_clock()
    events = [directory_event(entry, tenant, now) for tenant in tenants for entry in entries]
    await publisher.say([encode(event, event.data.TOPIC) for event in events])
    await publisher.close()


def directory_event(entry: DirectoryEntrySet, tenant: str, now: datetime) -> Event:
    """The event that sets an entry; the same entry and version has the same id."""
    id_ = derived_id("directory", tenant, entry.entry_id, entry.version)
    key = f"{tenant}|{entry.entry_id}"
    return said_by("care-transitions/care", entry, id_=id_, subject=entry.entry_id, key=key, time=now, tenant=tenant)

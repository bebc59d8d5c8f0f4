"""Says a command or a directory entry from the command line, confirmed by the broker before the command returns."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import datetime

import typer

from care.session import Session
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, EventData
from shared.schemas.identifiers import Identifier
from shared.stream.codec import encode
from shared.stream.kafka_producer import KafkaPublisher

SOURCE = "care-transitions/care"

ActorOption = typer.Option("", "--actor", help="Who does it: your staff id. Default: your login name.")


def actor_of(name: str) -> Identifier:
    """Who gives the command: the staff id that was named, else the login name."""
    return Identifier(value=name or getpass.getuser(), assigner="care-cli")


def event(data: EventData, *, id_: str, subject: str, key: str, now: datetime, tenant: str = "") -> Event:
    """The event that says `data`; a command leaves `tenant` empty, its aggregate knows."""
    envelope = Envelope(
        id=id_, source=SOURCE, type=TYPE_PREFIX + data.TYPE, subject=subject, time=now, key=key, tenant=tenant
    )
    return Event(envelope, data)


async def say(session: Session, events: Sequence[Event]) -> None:
    """Raises Away."""
    publisher = KafkaPublisher(session.broker)
    try:
        await publisher.say([encode(each, each.data.TOPIC) for each in events])
    finally:
        await publisher.close()

"""Says a command or a directory entry from the command line, confirmed by the broker before the command returns."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import datetime

import typer

from care.session import Session
from shared.schemas.envelope import Event, EventData, said_by
from shared.schemas.identifiers import Identifier
from shared.stream.codec import encode
from shared.stream.kafka import Broker
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.records import Saying

SOURCE = "care-transitions/care"

BATCH = 200
"""Records said in one go: all of them are confirmed within one time-out."""

ActorOption = typer.Option("", "--actor", help="Who does it: your staff id. Default: your login name.")


def actor_of(name: str) -> Identifier:
    """Who gives the command: the staff id that was named, else the login name."""
    return Identifier(value=name or getpass.getuser(), assigner="care-cli")


def event(data: EventData, *, id_: str, subject: str, key: str, now: datetime) -> Event:
    """The event with which the command line says `data`."""
    return said_by(SOURCE, data, id_=id_, subject=subject, key=key, time=now)


async def say(session: Session, events: Sequence[Event]) -> None:
    """Raises Away."""
    await say_all(session.broker, [encode(each, each.data.TOPIC) for each in events])


async def say_all(broker: Broker, sayings: Sequence[Saying]) -> None:
    """However many; all are confirmed when this returns. Raises Away; doing it again is safe."""
    publisher = KafkaPublisher(broker)
    try:
        for first in range(0, len(sayings), BATCH):
            await publisher.say(sayings[first : first + BATCH])
    finally:
        await publisher.close()

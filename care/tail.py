"""`care tail`: the records of a topic as they come, patient data masked. Belongs to no group and commits nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import typer

from care.audit import Looker, WhyOption, audited
from care.masking import MASK, masked
from care.publishing import ActorOption
from care.running import run
from care.session import session
from shared.schemas.envelope import TYPE_PREFIX
from shared.schemas.topics import ADT_INBOUND, BY_NAME
from shared.stream.administration import wanted
from shared.stream.deadletters import REASON
from shared.stream.kafka import Broker
from shared.stream.reading import Onlooker
from shared.stream.records import Heard

CONTRACT = frozenset(topic.name for topic in wanted())
VALIDATED = frozenset(BY_NAME) - {ADT_INBOUND.name}
"""Topics whose values only we write, by our own models."""


def tail(
    topic: str = typer.Argument(help="The topic, e.g. care.encounters.v1; docs/topics.md lists ours."),
    phi: bool = typer.Option(False, "--phi", help="Show the data as it is. It is put on record first."),
    reason: str = WhyOption,
    actor: str = ActorOption,
    from_beginning: bool = typer.Option(False, "--from-beginning", help="Begin with the oldest record that is kept."),
    follow: bool = typer.Option(True, "--follow/--no-follow", help="Wait for more, or end where the topic ends now."),
) -> None:
    """Show a topic's records: time, partition/offset, type, subject, sequence, key, and the data, masked.

    Ctrl-C ends it. Looking on disturbs nobody: no group is joined and no offset committed.
    """
    if not follow and not from_beginning:
        raise typer.BadParameter("there is nothing to wait for: add --from-beginning", param_hint="--no-follow")
    here = session()
    if phi:
        audited(here, Looker(actor, "care-tail", reason), topic)
    run(_tail(here.broker, topic, phi=phi, from_beginning=from_beginning, follow=follow))


async def _tail(broker: Broker, topic: str, *, phi: bool, from_beginning: bool, follow: bool) -> None:
    onlooker = Onlooker(broker, [topic], at_end=not from_beginning)
    try:
        await onlooker.start()
        if not onlooker.places:
            typer.secho(f"there is no topic {topic}; docs/topics.md lists ours", err=True, fg="red")
            raise typer.Exit(1)
        async for record in _following(onlooker) if follow else onlooker.until_end():
            typer.echo(line(record, phi=phi))
    except asyncio.CancelledError:
        return  # Ctrl-C
    finally:
        await onlooker.stop()


async def _following(onlooker: Onlooker) -> AsyncIterator[Heard]:
    while True:
        for record in await onlooker.fetch(0.5):
            yield record


def line(record: Heard, *, phi: bool) -> str:
    """One record. Of a hospital's own topic the key and the headers are its affair, and masked too."""
    known = phi or record.topic in CONTRACT
    when = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    named = [
        record.header("ce_type").removeprefix(TYPE_PREFIX),
        record.header("ce_subject"),
        record.header("ce_sequence"),
        (record.key or b"").decode("utf-8", "backslashreplace"),
        record.header(REASON),
    ]
    shown = [text if known else MASK for text in named if text]
    place = f"{record.partition}/{record.offset}"
    return "  ".join([f"{when:%Y-%m-%d %H:%M:%S.%f}"[:-3] + "Z", place, *shown, data_of(record, phi=phi)])


def data_of(record: Heard, *, phi: bool) -> str:
    """The value: as it is, or masked. What was dead-lettered or came from outside shows nothing but its form."""
    value = record.value or b""
    if phi:
        return value.decode("utf-8", "backslashreplace").replace("\r", "\n")
    return masked(value, ours=record.topic in VALIDATED)

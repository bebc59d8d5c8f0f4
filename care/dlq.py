"""`care dlq list|show|replay`: what could not be heard, and why; and bringing it back to the hearer that failed.

The record itself is shown only when asked for, and that is put on record. A replay reaches that hearer alone, and what
it has applied already changes nothing, so that a replay too many is no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table

from care.audit import Looker, WhyOption, audited
from care.publishing import ActorOption, say_all
from care.running import run
from care.session import session
from care.tail import data_of
from shared.schemas.topics import dead_letter_topics, original_of
from shared.stream.deadletters import PLACE, REASON, SERVICE, NotADeadLetter, replayed
from shared.stream.kafka import Broker
from shared.stream.reading import Onlooker
from shared.stream.records import Heard, Saying

app = typer.Typer(help="Dead letters: what could not be heard, and why; hearing it again.", no_args_is_help=True)


async def dead_letters(broker: Broker) -> list[Heard]:
    """All dead letters that are kept, oldest first in each partition. Raises Away."""
    onlooker = Onlooker(broker, [topic.name for topic in dead_letter_topics()])
    await onlooker.start()
    try:
        return [record async for record in onlooker.until_end()]
    finally:
        await onlooker.stop()


@app.command("list")
def list_letters() -> None:
    """Count the dead letters by topic, hearer and reason, then name each (place, hearer, reason, event id).

    What each reason means and what to do: docs/messages.md, "Reasons".
    """
    letters = run(dead_letters(session().broker))
    counts = Counter((r.header(PLACE).split("/")[0], r.header(SERVICE), r.header(REASON)) for r in letters)
    table = Table("topic", "hearer", "reason", "count", box=None)
    for (topic, service, reason), count in sorted(counts.items()):
        table.add_row(topic, service, reason, str(count))
    console = Console()
    console.print(table if counts else "no dead letters")
    for record in letters:
        typer.echo(
            f"{record.header(PLACE)}  {record.header(SERVICE)}  {record.header(REASON)}  {record.header('ce_id')}"
        )


@app.command("show")
def show(
    place: str = typer.Argument(help="TOPIC/PARTITION/OFFSET as `care dlq list` prints it."),
    phi: bool = typer.Option(False, "--phi", help="Show the record as it is. It is put on record first."),
    why: str = WhyOption,
    actor: str = ActorOption,
) -> None:
    """Show one dead letter: its headers, and the record with its patient masked, or with --phi as it is."""
    here = session()
    found = [record for record in run(dead_letters(here.broker)) if record.header(PLACE) == place]
    if not found:
        typer.secho(f"no dead letter {place}; `care dlq list` names them", err=True, fg="red")
        raise typer.Exit(1)
    if phi:
        audited(here, Looker(actor, "care-dlq-show", why), place, [record.header("ce_id") for record in found])
    for record in found:
        for name, value in record.headers:
            typer.echo(f"{name}: {value.decode('utf-8', 'backslashreplace')}")
        typer.echo(data_of(record, phi=phi))


@app.command("replay")
def replay(
    place: str = typer.Argument("", help="One dead letter: TOPIC/PARTITION/OFFSET as `care dlq list` prints it."),
    topic: str = typer.Option("", "--topic", help="Instead: every dead letter of this topic with this --reason."),
    reason: str = typer.Option("", "--reason", help="The reason as `care dlq list` prints it."),
    service: str = typer.Option("", "--service", help="Only this hearer's, where several failed."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Name what would be said again, and say nothing."),
) -> None:
    """Say dead letters again to the one hearer that failed, after what was wrong is mended.

    Only that service hears it; who heard it in time is told nothing twice. What was applied meanwhile changes nothing.
    What fails again is a dead letter of the same place again. The letters themselves stay until they expire.
    """
    by_reason = bool(topic and reason)
    if bool(place) == by_reason or (place and (topic or reason)):
        raise typer.BadParameter("name one PLACE, or a --topic and a --reason; `care dlq list` shows both")
    broker = session().broker
    found = chosen(run(dead_letters(broker)), place=place, topic=topic, reason=reason, service=service)
    if not found:
        typer.secho("no such dead letter; `care dlq list` names them", err=True, fg="red")
        raise typer.Exit(1)
    if not dry_run:
        run(say_again(broker, found))
    for letter in found:
        typer.echo(f"{letter.header(PLACE)}  {letter.header(SERVICE)}  {letter.header(REASON)}")
    typer.echo(f"{'would say' if dry_run else 'said'} {len(found)} again")


def chosen(
    letters: Sequence[Heard], *, place: str = "", topic: str = "", reason: str = "", service: str = ""
) -> list[Heard]:
    """The letters that are meant, in the order of their records; of one that failed again and again, the last."""
    last = {(letter.header(PLACE), letter.header(SERVICE)): letter for letter in letters if letter.header(PLACE)}
    meant = [
        letter
        for letter in last.values()
        if (letter.header(PLACE) == place if place else _is_of(letter, topic, reason))
        and service in ("", letter.header(SERVICE))
    ]
    return sorted(meant, key=_order)


def _is_of(letter: Heard, topic: str, reason: str) -> bool:
    return original_of(letter.header(PLACE).split("/")[0]) == topic and letter.header(REASON) == reason


def _order(letter: Heard) -> tuple[str, str, int, int]:
    """Records of one key were in one partition, in the order of their offsets."""
    topic, partition, offset = letter.header(PLACE).split("/")
    return letter.header(SERVICE), topic, int(partition), int(offset)


async def say_again(broker: Broker, letters: Sequence[Heard]) -> None:
    """Say them on their hearers' replay topics, confirmed when this returns. Raises Away; doing it again is safe."""
    await say_all(broker, [_replayed(letter) for letter in letters])


def _replayed(letter: Heard) -> Saying:
    try:
        return replayed(letter)
    except NotADeadLetter:
        where = f"{letter.topic}/{letter.partition}/{letter.offset}"
        typer.secho(
            f"{where} does not say whose dead letter it is, so nobody can be given it again", err=True, fg="red"
        )
        raise typer.Exit(1) from None

"""`care dlq list|show`: what could not be heard, and why. The record itself is shown only when asked for."""

from __future__ import annotations

from collections import Counter

import typer
from rich.console import Console
from rich.table import Table

from care.running import run
from care.session import session
from shared.schemas.topics import dead_letter_topics
from shared.stream.deadletters import PLACE, REASON, SERVICE
from shared.stream.reading import Onlooker
from shared.stream.records import Heard

app = typer.Typer(help="Dead letters: what could not be heard, by whom, and why.", no_args_is_help=True)


async def dead_letters() -> list[Heard]:
    """All dead letters that are kept, oldest first in each topic."""
    onlooker = Onlooker(session().broker, [topic.name for topic in dead_letter_topics()])
    await onlooker.start()
    try:
        return [record async for record in onlooker.until_end()]
    finally:
        await onlooker.stop()


@app.command("list")
def list_letters() -> None:
    """Count the dead letters by topic, hearer and reason, then name each (place, reason, event id)."""
    letters = run(dead_letters())
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
    phi: bool = typer.Option(False, "--phi", help="Also show the record itself, which may hold patient data."),
) -> None:
    """Show one dead letter: headers, and with --phi the record."""
    found = [record for record in run(dead_letters()) if record.header(PLACE) == place]
    if not found:
        typer.secho(f"no dead letter {place}; `care dlq list` names them", err=True, fg="red")
        raise typer.Exit(1)
    for record in found:
        for name, value in record.headers:
            typer.echo(f"{name}: {value.decode('utf-8', 'backslashreplace')}")
        if phi:
            text = (record.value or b"").decode("utf-8", "backslashreplace")
            typer.echo(text.replace("\r", "\n"))

"""`care hl7 read`: what we read in a hospital's messages, as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import typer

from care.hl7_read import read_lines
from services.admissions.adt import FeedFacts
from shared.hl7.times import DateOrder

app = typer.Typer(help="Reading HL7 v2, without a deployment.", no_args_is_help=True)


@app.command("read")
def read(
    files: list[Path] = typer.Argument(metavar="FILE…", help="ER7 files: one message, many, MLLP or batch framing."),
    zone: str = typer.Option("UTC", help="IANA zone for times without an offset."),
    authority: str = typer.Option("", help="Assigning authority for identifiers that name none."),
    charset: str = typer.Option("", help="Overrides MSH-18."),
    dates: DateOrder = typer.Option(DateOrder.UNSAID, help="Which of 01/02/2026 is the month."),
) -> None:
    """Print each message as one line of JSON, the `AdtEvent`; a bad one as a line with `error`. Exit 1 if any was."""
    feed = FeedFacts("file", zone, default_authority=authority, charset=charset or None, date_order=dates)
    wrong = 0
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as error:
            typer.secho(f"{file}: {error.strerror}", err=True, fg="red")
            raise typer.Exit(66) from None
        for line in read_lines(data, feed):
            wrong += "error" in line
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.flush()
    if wrong:
        raise typer.Exit(1)


@app.callback()
def _group() -> None:
    """Keeps `read` a sub-command."""

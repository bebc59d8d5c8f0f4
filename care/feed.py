"""`care feed`: one hospital's feed, before it is connected and after."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from care.feed_check import Check
from care.feed_file import Unchangeable, set_mode
from care.feed_report import TOLD, Line, shadow_of
from care.profiles import SETTING, known_at, place_of, profiles_at
from care.running import run
from care.session import business_time, environment, session
from services.notifier.handlers import DELIVERIES
from shared.feeds import FeedProfile
from shared.profiles import DOORS_LOOKS, LOOK_SECONDS, file_of
from shared.schemas.envelope import Mode

app = typer.Typer(
    help="One hospital's feed: a dry run of its files, its mode, and what came of its shadow.", no_args_is_help=True
)

_LIMIT = 1_000_000
_MEANS = {
    Mode.OFF: "its doors close; what it sends waits at its side",
    Mode.BACKLOAD: "what it sends becomes known, nobody is told of it",
    Mode.SHADOW: "what it sends is decided and recorded, nobody is told",
    Mode.LIVE: "PEOPLE ARE TOLD of what it sends from now on",
}


@app.command("check")
def check(
    profile: Path = typer.Argument(metavar="PROFILE", help="A file of feed profiles, or a directory of them."),
    files: list[Path] = typer.Argument(metavar="FILE…", help="ER7 files: one message, many, MLLP or batch framing."),
    feed: str = typer.Option("", help="Which feed, where the profile holds several."),
    limit: int = typer.Option(_LIMIT, help="The gateway's CARE_MESSAGE_LIMIT_BYTES."),
    strict: bool = typer.Option(False, "--strict", help="Exit 1 if any message would come to nothing."),
) -> None:
    """Read files of messages through a profile, without any deployment, and say what would become of them.

    Shows no name, no number and no birth date: files are named by place, numbers by their shape. A message comes to
    nothing by a fault of its own: refused at the door, or stored and a dead letter. Exit 1 if a file holds no message.
    """
    found = Check(_chosen(profile, feed), limit, datetime(2000, 1, 1, tzinfo=UTC))
    for file in files:
        try:
            found.hear(file.name, file.read_bytes())
        except OSError as error:
            typer.secho(f"{file}: {error.strerror}", err=True, fg="red")
            raise typer.Exit(66) from None
    _show(found)
    for name in found.empty:
        typer.secho(f"{name}: there is no message in it", err=True, fg="yellow")
    if found.empty or (strict and found.to_nothing):
        raise typer.Exit(1)


def _chosen(place: Path, feed: str) -> FeedProfile:
    profiles = profiles_at(place)
    if not feed and len(profiles) == 1:
        return next(iter(profiles.values()))
    if feed not in profiles:
        typer.secho(f"{place} holds {', '.join(profiles)}: name one with --feed", err=True, fg="red")
        raise typer.Exit(64)
    return profiles[feed]


def _show(found: Check) -> None:
    typer.echo(
        f"{found.messages} messages, {found.read} of them ADT that can be read, {found.to_nothing} come to nothing"
    )
    console = Console()
    wide = Console(width=max(console.width, 120))
    for title, heads, rows in found.report():
        table = Table(*heads, box=None)
        for row in rows:
            table.add_row(*row)
        wide.print(f"\n[bold]{title}[/]")
        wide.print(table)


@app.command("mode")
def mode(
    feed: str = typer.Argument(help="The feed's name."),
    mode: Mode = typer.Argument(help="off, backload, shadow or live."),
) -> None:
    """Write a feed's mode into its profile. gateway and admissions that read this file follow by themselves.

    Only that line is changed, and only if the profiles are valid. Counts for messages that come from then on.
    """
    place = place_of(environment())
    profiles = profiles_at(place)
    if feed not in profiles:
        typer.secho(f"there is no feed {feed}; there are {', '.join(profiles)}", err=True, fg="red")
        raise typer.Exit(64)
    file = file_of(place, feed)
    try:
        before = set_mode(file, feed, mode)
    except (Unchangeable, OSError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else str(fault)
        typer.secho(f"{file} is not changed: {why}", err=True, fg="red")
        raise typer.Exit(73) from None
    typer.echo(f"{feed}: {before} → {mode.value} in {file.name}; {_MEANS[mode]}")
    typer.echo(f"The doors follow within about {DOORS_LOOKS * LOOK_SECONDS + LOOK_SECONDS:.0f} seconds.")


@app.command("token")
def token(
    feed: str = typer.Argument(help="The feed's name."),
    file: Path = typer.Option(None, "--file", help="Where the token is written. Default: FEED.token, here."),
) -> None:
    """Make a bearer token for `POST /adt`, write it to a new file that only you can read, and say its profile's line.

    The token itself is kept nowhere else: give the file to the hospital by a safe way, then delete it.
    """
    place, made = file or Path(f"{feed}.token"), secrets.token_urlsafe(32)
    try:
        with open(place, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as written:
            written.write(made + "\n")
    except OSError as error:
        typer.secho(f"{place} is not written: {error.strerror}", err=True, fg="red")
        raise typer.Exit(73) from None
    typer.echo(f"The token is in {place}. The line for the profile of {feed}, in place of one that is there:", err=True)
    typer.echo(f'http_token_sha256 = "{hashlib.sha256(made.encode()).hexdigest()}"')


@app.command("report")
def report(
    feed: str = typer.Argument(help="The feed's name."),
    days: float = typer.Option(7.0, "--days", min=0.01, help="How far back it looks."),
) -> None:
    """Count who would have been told of what this feed sent while its mode was shadow, and why others would not.

    By notice, recipient and channel. Each delivery and stay by itself: `care trace`.
    """
    here = session()
    now = business_time(here)

    async def found() -> list[Line]:
        return await shadow_of(here.database("notifier")[DELIVERIES], feed, now - timedelta(days=days))

    lines = run(found())
    if not lines and here.settings.get(SETTING):
        known_at(place_of(here.settings), feed)
    told = [line for line in lines if line.why == TOLD]
    typer.echo(f"{feed}, {days:g} days: {sum(line.deliveries for line in told)} deliveries {TOLD}")
    table = Table("what would have been", "notice", "to", "by", "deliveries", "stays", box=None)
    for line in lines:
        table.add_row(line.why, line.what, line.who, line.channel, str(line.deliveries), str(line.stays))
    console = Console()
    Console(width=max(console.width, 120)).print(table)

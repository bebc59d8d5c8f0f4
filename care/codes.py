"""`care codes`: the codes that hospitals send and nobody knows, and what they mean from now on.

Looks into admissions' patients by an index of those alone; shows no patient, no stay and no number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import typer
from rich.console import Console
from rich.table import Table

from care.feed_codes import MAPS, set_code
from care.feed_file import Unchangeable
from care.profiles import place_of, profiles_at
from care.running import run
from care.session import environment, session
from services.admissions.store import UnmappedCode, unmapped_codes
from shared.profiles import HEARERS_LOOKS, LOOK_SECONDS, file_of

app = typer.Typer(help="The codes of hospitals that are in no table and in no map.", no_args_is_help=True)

HEADS: Final = ("feed", "field", "code", "patients", "sent last (oldest stay)")
"""Each message says a stay's code anew: the time is that of the last one, of the stay in which that is longest ago."""
_SHORT: Final = 4
_FEW: Final = 3


@app.command("list")
def list_(
    feed: str = typer.Option("", "--feed", help="Of this feed only."),
    rare: bool = typer.Option(False, "--rare", help="Show long codes of few patients too: perhaps they are no codes."),
) -> None:
    """List the unknown codes that stand in stays, those of most patients first. Nothing waits for them.

    A code of more than four characters that fewer than three patients have is shown by its length, unless --rare:
    a hospital may have sent a name in the wrong field.
    """
    here = session()
    found = run(unmapped_codes(here.database("admissions")))
    rows = rows_of(found, feed, rare=rare)
    table = Table(*HEADS, box=None)
    for row in rows:
        table.add_row(*row)
    console = Console()
    Console(width=max(console.width, 120)).print(table if rows else "every code that stands in a stay is known")


def rows_of(found: Iterable[UnmappedCode], feed: str, *, rare: bool) -> list[tuple[str, ...]]:
    """As they are shown, the code of most patients first."""
    rows: list[tuple[str, ...]] = []
    for one in sorted(found, key=lambda one: (-one.patients, one.code)):
        of, field, code = one.code.split("|", 2)
        if feed in ("", of):
            is_shown = rare or len(code) <= _SHORT or one.patients >= _FEW
            since = f"{datetime.fromisoformat(one.since):%Y-%m-%d %H:%MZ}"
            rows.append((of, field, code if is_shown else f"({len(code)} characters)", str(one.patients), since))
    return rows


@app.command("map")
def map_(
    feed: str = typer.Argument(help="The feed's name."),
    field: str = typer.Argument(help=f"Where the code is sent: {', '.join(MAPS)}."),
    code: str = typer.Argument(help="The code as the hospital sends it."),
    value: str = typer.Argument(help="What it means, in the table of its field (docs/feeds.md)."),
) -> None:
    """Write what a code means into its feed's profile, and nothing else. Stays in which it stands are decided again.

    Only that line of the file is changed, and only if the profiles are valid then. A type of PID-3.5 counts for
    messages that come from then on.
    """
    if field.upper() not in MAPS:
        typer.secho(f"{field} has no map; there are {', '.join(MAPS)}", err=True, fg="red")
        raise typer.Exit(64)
    place = place_of(environment())
    profiles = profiles_at(place)
    if feed not in profiles:
        typer.secho(f"there is no feed {feed}; there are {', '.join(profiles)}", err=True, fg="red")
        raise typer.Exit(64)
    file = file_of(place, feed)
    try:
        before = set_code(file, feed, field.upper(), code, value)
    except (Unchangeable, OSError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else str(fault)
        typer.secho(f"{file} is not changed: {why}", err=True, fg="red")
        raise typer.Exit(73) from None
    typer.echo(f"{feed} {field.upper()}: {code} means {value} (before: {before or 'nothing'}) in {file.name}")
    seconds = (HEARERS_LOOKS + 1) * LOOK_SECONDS
    typer.echo(f"admissions reads it within about {seconds:.0f} seconds and decides again where it stands.")

"""`care directory load`: say who can be told, and how each wants it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import typer

from care.profiles import place_of, profiles_at
from care.publishing import say
from care.running import run
from care.session import session
from demo.deployment import directory_event
from services.notifier.domain.directory_file import BadDirectory, read_directory
from shared.schemas.directory import DirectoryEntrySet
from shared.telemetry import wall_clock

app = typer.Typer(help="Who can be told of a patient's transitions, and by which channel.", no_args_is_help=True)


def entries_of(file: Path) -> list[DirectoryEntrySet]:
    """The entries of a directory file, or a list of what is wrong and exit 65 (EX_DATAERR)."""
    try:
        return read_directory(tomllib.loads(file.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        problems = [f"not TOML: {error}"]
    except OSError as error:
        problems = [f"cannot be read: {error.strerror}"]
    except BadDirectory as bad:
        problems = [str(problem) for problem in bad.problems]
    for problem in problems:
        typer.secho(f"{file}: {problem}", err=True, fg="red")
    raise typer.Exit(65)


@app.command("load")
def load(
    file: Path = typer.Argument(help="TOML: a version and a table of entries (example: demo/data/directory.toml)."),
    tenant: str = typer.Option(help="Whose directory it is: the tenant of the feed profiles."),
) -> None:
    """Check a directory file as a whole, then say every entry of it. Raise its version with each change."""
    entries = entries_of(file)
    here = session()
    tenants = sorted({profile.tenant for profile in profiles_at(place_of(here.settings)).values()})
    if tenant not in tenants:
        raise typer.BadParameter(f"no feed has it; there are {', '.join(tenants) or 'none'}", param_hint="--tenant")
    now = wall_clock()
    run(say(here, [directory_event(entry, tenant, now) for entry in entries]))
    typer.echo(f"said {len(entries)} entries of version {entries[0].version} for tenant {tenant}")


@app.callback()
def _group() -> None:
    """Keeps `load` a sub-command."""

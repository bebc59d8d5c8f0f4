"""The feed profiles that a deployment goes by, for the commands: read where its services read them, or said why not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from shared.feeds import FeedProfile, FeedsInvalid
from shared.profiles import read_feeds, usable_feeds

SETTING = "CARE_FEEDS_FILE"


def place_of(settings: Mapping[str, str]) -> Path:
    """The file or directory that the gateway reads, or exit 78."""
    place = settings.get(SETTING, "")
    if not place:
        typer.secho(f"{SETTING} is not set: the feeds are not known", err=True, fg="red")
        typer.echo("Set it to the file or directory that the gateway reads (docs/feeds.md).", err=True)
        raise typer.Exit(78)
    return Path(place)


def profiles_at(place: Path) -> dict[str, FeedProfile]:
    """The profiles by feed, or every fault of them and exit 78."""
    try:
        return read_feeds(place)
    except FeedsInvalid as invalid:
        for problem in invalid.problems:
            typer.secho(f"{place}: {problem}", err=True, fg="red")
        raise typer.Exit(78) from None


def usable_at(place: Path) -> dict[str, FeedProfile]:
    """For a command that only looks: the profiles that can be used; what is wrong with the others is said."""
    found, problems = usable_feeds(place)
    for problem in problems:
        typer.secho(f"{place}: {problem}", err=True, fg="yellow")
    if problems:
        typer.echo(
            "Mend it there. Until then running services go by the edition before it, and none can start; what "
            "follows leaves out what stands in those profiles alone (docs/feeds.md).",
            err=True,
        )
    return found


def known_at(place: Path, feed: str) -> None:
    """That `feed` has a profile, or exit 2 with the names of those that have. A faulty profile is none to name."""
    profiles, problems = usable_feeds(place)
    if feed in profiles:
        return
    typer.secho(f"there is no feed {feed}; there are {', '.join(sorted(profiles)) or 'none'}", err=True, fg="red")
    for problem in problems:
        typer.secho(f"{place}: {problem}", err=True, fg="yellow")
    raise typer.Exit(2)

"""Which stored messages a command is about: the options that name them, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import typer

IdOption = typer.Option([], "--id", help="Its id, as this command prints it. May be given several times.")
MrnOption = typer.Option("", "--mrn", help="A patient's number, of any type and authority.")
VisitOption = typer.Option("", "--visit", help="A visit number.")
ControlOption = typer.Option("", "--control-id", help="MSH-10 of the message.")
FeedOption = typer.Option("", "--feed", help="The feed that it came by.")
SinceOption = typer.Option("", "--since", help="Received at or after this time, ISO 8601 with offset.")
UntilOption = typer.Option("", "--until", help="Received before this time, ISO 8601 with offset.")


@dataclass(frozen=True)
class Selection:
    """Which messages are meant: those that are all of this. (), "" and None: any."""

    ids: tuple[str, ...] = ()
    mrn: str = ""
    visit: str = ""
    control_id: str = ""
    feed: str = ""
    since: datetime | None = None
    until: datetime | None = None


def selection_of(
    ids: Sequence[str] = (), *, since: str = "", until: str = "", every: bool = False, **named: str
) -> Selection:
    """The selection as options say it. Raises BadParameter for a time that is none, and for nothing unless `every`."""
    if not every and not any((ids, since, until, *named.values())):
        raise typer.BadParameter("say which: --id, --mrn, --visit, --control-id, --feed, --since or --until")
    return Selection(tuple(ids), since=_time(since, "--since"), until=_time(until, "--until"), **named)


def _time(text: str, option: str) -> datetime | None:
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("no ISO 8601 time", param_hint=option) from None
    if when.tzinfo is None:
        raise typer.BadParameter("needs an offset, e.g. 2026-11-05T14:00:00-05:00", param_hint=option)
    return when

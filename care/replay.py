"""`care replay`: raw messages heard again by admissions, after a profile or a rule was mended; first without effect.

A message whose every word is known already changes nothing, so that a replay too many is no harm. With --reread what an
earlier reading of the same message left in a patient's document is taken out first, and put again as it is read now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import typer

from care.messages import Row, identity_secret, selected
from care.profiles import place_of, profiles_at
from care.publishing import say_all
from care.rehearsal import Outcome, rehearse
from care.running import run
from care.selecting import (
    ControlOption,
    FeedOption,
    IdOption,
    MrnOption,
    SinceOption,
    UntilOption,
    VisitOption,
    selection_of,
)
from care.session import Session, business_time, session
from services.admissions.handlers import handlers as admissions
from services.discharge.handlers import handlers as discharge
from services.discharge.settings import Settings as DischargeSettings
from services.discharge.store import PATHWAYS, federal_calendar, load_pathways
from services.followup.handlers import handlers as followup
from services.followup.settings import Settings as FollowupSettings
from services.gateway.domain.saying import saying_of
from services.gateway.store import message_of
from services.notifier.handlers import handlers as notifier
from services.notifier.settings import Settings as NotifierSettings
from shared.mongo.documents import MongoDocuments
from shared.schemas.topics import ADT_INBOUND
from shared.settings import read
from shared.stream.codec import QUIET, REREAD
from shared.stream.decisions import Handler
from shared.stream.records import Saying

HEARER: Final = "admissions"


def replay(  # noqa: PLR0913 - its options
    id_: list[str] = IdOption,
    mrn: str = MrnOption,
    visit: str = VisitOption,
    control_id: str = ControlOption,
    feed: str = FeedOption,
    since: str = SinceOption,
    until: str = UntilOption,
    limit: int = typer.Option(1000, "--limit", min=1, help="If more are meant than this, nothing is done."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would change and who would be told; say nothing."),
    silent: bool = typer.Option(False, "--silent", help="Set the record straight and tell nobody."),
    reread: bool = typer.Option(False, "--reread", help="Read again what is known, by the profiles of today."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask first."),
) -> None:
    """Say raw messages again to admissions alone, with their own ids, oldest first.

    They are read by the profiles of today; the mode is that of the day they came. What is new in them goes on to the
    other services as ever, and people are told unless --silent. With --dry-run all of it is worked out on copies first:
    encounters, transitions and tasks as they stand and as they would, and every delivery with what holds it back.

    A message that is known changes nothing, unless --reread: then its earlier reading is taken out first. A field that
    only messages beside the selection wrote is not found again: select the whole time in question, and do it twice.
    """
    here = session()
    meant = selection_of(id_, mrn=mrn, visit=visit, control_id=control_id, feed=feed, since=since, until=until)
    rows = run(selected(here, meant, limit + 1))
    if not rows or len(rows) > limit:
        told = (
            f"more than {limit} messages are meant: say which, or raise --limit" if rows else "no such message is kept"
        )
        typer.secho(told, err=True, fg="red")
        raise typer.Exit(1)
    sayings = sayings_of(rows, silent=silent, asked=business_time(here).isoformat() if reread else "")
    if dry_run:
        for line in lines_of(run(_rehearsed(here, sayings)), len(rows)):
            typer.echo(line)
        return
    manner = ", and nobody is told" if silent else "; people may be told"
    if not yes:
        typer.confirm(f"say {len(rows)} messages again to {HEARER}{manner}?", abort=True)
    run(say_all(here.broker, sayings))
    typer.echo(f"said {len(rows)} again")


def sayings_of(rows: Sequence[Row], *, silent: bool, asked: str = "") -> list[Saying]:
    """What is said of these stored rows, in the order in which they came: as the first time, to one hearer alone.

    `asked`: which asking that they be read anew this is, "" for none.
    """
    ours = ((QUIET, b"true"),) * silent + ((REREAD, asked.encode()),) * bool(asked)
    in_order = sorted(rows, key=lambda row: row["received_at"])
    said = [saying_of(message_of(row)) for row in in_order]
    return [replace(one, topic=ADT_INBOUND.replays(HEARER), headers=(*one.headers, *ours)) for one in said]


async def _rehearsed(here: Session, sayings: Sequence[Saying]) -> Outcome:
    handlers = production(here)
    return await rehearse(sayings, handlers, {name: MongoDocuments(here.database(name)) for name in handlers})


def production(here: Session) -> dict[str, Mapping[str, Handler]]:
    """The handlers of the four services, as their own settings make them; exits with 78 where these do not suffice."""
    os.environ.update(here.settings)  # as the services find them: a local stack's are in its file
    return {
        "admissions": admissions(profiles_at(place_of(here.settings)), identity_secret(here)),
        "discharge": discharge(load_pathways(read(DischargeSettings).pathways_file or PATHWAYS), federal_calendar()),
        "followup": followup(timedelta(hours=read(FollowupSettings).escalation_hours)),
        "notifier": notifier(read(NotifierSettings).notifier),
    }


def lines_of(outcome: Outcome, messages: int) -> Iterator[str]:
    """What is printed of a rehearsal of so many messages: ids, codes and counts."""
    for change in outcome.changes:
        yield f"{change.what} {change.id}: {change.before or 'none'} → {change.after or 'none'}"
    for one in sorted(outcome.deliveries, key=lambda one: (one.status != "pending", one.recipient)):
        what = f"{'correction: ' if one.corrects else ''}{one.tells}"
        who = one.recipient or f"role {one.role}"
        held = f"held back ({one.reason})" if one.reason else f"would be told by {one.channel}"
        yield f"{who}: {what} of encounter {one.encounter_id}, {held}"
    for (hearer, reason), count in sorted(outcome.unheard.items()):
        yield f"not heard by {hearer}: {reason}, {count}"
    for code, count in sorted(outcome.set_aside.items()):
        yield f"not for {HEARER}: {code}, {count}"
    written = ", ".join(f"{service} {count}" for service, count in outcome.documents.items())
    known = messages - sum(outcome.unheard.values()) - sum(outcome.set_aside.values())
    nothing = f"none, {known} known again" if known else "none"
    yield f"{messages} messages; documents that would change: {written or nothing}"

"""`care messages`: raw messages, and what was refused, as the gateway keeps them, by number, control id, feed or time.

Everything goes by an index: numbers by their keyed hashes (`services.gateway.domain.search`), never by the numbers.
Without --phi nothing of a message is shown but its ids, its trigger, when it came and how long it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from care.audit import Looker, WhyOption, audited
from care.profiles import SETTING, known_at
from care.publishing import ActorOption
from care.refused import refuse_numbers, refused, refused_table
from care.running import run
from care.selecting import (
    ControlOption,
    FeedOption,
    IdOption,
    MrnOption,
    Selection,
    SinceOption,
    UntilOption,
    VisitOption,
    selection_of,
)
from care.session import Session, session
from services.gateway.domain.search import Kind, search_key
from services.gateway.store import RAW, REFUSED
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed
from shared.mongo.client import away
from shared.schemas.registry import JSON_MEDIA_TYPE
from shared.secret import SecretRefused, compare_fingerprint, read_secret

IDENTITY_FILE: Final = "CARE_IDENTITY_SECRET_FILE"
MOST: Final = 1_000
"""Messages shown at once, so that one record can name all that were looked at."""
_TRIGGER: Final = re.compile(r"[A-Z][0-9]{2}")

Row = dict[str, Any]
Keys = Mapping[Kind, Sequence[str]]


def messages(  # noqa: PLR0913 - its options
    id_: list[str] = IdOption,
    mrn: str = MrnOption,
    visit: str = VisitOption,
    control_id: str = ControlOption,
    feed: str = FeedOption,
    since: str = SinceOption,
    until: str = UntilOption,
    is_refused: bool = typer.Option(False, "--refused", help="Instead: what the doors refused, and why."),
    limit: int = typer.Option(50, "--limit", min=1, max=MOST, help="The newest so many."),
    phi: bool = typer.Option(False, "--phi", help="Also show the messages themselves. It is put on record first."),
    reason: str = WhyOption,
    actor: str = ActorOption,
) -> None:
    """Find raw messages, oldest first: id, feed, control id, trigger, time received, whether said on, bytes.

    They are kept for CARE_RAW_DAYS after they were said. A message stored by an edition before this command has no
    search keys: it is found by feed, time and control id only.

    With --refused: what was refused (AR, CR, 422, 413): id, feed, code, time received, bytes of the copy that is kept.
    What each code means: docs/messages.md.
    """
    here = session()
    named = {"mrn": mrn, "visit": visit, "control_id": control_id, "feed": feed, "since": since, "until": until}
    meant = selection_of(id_, **named, every=is_refused)
    if is_refused:
        refuse_numbers(meant)
    rows = run(chosen(here, meant, limit + 1, is_refused=is_refused))
    if not rows:
        _say_none(here, feed)
    if len(rows) > limit:
        typer.secho(f"the newest {limit}; there are more: --limit", err=True)
    shown = list(reversed(rows[:limit]))
    if phi:
        place = f"gateway/{REFUSED if is_refused else RAW}"
        audited(here, Looker(actor, "care-messages", reason), place, [row["_id"] for row in shown])
    Console(width=max(Console().width, 160)).print(refused_table(shown) if is_refused else table(shown))
    for row in shown if phi else ():
        typer.echo(f"\n{row['_id']}\n{text_of(row)}")


def _say_none(here: Session, feed: str) -> NoReturn:
    """Exits with 2 where the feed is unknown, else with 1."""
    if feed and here.settings.get(SETTING):
        known_at(Path(here.settings[SETTING]), feed)
    typer.secho("no such message is kept", err=True)
    raise typer.Exit(1)


async def chosen(here: Session, meant: Selection, limit: int, *, is_refused: bool) -> list[Row]:
    """The newest `limit` of the messages, or of the copies of what was refused, newest first. Raises Away."""
    if is_refused:
        return await refused(here.database("gateway")[REFUSED], meant, limit)
    return await selected(here, meant, limit)


async def selected(here: Session, meant: Selection, limit: int) -> list[Row]:
    """The newest `limit` of them, newest first. Exits with 78 where a number is asked for and the secret is unknown."""
    database = here.database("gateway")
    keys = await keys_of(here, database, meant)
    return await found(database[RAW], meant, keys, limit)


async def keys_of(here: Session, database: Any, meant: Selection) -> Keys:
    """The search keys of the numbers that are asked for, of every tenant of which a message is kept."""
    asked: list[tuple[Kind, str]] = [("mrn", meant.mrn), ("visit", meant.visit)]
    if not any(value for _, value in asked):
        return {}
    secret = identity_secret(here)
    try:
        await compare_fingerprint(database, secret)
    except SecretRefused as refused:
        raise _without_secret(refused) from None
    tenants = await tenants_of(database[RAW])
    return {kind: [search_key(secret, tenant, kind, value) for tenant in tenants] for kind, value in asked if value}


async def tenants_of(raw: Any) -> list[str]:
    """As the newest message of each feed says: whether the profiles can be read now changes nothing. Raises Away."""
    with away():
        feeds = await raw.distinct("feed")
        newest = [raw.find({"feed": feed}, {"tenant": 1}, limit=1, hint="feed_time") for feed in feeds]
        rows = [row for one in newest for row in await one.sort([("received_at", -1)]).to_list(1)]
    return sorted({row["tenant"] for row in rows})


def identity_secret(here: Session) -> bytes:
    """The secret that the deployment's ids and keys are made with. Exits with 78 where it is not known."""
    try:
        file = here.settings.get(IDENTITY_FILE, "")
        if not file:
            raise SecretRefused("is not set")
        return read_secret(Path(file))
    except SecretRefused as refused:
        raise _without_secret(refused) from None


def _without_secret(refused: SecretRefused) -> typer.Exit:
    typer.secho(f"{IDENTITY_FILE}: {refused}; numbers are found and read by it", err=True, fg="red")
    return typer.Exit(78)


async def found(raw: Any, meant: Selection, keys: Keys, limit: int) -> list[Row]:
    """The newest `limit` rows of `raw`, newest first, by one index. Raises Away."""
    with away():
        named = meant.ids or meant.control_id or keys or meant.feed
        feeds = [] if named else await raw.distinct("feed")
        query, index = query_of(meant, keys, feeds)
        rows: list[Row] = await raw.find(query, limit=limit, hint=index).sort([("received_at", -1)]).to_list(limit)
    return rows


def query_of(meant: Selection, keys: Keys, feeds: Sequence[str]) -> tuple[Row, str]:
    """The query and the index it goes by: that of the rarest thing it names. `feeds`: all there are, for time alone."""
    parts: list[Row] = [{"search": {"$in": list(some)}} for _, some in sorted(keys.items(), reverse=True)]
    if meant.ids:
        parts.append({"_id": {"$in": list(meant.ids)}})
    if meant.control_id:
        parts.append({"control_id": meant.control_id})
    if meant.feed or feeds:
        parts.append({"feed": {"$in": [meant.feed] if meant.feed else list(feeds)}})
    times = {name: at for name, at in (("$gte", meant.since), ("$lt", meant.until)) if at}
    if times:
        parts.append({"received_at": times})
    index = "_id_" if meant.ids else "control_id" if meant.control_id else "search" if keys else "feed_time"
    return {"$and": parts}, index


def table(rows: Sequence[Row]) -> Table:
    """One line a message; nothing of a patient."""
    names = ("id", "feed", "control id", "trigger", "received", "said", "bytes")
    shown = Table(*(Column(name, no_wrap=True) for name in names), box=None)
    for row in rows:
        received = f"{row['received_at']:%Y-%m-%d %H:%M:%S}Z"
        size = str(len(row["body"]))
        control_id = escape(row["control_id"])  # the sender's text, and no markup
        shown.add_row(row["_id"], row["feed"], control_id, trigger_of(row), received, _said(row), size)
    return shown


def _said(row: Row) -> str:
    return "said" if row.get("said_at") else row.get("set_aside") or "waits"


def trigger_of(row: Row) -> str:
    """The trigger, "" where none was sent in a trigger's form: what stands there may be anything."""
    body = bytes(row["body"])
    found = _json_trigger(body) if row["media_type"] == JSON_MEDIA_TYPE else _er7_trigger(body)
    return found if _TRIGGER.fullmatch(found) else ""


def _json_trigger(body: bytes) -> str:
    return str(json.loads(body).get("trigger", ""))


def _er7_trigger(body: bytes) -> str:
    try:
        return parse(body, charset="latin-1").header.text(9, 2).strip().upper()
    except Malformed:
        return ""


def text_of(row: Row) -> str:
    """The message as it came, a segment a line."""
    return bytes(row["body"]).decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")

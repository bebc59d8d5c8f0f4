"""`care feeds`: each hospital's feed, its door and what came through it lately.

Looks into the gateway's database, as an operator may. The newest messages are found from the end of the collection, so
that it costs the same however many are kept; only a feed that has been silent for long is searched for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from care.pages import Page, page
from care.profiles import place_of, usable_at
from care.running import run
from care.session import ADMIN_PORT, Session, business_time, session
from services.gateway.store import RAW, REFUSED
from shared.feeds import FeedProfile
from shared.mongo.client import away

COUNTING = ("gateway", "admissions")
RECENT = 20_000
"""So many of the newest messages are looked at for the rate."""

HEADS = (
    "feed",
    "door",
    "mode",
    "last message",
    "a minute",
    "stored",
    "repeated",
    "reused id",
    "refused",
    "unanswered",
    "unsaid",
)


@dataclass(frozen=True)
class Kept:
    """What the gateway's database holds of one feed; `last`: its newest message, on the business clock."""

    last: datetime | None
    recent: int
    refused: int
    unsaid: int


def feeds(
    minutes: float = typer.Option(5.0, "--minutes", min=0.1, help="Over how many minutes the rate is taken."),
) -> None:
    """Show each feed: door, mode, last message, rate, and what was stored, refused or not said yet.

    Stored, repeated, unanswered and reused id (stored too: a control id that came before with other bytes) count from
    the gateway's start and need its admin port, as do the lines below the table: what was set aside, by message code,
    and, of admissions' start and port, what had to be assumed. The rest is from the gateway's database. A feed whose
    last message is old is silent, or its door is not reached: ask the hospital. One with ? has sent and has no
    profile that can be used: it was taken out, or has a fault, which is said.
    """
    here = session()
    profiles = usable_at(place_of(here.settings))
    now = business_time(here)
    kept = run(kept_of(here, profiles, now - timedelta(minutes=minutes)))
    gateway, admissions = (page(port) if (port := here.admin_port(name)) else None for name in COUNTING)
    console = Console()
    Console(width=max(console.width, 144)).print(table(profiles, kept, gateway, minutes))
    for line in noticed(kept, gateway, admissions):
        typer.echo(line)
    for name, counts in zip(COUNTING, (gateway, admissions), strict=True):
        if counts is None:
            typer.echo(f"{ADMIN_PORT}{name.upper()} is not set, so what {name} counts is not known.", err=True)


async def kept_of(here: Session, profiles: Mapping[str, FeedProfile], since: datetime) -> dict[str, Kept]:
    """What is stored of each feed with a profile, then of each without that has sent. Raises Away.

    `recent` counts the messages received after `since`.
    """
    database = here.database("gateway")
    recent: Counter[str] = Counter()
    with away():
        rows = database[RAW].find({}, {"feed": 1, "received_at": 1}, limit=RECENT).sort([("$natural", -1)])
        async for row in rows:
            recent[row["feed"]] += row["received_at"] > since
        others = sorted(set(await database[RAW].distinct("feed")) - set(profiles))
        return {feed: await _kept(database, feed, recent[feed]) for feed in [*profiles, *others]}


async def _kept(database: Any, feed: str, recent: int) -> Kept:
    newest = await database[RAW].find({"feed": feed}, {"received_at": 1}).sort([("$natural", -1)]).to_list(1)
    refused = await database[REFUSED].count_documents({"feed": feed})
    unsaid = await database[RAW].count_documents({"feed": feed, "lease_until": {"$type": "date"}}, hint="unsaid")
    return Kept(newest[0]["received_at"] if newest else None, recent, refused, unsaid)


def table(profiles: Mapping[str, FeedProfile], kept: Mapping[str, Kept], gateway: Page | None, minutes: float) -> Table:
    """The table; `gateway` None: what only it counts is not known. `?`: of a feed without a profile to go by."""
    found = Table(*HEADS, box=None)
    for feed, one in kept.items():
        profile = profiles.get(feed)
        counts = gateway.by("care_messages_received_total", "outcome", feed=feed) if gateway else None
        found.add_row(
            feed,
            _door(profile) if profile else "?",
            profile.mode.value if profile else "?",
            f"{one.last:%Y-%m-%d %H:%M:%S}Z" if one.last else "none",
            f"{one.recent / minutes:.1f}",
            _count(counts, "stored"),
            _count(counts, "repeated"),
            _count(counts, "control-id-reused"),
            str(one.refused),
            _count(counts, "unanswered"),
            str(one.unsaid),
        )
    return found


def noticed(profiles: Iterable[str], gateway: Page | None, admissions: Page | None) -> list[str]:
    """A line for each feed of which something was set aside or flagged."""
    kinds = (("set aside", gateway, "care_messages_set_aside_total", "kind"),)
    flags = (("flagged", admissions, "care_messages_flagged_total", "flag"),)
    lines = []
    for feed in profiles:
        for what, counted, name, label in kinds + flags:
            found = counted.by(name, label, feed=feed) if counted else {}
            told = ", ".join(f"{key} {count:.0f}" for key, count in sorted(found.items()))
            lines += [f"{feed}: {what}: {told}"] if told else []
    return lines


def _door(profile: FeedProfile) -> str:
    doors = [f"MLLP {profile.mllp_port}"] if profile.mllp_port is not None else []
    doors += ["HTTP"] if profile.http_token_sha256 else []
    return ", ".join(doors + ([f"topic {profile.kafka_topic}"] if profile.kafka_topic else [])) or "none"


def _count(counts: Mapping[str, float] | None, outcome: str) -> str:
    return "–" if counts is None else f"{counts.get(outcome, 0.0):.0f}"

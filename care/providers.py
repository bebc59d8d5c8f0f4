"""`care providers unmapped`: whom a hospital names and the directory does not know, by the number the hospital sent.

Looks into notifier's deliveries by an index of those alone, and into today's directory. Shows no patient and no stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from care.running import run
from care.session import business_time, session
from services.notifier.domain.audience import PROVIDER, provider_of
from services.notifier.domain.delivery import text_of
from services.notifier.domain.directory import Directory, directory_of
from services.notifier.domain.model import Reason
from services.notifier.handlers import DELIVERIES, DIRECTORIES
from services.notifier.store import UNFOUND_INDEX
from shared.mongo.client import away

app = typer.Typer(help="The practitioners that hospitals name.", no_args_is_help=True)

HEADS: Final = ("feed", "assigner", "number", "as", "not told", "stays", "last")


class Unmapped(NamedTuple):
    """One number of one feed. `deliveries` were decided for whoever it is, about `stays` stays, and told nobody."""

    feed: str
    assigner: str
    number: str
    roles: tuple[str, ...]
    deliveries: int
    stays: int
    last: str


@app.command("unmapped")
def unmapped(
    feed: str = typer.Option("", "--feed", help="Of this feed only."),
    days: float = typer.Option(30.0, "--days", min=0.01, help="How far back it looks."),
) -> None:
    """List the practitioners' numbers of each feed that no directory entry knows, who missed most first.

    Put each into its entry's identifiers, with the assigner as shown; `care directory load` says it. A number that was
    sent without an assigner can never be found: give the feed's profile its `provider_authority`.
    """
    here = session()
    since = business_time(here) - timedelta(days=days)
    found = run(unmapped_of(here.database("notifier"), since, feed))
    table = Table(*HEADS, box=None)
    for one in found:
        roles, last = ", ".join(one.roles), f"{datetime.fromisoformat(one.last):%Y-%m-%d %H:%MZ}"
        table.add_row(one.feed, one.assigner or "none", one.number, roles, str(one.deliveries), str(one.stays), last)
    console = Console()
    Console(width=max(console.width, 120)).print(table if found else "every number that was sent is known")


@app.callback()
def _group() -> None:
    """Keeps `unmapped` a sub-command."""


async def unmapped_of(database: Any, since: datetime, feed: str = "") -> list[Unmapped]:
    """Those missed since then and unknown to this day. `database` is notifier's. Raises Away."""
    with away():
        rows = await database[DELIVERIES].aggregate(_pipeline(since, feed), hint=UNFOUND_INDEX).to_list(None)
        tenants = {row["_id"]["tenant"] for row in rows}
        documents = await database[DIRECTORIES].find({"_id": {"$in": sorted(tenants)}}).to_list(None)
    return still_unknown(rows, {document["_id"]: directory_of(document["state"]) for document in documents})


def still_unknown(rows: Iterable[Mapping[str, Any]], directories: Mapping[str, Directory]) -> list[Unmapped]:
    """The groups that today's directories do not know, the most missed first."""
    found = []
    for row in rows:
        provider, directory = provider_of(row["_id"]["recipient"]), directories.get(row["_id"]["tenant"], Directory())
        if provider is not None and not directory.holders(provider):
            counted = (tuple(sorted(row["roles"])), row["deliveries"], len(row["stays"]), row["last"])
            found.append(Unmapped(row["_id"]["feed"], provider.assigner, provider.value, *counted))
    return sorted(found, key=lambda one: (-one.deliveries, one))


def _pipeline(since: datetime, feed: str) -> list[dict[str, Any]]:
    """One row a tenant, feed and recipient. `feed` may be "": every one."""
    match = {
        "reason": Reason.NO_DIRECTORY_ENTRY.value,
        "feed": feed or {"$gt": ""},
        "decided_at": {"$gte": text_of(since)},
        "recipient": {"$gt": PROVIDER, "$lt": PROVIDER + "\uffff"},
    }
    group = {
        "_id": {"tenant": "$tenant", "feed": "$feed", "recipient": "$recipient"},
        "roles": {"$addToSet": "$role"},
        "deliveries": {"$sum": 1},
        "stays": {"$addToSet": "$encounter_id"},
        "last": {"$max": "$decided_at"},
    }
    return [{"$match": match}, {"$group": group}]

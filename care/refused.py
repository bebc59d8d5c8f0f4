"""`care messages --refused`: the copies of what the doors refused (AR, CR, 422, 413), each with its reason.

A sender drops what is refused and goes on, so that the copy here may be the only one to mend it from. Without --phi
nothing of it is shown but its id, its feed, its code, when it came and how long the copy is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import typer
from rich.table import Column, Table

from care.selecting import Selection
from shared.mongo.client import away

BY_FEED: Final = "feed"

Row = dict[str, Any]


def refuse_numbers(meant: Selection) -> None:
    """Raises BadParameter where more is named than a copy has: what was refused may never have been read."""
    if meant.mrn or meant.visit or meant.control_id:
        raise typer.BadParameter("what was refused is found by --id, --feed, --since and --until only")


async def refused(copies: Any, meant: Selection, limit: int) -> list[Row]:
    """The newest `limit` copies, newest first, by one index. Raises Away."""
    with away():
        feeds = [meant.feed] if meant.feed else await copies.distinct("feed")
        query: Row = {"feed": {"$in": feeds}}
        if meant.ids:
            query["_id"] = {"$in": list(meant.ids)}
        times = {name: at for name, at in (("$gte", meant.since), ("$lt", meant.until)) if at}
        if times:
            query["received_at"] = times
        index = "_id_" if meant.ids else BY_FEED
        found = copies.find(query, limit=limit, hint=index).sort([("received_at", -1), ("_id", 1)])
        rows: list[Row] = await found.to_list(limit)
    return rows


def refused_table(rows: Sequence[Row]) -> Table:
    """One line a copy; nothing of what was sent."""
    names = ("id", "feed", "code", "received", "bytes kept")
    shown = Table(*(Column(name, no_wrap=True) for name in names), box=None)
    for row in rows:
        received = f"{row['received_at']:%Y-%m-%d %H:%M:%S}Z"
        shown.add_row(row["_id"], row["feed"], row["code"], received, str(len(row["body"])))
    return shown

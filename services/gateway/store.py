"""What the gateway remembers: raw messages (`raw`), and copies of what it refused (`refused`).

A raw message: {_id, feed, tenant, mode, control_id, first, sha256, key, media_type, received_at, body, search, said_at,
lease_until, lease_by}. `first`: none before it had its control id. `search`: keyed hashes of its numbers; rows of an
earlier edition have none. `lease_until` stands until it is said or set aside; `said_at` is the date it expires from, so
that an unsaid one never does. Leases and expiry run on the real clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from services.gateway.domain.message import Received, Refusal
from services.gateway.handlers.ports import Kept
from shared.mongo.client import Database, away
from shared.mongo.indexes import Index, ensure_indexes
from shared.mongo.raw import expire, insert_new, insert_told
from shared.schemas.envelope import Mode
from shared.telemetry import wall_clock

RAW: Final = "raw"
REFUSED: Final = "refused"
DAY_SECONDS: Final = 86_400
LEASE_SECONDS: Final = 15.0
_ONE_FIRST: Final = ("feed", "control_id")
_UNSAID: Final = {"lease_until": {"$type": "date"}}
_FOUND_BY_NUMBER: Final = {"search": {"$exists": True}}

INDEXES: Final[list[Index]] = [
    (RAW, [("received_at", 1), ("lease_until", 1)], {"name": "unsaid", "partialFilterExpression": _UNSAID}),
    (RAW, [("control_id", 1), ("feed", 1)], {"name": "control_id"}),
    (RAW, [("search", 1), ("received_at", 1)], {"name": "search", "partialFilterExpression": _FOUND_BY_NUMBER}),
    (RAW, [("feed", 1), ("received_at", 1)], {"name": "feed_time"}),
    (
        RAW,
        [("feed", 1), ("control_id", 1)],
        {"name": "first", "unique": True, "partialFilterExpression": {"first": True}},
    ),
    (REFUSED, [("feed", 1), ("received_at", 1)], {"name": "feed"}),
]
"""`unsaid` holds only what is unsaid, oldest first; `control_id`, `search` and `feed_time` serve `care messages`; by
`first` the write itself tells that a control id is used, without a query beside each."""


class MongoRawMessages:
    """Implements `RawMessages`. `owner` tells this process's leases apart; a lease outlasts the send time-out."""

    def __init__(
        self,
        database: Database,
        owner: str,
        *,
        lease: float = LEASE_SECONDS,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._database, self._raw, self._refused = database, database[RAW], database[REFUSED]
        self._owner, self._lease, self._clock = owner, timedelta(seconds=lease), clock
        self._claims = count(1)

    async def ensure_indexes(self, keep_days: int) -> None:
        """Create what is missing; said and refused messages are kept `keep_days`. Raises Away."""
        await ensure_indexes(self._database, INDEXES)
        await expire(self._database, RAW, "said_at", keep_days * DAY_SECONDS)
        await expire(self._database, REFUSED, "kept_at", keep_days * DAY_SECONDS)

    async def add(self, messages: Sequence[Received]) -> list[Kept]:
        """As in `RawMessages`."""
        until = self._clock() + self._lease
        rows = [_row(message, until) for message in messages]
        repeated, reusing = await insert_told(self._raw, rows, _ONE_FIRST)
        if reusing:
            repeated |= await self._add_reusing(rows, sorted(reusing))
        return [_kept(place, repeated, reusing) for place in range(len(messages))]

    async def _add_reusing(self, rows: Sequence[dict[str, Any]], places: Sequence[int]) -> set[int]:
        """Store these all the same, not as the first; returns the places of those that were there."""
        again = [{name: value for name, value in rows[place].items() if name != "first"} for place in places]
        return {places[n] for n in await insert_new(self._raw, again)}

    async def keep_refused(self, refusals: Sequence[Refusal]) -> None:
        """As in `RawMessages`."""
        now = self._clock()
        await insert_new(self._refused, [_refused_row(refusal, now) for refusal in refusals])

    async def said(self, ids: Sequence[str]) -> None:
        """As in `RawMessages`."""
        change = {"$set": {"said_at": self._clock()}, "$unset": {"lease_until": "", "lease_by": ""}}
        with away():
            await self._raw.update_many({"_id": {"$in": list(ids)}}, change)

    async def set_aside(self, id_: str, code: str) -> None:
        """As in `RawMessages`."""
        change = {"$set": {"set_aside": code}, "$unset": {"lease_until": "", "lease_by": ""}}
        with away():
            await self._raw.update_one({"_id": id_}, change)

    async def claim(self, limit: int) -> list[Received]:
        """As in `RawMessages`. Of two that see the same ones free, each gets those whose write came first."""
        now, token = self._clock(), f"{self._owner}-{next(self._claims)}"
        free = {"lease_until": {"$type": "date", "$lte": now}}
        with away():
            rows = self._raw.find(free, {"_id": 1}, limit=limit, hint="unsaid").sort([("received_at", 1)])
            ids = [row["_id"] async for row in rows]
            if not ids:
                return []
            lease = {"$set": {"lease_until": now + self._lease, "lease_by": token}}
            await self._raw.update_many({"_id": {"$in": ids}, **free}, lease)
            mine = self._raw.find({"_id": {"$in": ids}, "lease_by": token}).sort([("received_at", 1)])
            return [message_of(row) async for row in mine]

    async def unsaid(self, most: int) -> int:
        """As in `RawMessages`."""
        with away():
            return int(await self._raw.count_documents(_UNSAID, limit=most, hint="unsaid"))


@dataclass
class Row:
    """A raw message as stored. `lease_until` None: said or set aside."""

    message: Received
    lease_until: datetime | None
    said_at: datetime | None = None
    set_aside: str = ""


class MemoryRawMessages:
    """Implements `RawMessages` in memory, for tests: the same suite runs against both."""

    def __init__(self, *, lease: float = LEASE_SECONDS, clock: Callable[[], datetime] = wall_clock) -> None:
        self.rows: dict[str, Row] = {}
        self.refused: dict[str, Refusal] = {}
        self._lease, self._clock = timedelta(seconds=lease), clock

    async def add(self, messages: Sequence[Received]) -> list[Kept]:
        """As in `RawMessages`."""
        batch = {message.id for message in messages}
        stored = (row.message for id_, row in self.rows.items() if id_ not in batch)
        used = {(message.feed, message.control_id) for message in stored}
        repeated: set[int] = set()
        for position, message in enumerate(messages):
            if message.id in self.rows:
                repeated.add(position)
            else:
                self.rows[message.id] = Row(message, self._clock() + self._lease)
        return told(messages, repeated, used)

    async def keep_refused(self, refusals: Sequence[Refusal]) -> None:
        """As in `RawMessages`."""
        for refusal in refusals:
            self.refused.setdefault(refusal.id, refusal)

    async def said(self, ids: Sequence[str]) -> None:
        """As in `RawMessages`."""
        for row in (self.rows[id_] for id_ in ids if id_ in self.rows):
            row.said_at, row.lease_until = self._clock(), None

    async def set_aside(self, id_: str, code: str) -> None:
        """As in `RawMessages`."""
        self.rows[id_].set_aside, self.rows[id_].lease_until = code, None

    async def claim(self, limit: int) -> list[Received]:
        """As in `RawMessages`."""
        now = self._clock()
        free = [row for row in self.rows.values() if row.lease_until is not None and row.lease_until <= now]
        free = sorted(free, key=lambda row: row.message.received_at)[:limit]
        for row in free:
            row.lease_until = now + self._lease
        return [row.message for row in free]

    async def unsaid(self, most: int) -> int:
        """As in `RawMessages`."""
        return min(most, sum(row.lease_until is not None for row in self.rows.values()))


def told(messages: Iterable[Received], repeated: set[int], used: set[tuple[str, str]]) -> list[Kept]:
    """What becomes of each; an empty control id tells nothing. Of two in one write the second one re-uses."""
    used = set(used)
    found = []
    for position, message in enumerate(messages):
        name = (message.feed, message.control_id)
        kept = Kept.REUSED if message.control_id and name in used else Kept.NEW
        found.append(Kept.REPEATED if position in repeated else kept)
        used.add(name)
    return found


def _kept(place: int, repeated: set[int], reusing: set[int]) -> Kept:
    return Kept.REPEATED if place in repeated else Kept.REUSED if place in reusing else Kept.NEW


def _row(message: Received, until: datetime) -> dict[str, Any]:
    return {
        "_id": message.id,
        "feed": message.feed,
        "tenant": message.tenant,
        "mode": message.mode.value,
        "control_id": message.control_id,
        **({"first": True} if message.control_id else {}),
        "sha256": message.sha256,
        "key": message.key,
        "media_type": message.media_type,
        "received_at": message.received_at,
        "body": message.body,
        **({"search": list(message.search)} if message.search else {}),
        "said_at": None,
        "lease_until": until,
    }


def message_of(row: dict[str, Any]) -> Received:
    """The message of a stored row, with its body."""
    return Received(
        id=row["_id"],
        feed=row["feed"],
        tenant=row["tenant"],
        mode=Mode(row["mode"]),
        control_id=row["control_id"],
        sha256=row["sha256"],
        key=row["key"],
        media_type=row["media_type"],
        received_at=row["received_at"],
        body=bytes(row["body"]),
        search=tuple(row.get("search", ())),
    )


def _refused_row(refusal: Refusal, now: datetime) -> dict[str, Any]:
    return {
        "_id": refusal.id,
        "feed": refusal.feed,
        "tenant": refusal.tenant,
        "code": refusal.code,
        "received_at": refusal.received_at,
        "body": refusal.body,
        "kept_at": now,
    }

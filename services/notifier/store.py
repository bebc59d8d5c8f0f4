"""The deliveries, each a document of its own, in MongoDB and in memory; and their first writing, the projection.

Decisions stand in the subject's document; a delivery is their projection, written once they are said. Every write
after the first is guarded by the document's revision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.notifier.domain.delivery import Delivery, text_of
from services.notifier.domain.model import Reason
from services.notifier.handlers import DeliveryCollection, withdraw_all
from shared.mongo.bulk import insert_missing
from shared.mongo.client import away
from shared.mongo.guarded import replace_unchanged
from shared.schemas.envelope import Envelope, Event, Mode
from shared.schemas.notifications import NotificationDecided

CLAIMABLE: Final = ("pending", "unknown")

INDEXES: Final[dict[str, list[tuple[str, int]]]] = {
    "due": [("status", 1), ("channel", 1), ("withdrawn_by", 1), ("next_at", 1), ("address", 1)],
    "leases": [("status", 1), ("lease_until", 1)],
    "unsaid": [("said", 1), ("say_until", 1)],
    "encounter": [("encounter_id", 1)],
}
SHADOW_INDEX: Final = "shadow"
"""Of the deliveries of feeds in shadow alone, for `care feed report`: those of live feeds pay nothing for it."""
UNFOUND_INDEX: Final = "unfound"
"""Of those whom no directory entry knew alone, for `care providers unmapped`."""

Projected = tuple[Event, Mapping[str, Any] | None]


def _nobody(_: Sequence[Delivery]) -> None:
    """Nobody waits for new deliveries."""


class Deliveries:
    """Writes what was decided where the senders find it."""

    def __init__(
        self,
        collection: DeliveryCollection,
        clock: Callable[[], datetime],
        wake: Callable[[Sequence[Delivery]], None] = _nobody,
    ) -> None:
        self._collection, self._clock, self._wake = collection, clock, wake

    async def project(self, items: Sequence[Projected]) -> None:
        """Store the deliveries of what has just been said, each with its private part. Repeating it changes nothing.

        What a correction takes back is withdrawn before the correction can be claimed. Other events are passed over.
        `wake` is given what was stored; one that had been there may be further by now, which the guard of a claim sees.
        """
        now = self._clock()
        stored = [
            _delivery(event.envelope, event.data, private or {}, now)
            for event, private in items
            if isinstance(event.data, NotificationDecided)
        ]
        corrections = [one for one in stored if one.corrects]
        await self._collection.insert_missing([one for one in stored if not one.corrects])
        for one in corrections:
            if one.withdraws:
                await withdraw_all(self._collection, one.corrects, one.delivery_id, now)
        await self._collection.insert_missing(corrections)
        self._wake(stored)


def _delivery(envelope: Envelope, data: NotificationDecided, private: Mapping[str, Any], now: datetime) -> Delivery:
    return Delivery.model_validate(
        {
            **data.delivery.model_dump(exclude={"attempts", "message_id"}),
            **private,
            "decided_at": data.occurred_at,
            "next_at": now,
            "epoch": envelope.sequence.epoch if envelope.sequence else 1,
            "tenant": envelope.tenant,
            "feed": envelope.feed,
            "key": envelope.key,
            "mode": envelope.mode.value,
            "label": envelope.label.value,
            "traceparent": envelope.traceparent,
        }
    )


class MemoryDeliveries:
    """The in-memory twin, proven by the same tests as MongoDeliveries."""

    def __init__(self) -> None:
        self._docs: dict[str, dict[str, Any]] = {}

    async def insert_missing(self, deliveries: Sequence[Delivery]) -> None:
        """As in the port."""
        for one in deliveries:
            self._docs.setdefault(one.delivery_id, one.model_dump(mode="json"))

    async def load(self, ids: Sequence[str]) -> list[Delivery]:
        """As in the port."""
        return [Delivery.model_validate(self._docs[id_]) for id_ in ids if id_ in self._docs]

    async def save(self, delivery: Delivery) -> Delivery | None:
        """As in the port."""
        stored = self._docs.get(delivery.delivery_id)
        if stored is None or stored["revision"] != delivery.revision:
            return None
        after = delivery.but(revision=delivery.revision + 1)
        self._docs[delivery.delivery_id] = after.model_dump(mode="json")
        return after

    async def save_all(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """As in the port."""
        return [after for one in deliveries if (after := await self.save(one)) is not None]

    async def due(self, channel: str, now: datetime, limit: int, without: Sequence[str] = ()) -> list[Delivery]:
        """As in the port."""
        found = [
            one
            for one in self._all()
            if one.channel == channel
            and one.status in CLAIMABLE
            and not one.withdrawn_by
            and one.next_at <= now
            and one.address not in without
        ]
        return sorted(found, key=lambda one: one.next_at)[:limit]

    async def leases_run_out(self, now: datetime, limit: int) -> list[Delivery]:
        """As in the port."""
        return [one for one in self._all() if one.status == "sending" and one.lease_until <= now][:limit]

    async def unsaid(self, now: datetime, limit: int) -> list[Delivery]:
        """As in the port."""
        return [one for one in self._all() if not one.said and one.say_until <= now][:limit]

    def _all(self) -> list[Delivery]:
        return [Delivery.model_validate(doc) for doc in self._docs.values()]


class MongoDeliveries:
    """The deliveries in one collection (majority writes, journaled). Methods raise Away when it is out of reach."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Create what the queries here need. Repeating it changes nothing."""
        with away():
            for name, keys in INDEXES.items():
                await self._collection.create_index(keys, name=name)
            of_shadow = {"partialFilterExpression": {"mode": Mode.SHADOW.value}}
            await self._collection.create_index([("feed", 1), ("decided_at", 1)], name=SHADOW_INDEX, **of_shadow)
            unfound = {"partialFilterExpression": {"reason": Reason.NO_DIRECTORY_ENTRY.value}}
            await self._collection.create_index([("feed", 1), ("decided_at", 1)], name=UNFOUND_INDEX, **unfound)

    async def insert_missing(self, deliveries: Sequence[Delivery]) -> None:
        """As in the port."""
        with away():
            await insert_missing(self._collection, [one.model_dump(mode="json") for one in deliveries])

    async def load(self, ids: Sequence[str]) -> list[Delivery]:
        """As in the port."""
        return await self._find({"_id": {"$in": list(ids)}}, len(ids)) if ids else []

    async def save(self, delivery: Delivery) -> Delivery | None:
        """As in the port."""
        return next(iter(await self.save_all([delivery])), None)

    async def save_all(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """As in the port. A bulk tells how many it lost and not which: then what is stored is held against each."""
        after = [one.but(revision=one.revision + 1) for one in deliveries]
        with away():
            matched = await replace_unchanged(self._collection, [one.model_dump(mode="json") for one in after])
        if matched == len(after):
            return after
        if len(after) == 1:
            return []
        stored = {one.delivery_id: one for one in await self.load([one.delivery_id for one in after])}
        return [one for one in after if stored.get(one.delivery_id) == one]

    async def due(self, channel: str, now: datetime, limit: int, without: Sequence[str] = ()) -> list[Delivery]:
        """As in the port."""
        query = {
            "status": {"$in": list(CLAIMABLE)},
            "channel": channel,
            "withdrawn_by": "",
            "next_at": {"$lte": text_of(now)},
            "address": {"$nin": list(without)},
        }
        # without the hint another index may win, and a backlog is then read and sorted whole for each look
        cursor = self._collection.find(query, hint="due").sort("next_at", 1)
        return await self._read(cursor.limit(limit), limit)

    async def leases_run_out(self, now: datetime, limit: int) -> list[Delivery]:
        """As in the port."""
        return await self._find({"status": "sending", "lease_until": {"$lte": text_of(now)}}, limit)

    async def unsaid(self, now: datetime, limit: int) -> list[Delivery]:
        """As in the port."""
        return await self._find({"said": False, "say_until": {"$lte": text_of(now)}}, limit)

    async def _find(self, query: Mapping[str, Any], limit: int) -> list[Delivery]:
        return await self._read(self._collection.find(query).limit(limit), limit)

    async def _read(self, cursor: Any, limit: int) -> list[Delivery]:
        with away():
            docs = await cursor.to_list(limit)
        return [Delivery.model_validate(doc) for doc in docs]

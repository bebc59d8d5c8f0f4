"""The real store of versioned documents. One `find` and one unordered bulk a collection and batch.

A guarded replace with upsert on {_id, version} either replaces the version that was read or fails with E11000 at a
known index, so that one bulk tells exactly which documents another writer had first.
"""

from __future__ import annotations

from collections.abc import Collection as Members
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, InsertOne, ReplaceOne, UpdateMany
from pymongo.errors import BulkWriteError, OperationFailure

from shared.mongo.bson import from_bson, to_bson
from shared.mongo.client import Database, away
from shared.mongo.together import write_together
from shared.stream.decisions import Refs
from shared.stream.documents import Document, DueAlarm
from shared.stream.outages import Away
from shared.telemetry import wall_clock

DUPLICATE_KEY = 11000
TOO_LARGE = frozenset({2, 10334, 17419, 17420})
"""BadValue ("object to insert too large") and the ways in which a server says that a document is above 16 MiB."""


class Unstorable(Exception):
    """A document that no retry can store. Ends the process, so that the record behind it is found (`Suspects`)."""


class MongoDocuments:
    """Implements `Documents` on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure_indexes(self, collections: Sequence[str]) -> None:
        """Create what the guarantees need: unique claims, and alarms by lane and due time. Never drops one."""
        with away():
            for name in collections:
                await self._database[name].create_index("claims", unique=True, sparse=True, name="claims")
                await self._database[name].create_index(
                    [("lane", ASCENDING), ("next_alarm_at", ASCENDING)],
                    partialFilterExpression={"next_alarm_at": {"$type": "date"}},
                    name="alarms",
                )

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        """As in `Documents`."""
        found: list[Document] = []
        with away():
            for ref in refs:
                rows = self._database[ref.collection].find(_named(ref))
                found += [from_bson(ref.collection, raw) async for raw in rows]
        return found

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        """As in `Documents`."""
        lost: set[tuple[str, str]] = set()
        for name in dict.fromkeys(document.collection for document in documents):
            lost |= await self._save_in(name, [d for d in documents if d.collection == name])
        return lost

    async def _save_in(self, name: str, documents: list[Document]) -> set[tuple[str, str]]:
        try:
            with _writing():
                try:
                    await self._database[name].bulk_write([_write(d) for d in documents], ordered=False)
                except BulkWriteError as error:
                    return {(name, documents[index].id) for index in _lost(error)}
        except _NotDuplicates as error:
            raise Away("mongodb", error.code) from error
        return set()

    async def save_together(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        """As in `Documents`: one transaction. What is too large for a document is Unstorable here too."""
        with _writing():
            written = await write_together(self._database, documents)
        return set() if written else {(document.collection, document.id) for document in documents}

    async def due(
        self, collection: str, lanes: Members[int], until: Any, *, limit: int, lease: float
    ) -> list[DueAlarm]:
        """As in `Documents`."""
        now = wall_clock()
        query = {
            "lane": {"$in": sorted(lanes)},
            # the type is the index's own filter: without it the planner walks the whole index, hint or not
            "next_alarm_at": {"$lte": until, "$type": "date"},
            "$or": [{"alarm_lease": {"$exists": False}}, {"alarm_lease": {"$lte": now}}],
        }
        with away():
            cursor = self._database[collection].find(query, limit=limit, hint="alarms")
            rows = [row async for row in cursor]
            if rows:
                until_lease = now + timedelta(seconds=lease)
                await self._database[collection].bulk_write(
                    [UpdateMany(same, {"$set": {"alarm_lease": until_lease}}) for same in _unchanged(rows)],
                    ordered=False,
                )
        return [DueAlarm(row["_id"], row["key"], row["state"], row.get("context", {})) for row in rows]


@contextmanager
def _writing() -> Iterator[None]:
    """As `away`; a server that says that a document is too large is not away."""
    try:
        with away():
            yield
    except Away as error:
        if isinstance(error.__cause__, OperationFailure) and error.__cause__.code in TOO_LARGE:
            raise Unstorable("document-too-large") from None
        raise


class _NotDuplicates(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _unchanged(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A document that changed since it was found may have another alarm, which must not wait for this lease.

    One query for all that stand at the same version: a thousand single updates cost four times as much.
    """
    by_version: dict[int, list[str]] = {}
    for row in rows:
        by_version.setdefault(row["version"], []).append(row["_id"])
    return [{"_id": {"$in": ids}, "version": version} for version, ids in by_version.items()]


def _named(ref: Refs) -> dict[str, Any]:
    by_id = {"_id": {"$in": list(ref.ids)}}
    by_claim = {"claims": {"$in": list(ref.claims)}}
    if ref.ids and ref.claims:
        return {"$or": [by_id, by_claim]}
    return by_id if ref.ids else by_claim


def _write(document: Document) -> InsertOne[dict[str, Any]] | ReplaceOne[dict[str, Any]]:
    raw = to_bson(document)
    if document.version == 0:
        return InsertOne(raw)
    return ReplaceOne({"_id": document.id, "version": document.version}, raw, upsert=True)


def _lost(error: BulkWriteError) -> list[int]:
    details = error.details or {}
    errors = details.get("writeErrors", [])
    if any(e["code"] in TOO_LARGE for e in errors):
        raise Unstorable("document-too-large")
    if details.get("writeConcernErrors") or any(e["code"] != DUPLICATE_KEY for e in errors):
        raise _NotDuplicates("write-not-durable" if details.get("writeConcernErrors") else "write-refused")
    return [int(e["index"]) for e in errors]

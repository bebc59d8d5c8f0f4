"""Plain documents that are written once: insert what is new, tell what was there, let each expire in its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo.errors import BulkWriteError, OperationFailure

from shared.mongo.client import Collection, Database, away
from shared.stream.outages import Away

_DUPLICATE_KEY: Final = 11000
_OTHER_OPTIONS: Final = 85  # IndexOptionsConflict


async def insert_new(collection: Collection, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Insert all in one unordered bulk; returns the positions of those whose `_id` was there before, unchanged.

    Durable when it returns, the ones that were there too: the server makes a write that meets a duplicate wait for
    everything before it. Raises Away, also for a write that is not known to be durable or was refused.
    """
    there, _ = await insert_told(collection, rows, ())
    return there


async def insert_told(
    collection: Collection, rows: Sequence[Mapping[str, Any]], unique: Sequence[str]
) -> tuple[set[int], set[int]]:
    """As `insert_new`; and the positions of those not inserted because others have the same `unique` fields."""
    if not rows:
        return set(), set()
    try:
        with away():
            try:
                await collection.insert_many([dict(row) for row in rows], ordered=False)
            except BulkWriteError as error:
                return _told(error.details or {}, list(unique))
    except _NotDuplicates as error:
        raise Away("mongodb", error.code) from error
    return set(), set()


async def expire(database: Database, collection: str, field: str, seconds: int) -> None:
    """Documents go `seconds` after `field`; without a date there they stay. A changed setting takes effect. Away."""
    with away():
        try:
            await database[collection].create_index(field, expireAfterSeconds=seconds, name=f"{field}_expires")
        except OperationFailure as refused:
            if refused.code != _OTHER_OPTIONS:
                raise
            index = {"name": f"{field}_expires", "expireAfterSeconds": seconds}
            await database.command("collMod", collection, index=index)


class _NotDuplicates(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _told(details: Mapping[str, Any], unique: list[str]) -> tuple[set[int], set[int]]:
    errors = details.get("writeErrors", [])
    if details.get("writeConcernErrors"):
        raise _NotDuplicates("write-not-durable")
    fields = [(int(error["index"]), _fields(error)) for error in errors]
    if any(met not in (["_id"], unique) or not met for _, met in fields):
        raise _NotDuplicates("write-refused")
    return {place for place, met in fields if met == ["_id"]}, {place for place, met in fields if met == unique}


def _fields(error: Mapping[str, Any]) -> list[str]:
    """Of the index whose key was there before; none, where something else was wrong."""
    return list(error.get("keyPattern", ())) if error["code"] == _DUPLICATE_KEY else []

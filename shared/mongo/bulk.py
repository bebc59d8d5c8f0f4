"""Many documents in one round trip, each inserted only where it is missing; refuses to change one that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import InsertOne
from pymongo.errors import BulkWriteError

DUPLICATE_KEY: Final = 11000


async def insert_missing(collection: Any, docs: Sequence[Mapping[str, Any]]) -> None:
    """Insert each of `docs` whose `_id` is not there yet; the others stay as they are. Repeating it changes nothing.

    `collection` is a motor collection. A plain insert costs the server a quarter of an upsert; a duplicate `_id` says
    only that the document is there, by an earlier try or another replica. Raises BulkWriteError for any other error.
    """
    if not docs:
        return
    try:
        await collection.bulk_write([InsertOne(doc) for doc in docs], ordered=False)
    except BulkWriteError as error:
        if not _only_lost_races(error.details):
            raise


def _only_lost_races(details: Mapping[str, Any] | None) -> bool:
    """Whether every error is a duplicate `_id`, not one of another unique index, and no write concern failed."""
    found = details or {}
    errors = found.get("writeErrors", [])
    lost = [error for error in errors if error.get("code") == DUPLICATE_KEY and "_id" in error.get("keyPattern", {})]
    return bool(errors) and len(lost) == len(errors) and not found.get("writeConcernErrors")

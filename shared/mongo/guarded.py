"""Documents replaced in one round trip, each only if nobody changed it since it was read: guarded by its `revision`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ReplaceOne


async def replace_unchanged(collection: Any, docs: Sequence[Mapping[str, Any]]) -> int:
    """Replace each stored document that is one `revision` behind its new form; returns how many there were.

    `collection` is a motor collection. Which ones were not replaced the server does not say. Raises BulkWriteError.
    """
    if not docs:
        return 0
    done = await collection.bulk_write([_guarded(doc) for doc in docs], ordered=False)
    return int(done.matched_count)


def _guarded(doc: Mapping[str, Any]) -> ReplaceOne[Any]:
    return ReplaceOne({"_id": doc["_id"], "revision": doc["revision"] - 1}, doc)

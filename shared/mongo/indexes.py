"""Creates indexes that a service declares as data. Never drops one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.mongo.client import Database, away

Index = tuple[str, list[tuple[str, int]], dict[str, Any]]
"""(collection, [(field, 1 or -1), ...], options with at least a name)"""


async def ensure_indexes(database: Database, indexes: Sequence[Index]) -> None:
    """Create what is missing. Raises Away, also for one that exists with other keys under the same name."""
    with away():
        for collection, keys, options in indexes:
            await database[collection].create_index(keys, **options)

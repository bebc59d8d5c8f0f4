"""Who hears which partition, and how often a suspected record was tried. Implements `Attempts` on one database."""

from __future__ import annotations

from collections.abc import Collection as Members
from typing import Any

from pymongo import ReturnDocument, UpdateOne

from shared.mongo.client import Database, away
from shared.stream.records import Cause


class MongoAttempts:
    """Documents of the collection `hearers`: one a partition while it is held, one a suspected record."""

    def __init__(self, database: Database, group: str, owner: str) -> None:
        self._hearers = database["hearers"]
        self._group = group
        self._owner = owner

    def _id(self, place: tuple[str, int]) -> str:
        return f"{self._group}/{place[0]}/{place[1]}"

    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        """As in `Attempts`."""
        by_id = {self._id(place): place for place in committed}
        with away():
            rows = {row["_id"]: row async for row in self._hearers.find({"_id": {"$in": list(by_id)}})}
            crashes = {id_: self._crashes(rows.get(id_), committed[place]) for id_, place in by_id.items()}
            if by_id:
                await self._hearers.bulk_write(
                    [
                        UpdateOne(
                            {"_id": id_},
                            {"$set": {"owner": self._owner, "offset": committed[place], "crashes": crashes[id_]}},
                            upsert=True,
                        )
                        for id_, place in by_id.items()
                    ],
                    ordered=False,
                )
        return {place for id_, place in by_id.items() if crashes[id_] >= 2}

    async def close(self, partitions: Members[tuple[str, int]]) -> None:
        """As in `Attempts`. Another owner's mark is left alone."""
        with away():
            await self._hearers.delete_many(
                {"_id": {"$in": [self._id(place) for place in partitions]}, "owner": self._owner}
            )

    async def attempt(self, cause: Cause) -> int:
        """As in `Attempts`."""
        with away():
            row = await self._hearers.find_one_and_update(
                {"_id": f"{self._group}/{cause.topic}/{cause.partition}@{cause.offset}"},
                {"$addToSet": {"tried_by": self._owner}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return len(row["tried_by"])

    async def clear(self, cause: Cause) -> None:
        """As in `Attempts`."""
        with away():
            await self._hearers.delete_one({"_id": f"{self._group}/{cause.topic}/{cause.partition}@{cause.offset}"})

    def _crashes(self, row: dict[str, Any] | None, offset: int) -> int:
        """Another's mark that is still there was not closed: its owner died. Twice at one offset is no accident."""
        if row is None:
            return 0
        before = int(row["crashes"]) if row["offset"] == offset else 0
        return before if row["owner"] == self._owner else before + 1

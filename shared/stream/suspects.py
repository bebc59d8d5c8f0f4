"""Finds the record that kills its hearer, so that it cannot kill every hearer after it.

A partition whose hearer ended uncleanly twice at the same committed offset is under suspicion: its next batch is heard
one record at a time, each attempt counted durably before it is decided. At the limit the record goes to the dead
letters; if even that kills, because what it left unsaid is looked for by reading it, it goes there unread at twice the
limit. A driver that is away, a rebalance, or a kill from outside that the next try survives dead-letters nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from shared.stream.documents import Attempts
from shared.stream.records import Heard

LIMIT = 5
CRASH_LOOP, UNREAD = "crash-loop", "crash-loop-unread"


class Suspects:
    """The partitions under suspicion and how many of their records are still to be heard alone."""

    def __init__(self, attempts: Attempts, refuse: Callable[[Heard, str], Awaitable[None]], span: int) -> None:
        self._attempts = attempts
        self._refuse = refuse
        self._span = span
        self._left: dict[tuple[str, int], int] = {}

    async def open(self, committed: dict[tuple[str, int], int]) -> None:
        """These partitions are ours at these offsets."""
        unclean = await self._attempts.open(committed)
        self._left = {place: self._span for place in committed if place in unclean}

    async def close(self, partitions: Collection[tuple[str, int]]) -> None:
        """Given back cleanly."""
        await self._attempts.close(partitions)

    def any(self) -> bool:
        """Is any partition under suspicion?"""
        return bool(self._left)

    def parts(self, records: Sequence[Heard]) -> list[Sequence[Heard]]:
        """The batch as one part, and each record of a suspected partition as a part of its own, in order."""
        trusted = [r for r in records if (r.topic, r.partition) not in self._left]
        alone: list[Sequence[Heard]] = [[r] for r in records if (r.topic, r.partition) in self._left]
        return [trusted, *alone] if trusted else alone

    def _alone(self, part: Sequence[Heard]) -> Heard | None:
        return part[0] if len(part) == 1 and (part[0].topic, part[0].partition) in self._left else None

    async def admits(self, part: Sequence[Heard]) -> bool:
        """May this part be heard? Counts the attempt; a record at the limit is dead-lettered instead."""
        record = self._alone(part)
        if record is None:
            return True
        tried = await self._attempts.attempt(record.cause)
        if tried > LIMIT:
            await self._refuse(record, CRASH_LOOP if tried <= 2 * LIMIT else UNREAD)
        return tried <= LIMIT

    async def through(self, part: Sequence[Heard]) -> None:
        """The part is committed."""
        record = self._alone(part)
        if record is None:
            return
        await self._attempts.clear(record.cause)
        place = (record.topic, record.partition)
        self._left[place] -= 1
        if self._left[place] <= 0:
            del self._left[place]

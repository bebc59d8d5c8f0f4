"""The store's twin in memory, with the same races, leases and unique claims; the same suite runs against both."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from shared.stream.decisions import Refs
from shared.stream.documents import Document, DueAlarm
from shared.stream.records import Cause
from shared.telemetry import wall_clock


class MemoryDocuments:
    """Implements `Documents`. `clock` is the wall clock of the leases."""

    def __init__(self, clock: Callable[[], datetime] = wall_clock) -> None:
        self.stored: dict[tuple[str, str], Document] = {}
        self._claims: dict[tuple[str, str], str] = {}
        self._leases: dict[tuple[str, str], datetime] = {}
        self._clock = clock

    async def ensure_indexes(self, collections: Sequence[str]) -> None:
        """Nothing to create."""

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        """As in `Documents`."""
        wanted = [(ref.collection, id_) for ref in refs for id_ in ref.ids]
        wanted += [
            (ref.collection, self._claims[(ref.collection, claim)])
            for ref in refs
            for claim in ref.claims
            if (ref.collection, claim) in self._claims
        ]
        return [copy.deepcopy(self.stored[place]) for place in dict.fromkeys(wanted) if place in self.stored]

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        """As in `Documents`."""
        return {(document.collection, document.id) for document in documents if not self._save_one(document)}

    def _save_one(self, document: Document) -> bool:
        place = (document.collection, document.id)
        stored = self.stored.get(place)
        if (stored.version if stored else 0) != document.version:
            return False
        holders = {self._claims.get((document.collection, claim), document.id) for claim in document.claims}
        if holders - {document.id}:
            return False
        for claim in stored.claims if stored else ():
            del self._claims[(document.collection, claim)]
        for claim in document.claims:
            self._claims[(document.collection, claim)] = document.id
        kept = copy.deepcopy(document)
        kept.version += 1
        self.stored[place] = kept
        self._leases.pop(place, None)
        return True

    async def due(
        self, collection: str, lanes: Collection[int], until: datetime, *, limit: int, lease: float
    ) -> list[DueAlarm]:
        """As in `Documents`."""
        now = self._clock()
        rows = [d for place, d in self.stored.items() if place[0] == collection and self._is_due(d, lanes, until, now)]
        rows = sorted(rows, key=lambda d: (d.lane, d.next_alarm_at))[:limit]
        for row in rows:
            self._leases[(collection, row.id)] = now + timedelta(seconds=lease)
        return [DueAlarm(d.id, d.key, copy.deepcopy(d.state), dict(d.context)) for d in rows]

    def _is_due(self, document: Document, lanes: Collection[int], until: datetime, now: datetime) -> bool:
        lease = self._leases.get((document.collection, document.id))
        free = lease is None or lease <= now
        return (
            free and document.lane in lanes and document.next_alarm_at is not None and document.next_alarm_at <= until
        )


class MemoryAttempts:
    """Implements `Attempts`, for one group."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, int], tuple[int, int]] = {}
        self.counts: dict[Cause, int] = {}

    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        """As in `Attempts`."""
        unclean = set()
        for place, offset in committed.items():
            before = self.held.get(place)
            crashes = 0 if before is None else before[1] + 1 if before[0] == offset else 1
            self.held[place] = (offset, crashes)
            if crashes >= 2:
                unclean.add(place)
        return unclean

    async def close(self, partitions: Collection[tuple[str, int]]) -> None:
        """As in `Attempts`."""
        for place in partitions:
            self.held.pop(place, None)

    async def attempt(self, cause: Cause) -> int:
        """As in `Attempts`."""
        self.counts[cause] = self.counts.get(cause, 0) + 1
        return self.counts[cause]

    async def clear(self, cause: Cause) -> None:
        """As in `Attempts`."""
        self.counts.pop(cause, None)

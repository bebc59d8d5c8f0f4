"""The store's twin in memory, with the same races, leases and unique claims; the same suite runs against both."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import CodecOptions, decode, encode

from shared.mongo.bson import from_bson, to_bson
from shared.stream.decisions import Refs
from shared.stream.documents import Document, DueAlarm
from shared.stream.records import Cause
from shared.telemetry import wall_clock


def as_stored(document: Document) -> Document:
    """What comes back of it from MongoDB: tuples as lists, times in milliseconds; raises for what BSON cannot hold."""
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    return from_bson(document.collection, decode(encode(to_bson(document)), options))


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

    async def save_together(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        """As in `Documents`. All are looked at before the first is written."""
        claims = dict(self._claims)
        if not all(self._take(document, claims) for document in documents):
            return {(document.collection, document.id) for document in documents}
        for document in documents:
            as_stored(document)
        for document in documents:
            self._save_one(document)
        return set()

    def _take(self, document: Document, claims: dict[tuple[str, str], str]) -> bool:
        """Whether it may be written, where these are the claims; if so they are as it leaves them."""
        stored = self.stored.get((document.collection, document.id))
        if (stored.version if stored else 0) != document.version:
            return False
        holders = {claims.get((document.collection, claim), document.id) for claim in document.claims}
        if holders - {document.id}:
            return False
        for claim in stored.claims if stored else ():
            del claims[(document.collection, claim)]
        for claim in document.claims:
            claims[(document.collection, claim)] = document.id
        return True

    def _save_one(self, document: Document) -> bool:
        if not self._take(document, self._claims):
            return False
        place = (document.collection, document.id)
        self.stored[place] = as_stored(document)
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
        return [DueAlarm(d.id, d.key, self._state_of(d), dict(d.context)) for d in rows]

    def _state_of(self, stored: Document) -> dict[str, Any]:
        """A copy that its reader may change."""
        return copy.deepcopy(stored.state)

    def _is_due(self, document: Document, lanes: Collection[int], until: datetime, now: datetime) -> bool:
        lease = self._leases.get((document.collection, document.id))
        free = lease is None or lease <= now
        return (
            free and document.lane in lanes and document.next_alarm_at is not None and document.next_alarm_at <= until
        )


class MemoryAttempts:
    """Implements `Attempts`, for one group. `another` is what the next process sees of it."""

    def __init__(self, owner: str = "1") -> None:
        self.held: dict[tuple[str, int], tuple[str, int, int]] = {}
        self.tried: dict[Cause, set[str]] = {}
        self._owner = owner

    def another(self, owner: str) -> MemoryAttempts:
        """The same memory in the hands of another process."""
        other = MemoryAttempts(owner)
        other.held, other.tried = self.held, self.tried
        return other

    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        """As in `Attempts`."""
        crashes = {place: self._crashes(place, offset) for place, offset in committed.items()}
        self.held.update({place: (self._owner, offset, crashes[place]) for place, offset in committed.items()})
        return {place for place, n in crashes.items() if n >= 2}

    def _crashes(self, place: tuple[str, int], offset: int) -> int:
        if place not in self.held:
            return 0
        owner, at, before = self.held[place]
        return (before if at == offset else 0) + (owner != self._owner)

    async def close(self, partitions: Collection[tuple[str, int]]) -> None:
        """As in `Attempts`."""
        for place in partitions:
            if self.held.get(place, ("", 0, 0))[0] == self._owner:
                del self.held[place]

    async def attempt(self, cause: Cause) -> int:
        """As in `Attempts`."""
        self.tried.setdefault(cause, set()).add(self._owner)
        return len(self.tried[cause])

    async def clear(self, cause: Cause) -> None:
        """As in `Attempts`."""
        self.tried.pop(cause, None)

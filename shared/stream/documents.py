"""A versioned document: state, what was seen and what is to be said, in ONE document and one atomic write.

The port is here because the engine is its user; `shared.mongo` has the real store and its in-memory twin.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass as changing
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from shared.schemas.values import dataclass
from shared.stream.decisions import Refs, State
from shared.stream.records import Cause, Saying

MAX_MISSING = 1_000


@changing(slots=True)
class Stream:
    """What was heard of one sender's numbered stream: the highest number, and the skipped ones below it."""

    epoch: int = 0
    last: int = 0
    missing: list[int] = field(default_factory=list)

    def knows(self, epoch: int, n: int) -> bool:
        """Was (epoch, n) heard before? A lower epoch is old, whatever its number."""
        if epoch != self.epoch:
            return epoch < self.epoch
        return n <= self.last and n not in self.missing

    def hear(self, epoch: int, n: int) -> None:
        """Note a number that is new; a jump leaves the skipped ones as missing (bounded)."""
        if epoch > self.epoch:
            self.epoch, self.last, self.missing = epoch, 0, []
        if n <= self.last:
            self.missing.remove(n)
            return
        skipped = range(max(self.last + 1, n - MAX_MISSING), n)
        self.missing = (self.missing + list(skipped))[-MAX_MISSING:]
        self.last = n


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A saying in the outbox, with the record that caused it. `private` goes to the projection, never to Kafka."""

    cause: Cause
    saying: Saying
    private: dict[str, Any] | None = None


@changing(slots=True)
class Document:
    """One aggregate. `version` 0: not stored yet. `lane` is the partition number of `key` on every co-heard topic.

    `context` holds tenant, feed, mode and label as the aggregate's last cause had them, for alarms and commands.
    """

    collection: str
    id: str
    key: str = ""
    lane: int = 0
    version: int = 0
    state: State = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    outbox: list[Unsaid] = field(default_factory=list)
    claims: tuple[str, ...] = ()
    next_alarm_at: datetime | None = None
    context: dict[str, str] = field(default_factory=dict)

    def another(self) -> Document:
        """This document again, its streams and counters to be changed apart from this one's."""
        return Document(
            self.collection,
            self.id,
            self.key,
            self.lane,
            self.version,
            self.state,
            dict(self.streams),
            dict(self.counters),
            self.outbox,
            self.claims,
            self.next_alarm_at,
            self.context,
        )


@dataclass(frozen=True, slots=True)
class DueAlarm:
    """A document whose earliest alarm is due, as the sweeper needs it."""

    id: str
    key: str
    state: State
    context: dict[str, str]


class Documents(Protocol):
    """Where aggregates live. Every method raises Away when the store cannot be reached."""

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        """All documents that `refs` name by id or by claim, one query a collection."""

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        """Write all in one unordered bulk a collection, guarded by version; durable when it returns.

        Before: `version` is what was loaded (0: new). After: it is one higher, except for the lost ones, whose
        (collection, id) are returned: another writer had the version, the id or a claim first.
        """

    async def save_together(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        """Write all or none, in the order given, guarded by version; durable when it returns. For few and seldom.

        One that gives up a claim stands before the one that takes it. Returns the (collection, id) of all of them where
        another writer had one of them, or a claim, first. Raises Away: then all may have been written, or none.
        """

    async def due(
        self, collection: str, lanes: Collection[int], until: datetime, *, limit: int, lease: float
    ) -> list[DueAlarm]:
        """Up to `limit` documents of these lanes with `next_alarm_at` ≤ `until`, leased for `lease` seconds.

        The lease lies outside the version guard: it only keeps other sweepers from saying the same again.
        """


class Attempts(Protocol):
    """Remembers who hears which partition, so that a record that kills its hearer is found. Raises Away."""

    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        """Take these partitions at these offsets; returns those that ended uncleanly twice at the same offset.

        A mark of one's own is no unclean end: whoever asks again is alive.
        """

    async def close(self, partitions: Collection[tuple[str, int]]) -> None:
        """Give them back, cleanly."""

    async def attempt(self, cause: Cause) -> int:
        """Count this process's attempt at one record, durably, before it is decided; returns how many tried, with it.

        A process counts once, however often it asks: one that tries again after an outage or a rebalance is alive.
        """

    async def clear(self, cause: Cause) -> None:
        """Forget the attempts at a record that is through."""

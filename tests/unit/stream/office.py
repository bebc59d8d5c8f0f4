"""An office of twins: the counting service on documents and a log in memory, with planted faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.mongo.memory import MemoryDocuments
from shared.schemas.envelope import Event
from shared.stream.batch import BatchHearing, Projection
from shared.stream.decisions import Refs
from shared.stream.documents import Document
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.outages import Away
from shared.stream.records import Heard, Saying
from tests.contracts_suite.counting import COUNTERS, HEARD, SAID, CountingHandler


@dataclass
class Faults:
    """How many of the next calls fail: before doing anything, or after having done it."""

    before: int = 0
    after: int = 0

    def strike_before(self) -> None:
        if self.before:
            self.before -= 1
            raise Away("kafka", "Planted")

    def strike_after(self) -> None:
        if self.after:
            self.after -= 1
            raise Away("kafka", "Planted")


class FaultyPublisher(MemoryPublisher):
    def __init__(self, log: MemoryLog, faults: Faults) -> None:
        super().__init__(log)
        self._faults = faults

    async def say(self, sayings: Sequence[Saying]) -> None:
        self._faults.strike_before()
        await super().say(sayings)
        self._faults.strike_after()


class FaultyDocuments(MemoryDocuments):
    """`rivals` are writes that another instance makes just before our next saves, one each.

    `together` lists the ids of each united write, `uniting` and `rivals_of_uniting` are its faults and its rivals.
    """

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults
        self.rivals: list[Callable[[], Awaitable[Any]]] = []
        self.rivals_of_uniting: list[Callable[[], Awaitable[Any]]] = []
        self.uniting = Faults()
        self.together: list[list[str]] = []
        self.loads = 0

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        self.loads += 1
        return await super().load(refs)

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        self._faults.strike_before()
        if self.rivals:
            await self.rivals.pop(0)()
        lost = await super().save(documents)
        self._faults.strike_after()
        return lost

    async def save_together(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        self.together.append([document.id for document in documents])
        self.uniting.strike_before()
        if self.rivals_of_uniting:
            await self.rivals_of_uniting.pop(0)()
        lost = await super().save_together(documents)
        self.uniting.strike_after()
        return lost


@dataclass
class Office:
    """`another` is a second instance on the same documents and log, with a ledger of its own."""

    log: MemoryLog = field(default_factory=MemoryLog)
    saving: Faults = field(default_factory=Faults)
    saying: Faults = field(default_factory=Faults)
    handler: CountingHandler = field(default_factory=CountingHandler)
    ledger: Ledger = field(default_factory=Ledger)
    project: Projection | None = None
    documents: FaultyDocuments = None  # type: ignore[assignment] # made below

    def __post_init__(self) -> None:
        self.documents = self.documents or FaultyDocuments(self.saving)

    @property
    def hearing(self) -> BatchHearing:
        publisher = FaultyPublisher(self.log, self.saying)
        handlers = {HEARD: self.handler}
        return BatchHearing("counter", handlers, self.documents, publisher, self.ledger, lane_of, self.project)

    def another(self) -> Office:
        return Office(self.log, self.saving, documents=self.documents)

    def another_uniting(self) -> Office:
        """As `another`, with a handler as new as this one's and faults of its own."""
        return Office(self.log, documents=self.documents, handler=type(self.handler)())

    async def hear(self, records: Sequence[Heard]) -> None:
        await self.hearing.hear(records)

    def said(self, topic: str = SAID) -> list[Heard]:
        return self.log.all_of(topic)

    def letters(self) -> list[Heard]:
        return self.log.all_of(f"{HEARD}.counter.dlq")

    def counter(self, id_: str = "a") -> Document:
        return self.documents.stored[(COUNTERS, id_)]


def summary(records: Sequence[Heard]) -> list[tuple[str, str, str]]:
    """(subject, sequence, cause) of what was said, in order."""
    return [(r.header("ce_subject"), r.header("ce_sequence"), cause_of(r)) for r in records]


def cause_of(record: Heard) -> str:
    import json

    return str(json.loads(record.value or b"{}")["cause"])


Projected = list[tuple[Event, dict[str, Any]]]

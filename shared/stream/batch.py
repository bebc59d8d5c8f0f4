"""A batch, from hearing to saying: load, decide, save, say, project. The commit is the loop's, and comes last.

Nothing is said before the save is known, nothing projected before its saying is confirmed. A record that cannot be
heard goes to the dead letters alone, confirmed, and the batch goes on without it. Drivers that are away raise Away,
and the whole batch is heard again: ids are derived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from prometheus_client import Counter as PrometheusCounter

from shared.schemas.envelope import Event
from shared.stream.codec import Undecodable, decode
from shared.stream.deadletters import Letters
from shared.stream.decisions import Decision, Fact, Handler, Reading, Refs, Refused, SetAside
from shared.stream.desk import BatchDesk, Place, home_of
from shared.stream.documents import Document, Documents, Unsaid
from shared.stream.ledger import Ledger
from shared.stream.outages import Away, OutputTooLarge, where
from shared.stream.records import Cause, Heard, Saying
from shared.stream.suspects import UNREAD
from shared.telemetry import log, metrics

MAX_ROUNDS = 10
"""Races lost in a row before the batch waits: a claim that a decision insists on is a bug, and must not spin."""

NEVER = 2**62
"""An offset that no commit reaches."""

Projection = Callable[[Sequence[tuple[Event, dict[str, Any]]]], Awaitable[None]]


class Publisher(Protocol):
    """Says records. After it returns every one is confirmed by the broker (acks=all), in order per key."""

    async def say(self, sayings: Sequence[Saying]) -> None:
        """Raises Away when a confirmation did not come (the record may be there all the same)."""


class Hearing(Protocol):
    """What the loop gives its batches to."""

    async def hear(self, records: Sequence[Heard]) -> None:
        """Everything that these records cause is durable and said when this returns. Raises Away."""


@dataclass(frozen=True)
class BatchHearing:
    """The batch of an event-hearing service. `project` writes what outbox entries carry privately.

    It comes after the saying, so that whoever acts on what it wrote cannot speak of it first. It may be repeated.
    """

    service: str
    handlers: Mapping[str, Handler]
    documents: Documents
    publisher: Publisher
    ledger: Ledger
    lane_of: Callable[[str], int]
    project: Projection | None = None
    _ahead: dict[int, tuple[Heard, Reading | SetAside]] = field(default_factory=dict)

    def read_ahead(self, records: Sequence[Heard]) -> None:
        """They are likely to be heard next, and are read now, which is pure. What cannot be read waits for its turn."""
        for record in records:
            try:
                self._ahead[id(record)] = (record, self.handlers[record.origin].read(record))
            except SetAside as aside:
                self._ahead[id(record)] = (record, aside)
            except Exception:  # noqa: BLE001, S112 - as above
                continue

    async def hear(self, records: Sequence[Heard]) -> None:
        """As in `Hearing`."""
        letters = Letters(self.service)
        _count(metrics.heard, [record.topic for record in records])
        facts = self._facts(records, letters)
        self._ahead.clear()
        desk = BatchDesk(self.service, self.lane_of, self.ledger)
        await self._decide_and_save(facts, desk, letters)
        await self._say(desk.unsaid(), letters.sayings())
        await self._settle(desk)

    async def _settle(self, desk: BatchDesk) -> None:
        """What no commit settles has been said and projected now. Where a race is lost it is said once more later."""
        done = [kept for document in desk.touched() if (kept := _without_never(document)) is not None]
        if done:
            await self.documents.save(done)

    async def refuse(self, record: Heard, reason: str) -> None:
        """Dead-letter a record that never came back from being heard; what it saved and never said stays to be said."""
        if reason != UNREAD:
            await self._keep_unsaid(record)
        letters = Letters(self.service)
        letters.refuse(record, reason)
        await self._say_all(letters.sayings())

    async def _keep_unsaid(self, record: Heard) -> None:
        """Its offset will be committed, which would settle its outbox entries: from now on nothing settles them."""
        refs = self._refs_of(record)
        for _ in range(MAX_ROUNDS):
            found = await self.documents.load(refs) if refs else []
            held = [kept for document in found if (kept := _never_settled(document, record.cause)) is not None]
            if not held or not await self.documents.save(held):
                return
        raise Away("mongodb", "lost-every-race")

    def _refs_of(self, record: Heard) -> tuple[Refs, ...]:
        """What the record names; nothing for one that cannot be read: it was never decided and left nothing unsaid."""
        try:
            read = self.handlers[record.origin].read(record)
        except Exception as unreadable:  # noqa: BLE001 - the letter's own reason says more
            log.info("refused_unread", topic=record.topic, offset=record.offset, code=type(unreadable).__name__)
            return ()
        return tuple(refs for fact in _each(read) for refs in fact.refs)

    def _facts(self, records: Sequence[Heard], letters: Letters) -> list[Fact]:
        facts: list[Fact] = []
        for record in records:
            read = self._read(record, letters)
            if isinstance(read, Fact):
                facts.append(read)
            elif read:
                facts += read
        return facts

    def _read(self, record: Heard, letters: Letters) -> Reading:
        known = self._ahead.get(id(record))
        try:
            read = self.handlers[record.origin].read(record) if known is None else known[1]
        except SetAside as aside:
            read = aside
        except (Undecodable, Refused) as refused:
            letters.refuse(record, refused.code)
            return None
        except Exception as bug:  # noqa: BLE001 - a bug in reading one record must not stop the others
            letters.refuse(record, _place_of(bug))
            return None
        return read if isinstance(read, Fact) else _several(record, read)

    async def _decide_and_save(self, facts: list[Fact], desk: BatchDesk, letters: Letters) -> None:
        todo = facts
        for _ in range(MAX_ROUNDS):
            if not todo:
                return
            await desk.load(self.documents, todo)
            todo = await self._round(todo, desk, letters)
        raise Away("mongodb", "lost-every-race")

    async def _round(self, todo: list[Fact], desk: BatchDesk, letters: Letters) -> list[Fact]:
        """Decide and save; returns those to be decided again, on what another writer was the first to save.

        One that takes other documents in is saved alone, after all before it; where any of that is lost, so are all
        after it: nothing is decided on a desk from which something is gone.
        """
        places: list[tuple[Fact, Place | None]] = []
        for n, fact in enumerate(todo):
            place = self._decide(fact, desk, letters)
            if not isinstance(place, Decision):
                places.append((fact, place))
                continue
            if lost := await self._save(desk):
                return [earlier for earlier, at in places if at in lost] + todo[n:]
            if await self._unite(fact, place, desk, letters):
                return todo[n:]
            places.clear()
        lost = await self._save(desk)
        return [fact for fact, place in places if place in lost]

    async def _save(self, desk: BatchDesk) -> set[Place]:
        changed = desk.changed()
        lost = await self.documents.save(changed) if changed else set()
        _note_saved(desk, lost)
        return lost

    async def _unite(self, fact: Fact, decision: Decision, desk: BatchDesk, letters: Letters) -> set[Place]:
        if self._decide(fact, desk, letters, decision) is None:
            return set()
        lost = await self.documents.save_together(desk.changed())
        _note_saved(desk, lost)
        return lost

    def _decide(
        self, fact: Fact, desk: BatchDesk, letters: Letters, decision: Decision | None = None
    ) -> Place | Decision | None:
        """Where it was applied, None if nowhere; or the decision itself, not applied, if it takes documents in."""
        try:
            if decision is None:
                if desk.repeats(fact):
                    metrics.repeats.labels(fact.record.topic).inc()
                    return home_of(fact)
                decision = self.handlers[fact.record.origin].decide(fact, desk)
                if decision.absorbs:
                    return decision
            place = desk.apply(fact, decision)
        except Refused as refused:
            letters.refuse(fact.record, refused.code)
        except Exception as bug:  # noqa: BLE001 - a bug in deciding one record must not stop the others
            letters.refuse(fact.record, _place_of(bug))
        else:
            for what, n in decision.metrics.items():
                metrics.noted.labels(fact.record.topic, what).inc(n)
            return place
        return None

    async def _say_all(self, sayings: Sequence[Saying]) -> None:
        try:
            await self.publisher.say(sayings)
        except OutputTooLarge:
            # ours are checked when decided: the topic takes less than the contract says, and somebody must mend it
            raise Away("kafka", "topic-takes-too-little") from None

    async def _say(self, unsaid: list[Unsaid], letters: list[Saying]) -> None:
        sayings = [entry.saying for entry in unsaid] + letters
        if sayings:
            await self._say_all(sayings)
        _count(metrics.said, [saying.topic for saying in sayings])
        private = [(_event_of(entry.saying), entry.private) for entry in unsaid if entry.private is not None]
        if self.project is not None and private:
            await self.project(private)


def _note_saved(desk: BatchDesk, lost: set[Place]) -> None:
    desk.saved(lost)
    if lost:
        metrics.lost_races.inc(len(lost))


def _several(record: Heard, read: tuple[Fact, ...] | SetAside | None) -> tuple[Fact, ...]:
    """The facts; where there is none the record is counted as passed, and by the code that it was set aside with."""
    if isinstance(read, SetAside):
        metrics.noted.labels(record.topic, read.code).inc()
        read = None
    if not read:
        metrics.passed.labels(record.topic).inc()
    return read or ()


def _each(read: Reading) -> tuple[Fact, ...]:
    return (read,) if isinstance(read, Fact) else read or ()


def _never_settled(document: Document, cause: Cause) -> Document | None:
    """The document with the entries of `cause` put where no committed offset reaches, or None if it has none."""
    if not any(entry.cause == cause for entry in document.outbox):
        return None
    never = Cause(cause.topic, cause.partition, NEVER)
    outbox = [replace(entry, cause=never) if entry.cause == cause else entry for entry in document.outbox]
    return replace(document, outbox=outbox)


def _without_never(document: Document) -> Document | None:
    """The document without the entries that no commit settles, or None if it has none."""
    outbox = [entry for entry in document.outbox if entry.cause.offset != NEVER]
    return replace(document, outbox=outbox) if len(outbox) < len(document.outbox) else None


def _count(counter: PrometheusCounter, topics: list[str]) -> None:
    for topic, n in Counter(topics).items():
        counter.labels(topic).inc(n)


def _event_of(saying: Saying) -> Event:
    return decode(Heard(saying.topic, 0, 0, saying.key, saying.value, saying.headers))


def _place_of(bug: Exception) -> str:
    return f"bug-{type(bug).__name__}-{where(bug)}"

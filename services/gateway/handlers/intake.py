"""What every door hands its messages to: judged, stored, and only then told.

MongoDB away, or too much stored and unsaid: Away, and the door gives no answer. What can never succeed is refused, and
a copy of it kept before the sender learns of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from prometheus_client import Counter

from services.gateway.domain.batches import holds_several, messages_of
from services.gateway.domain.kinds import set_aside_kind
from services.gateway.domain.message import Arrival, Judge, Received, Refusal, refusal
from services.gateway.handlers.ports import Kept, Outages, RawMessages
from services.gateway.handlers.together import GroupCommit
from services.gateway.handlers.voice import Voice
from shared.feeds import FeedProfile
from shared.hl7.batch import Batch, is_batch, read_batch
from shared.hl7.er7 import Message
from shared.stream.outages import Away, where
from shared.telemetry import log, metrics

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the sender is to be told. `code` "" means stored; `header` is None where no MSH could be read.

    `message_id`: under which the message, or the copy of what was refused, is kept. `faults`: as in `Arrival`.
    """

    header: Message | None
    message_id: str
    code: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What the sender of several messages is to be told: the outcome of each piece, in order.

    `batch`: the batch taken apart; None where they came without one, so that the sender waits for one acknowledgement.
    """

    batch: Batch | None
    outcomes: tuple[Outcome, ...]


class Intake:
    """One a process, for all its doors. `clock` is the business clock, read once a message."""

    def __init__(
        self,
        raw: RawMessages,
        voice: Voice,
        judge: Judge,
        clock: Callable[[], datetime],
        full: Callable[[], bool],
        outages: Outages,
    ) -> None:
        self._raw, self._voice, self._judge, self._outages = raw, voice, judge, outages
        self._together = GroupCommit(raw)
        self._clock, self._full = clock, full

    async def take(self, body: bytes, profile: FeedProfile) -> Outcome:
        """One message; it, or its refusal, is durable when this returns. Raises Away."""
        return await self._keep(self._arrival(self._judge.er7, body, profile))

    async def take_event(self, body: bytes, profile: FeedProfile) -> Outcome:
        """One JSON message, judged as an `AdtEvent` before it is taken. Raises Away."""
        return await self._keep(self._arrival(self._judge.event, body, profile))

    async def take_batch(self, body: bytes, profile: FeedProfile) -> BatchOutcome:
        """A body that `holds_several`: its messages in one write. Raises Away.

        A piece that can never succeed is refused alone. A wrong count in a trailer loses no message.
        """
        arrivals, batch = self._apart(body, profile)
        for received in await self._keep_all(arrivals):
            self._voice.hand(received)
        return BatchOutcome(batch if is_batch(body) else None, tuple(_outcome(arrival) for arrival in arrivals))

    async def take_too_large(self, head: bytes, profile: FeedProfile) -> Outcome:
        """The beginning of a message above the limit. Raises Away."""
        return await self._keep(self._arrival(self._judge.too_large, head, profile))

    async def take_large_batch(self, head: bytes, profile: FeedProfile) -> BatchOutcome:
        """The beginning of a batch above the limit: refused whole, for what it ends with is not known. Raises Away."""
        return BatchOutcome(read_batch(head), (await self.take_too_large(head, profile),))

    async def take_records(self, records: Sequence[tuple[bytes, FeedProfile]]) -> None:
        """Values of records: all durable when this returns, and said unless Kafka is away. Raises Away."""
        arrivals: list[Arrival] = []
        for body, profile in records:
            if holds_several(body):
                arrivals += self._apart(body, profile)[0]
            else:
                arrivals.append(self._arrival(self._judge.record, body, profile))
        await self._voice.say(await self._keep_all(arrivals))

    def _apart(self, body: bytes, profile: FeedProfile) -> tuple[list[Arrival], Batch]:
        batch = read_batch(body)
        counts = "differ" if batch.counts_differ else "agree" if is_batch(body) else "none"
        metrics.sent_batches.labels(profile.feed, counts).inc()
        if batch.counts_differ:
            log.warning("batch_counts_differ", feed=profile.feed, count=len(batch.pieces), bytes=len(body))
        return [self._arrival(self._judge.er7, piece, profile) for piece in messages_of(body, batch)], batch

    async def _keep_all(self, arrivals: Sequence[Arrival]) -> list[Received]:
        """All in one write; returns those that are not said yet by somebody else."""
        received = [(arrival.letter, arrival.header) for arrival in arrivals if isinstance(arrival.letter, Received)]
        messages = [message for message, _ in received]
        found = await self._durably([m.feed for m in messages], lambda: self._raw.add(messages)) if messages else []
        for (message, header), kept in zip(received, found, strict=True):
            _count(message, kept, header)
        await self._refuse([arrival.letter for arrival in arrivals if isinstance(arrival.letter, Refusal)])
        return [message for message, kept in zip(messages, found, strict=True) if kept is not Kept.REPEATED]

    async def refuse(self, body: bytes, code: str, profile: FeedProfile) -> None:
        """Keep a copy of what could not even be judged. Raises Away."""
        await self._refuse([refusal(body, code, profile, self._clock())])

    def _arrival(
        self, judge: Callable[[bytes, FeedProfile, datetime], Arrival], body: bytes, profile: FeedProfile
    ) -> Arrival:
        at = self._clock()
        try:
            return judge(body, profile, at)
        except Exception as bug:  # noqa: BLE001 - one message we stumble over must not block its sender for ever
            return Arrival(refusal(body, f"bug-{type(bug).__name__}-{where(bug)}", profile, at))

    async def _keep(self, arrival: Arrival) -> Outcome:
        letter = arrival.letter
        if isinstance(letter, Refusal):
            await self._refuse([letter])
            return _outcome(arrival)
        kept = await self._durably([letter.feed], lambda: self._together.add(letter))
        _count(letter, kept, arrival.header)
        if kept is not Kept.REPEATED:
            self._voice.hand(letter)
        return _outcome(arrival)

    async def _refuse(self, refusals: Sequence[Refusal]) -> None:
        if not refusals:
            return
        await self._durably([one.feed for one in refusals], lambda: self._raw.keep_refused(refusals))
        for one in refusals:
            metrics.messages.labels(one.feed, "refused").inc()
            log.warning("message_refused", feed=one.feed, reason=one.code, message_id=one.id, bytes=len(one.body))

    async def _durably(self, feeds: Sequence[str], step: Callable[[], Awaitable[T]]) -> T:
        """Do `step`; count those who go without an answer if it cannot be done now."""
        try:
            if self._full():
                raise Away("backlog", "too-much-unsaid")
            done = await step()
        except Away as away:
            self._outages.note(away)
            for feed in feeds:
                metrics.messages.labels(feed, "unanswered").inc()
            raise
        self._outages.over("mongodb")
        self._outages.over("backlog")
        return done


def _outcome(arrival: Arrival) -> Outcome:
    letter = arrival.letter
    code = letter.code if isinstance(letter, Refusal) else ""
    return Outcome(arrival.header, letter.id, code, arrival.faults)


def _count(message: Received, kept: Kept, header: Message | None) -> None:
    _counter(message.feed, kept.value).inc()
    kind = set_aside_kind(header) if header is not None and kept is not Kept.REPEATED else ""
    if kind:
        metrics.set_aside.labels(message.feed, kind).inc()
    if kept is Kept.REUSED:
        log.warning("control_id_reused", feed=message.feed, message_id=message.id)


@lru_cache(maxsize=1024)
def _counter(feed: str, outcome: str) -> Counter:
    """Looked up once: finding it costs as much as a message's other counting together."""
    return metrics.messages.labels(feed, outcome)

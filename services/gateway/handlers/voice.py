"""Says what is stored, and notes it as said: at once where Kafka is there, by a relay where it was not.

A message is leased to whoever says it; what nobody noted as said in time is claimed by the relay of any replica and
said again with the same bytes. Nothing here is waited for by a sender.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.gateway.domain.message import Received
from services.gateway.domain.saying import saying_of
from services.gateway.handlers.ports import Outages, RawMessages
from shared.schemas.topics import ADT_INBOUND
from shared.stream.batch import Publisher
from shared.stream.outages import Away, OutputTooLarge
from shared.telemetry import log, metrics

BATCH = 500
HELD = 2_000
HELD_BYTES = 16 * 1024 * 1024
ROUNDS = 50
PACE = 0.02
NOTED = 0.25


class Voice:
    """Fails quietly: what it could not say or note is the relay's.

    Handed messages are said at most every `PACE` seconds and noted every `NOTED` seconds, many together: each of both
    costs the same for one as for a hundred, here and in every service behind. The first of a lull is said at once.
    """

    def __init__(self, raw: RawMessages, publisher: Publisher, outages: Outages, *, held: int = HELD) -> None:
        self._raw, self._publisher, self._outages, self._held = raw, publisher, outages, held
        self._waiting: list[Received] = []
        self._bytes = 0
        self._said: list[str] = []
        self._speaking: asyncio.Task[None] | None = None
        self._closing = False

    def hand(self, message: Received) -> None:
        """Say it soon, together with others; what cannot be held is left to the relay."""
        if len(self._waiting) >= self._held or self._bytes >= HELD_BYTES:
            return
        self._waiting.append(message)
        self._bytes += len(message.body)
        if self._speaking is None:
            self._speaking = asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        now = asyncio.get_running_loop().time
        due = now() + NOTED
        try:
            while self._waiting or self._said:
                self._said += await self._published(self._next()) or []
                if self._closing or now() >= due:
                    said, self._said = self._said, []
                    await self._note(said)
                    due = now() + NOTED
                await asyncio.sleep(0 if self._closing or len(self._waiting) >= BATCH else PACE)
        finally:
            self._speaking = None

    def _next(self) -> list[Received]:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        self._bytes -= sum(len(message.body) for message in batch)
        return batch

    async def say(self, messages: Sequence[Received]) -> bool:
        """True when all are said and noted; saying one again changes nothing for who hears it."""
        said = await self._published(messages)
        return said is not None and await self._note(said)

    async def _published(self, messages: Sequence[Received]) -> list[str] | None:
        """The ids of those that are said now, all but what is set aside; None where a driver is away."""
        if not messages:
            return []
        try:
            said = await self._publish(messages)
        except Away as away:
            self._outages.note(away)
            return None
        self._outages.over("kafka")
        metrics.said.labels(ADT_INBOUND.name).inc(len(said))
        return said

    async def _note(self, said: Sequence[str]) -> bool:
        if not said:
            return True
        try:
            await self._raw.said(said)
        except Away as away:
            self._outages.note(away)
            return False
        self._outages.over("mongodb")
        return True

    async def _publish(self, messages: Sequence[Received]) -> list[str]:
        try:
            await self._publisher.say([saying_of(message) for message in messages])
        except OutputTooLarge:
            if len(messages) == 1:
                return await self._set_aside(messages[0])
            return [id_ for message in messages for id_ in await self._publish([message])]
        return [message.id for message in messages]

    async def _set_aside(self, message: Received) -> list[str]:
        """The topic takes less than our own limit lets in: someone configured it so, and must look."""
        log.error("message_set_aside", message_id=message.id, feed=message.feed, bytes=len(message.body))
        await self._raw.set_aside(message.id, "output-too-large")
        return []

    async def close(self, seconds: float = 5.0) -> None:
        """Say and note what waits; what is not said in time is the relay's, here or elsewhere."""
        self._closing = True
        if self._speaking is not None:
            await asyncio.wait({self._speaking}, timeout=seconds)


class Relay:
    """Says what was left unsaid and measures how much that is. Replicas share the work by lease.

    `full`: more than `most_unsaid` messages are stored and not said; the doors then answer nobody.
    """

    def __init__(self, raw: RawMessages, voice: Voice, outages: Outages, *, most_unsaid: int, batch: int = 100) -> None:
        self._raw, self._voice, self._outages = raw, voice, outages
        self._most, self._batch = most_unsaid, batch
        self.full = False

    async def sweep(self) -> None:
        """Say what can be claimed, oldest first, so many batches at a time; a driver away ends it for now."""
        try:
            await self._measure()
            for _ in range(ROUNDS):
                claimed = await self._raw.claim(self._batch)
                if not claimed or not await self._voice.say(claimed):
                    break
        except Away as away:
            self._outages.note(away)

    async def _measure(self) -> None:
        """The gauge stops one above the limit: beyond that counting costs, and tells nothing more."""
        unsaid = await self._raw.unsaid(self._most + 1)
        self._outages.over("mongodb")
        metrics.unsaid.set(unsaid)
        full = unsaid > self._most
        if full != self.full:
            log.warning("backlog_full" if full else "backlog_shrunk", count=unsaid, limit=self._most)
        self.full = full

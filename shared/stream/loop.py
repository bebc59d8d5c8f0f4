"""The one data plane: fetch a batch, have it heard, commit its offsets ourselves, again.

A batch is never left half done and committed. MongoDB or Kafka away: the batch waits with full-jitter backoff,
partitions paused and the group still polled. A revoke gives the batch a few seconds, then cancels it, which is safe:
nothing of it is committed. A refused commit is abandoned: whoever has the partitions hears them again. Anything else
ends the process.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.stream.batch import Hearing
from shared.stream.kafka import Rebalance
from shared.stream.ledger import Ledger
from shared.stream.outages import Abandoned, Away, where
from shared.stream.records import Heard
from shared.stream.suspects import Suspects
from shared.telemetry import log, metrics

Places = Sequence[tuple[str, int]]


class Consumer(Protocol):
    """A consumer-group member, real (`kafka.KafkaConsumer`) or in memory (`memory.MemoryConsumer`)."""

    async def start(self, rebalance: Rebalance) -> None: ...
    async def stop(self) -> None: ...
    async def fetch(self, limit: int, seconds: float) -> list[Heard]: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    async def commit(self, offsets: dict[tuple[str, int], int]) -> None: ...
    async def committed(self, partitions: Places) -> dict[tuple[str, int], int]: ...
    def assignment(self) -> list[tuple[str, int]]: ...
    def high_watermark(self, topic: str, partition: int) -> tuple[int, float] | None: ...


@dataclass(frozen=True)
class Pace:
    """Records a batch; in seconds: what a fetch waits, what a revoke grants, first and longest backoff, group polls."""

    batch: int = 500
    linger: float = 0.2
    grace: float = 5.0
    first_backoff: float = 0.1
    longest_backoff: float = 10.0
    keep_alive: float = 1.0


class Loop:
    """Runs one consumer. `die` ends the process with a code and never returns."""

    def __init__(
        self,
        consumer: Consumer,
        hearing: Hearing,
        ledger: Ledger,
        suspects: Suspects,
        die: Callable[[str], None],
        pace: Pace = Pace(),
    ) -> None:
        self._consumer = consumer
        self._hearing = hearing
        self._ledger = ledger
        self._suspects = suspects
        self._die = die
        self._pace = pace
        self._stopping = asyncio.Event()
        self._batch: asyncio.Task[None] | None = None
        self._early: list[Heard] = []
        self.progress_at = time.monotonic()
        self.ready = False
        self.away = ""

    async def run(self) -> None:
        """Until `stop`. Never raises: what is not waited out or abandoned is the end of the process."""
        try:
            await self._patiently(lambda: self._consumer.start(self))
            while not self._stopping.is_set():
                records = await self._fetch()
                self.progress_at = time.monotonic()
                if records:
                    await self._carry(records)
            await self._suspects.close(self._consumer.assignment())
            await self._consumer.stop()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - nothing may end in an exception that a framework swallows
            self._die(f"loop-{type(error).__name__}-{where(error)}")

    async def stop(self) -> None:
        """Finish the batch, fetch no more."""
        self._stopping.set()

    async def _fetch(self) -> list[Heard]:
        if self._early:
            early, self._early = self._early, []
            return early
        try:
            return await self._consumer.fetch(self._pace.batch, self._pace.linger)
        except Away as away:
            self._note_away(away)
            await asyncio.sleep(self._pace.first_backoff)
            return []

    async def _carry(self, records: list[Heard]) -> None:
        self._batch = asyncio.create_task(self._hear_and_commit(records))
        paused = False
        while not self._batch.done():
            await asyncio.wait({self._batch}, timeout=self._pace.keep_alive)
            if not self._batch.done():
                paused = True
                self._consumer.pause()
                await self._poll_the_group()
        if paused:
            self._consumer.resume()
        batch, self._batch = self._batch, None
        if batch.cancelled():
            log.info("batch_abandoned", reason="revoked", count=len(records))
            return
        batch.result()

    async def _poll_the_group(self) -> None:
        try:
            # a rebalance may undo the pause in between: what then comes is the next batch's
            self._early += await self._consumer.fetch(1, 0.0)
        except Away as away:
            self._note_away(away)

    async def _hear_and_commit(self, records: list[Heard]) -> None:
        started = time.monotonic()
        for part in self._suspects.parts(records):
            if await self._suspects.admits(part):
                await self._patiently(lambda part=part: self._hearing.hear(part))  # type: ignore[misc]
            try:
                await self._patiently(lambda part=part: self._commit(part))  # type: ignore[misc]
            except Abandoned:
                log.info("batch_abandoned", reason="commit-refused", count=len(part))
                return
            await self._suspects.through(part)
        metrics.batches.observe(time.monotonic() - started)

    async def _commit(self, records: Sequence[Heard]) -> None:
        offsets = {(r.topic, r.partition): r.offset + 1 for r in records}
        await self._consumer.commit(offsets)
        for (topic, partition), offset in offsets.items():
            self._ledger.note(topic, partition, offset)

    async def _patiently(self, step: Callable[[], object]) -> None:
        """Do `step` until no driver is away; full-jitter backoff between tries."""
        longest = self._pace.first_backoff
        while True:
            try:
                await step()  # type: ignore[misc]
            except Away as away:
                self._note_away(away)
                await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - jitter
                longest = min(longest * 2, self._pace.longest_backoff)
                if self._stopping.is_set() and longest >= self._pace.longest_backoff:
                    self._die("stopping-while-away")
            else:
                return self._note_back()

    def _note_away(self, away: Away) -> None:
        if self.away != away.what:
            log.warning("driver_away", what=away.what, code=away.code)
            metrics.away.labels(away.what).inc()
        self.away = away.what

    def _note_back(self) -> None:
        if self.away:
            log.warning("driver_back", what=self.away)
        self.away = ""

    async def revoked(self, partitions: Places) -> None:
        """The group rebalances: the batch gets a few seconds, then it is cancelled."""
        self.ready = False
        self._early = []
        batch = self._batch
        if batch is not None and not batch.done():
            await asyncio.wait({batch}, timeout=self._pace.grace)
            if not batch.done():
                batch.cancel()
                await asyncio.wait({batch})
        try:
            await self._suspects.close(partitions)
        except Away as away:
            self._note_away(away)

    async def assigned(self, partitions: Places) -> None:
        """Ours from here: read what the group committed, and whether their last hearer died at that very place."""

        async def take() -> None:
            committed = await self._consumer.committed(partitions)
            for (topic, partition), offset in committed.items():
                self._ledger.note(topic, partition, offset)
            await self._suspects.open({place: committed.get(place, 0) for place in partitions})

        await self._patiently(take)
        log.info("partitions_assigned", count=len(partitions))
        self.ready = True

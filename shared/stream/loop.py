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
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.stream.batch import Hearing
from shared.stream.ledger import Ledger
from shared.stream.measures import note_effects
from shared.stream.member import Consumer, Places
from shared.stream.outages import Abandoned, Away, where
from shared.stream.records import Heard
from shared.stream.suspects import Suspects
from shared.telemetry import log, metrics

T = TypeVar("T")

READ_AT_ONCE = 25
"""Records read ahead between two looks at the event loop: a few milliseconds, in which an answer waits."""


@dataclass(frozen=True)
class Pace:
    """Records a batch; in seconds: what a fetch waits, what a revoke grants, first and longest backoff, group polls,
    for how long a fetch may fail before the consumer is given up (one that waits for Kafka does not fail), and when a
    batch that waits first lets the next one be fetched.
    """

    batch: int = 500
    linger: float = 0.2
    grace: float = 5.0
    first_backoff: float = 0.1
    longest_backoff: float = 10.0
    keep_alive: float = 1.0
    patience: float = 60.0
    look: float = 0.002


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
        read_ahead: Callable[[Sequence[Heard]], None] | None = None,
    ) -> None:
        self._consumer = consumer
        self._hearing = hearing
        self._ledger = ledger
        self._suspects = suspects
        self._die = die
        self._pace = pace
        self._read_ahead = read_ahead
        self._stopping = asyncio.Event()
        self._batch: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[None] | None = None
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
                if records:
                    await self._carry(records)
            await self._leave()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - nothing may end in an exception that a framework swallows
            self._die(f"loop-{type(error).__name__}-{where(error)}")

    async def _leave(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
        try:
            await self._suspects.close(self._consumer.assignment())
        except Away as away:  # a mark that stays says "ended uncleanly" once, which suspects nobody
            self._note_away(away)
        await self._consumer.stop()

    async def stop(self) -> None:
        """Finish the batch, fetch no more."""
        self._stopping.set()

    async def _fetch(self) -> list[Heard]:
        room = self._pace.batch - len(self._early)
        try:
            # what was fetched ahead is filled up with what has come since, without waiting for more
            linger = 0.0 if self._early else self._pace.linger
            fetched = await self._consumer.fetch(room, linger) if room > 0 else []
        except Away as away:
            self._note_away(away)
            if time.monotonic() - self.progress_at > self._pace.patience:
                self._die("fetch-keeps-failing")
            await asyncio.sleep(self._pace.first_backoff)
            return []
        self.progress_at = time.monotonic()
        if self.away == "kafka":
            self._note_back()
        early, self._early = self._early, []
        return early + fetched

    async def _carry(self, records: list[Heard]) -> None:
        self._batch = asyncio.create_task(self._hear_and_commit(records))
        ahead = asyncio.create_task(self._look_ahead(self._batch))
        paused = False
        while not self._batch.done():
            await asyncio.wait({self._batch}, timeout=self._pace.keep_alive)
            if not self._batch.done():
                paused = True
                self._consumer.pause()
                await self._poll_the_group()
        await ahead
        if paused:
            self._consumer.resume()
        self.progress_at = time.monotonic()
        batch, self._batch = self._batch, None
        if batch.cancelled():
            log.info("batch_abandoned", reason="revoked", count=len(records))
            return
        batch.result()

    async def _look_ahead(self, batch: asyncio.Task[None]) -> None:
        """Fetch the next batch and read it while this one waits for its store and its broker.

        Nothing is decided of it, and a revoke drops it. Under suspicion nothing is touched before its turn: reading may
        be what kills, and is counted first.
        """
        wait = self._pace.look
        while self._read_ahead is not None and not batch.done() and not self._early:
            await asyncio.wait({batch}, timeout=wait)
            wait = min(2 * wait, self._pace.keep_alive)
            if batch.done() or not self._may_look():
                return
            try:
                found = await self._consumer.fetch(self._pace.batch, 0.0)
            except Away as away:
                self._note_away(away)
                return
            self._early += found  # meanwhile the poll of the group may have brought some
        for first in range(0, len(self._early), READ_AT_ONCE):
            if self._read_ahead is None or batch.done():
                return
            self._read_ahead(self._early[first : first + READ_AT_ONCE])
            await asyncio.sleep(0)

    def _may_look(self) -> bool:
        return self.ready and not self._stopping.is_set() and not self._suspects.any()

    async def _poll_the_group(self) -> None:
        try:
            # a rebalance may undo the pause in between: what then comes is the next batch's
            early = await self._consumer.fetch(1, 0.0)
            self._early += early
        except Away as away:
            self._note_away(away)

    async def _hear_and_commit(self, records: list[Heard]) -> None:
        started = time.monotonic()
        if self._taking is not None:
            await asyncio.wait({self._taking})
        parts = self._suspects.parts(records)
        for left, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
            try:
                await self._carry_through(part)
            except Abandoned:
                log.info("batch_abandoned", reason="commit-refused", count=len(records))
                if left:
                    # fetched and not heard: a later commit would step over it
                    self._die("abandoned-half-heard")
                return
        metrics.batches.observe(time.monotonic() - started)

    async def _carry_through(self, part: Sequence[Heard]) -> None:
        if await self._patiently(lambda: self._suspects.admits(part)):
            await self._patiently(lambda: self._hearing.hear(part))
        await self._patiently(lambda: self._commit(part))
        await self._patiently(lambda: self._suspects.through(part))

    async def _commit(self, records: Sequence[Heard]) -> None:
        offsets = {(r.topic, r.partition): r.offset + 1 for r in records}
        await self._consumer.commit(offsets)
        self._note_committed(offsets)
        note_effects(records, time.time())

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do `step` until no driver is away; full-jitter backoff between tries. Returns what it returned."""
        longest = self._pace.first_backoff
        while True:
            try:
                result = await step()
            except Away as away:
                self._note_away(away)
                await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - jitter
                longest = min(longest * 2, self._pace.longest_backoff)
                if self._stopping.is_set() and longest >= self._pace.longest_backoff:
                    self._die("stopping-while-away")
            else:
                self._note_back()
                return result

    def _note_away(self, away: Away) -> None:
        if self.away != away.what:
            log.warning("driver_away", what=away.what, code=away.code)
            metrics.away.labels(away.what).inc()
        self.away = away.what

    def _note_back(self) -> None:
        if self.away:
            log.warning("driver_back", what=self.away)
        self.away = ""

    async def learn(self) -> None:
        """Read what the group's other members committed, so that what they settled leaves our outboxes."""
        ours = set(self._consumer.assignment())
        others = [place for place in self._consumer.partitions() if place not in ours]
        if not self.ready or not others:
            return
        try:
            self._note_committed(await self._consumer.committed(others))
        except Away as away:
            self._note_away(away)

    def _note_committed(self, committed: dict[tuple[str, int], int]) -> None:
        for (topic, partition), offset in committed.items():
            self._ledger.note(topic, partition, offset)

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
        if self._taking is not None:
            self._taking.cancel()
        try:
            await self._suspects.close(partitions)
        except Away as away:
            self._note_away(away)

    async def assigned(self, partitions: Places) -> None:
        """Ours from here. Nothing is heard before `_take` is through, and the group's heartbeats do not wait for it."""
        self._taking = asyncio.create_task(self._take(partitions))

    async def _take(self, partitions: Places) -> None:
        try:
            await self._patiently(lambda: self._learn(partitions))
        except Exception as error:  # noqa: BLE001 - as in `run`
            self._die(f"assigned-{type(error).__name__}-{where(error)}")
        log.info("partitions_assigned", count=len(partitions))
        self.ready = True

    async def _learn(self, partitions: Places) -> None:
        """What the group committed, where partitions begin, and whether their last hearer died at that very place."""
        committed = await self._consumer.committed(partitions)
        self._note_committed(committed)
        for (topic, partition), offset in (await self._consumer.beginnings(partitions)).items():
            self._ledger.begins(topic, partition, offset)
        await self._suspects.open({place: committed.get(place, 0) for place in partitions})

"""Sweeps the aggregates of this instance's partitions for due alarms and says each as a `TimerDue`.

What is said twice (a lease ran out, two sweepers) is the same record: id, time and data derive from (aggregate, alarm,
due). A fence older than the page limit is logged for ops; past the second limit the team's alarms fire marked
`unfenced`, because a late alarm is worse than one that a queued message may overtake.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.alarm.fence import Fence, Inputs
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, Label, Mode, derived_id
from shared.schemas.timers import TimerDue
from shared.stream.batch import Publisher
from shared.stream.codec import encode
from shared.stream.documents import Documents, DueAlarm
from shared.stream.ledger import Ledger
from shared.stream.outages import Away, where
from shared.stream.records import Saying
from shared.telemetry import log, metrics

AlarmsDue = Callable[[dict[str, Any], datetime], Sequence[tuple[str, datetime]]]


@dataclass(frozen=True)
class Alarms:
    """Whose alarms: the service, its timers topic, the collection, and how its state tells what is due until when."""

    service: str
    topic: str
    collection: str
    due: AlarmsDue


@dataclass(frozen=True)
class Limits:
    """Rows a sweep, and in seconds: the lease, when an old fence pages, when alarms fire unfenced."""

    rows: int = 500
    lease: float = 30.0
    page_after: float = 60.0
    unfenced_after: float = 600.0


class Sweeper:
    """One per process. `clock` is the business clock; everything else runs on the real one."""

    def __init__(
        self,
        alarms: Alarms,
        documents: Documents,
        publisher: Publisher,
        inputs: Inputs,
        ledger: Ledger,
        clock: Callable[[], datetime],
        limits: Limits = Limits(),
    ) -> None:
        self._alarms = alarms
        self._documents = documents
        self._publisher = publisher
        self._inputs = inputs
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._fence: Fence | None = None
        self._passed: tuple[datetime, frozenset[int]] | None = None
        self._paged = False

    async def sweep(self) -> int:
        """Look once; returns how many alarms were said. Does nothing while a driver is away."""
        self._advance()
        try:
            return await self._say_unfenced() if self._fence_is_stuck() else await self._say_fenced()
        except Away as away:
            log.info("sweep_waits", what=away.what, code=away.code)
            return 0

    def _advance(self) -> None:
        places = tuple(self._inputs.assignment())
        if self._fence is None or self._fence.places != places:
            self._fence, self._passed = Fence(self._clock(), time.time(), places), None
        committed = {place: self._ledger.committed(*place) for place in places}
        if self._fence.passed(self._inputs, committed):
            self._passed = (self._fence.t, frozenset(lane for _, lane in places))
            self._fence, self._paged = Fence(self._clock(), time.time(), places), False
        self._note_age(time.time() - self._fence.taken)

    def _note_age(self, age: float) -> None:
        metrics.fence_age.set(age)
        if age > self._limits.page_after and not self._paged:
            self._paged = True
            log.error("fence_old", age=round(age), limit=self._limits.page_after)

    def _fence_is_stuck(self) -> bool:
        return self._fence is not None and time.time() - self._fence.taken > self._limits.unfenced_after

    async def _say_fenced(self) -> int:
        if self._passed is None:
            return 0
        until, lanes = self._passed
        return await self._say(lanes, until, unfenced=False)

    async def _say_unfenced(self) -> int:
        lanes = frozenset(lane for _, lane in self._inputs.assignment())
        return await self._say(lanes, self._clock(), unfenced=True)

    async def _say(self, lanes: frozenset[int], until: datetime, *, unfenced: bool) -> int:
        rows = await self._documents.due(
            self._alarms.collection, lanes, until, limit=self._limits.rows, lease=self._limits.lease
        )
        found = [each for row in rows for each in self._found(row, until, unfenced)]
        if found:
            await self._publisher.say([saying for _, saying in found])
            self._count([due for due, _ in found], unfenced)
        return len(found)

    def _count(self, dues: Sequence[datetime], unfenced: bool) -> None:
        now = self._clock()
        metrics.said.labels(self._alarms.topic).inc(len(dues))
        metrics.alarms.labels(str(not unfenced)).inc(len(dues))
        for due in dues:
            metrics.alarms_late.observe((now - due).total_seconds())

    def _found(self, row: DueAlarm, until: datetime, unfenced: bool) -> Sequence[tuple[datetime, Saying]]:
        """One aggregate that cannot be read must not stop the clock of all others; its lease limits the lines."""
        try:
            alarms = self._alarms.due(row.state, until)
            return [(due, self._saying(row, alarm, due, unfenced)) for alarm, due in alarms]
        except Exception as bug:  # noqa: BLE001 - as above
            log.error("alarm_unreadable", aggregate=row.id, code=type(bug).__name__, place=where(bug))
            return ()

    def _saying(self, row: DueAlarm, alarm: str, due: datetime, unfenced: bool) -> Saying:
        data = TimerDue(aggregate=row.id, alarm=alarm, due=due, unfenced=unfenced)
        envelope = Envelope(
            id=derived_id("timer", row.id, alarm, due.isoformat()),
            source=f"care-transitions/{self._alarms.service}",
            type=TYPE_PREFIX + TimerDue.TYPE,
            subject=row.id,
            time=due,
            key=row.key,
            tenant=row.context.get("tenant", ""),
            feed=row.context.get("feed", ""),
            mode=Mode(row.context.get("mode", "live")),
            label=Label(row.context.get("label", "normal")),
        )
        return encode(Event(envelope, data), self._alarms.topic)

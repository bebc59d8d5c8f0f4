"""What must hold at every step: looked at whenever a record is appended, a document saved, an offset committed or a
message taken by the provider.
"""

from __future__ import annotations

import json
import marshal
from collections import Counter
from collections.abc import Sequence as Several
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.notifier.domain.delivery import LEASE_RAN_OUT, Delivery
from services.notifier.store import MemoryDeliveries
from shared.mongo.memory import MemoryDocuments
from shared.schemas.envelope import TYPE_PREFIX, Sequence
from shared.schemas.timers import TimerDue
from shared.schemas.topics import (
    ADMISSIONS_TIMERS,
    COMMANDS,
    ENCOUNTERS,
    FOLLOWUP_TIMERS,
    NOTIFICATIONS,
    TASKS,
    TRANSITIONS,
    heard_by,
)
from shared.stream.deadletters import PLACE, REASON, SERVICE
from shared.stream.decisions import Refs
from shared.stream.documents import Document
from shared.stream.memory import MemoryLog, Place
from shared.stream.records import Headers, Heard, Saying

if TYPE_CHECKING:
    from tests.simulation.world import World

Content = tuple[bytes | None, bytes | None, Headers, int]
NUMBERED = {ENCOUNTERS.name: "admissions", TRANSITIONS.name: "discharge", TASKS.name: "followup"}
CLIMBS = {"task.due.v1": "opens_at", "task.overdue.v1": "due_at", "task.escalated.v1": "escalates_at"}
CLOCKS = {FOLLOWUP_TIMERS.name: "followup", ADMISSIONS_TIMERS.name: "admissions"}
INPUTS = {timers: {topic.name for topic in heard_by(service)} for timers, service in CLOCKS.items()}
COMMAND_REFUSALS = frozenset({"task-not-open", "task-unknown", "performed-before-discharge"})


class WatchedLog(MemoryLog):
    """The broker's twin, watched."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    async def append(self, saying: Saying, partition: int | None = None) -> Heard:
        record = await super().append(saying, partition)
        self._world.safety.appended(record)
        return record


class WatchedDocuments(MemoryDocuments):
    """The store's twin, watched."""

    def __init__(self, world: World, service: str) -> None:
        super().__init__(world.wall)
        self._world, self._service = world, service
        self._frozen: dict[tuple[str, str], bytes] = {}

    async def load(self, refs: Several[Refs]) -> list[Document]:
        """As the twin; the state copied from bytes and the rest by hand, many times faster than its deep copy."""
        wanted = [(ref.collection, id_) for ref in refs for id_ in ref.ids]
        claims = [(ref.collection, claim) for ref in refs for claim in ref.claims]
        wanted += [(place[0], self._claims[place]) for place in claims if place in self._claims]
        return [self._copied(place) for place in dict.fromkeys(wanted) if place in self.stored]

    def _copied(self, place: tuple[str, str]) -> Document:
        kept = self.stored[place]
        return replace(
            kept,
            state=self._state_of(kept),
            streams={name: replace(one, missing=list(one.missing)) for name, one in kept.streams.items()},
            counters=dict(kept.counters),
            outbox=list(kept.outbox),
            context=dict(kept.context),
        )

    def _state_of(self, stored: Document) -> dict[str, Any]:
        state: dict[str, Any] = marshal.loads(self._frozen[(stored.collection, stored.id)])  # noqa: S302
        return state

    def _save_one(self, document: Document) -> bool:
        before = self.stored.get((document.collection, document.id))
        saved = super()._save_one(document)
        if saved:
            after = self.stored[(document.collection, document.id)]
            self._frozen[(document.collection, document.id)] = marshal.dumps(after.state)
            self._world.safety.stored(self._service, before, after)
        return saved


class WatchedDeliveries(MemoryDeliveries):
    """The deliveries' twin, watched."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._read: dict[str, tuple[dict[str, Any], Delivery]] = {}

    def one(self, delivery_id: str) -> Delivery | None:
        """Read from its row once for each time that is written: a delivery is immutable."""
        row = self._docs.get(delivery_id)
        if row is None:
            return None
        read = self._read.get(delivery_id)
        if read is None or read[0] is not row:
            read = self._read[delivery_id] = (row, Delivery.model_validate(row))
        return read[1]

    async def load(self, ids: Several[str]) -> list[Delivery]:
        return [one for id_ in ids if (one := self.one(id_)) is not None]

    def _all(self) -> list[Delivery]:
        return [one for id_ in self._docs if (one := self.one(id_)) is not None]

    async def insert_missing(self, deliveries: Several[Delivery]) -> None:
        new = [one.delivery_id for one in deliveries if one.delivery_id not in self._docs]
        await super().insert_missing(deliveries)
        for delivery_id in new:
            self._world.safety.projected(delivery_id)

    async def save(self, delivery: Delivery) -> Delivery | None:
        before = self.one(delivery.delivery_id)
        after = await super().save(delivery)
        if before is not None and after is not None:
            self._world.safety.moved(before, after)
        return after


class Safety:
    """The invariants; what breaks one is told to the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.said: dict[tuple[str, str], dict[int, Content]] = {}
        self._counted: dict[tuple[str, str], int] = {}
        self._offsets: dict[tuple[str, Place], int] = {}
        self._moves: list[tuple[datetime, dict[Place, int]]] = []
        self.accepted: Counter[str] = Counter()
        self.repeats: Counter[str] = Counter()
        self.letters: list[Heard] = []

    def appended(self, record: Heard) -> None:
        """A record is on the log."""
        self._world.note("said", record.topic, record.partition, record.offset, record.header("ce_id"))
        if record.topic.endswith(".dlq"):
            self._dead_letter(record)
        elif record.topic in CLOCKS and record.header("ce_id"):
            self._alarm(record)
        elif (record.topic in NUMBERED or record.topic == NOTIFICATIONS.name) and record.header("ce_sequence"):
            self._numbered(record)

    def _numbered(self, record: Heard) -> None:
        """Gapless and rising but for repeats, each number one record for ever, in one partition; none unsaved."""
        stream, n = (record.topic, record.header("ce_subject")), Sequence.parse(record.header("ce_sequence")).n
        said = self.said.setdefault(stream, {})
        content = (record.key, record.value, record.headers, record.partition)
        if said and next(iter(said.values()))[0] != record.key:
            self._world.violate(f"another key: {stream} number {n}")
        if n in said:
            self.repeats["said"] += 1
            if said[n] != content:
                self._world.violate(f"repeat differs: {stream} number {n}")
            return
        if n > len(said) + 1:
            self._world.violate(f"gap: {stream} has {len(said)}, then {n}")
        said[n] = content
        self._climbed(record)
        self._is_saved(record, stream, n)

    def _climbed(self, record: Heard) -> None:
        """No task is called due, overdue or escalated before the instant that makes it so."""
        field = CLIMBS.get(record.header("ce_type").removeprefix(TYPE_PREFIX))
        if field is None:
            return
        task = json.loads(record.value or b"{}")["task"]
        if datetime.fromisoformat(task[field]) > self._world.business:
            self._world.violate(f"climbed too early: {task['code']} {task['business_status']}, {field} {task[field]}")

    def _is_saved(self, record: Heard, stream: tuple[str, str], n: int) -> None:
        """A delivery's decision is in its subject's document, its outcomes are in its own."""
        saved = self._counted.get(stream, 0)
        if record.topic == NOTIFICATIONS.name and n > 1:
            row = self._world.deliveries._docs.get(stream[1])
            saved = len(row["outcomes"]) + 1 if row else 0
        if saved < n:
            self._world.violate(f"said before saved: {stream} number {n}")

    def projected(self, delivery_id: str) -> None:
        """A delivery is where senders look: its decision is on the log, so that no outcome can come before it."""
        if 1 not in self.said.get((NOTIFICATIONS.name, delivery_id), {}):
            self._world.violate(f"projected before said: {delivery_id}")

    def _alarm(self, record: Heard) -> None:
        """Never early, and never while what was there when it fell due is not heard."""
        due = TimerDue.model_validate_json(record.value or b"")
        if due.due > self._world.business:
            self._world.violate(f"early alarm: {due.alarm} due {due.due}")
        ends = next((ends for at, ends in self._moves if at >= due.due), {})
        commits, inputs = self._world.log.commits[CLOCKS[record.topic]], INPUTS[record.topic]
        for place, end in ends.items():
            if place[0] in inputs and place[1] == record.partition and commits.get(place, 0) < end and not due.unfenced:
                self._world.violate(f"alarm before the fence: {due.alarm}, {place} at {commits.get(place, 0)} of {end}")

    def clock_moved(self, to: datetime) -> None:
        """The business clock moved; what is there now is to be heard before what falls due by now."""
        records = self._world.log.records
        inputs = set().union(*INPUTS.values())
        self._moves.append((to, {place: len(records[place]) for place in list(records) if place[0] in inputs}))

    def _dead_letter(self, record: Heard) -> None:
        self.letters.append(record)
        place, service, reason = (record.header(name) for name in (PLACE, SERVICE, REASON))
        planted = record.value in self._world.poison or (service, place) in self._world.stumbled
        refused = place.startswith(COMMANDS.name) and reason in COMMAND_REFUSALS
        if not planted and not refused:
            self._world.violate(f"dead letter that nobody planted: {place} {service} {reason}")

    def stored(self, service: str, before: Document | None, after: Document) -> None:
        """A document is saved."""
        if after.version != (before.version if before else 0) + 1:
            self._world.violate(f"lost update: {service} {after.collection} version {after.version}")
        for counter, n in after.counters.items():
            topic, _, subject = counter.partition("|")
            if n < self._counted.get((topic, subject), 0):
                self._world.violate(f"a counter went back: {counter}")
            self._counted[(topic, subject)] = n

    def numbered(self) -> list[tuple[tuple[str, str], int]]:
        """How far each stream of a service's own topic is numbered by its documents."""
        return [(stream, n) for stream, n in self._counted.items() if stream[0] in NUMBERED]

    def committed(self, group: str, offsets: dict[Place, int]) -> None:
        """An offset is committed; it never goes back."""
        for place, offset in offsets.items():
            if offset < self._offsets.get((group, place), 0):
                self._world.violate(f"offset went back: {group} {place} to {offset}")
            self._offsets[(group, place)] = offset
            self._world.note("committed", group, *place, offset)

    def acknowledged(self, control_id: str) -> None:
        """The hospital has its AA; the message must be stored by now."""
        self._world.note("acknowledged", control_id)
        if not any(row.message.control_id == control_id for row in self._world.raw.rows.values()):
            self._world.violate(f"acknowledged and not stored: {control_id}")

    def moved(self, before: Delivery, after: Delivery) -> None:
        """A delivery took a step."""
        if after.status == "sending" and before.status not in ("pending", "unknown", "sending"):
            self._world.violate(f"claimed from {before.status}: {after.delivery_id}")
        if after.status == "sending" and after.fence != before.fence and self._is_withdrawn(before):
            self._world.violate(f"claimed after its withdrawal was saved: {after.delivery_id}")
        if after.last_code == LEASE_RAN_OUT != before.last_code and before.lease_until > self._world.wall.highest():
            self._world.violate(f"a lease ended before its time: {after.delivery_id}")

    def _is_withdrawn(self, one: Delivery) -> bool:
        rows = self._world.deliveries._docs.values()
        by_correction = any(one.delivery_id in row["corrects"] and row["withdraws"] for row in rows)
        return bool(one.withdrawn_by) or (by_correction and not one.corrects)

    def delivered(self, delivery: Delivery, message_id: str) -> None:
        """The provider took a message: told twice only after an unknown outcome, and then under the same id."""
        stored = self._world.deliveries.one(delivery.delivery_id)
        self._world.note("delivered", delivery.delivery_id, message_id)
        if message_id != f"<{delivery.delivery_id}@example.org>":
            self._world.violate(f"another Message-ID: {message_id} for {delivery.delivery_id}")
        if self.accepted[delivery.delivery_id]:
            self.repeats["told"] += 1
            if stored is None or not stored.maybe_told:
                self._world.violate(f"told twice with a known outcome: {delivery.delivery_id}")
        self.accepted[delivery.delivery_id] += 1

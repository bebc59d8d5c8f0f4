"""What the demo shows, counted from what anyone may hear: the topics and the mailbox. No service is asked."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from email.message import Message

from shared.schemas.envelope import Event
from shared.schemas.notifications import NotificationEvent
from shared.schemas.tasks import TaskEvent
from shared.schemas.topics import ADT_INBOUND
from shared.schemas.transitions import TransitionEvent
from shared.stream.codec import Undecodable, decode
from shared.stream.deadletters import REASON
from shared.stream.records import Heard


@dataclass
class Tally:
    """Counters by what they count; `latencies` in seconds from a record's arrival in Kafka to the mail handed over."""

    messages: Counter[str] = field(default_factory=Counter)
    encounters: Counter[str] = field(default_factory=Counter)
    transitions: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    mails: int = 0
    latencies: list[float] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _door: dict[str, float] = field(default_factory=dict)
    _traces: dict[str, str] = field(default_factory=dict)
    _mailed: dict[str, float] = field(default_factory=dict)

    def hear(self, record: Heard) -> Event | None:
        """Count one record, a repeated one only once; returns the event for who wants to look closer."""
        if record.topic.endswith(".dlq"):
            self.dead_letters[f"{record.topic.removesuffix('.dlq')}: {record.header(REASON)}"] += 1
            return None
        if record.header("ce_id") in self._seen:
            return None
        self._seen.add(record.header("ce_id"))
        if record.topic == ADT_INBOUND.name:
            self._door[record.header("traceparent")] = record.timestamp / 1000
            return None
        try:
            event = decode(record)
        except Undecodable:
            return None
        self._count(event)
        return event

    def _count(self, event: Event) -> None:
        data = event.data
        name = data.TYPE.split(".")[1]
        if isinstance(data, TransitionEvent):
            self.transitions[data.transition.pathway if name == "opened" else name] += 1
        elif isinstance(data, TaskEvent):
            self.tasks[name] += 1
        elif isinstance(data, NotificationEvent):
            self._count_delivery(event, data, name)
        elif data.TYPE.startswith("encounter."):
            self.encounters[name] += 1

    def _count_delivery(self, event: Event, data: NotificationEvent, name: str) -> None:
        delivery = data.delivery
        self._traces[delivery.delivery_id] = event.envelope.traceparent
        if name != "decided":
            self.deliveries[name if name != "suppressed" else f"suppressed {delivery.reason}"] += 1
        elif delivery.status == "suppressed":
            self.deliveries[f"suppressed {delivery.reason}"] += 1
        else:
            self.deliveries["decided"] += 1
        self._note_latency(delivery.delivery_id)

    def mail(self, message: Message, at: float) -> None:
        """A mail came at Unix time `at`."""
        self.mails += 1
        delivery = str(message.get("X-Care-Delivery", ""))
        self._mailed[delivery] = at
        self._note_latency(delivery)

    def _note_latency(self, delivery: str) -> None:
        mailed, door = self._mailed.get(delivery), self._door.get(self._traces.get(delivery, "?"))
        if mailed is not None and door is not None:
            del self._mailed[delivery]
            self.latencies.append(max(0.0, mailed - door))

    def latency(self) -> tuple[float, float] | None:
        """(median, 95th percentile) in seconds of mails that a hospital's message caused, or None."""
        if len(self.latencies) < 2:
            return None
        return statistics.median(self.latencies), statistics.quantiles(self.latencies, n=20)[-1]

"""A hospital's own Kafka topic as a door: its records are stored and said, and then the loop commits them.

The feed is known from the topic, whatever the record says; its key is the hospital's affair and goes no further. A
record that can never succeed is refused, kept with its reason, and passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.gateway.handlers.intake import Intake
from shared.feeds import FeedProfile
from shared.stream.records import Heard
from shared.telemetry import metrics


class TopicHearing:
    """Implements `Hearing` for the topics of `feeds`, by topic name; `feeds` may be changed between two batches."""

    def __init__(self, intake: Intake, feeds: Mapping[str, FeedProfile]) -> None:
        self._intake, self._feeds = intake, feeds

    async def hear(self, records: Sequence[Heard]) -> None:
        """As in `Hearing`; where Kafka is away what is durable is left to the relay."""
        for record in records:
            metrics.heard.labels(record.topic).inc()
        await self._intake.take_records([(record.value or b"", self._feeds[record.topic]) for record in records])

    async def refuse(self, record: Heard, reason: str) -> None:
        """Keep a copy of a record that never came back from being heard."""
        await self._intake.refuse(record.value or b"", reason, self._feeds[record.topic])

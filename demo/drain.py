"""Is everything up to a business time through the whole chain? Asked by the demo's conductor before time moves on.

Looks at what an operator could look at: the gateway's unsaid messages, each group's committed offsets against the ends
that fetches saw (not ListOffsets, which the local broker gets wrong), undecided alarms, unattempted deliveries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.followup.handlers import COLLECTION as TRANSITIONS
from services.gateway.store import RAW
from services.notifier.handlers import DELIVERIES
from shared.mongo.client import away
from shared.schemas.topics import PARTITIONS, heard_by
from shared.stream.kafka import Broker
from shared.stream.outages import Away

HEARERS = ("admissions", "discharge", "followup", "notifier")


@dataclass(frozen=True)
class Waiting:
    """One thing that is not through yet: who holds it and how many."""

    holder: str
    count: int

    def __str__(self) -> str:
        """`followup: 3 alarms`."""
        return f"{self.holder}: {self.count}"


class Ends(Protocol):
    """Where the topics end: an `Onlooker`, or whoever else can tell."""

    async def ends(self) -> dict[tuple[str, int], int]:
        """By topic and partition, the offset that the next record will have."""


class Drain:
    """Reads databases and group offsets; changes nothing."""

    def __init__(self, broker: Broker, databases: Mapping[str, Any], groups: Mapping[str, str]) -> None:
        self._databases = databases
        self._groups = groups
        self._admin = AIOKafkaAdminClient(**broker.options())

    async def start(self) -> None:
        """Connect."""
        await self._admin.start()

    async def stop(self) -> None:
        """Close."""
        await self._admin.close()

    async def waiting(self, until: datetime, onlooker: Ends, hospital_topics: Sequence[str]) -> list[Waiting]:
        """What is not through yet, up to `until` on the business clock. Empty: all is. Raises Away."""
        found = [Waiting("gateway, unsaid messages", await self._unsaid())]
        ends = await onlooker.ends()
        for service in HEARERS:
            topics = [topic.name for topic in heard_by(service)]
            found.append(Waiting(f"{service}, unheard records", await self._behind(service, topics, ends)))
        if hospital_topics:
            behind = await self._behind("gateway", hospital_topics, ends)
            found.append(Waiting("gateway, unheard records", behind))
        found.append(Waiting("followup, due alarms", await self._alarms(until)))
        found.append(Waiting("notifier, unattempted deliveries", await self._unattempted()))
        return [each for each in found if each.count]

    async def _unsaid(self) -> int:
        with away():
            return int(await self._databases["gateway"][RAW].count_documents({"said_at": None}))

    async def _alarms(self, until: datetime) -> int:
        with away():
            query = {"lane": {"$in": list(range(PARTITIONS))}, "next_alarm_at": {"$lte": until}}
            return int(await self._databases["followup"][TRANSITIONS].count_documents(query))

    async def _unattempted(self) -> int:
        with away():
            query = {"$or": [{"status": "pending", "attempts": 0}, {"status": "sending"}, {"said": False}]}
            return int(await self._databases["notifier"][DELIVERIES].count_documents(query))

    async def _behind(self, service: str, topics: Sequence[str], ends: Mapping[tuple[str, int], int]) -> int:
        # named one by one: the local broker drops the connection when asked for all of a group
        places = [TopicPartition(*place) for place in ends if place[0] in topics]
        try:
            offsets = await self._admin.list_consumer_group_offsets(self._groups[service], partitions=places)
        except (KafkaError, OSError) as error:
            raise Away("kafka", type(error).__name__) from error
        committed = {(tp.topic, tp.partition): meta.offset for tp, meta in offsets.items()}
        return sum(max(0, end - max(0, committed.get(place, 0))) for place, end in ends.items() if place[0] in topics)

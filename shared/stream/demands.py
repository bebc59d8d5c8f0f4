"""What a live deployment demands of Kafka beyond the topics being there: three replicas, two of them in sync.

`acks=all` on one replica, or with an unclean election allowed, is no promise to a hospital.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.stream.administration import Finding, wanted
from shared.stream.kafka import Broker
from shared.stream.outages import Away

REPLICAS: Final = 3
IN_SYNC: Final = 2
_ASKED: Final = ("min.insync.replicas", "unclean.leader.election.enable", "max.message.bytes")


async def unmet(broker: Broker) -> list[Finding]:
    """Every demand that a topic of the contract does not meet, one finding each. Raises Away."""
    admin = AIOKafkaAdminClient(**broker.options())
    try:
        await admin.start()
        described = {topic["topic"]: topic for topic in await admin.describe_topics()}
        names = [topic.name for topic in wanted() if topic.name in described]
        settings = await _settings(admin, names)
    except (KafkaError, OSError) as error:
        raise Away("kafka", type(error).__name__) from error
    finally:
        await admin.close()
    return [finding for name in names for finding in _of_topic(name, described[name], settings.get(name, {}))]


async def _settings(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(_ASKED, "")) for name in names]
    answers = await admin.describe_configs(resources)
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }


def _of_topic(name: str, described: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[Finding]:
    replicas = min(len(partition["replicas"]) for partition in described["partitions"])
    if replicas < REPLICAS:
        yield Finding(name, "replicas", f"{replicas}, not {REPLICAS}")
    if int(settings.get("min.insync.replicas", 1)) < IN_SYNC:
        yield Finding(name, "min-insync", f"min.insync.replicas below {IN_SYNC}")
    if settings.get("unclean.leader.election.enable", "false") != "false":
        yield Finding(name, "unclean-election", "unclean.leader.election.enable is on")
    if int(settings.get("max.message.bytes", MAX_MESSAGE_BYTES)) < MAX_MESSAGE_BYTES:
        yield Finding(name, "max-message", f"max.message.bytes below {MAX_MESSAGE_BYTES}")

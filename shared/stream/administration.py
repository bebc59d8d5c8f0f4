"""Creates the topics of the contract and checks those that are there. Refuses to change a number of partitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.schemas.topics import ALL, REPLAY, Topic, dead_letter_topics, replay_topics
from shared.stream.kafka import MAX_LETTER_BYTES, MAX_RECORD_BYTES, Broker
from shared.stream.outages import Away

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One topic that is not as the contract says: `code` is missing, partitions, or refused-<broker's error>."""

    topic: str
    code: str
    detail: str = ""


def wanted() -> tuple[Topic, ...]:
    """Every topic of the contract, dead letters and replays included."""
    return ALL + dead_letter_topics() + replay_topics()


def configuration(topic: Topic, replication: int) -> dict[str, str]:
    """Kafka's topic settings for it; `min.insync.replicas` is one less than the replicas, so one may be down."""
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(-1 if topic.compacted else topic.days * DAY_MS),
        "max.message.bytes": str(MAX_LETTER_BYTES if topic.name.endswith((".dlq", REPLAY)) else MAX_RECORD_BYTES),
        "min.insync.replicas": str(max(1, replication - 1)),
        "unclean.leader.election.enable": "false",
    }


async def create(broker: Broker, replication: int, extra: Iterable[str] = ()) -> list[str]:
    """Create what is missing, and `extra` hospital topics by name; returns the created names. Raises Away."""
    admin = AIOKafkaAdminClient(**broker.options())
    try:
        await admin.start()
        there = set(await admin.list_topics())
        topics = [topic for topic in wanted() if topic.name not in there]
        new = [
            NewTopic(t.name, t.partitions, replication, topic_configs=configuration(t, replication)) for t in topics
        ] + [NewTopic(name, 4, replication) for name in extra if name not in there]
        if new:
            _raise_refusals(await admin.create_topics(new))
        return [topic.name for topic in new]
    except (KafkaError, OSError) as error:
        raise Away("kafka", type(error).__name__) from error
    finally:
        await admin.close()


def _raise_refusals(response: object) -> None:
    for _topic, code, *_ in response.topic_errors:  # type: ignore[attr-defined]
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error


async def check(broker: Broker) -> list[Finding]:
    """What is not as the contract says. Raises Away."""
    admin = AIOKafkaAdminClient(**broker.options())
    try:
        await admin.start()
        described = {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics()}
    except (KafkaError, OSError) as error:
        raise Away("kafka", type(error).__name__) from error
    finally:
        await admin.close()
    findings = [Finding(t.name, "missing") for t in wanted() if t.name not in described]
    return findings + [
        Finding(t.name, "partitions", f"{described[t.name]}, not {t.partitions}; a change parts old keys from new")
        for t in wanted()
        if described.get(t.name, t.partitions) != t.partitions
    ]

"""Every topic as data: who says it, who hears it, its key, and how long it is kept.

Co-heard topics have the same number of partitions for ever (the RangePartitionAssignor then gives one instance the same
numbers of each); `care topics` refuses to change a count. Dead letters are one topic per topic and hearer, and so are
replays: what is said again on one of these reaches the hearer that failed and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PARTITIONS: Final = 8
EVENT_DAYS: Final = 30
DEAD_LETTER_DAYS: Final = 90
AUDIT_DAYS: Final = 2_192
"""Six years, leap days included: 45 CFR 164.316(b)(2)(i)."""
MAX_MESSAGE_BYTES: Final = 1_048_576
REPLAY: Final = ".replay"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `key` says what the record key is; `compacted` topics keep the last record of each key for ever."""

    name: str
    key: str
    said_by: tuple[str, ...]
    heard_by: tuple[str, ...]
    days: int = EVENT_DAYS
    compacted: bool = False
    partitions: int = PARTITIONS

    def dead_letters(self, service: str) -> str:
        """The topic that takes what `service` could not hear of this one."""
        return f"{self.name}.{service}.dlq"

    def replays(self, service: str) -> str:
        """The topic that brings `service`, and nobody else, a record of this one again."""
        return replay_topic(self.name, service)


def replay_topic(topic: str, service: str) -> str:
    """The name of the topic that brings `service` records of `topic` again."""
    return f"{topic}.{service}{REPLAY}"


def original_of(name: str) -> str:
    """The topic whose records these are: those of a replay topic are the original's, any other's are its own."""
    return name.removesuffix(REPLAY).rpartition(".")[0] if name.endswith(REPLAY) else name


ADT_INBOUND: Final = Topic(
    "adt.inbound.v1", "HMAC of tenant and first MR of PID-3 (advisory)", ("gateway",), ("admissions",)
)
ENCOUNTERS: Final = Topic("care.encounters.v1", "patient key", ("admissions",), ("discharge", "notifier"))
TRANSITIONS: Final = Topic("care.transitions.v1", "patient key", ("discharge",), ("followup", "notifier"))
TASKS: Final = Topic("care.tasks.v1", "patient key", ("followup",), ("notifier",))
COMMANDS: Final = Topic("care.commands.v1", "patient key", ("care",), ("admissions", "followup"))
DIRECTORY: Final = Topic("care.directory.v1", "tenant and directory entry id", ("care",), ("notifier",), compacted=True)
NOTIFICATIONS: Final = Topic("care.notifications.v1", "patient key", ("notifier",), ())
ADMISSIONS_TIMERS: Final = Topic("admissions.timers.v1", "patient key", ("admissions",), ("admissions",))
FOLLOWUP_TIMERS: Final = Topic("followup.timers.v1", "patient key", ("followup",), ("followup",))
AUDIT: Final = Topic("care.audit.v1", "who looked", ("care",), (), days=AUDIT_DAYS)

ALL: Final = (
    ADT_INBOUND,
    ENCOUNTERS,
    TRANSITIONS,
    TASKS,
    COMMANDS,
    DIRECTORY,
    NOTIFICATIONS,
    ADMISSIONS_TIMERS,
    FOLLOWUP_TIMERS,
    AUDIT,
)
BY_NAME: Final = {topic.name: topic for topic in ALL}


def heard_by(service: str) -> tuple[Topic, ...]:
    """The topics that `service` subscribes to."""
    return tuple(topic for topic in ALL if service in topic.heard_by)


def dead_letter_topics() -> tuple[Topic, ...]:
    """One topic for each topic and hearer, said by that hearer and heard by `care dlq`."""
    return tuple(
        Topic(topic.dead_letters(service), "as in the topic", (service,), (), days=DEAD_LETTER_DAYS)
        for topic in ALL
        for service in topic.heard_by
    )


def replay_topics() -> tuple[Topic, ...]:
    """One topic for each topic and hearer, said by `care dlq replay` and heard by that hearer alone."""
    return tuple(
        Topic(topic.replays(service), topic.key, ("care",), (service,), partitions=topic.partitions)
        for topic in ALL
        for service in topic.heard_by
    )

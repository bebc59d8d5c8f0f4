"""Dead letters: the record as it was, with the reason in headers that hold codes and places only; and the way back."""

from __future__ import annotations

from typing import Final

from shared.schemas.topics import BY_NAME, original_of, replay_topic
from shared.stream.records import Cause, Headers, Heard, Saying
from shared.telemetry import log, metrics

REASON: Final = "dl_reason"
SERVICE: Final = "dl_service"
PLACE: Final = "dl_place"
REPLAY_OF: Final = "replay_of"
"""On a replayed record: the place it was first heard at, which its next dead letter, if any, names again."""

_OURS: Final = (REASON, SERVICE, PLACE, REPLAY_OF)


class NotADeadLetter(Exception):
    """The record says neither where it was heard nor by whom, so nobody can be given it again."""


class Letters:
    """The dead letters of one batch. A record has one, however many of its facts were refused."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._written: dict[Cause, Saying] = {}

    def refuse(self, record: Heard, reason: str) -> None:
        """Write the letter of `record`, unless it has one."""
        if record.cause in self._written:
            return
        metrics.dead_letters.labels(record.topic).inc()
        log.warning(
            "record_dead_lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason,
        )
        self._written[record.cause] = dead_letter(record, self._service, reason)

    def sayings(self) -> list[Saying]:
        """All of them, in the order in which they were written."""
        return list(self._written.values())


def dead_letter(record: Heard, service: str, reason: str) -> Saying:
    """The saying that puts `record` on `<topic>.<service>.dlq`: key, value and headers untouched, ours added."""
    origin = record.origin
    topic = BY_NAME[origin].dead_letters(service) if origin in BY_NAME else f"{origin}.{service}.dlq"
    place = record.header(REPLAY_OF) or f"{record.topic}/{record.partition}/{record.offset}"
    ours = ((REASON, reason.encode()), (SERVICE, service.encode()), (PLACE, place.encode()))
    return Saying(topic, record.key or b"", record.value or b"", _theirs(record) + ours)


def replayed(letter: Heard) -> Saying:
    """The saying that brings a dead letter back to its hearer alone; raises NotADeadLetter.

    Key, value and the sender's headers are as they were, so it has the same partition, id and sequence.
    """
    place, service = letter.header(PLACE), letter.header(SERVICE)
    topic = original_of(place.split("/")[0])
    if not topic or not service or letter.topic != f"{topic}.{service}.dlq":
        raise NotADeadLetter
    headers = (*_theirs(letter), (REPLAY_OF, place.encode()))
    return Saying(replay_topic(topic, service), letter.key or b"", letter.value or b"", headers)


def _theirs(record: Heard) -> Headers:
    return tuple(pair for pair in record.headers if pair[0] not in _OURS)

"""Dead letters: the record as it was, with the reason in headers that hold codes and places only."""

from __future__ import annotations

from shared.schemas.topics import BY_NAME
from shared.stream.records import Heard, Saying

REASON = "dl_reason"
SERVICE = "dl_service"
PLACE = "dl_place"


def dead_letter(record: Heard, service: str, reason: str) -> Saying:
    """The saying that puts `record` on `<topic>.<service>.dlq`: key, value and headers untouched, ours added."""
    topic = BY_NAME[record.topic].dead_letters(service) if record.topic in BY_NAME else f"{record.topic}.{service}.dlq"
    ours = (
        (REASON, reason.encode()),
        (SERVICE, service.encode()),
        (PLACE, f"{record.topic}/{record.partition}/{record.offset}".encode()),
    )
    theirs = tuple(pair for pair in record.headers if pair[0] not in (REASON, SERVICE, PLACE))
    return Saying(topic, record.key or b"", record.value or b"", theirs + ours)

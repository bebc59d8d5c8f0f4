"""What is sent when, by which door. `note` says what a message is, `delivery` how it came to be sent at that time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from demo.hospital.facilities import Via
from demo.hospital.stays import Note


class Delivery(StrEnum):
    """As it should be; the same bytes once more; overtaken by a later message."""

    PLANNED = "planned"
    AGAIN = "again"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Sending:
    """One message on its way. `at`: business time, aware UTC. `patient` is an opaque key: whose order must be kept.

    `body` is unframed. `via` TOPIC: it goes to the feed's own Kafka topic (`feeds.toml`), not through MLLP.
    """

    at: datetime
    feed: str
    body: bytes
    control_id: str
    note: Note
    via: Via
    patient: str
    delivery: Delivery = Delivery.PLANNED

"""What is sent when, by which door. `note` says what a message is, `delivery` how it came to be sent at that time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from demo.hospital.course import Happening, Note
from demo.hospital.facilities import Via
from demo.hospital.faults import Harm


class Delivery(StrEnum):
    """As it should be; the same bytes once more; later than it should be, so that another may overtake it."""

    PLANNED = "planned"
    AGAIN = "again"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Sending:
    """One message on its way. `at`: business time, aware UTC. `patient` is an opaque key: whose order must be kept.

    `body` is unframed. `via` TOPIC: it goes to the feed's own Kafka topic (`feeds.toml`), not through MLLP. `meant` is
    what the hospital meant by it, None for what is about no stay; `harm` is what happened to its bytes.
    """

    at: datetime
    feed: str
    body: bytes
    control_id: str
    note: Note
    via: Via
    patient: str
    delivery: Delivery = Delivery.PLANNED
    meant: Happening | None = None
    harm: Harm = Harm.NONE

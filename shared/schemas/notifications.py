"""`care.notifications.v1`: what was said to whom, and what became of it. FHIR R4 Communication in spirit.

Ids and codes only: no name, no address, no text of a message. Subject of the stream: the delivery.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.schemas.envelope import EventData
from shared.schemas.identifiers import Contract

DeliveryStatus = Literal["pending", "suppressed", "sent", "failed", "unknown", "withdrawn"]


class DeliveryState(Contract):
    """One notification to one recipient by one channel.

    `cause` is the id of the event that is told, `tells` its type, `corrects` the deliveries it takes back. `reason`
    is the code of a suppression, failure or withdrawal. `attempts` counts hand-overs begun.
    """

    delivery_id: str
    encounter_id: str
    cause: str
    tells: str
    recipient: str
    role: str
    channel: str
    status: DeliveryStatus
    reason: str = ""
    corrects: tuple[str, ...] = ()
    attempts: int = 0
    message_id: str = ""


class NotificationEvent(EventData):
    """An event of `care.notifications.v1`."""

    TOPIC: ClassVar[str] = "care.notifications.v1"
    delivery: DeliveryState
    occurred_at: AwareDatetime


class NotificationDecided(NotificationEvent):
    """Somebody should know: the delivery is pending, or suppressed with its reason."""

    TYPE: ClassVar[str] = "notification.decided.v1"


class NotificationSent(NotificationEvent):
    """The channel took it."""

    TYPE: ClassVar[str] = "notification.sent.v1"


class NotificationFailed(NotificationEvent):
    """The channel refused it for good, or every retry was used up."""

    TYPE: ClassVar[str] = "notification.failed.v1"


class NotificationWithdrawn(NotificationEvent):
    """It was taken back before any attempt to send it."""

    TYPE: ClassVar[str] = "notification.withdrawn.v1"


class NotificationSuppressed(NotificationEvent):
    """It was pending and turned out not to be needed, e.g. a correction of what nobody had been told."""

    TYPE: ClassVar[str] = "notification.suppressed.v1"

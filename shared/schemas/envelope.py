"""The envelope every event travels in: CloudEvents 1.0 attributes, ours among them as extensions.

In Kafka's binary mode the attributes are `ce_*` headers and the data is the value (CloudEvents Kafka protocol binding
1.0.2 §3.2). The envelope holds ids and codes only; patient data stays in the value.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from shared.schemas.identifiers import Contract
from shared.schemas.values import dataclass

TYPE_PREFIX = "org.caretransitions."
SCHEMA_PREFIX = "urn:care-transitions:schema:"
NAMESPACE = UUID("6f1f7a52-9d0e-5c0b-8a4e-2f8f6b1f0c11")
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class Mode(StrEnum):
    """What may follow from a feed's messages: nothing, state only, recorded deliveries, real deliveries."""

    OFF = "off"
    BACKLOAD = "backload"
    SHADOW = "shadow"
    LIVE = "live"


class Label(StrEnum):
    """Security label: `restricted` is 42 CFR Part 2, behavioural health or a protected visit."""

    NORMAL = "normal"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, order=True)
class Sequence:
    """Place in the gapless stream of one (subject, topic); a rebuild raises `epoch` and starts `n` at 1."""

    epoch: int
    n: int

    def __str__(self) -> str:
        """`epoch.n`, as in the header `ce_sequence`."""
        return f"{self.epoch}.{self.n}"

    @classmethod
    def parse(cls, text: str) -> Sequence:
        """Read `epoch.n`; raises ValueError."""
        epoch, n = text.split(".")
        return cls(int(epoch), int(n))


class EventData(Contract):
    """The data of one event type. A subclass names its type, e.g. `encounter.discharged.v1`, and its topic."""

    TYPE: ClassVar[str] = ""
    TOPIC: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of one event.

    `time` is when its cause reached our door or fell due (aware UTC), never when a service happened to run.
    `subject` is the aggregate its `sequence` counts in. `key` is the opaque patient key of the Kafka record.
    `quiet`: decided and recorded, and nobody is told (a replay that only sets the record straight). It goes from a
    cause to what that causes, and no further: no document remembers it, and no alarm has it.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    key: str
    tenant: str = ""
    feed: str = ""
    mode: Mode = Mode.LIVE
    label: Label = Label.NORMAL
    sequence: Sequence | None = None
    traceparent: str = ""
    quiet: bool = False

    @property
    def dataschema(self) -> str:
        """The URN of the JSON Schema of the data."""
        return dataschema_of(self.type)


def dataschema_of(type_: str) -> str:
    """The URN of the JSON Schema of the data of a `ce_type`."""
    return SCHEMA_PREFIX + type_.removeprefix(TYPE_PREFIX)


@dataclass(frozen=True, slots=True)
class Event:
    """An envelope and its validated data."""

    envelope: Envelope
    data: EventData


def said_by(
    source: str, data: EventData, *, id_: str, subject: str, key: str, time: datetime, tenant: str = ""
) -> Event:
    """The event with which somebody outside the services says `data`: in no stream, so without a sequence.

    A command leaves `tenant` empty: its aggregate knows.
    """
    type_ = TYPE_PREFIX + data.TYPE
    return Event(Envelope(id=id_, source=source, type=type_, subject=subject, time=time, key=key, tenant=tenant), data)


def derived_id(*parts: Any) -> str:
    """The id that these parts cause: uuid5 (RFC 9562 §5.5), so that the same cause has the same id for ever.

    Written out because `uuid.uuid5` takes three times as long, and every event has one.
    """
    named = "\x1f".join([str(part) for part in parts])
    digest = hashlib.sha1(NAMESPACE.bytes + named.encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


def utc(moment: datetime) -> datetime:
    """`moment` in UTC; raises ValueError for a naive one."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError("naive time")
    return moment.astimezone(UTC)

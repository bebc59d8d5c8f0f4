"""What is said of a raw message: the hospital's own bytes in our envelope, the same bytes whenever it is said again."""

from __future__ import annotations

from typing import Final

from services.gateway.domain.message import Received
from shared.schemas.envelope import TYPE_PREFIX, Envelope
from shared.schemas.registry import ADT_RECEIVED
from shared.schemas.topics import ADT_INBOUND
from shared.stream.codec import headers_of
from shared.stream.records import Saying

SOURCE: Final = "care-transitions/gateway"


def saying_of(message: Received) -> Saying:
    """The record on `adt.inbound.v1`, re-keyed; a hospital's own key goes no further than our door."""
    envelope = Envelope(
        id=message.id,
        source=SOURCE,
        type=TYPE_PREFIX + ADT_RECEIVED,
        subject=message.feed,
        time=message.received_at,
        key=message.key,
        tenant=message.tenant,
        feed=message.feed,
        mode=message.mode,
        traceparent=traceparent_of(message),
    )
    return Saying(ADT_INBOUND.name, message.key.encode(), message.body, headers_of(envelope, message.media_type))


def traceparent_of(message: Received) -> str:
    """W3C Trace Context: the trace is the raw message, so that everything it causes can be led back to it."""
    return f"00-{message.id.replace('-', '')}-{message.sha256[:16]}-01"

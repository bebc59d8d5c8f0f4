"""Bytes ⇄ events: CloudEvents 1.0 in Kafka's binary mode, the attributes as `ce_*` headers, the data as JSON.

Written by hand because it is on the hot path (the SDK takes about 40 µs a message); the tests hold it against the SDK.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from pydantic import ValidationError

from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, Label, Mode, Sequence, dataschema_of, utc
from shared.schemas.registry import model_of
from shared.stream.records import Headers, Heard, Saying

# A sender counts from 1, and a number that MongoDB cannot store would end every process that hears it.
_SEQUENCE = re.compile(r"[1-9][0-9]{0,17}\.[1-9][0-9]{0,17}")


QUIET = "ce_quiet"
"""`true` or `false`; absent is false, and so it is written."""
REREAD = "ce_reread"
"""A record that was heard before and is to be read anew: which asking that was, so that each has its own effects."""


class Undecodable(Exception):
    """The record can never be read. `code` says why, without a word of its content."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def headers_of(envelope: Envelope, content_type: str = "application/json") -> Headers:
    """The Kafka headers of an envelope, in a fixed order; what is empty is left out."""
    what, about = _headers_of_few(
        envelope.source, envelope.type, envelope.tenant, envelope.feed, envelope.mode, envelope.label
    )
    pairs = [("ce_specversion", b"1.0"), ("ce_id", envelope.id.encode()), *what]
    if envelope.subject:
        pairs.append(("ce_subject", envelope.subject.encode()))
    pairs += [("ce_time", envelope.time.isoformat().encode()), about[0]]
    if envelope.key:
        pairs.append(("ce_partitionkey", envelope.key.encode()))
    pairs += about[1:]
    if envelope.sequence is not None:
        pairs.append(("ce_sequence", str(envelope.sequence).encode()))
    if envelope.quiet:
        pairs.append((QUIET, b"true"))
    if envelope.traceparent:
        pairs.append(("traceparent", envelope.traceparent.encode()))
    pairs.append(("content-type", content_type.encode()))
    return tuple(pairs)


@lru_cache(maxsize=4096)
def _headers_of_few(
    source: str, type_: str, tenant: str, feed: str, mode: Mode, label: Label
) -> tuple[Headers, Headers]:
    """Those of which a deployment has only so many: what stands before the subject, and what from the schema on."""
    context = (("ce_tenant", tenant), ("ce_feed", feed), ("ce_mode", mode.value), ("ce_label", label.value))
    return (
        (("ce_source", source.encode()), ("ce_type", type_.encode())),
        (
            ("ce_dataschema", dataschema_of(type_).encode()),
            *[(name, value.encode()) for name, value in context if value],
        ),
    )


def encode(event: Event, topic: str) -> Saying:
    """The record that says `event` on `topic`."""
    # what model_dump_json does, without making a text of the bytes and bytes of the text
    value = event.data.__pydantic_serializer__.to_json(event.data, by_alias=True)
    return Saying(topic, event.envelope.key.encode(), value, headers_of(event.envelope))


def envelope_of(record: Heard) -> Envelope:
    """The envelope of a record; raises Undecodable (`envelope-…`)."""
    try:
        text = {name: value.decode() for name, value in record.headers}
        return Envelope(
            id=text["ce_id"],
            source=text["ce_source"],
            type=text["ce_type"],
            subject=text.get("ce_subject", ""),
            time=utc(datetime.fromisoformat(text["ce_time"])),
            key=(record.key or b"").decode(),
            tenant=text.get("ce_tenant", ""),
            feed=text.get("ce_feed", ""),
            mode=mode_of(text.get("ce_mode", "live")),
            label=label_of(text.get("ce_label", "normal")),
            sequence=_sequence(text.get("ce_sequence", "")),
            traceparent=text.get("traceparent", ""),
            quiet=QUIET in text and _told_quiet(text[QUIET]),
        )
    except KeyError as missing:
        raise Undecodable(f"envelope-lacks-{missing.args[0]}") from None
    except (ValueError, UnicodeDecodeError):
        raise Undecodable("envelope-unreadable") from None


mode_of, label_of = lru_cache(maxsize=16)(Mode), lru_cache(maxsize=16)(Label)
"""The mode and the label of these names; raise ValueError. An enumeration's own call takes ten times as long."""


def _sequence(text: str) -> Sequence | None:
    if text and not _SEQUENCE.fullmatch(text):
        raise ValueError("no sender counts like this")
    return Sequence.parse(text) if text else None


def _told_quiet(text: str) -> bool:
    """Not `bool(text)`: whoever writes `no` must not be taken for yes, nor a slip for no, by which people are told."""
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


def decode(record: Heard) -> Event:
    """The event of one of our own records; raises Undecodable."""
    envelope = envelope_of(record)
    if not envelope.type.startswith(TYPE_PREFIX):
        raise Undecodable("type-not-ours")
    model = model_of(envelope.type)
    if model is None:
        raise Undecodable("type-unknown")
    try:
        return Event(envelope, model.model_validate_json(record.value or b""))
    except ValidationError as invalid:
        raise Undecodable(f"data-{invalid.errors(include_input=False)[0]['type']}") from None

"""A document ⇄ its stored form. Names that may hold dots (streams, topics) are values, never field names."""

from __future__ import annotations

from typing import Any

from shared.stream.documents import Document, Stream, Unsaid
from shared.stream.records import Cause, Saying


def to_bson(document: Document) -> dict[str, Any]:
    """The document as stored, one version up. Claims are left out when there are none (the index is sparse)."""
    raw: dict[str, Any] = {
        "_id": document.id,
        "version": document.version + 1,
        "key": document.key,
        "lane": document.lane,
        "state": document.state,
        "streams": [[name, s.epoch, s.last, s.missing] for name, s in document.streams.items()],
        "counters": [[name, n] for name, n in document.counters.items()],
        "outbox": [_entry(entry) for entry in document.outbox],
        "context": document.context,
        "next_alarm_at": document.next_alarm_at,
    }
    if document.claims:
        raw["claims"] = list(document.claims)
    return raw


def from_bson(collection: str, raw: dict[str, Any]) -> Document:
    """The stored form as a document."""
    return Document(
        collection=collection,
        id=raw["_id"],
        key=raw["key"],
        lane=raw["lane"],
        version=raw["version"],
        state=raw["state"],
        streams={name: Stream(epoch, last, list(missing)) for name, epoch, last, missing in raw["streams"]},
        counters=dict(raw["counters"]),
        outbox=[_unsaid(entry) for entry in raw["outbox"]],
        claims=tuple(raw.get("claims", ())),
        next_alarm_at=raw["next_alarm_at"],
        context=raw["context"],
    )


def _entry(entry: Unsaid) -> dict[str, Any]:
    saying = entry.saying
    return {
        "cause": list(entry.cause),
        "topic": saying.topic,
        "key": saying.key,
        "value": saying.value,
        "headers": [list(pair) for pair in saying.headers],
        "private": entry.private,
    }


def _unsaid(raw: dict[str, Any]) -> Unsaid:
    headers = tuple((name, bytes(value)) for name, value in raw["headers"])
    saying = Saying(raw["topic"], bytes(raw["key"]), bytes(raw["value"]), headers)
    return Unsaid(Cause(*raw["cause"]), saying, raw["private"])

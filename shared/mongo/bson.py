"""A document ⇄ its stored form. Names that may hold dots (streams, topics) are values, never field names.

The headers of what is to be said are one text: as elements of their own, thirty an event, they were a third of what
writing and reading a document cost.
"""

from __future__ import annotations

from typing import Any

import orjson

from shared.stream.documents import Document, Stream, Unsaid
from shared.stream.records import Cause, Headers, Saying


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
        "headers": _packed(saying.headers),
        "private": entry.private,
    }


def _unsaid(raw: dict[str, Any]) -> Unsaid:
    saying = Saying(raw["topic"], bytes(raw["key"]), bytes(raw["value"]), _unpacked(raw["headers"]))
    return Unsaid(Cause(*raw["cause"]), saying, raw["private"])


def _packed(headers: Headers) -> str:
    """Names and values in turn, as JSON; Latin-1 gives every byte a character."""
    return orjson.dumps([text for name, value in headers for text in (name, value.decode("latin-1"))]).decode()


def _unpacked(packed: str) -> Headers:
    texts = iter(orjson.loads(packed))
    return tuple([(name, value.encode("latin-1")) for name, value in zip(texts, texts, strict=True)])

"""`care hl7 read`: every message of a file as one JSON-ready line, the bad ones too, in the order they stand there.

A line with `error` holds a reason's code and a place, never a piece of the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.admissions.adt import FeedFacts, NotAdt, read_adt
from shared.hl7.batch import Piece, split_messages
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed, Reason

NOT_ADT = "not_adt"


def read_lines(data: bytes, feed: FeedFacts) -> Iterator[dict[str, Any]]:
    """Yield one dict a message: an `AdtEvent` in JSON mode, or `{error, message, offset}` (and `message_code`).

    `message` counts from 1 in this body, `offset` is where it begins in bytes. A body that holds nothing at all is one
    error; an empty batch is none.
    """
    if not data.strip():
        yield {"error": Reason.EMPTY.value, "message": 1, "offset": 0}
    for number, piece in enumerate(split_messages(data), start=1):
        yield _line(piece, number, feed)


def _line(piece: Piece, number: int, feed: FeedFacts) -> dict[str, Any]:
    place = {"message": number, "offset": piece.offset}
    try:
        read = read_adt(parse(piece.data, charset=feed.charset), feed=feed)
    except Malformed as bad:
        return {"error": bad.code.value, **place}
    if isinstance(read, NotAdt):
        return {"error": NOT_ADT, **place, "message_code": read.message_code}
    return read.model_dump(mode="json", by_alias=True)

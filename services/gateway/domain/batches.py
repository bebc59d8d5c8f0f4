"""A batch (HL7 v2.5.1 ch. 2.10.3) to the messages in it, each as if its sender had sent it alone."""

from __future__ import annotations

import re
from typing import Final

from shared.hl7.batch import Batch

_LINE_END: Final = re.compile(rb"\r\n?|\n")


def messages_of(body: bytes, batch: Batch) -> list[bytes]:
    """The pieces of `batch`, which is `body` taken apart, in order; also those that are no message.

    A message keeps the line end of its last segment, if it had one: where it was or will be sent alone it has the same
    bytes, so that it is known again.
    """
    return [piece.data + _end_of(body, piece.offset + len(piece.data)) for piece in batch.pieces]


def _end_of(body: bytes, place: int) -> bytes:
    end = _LINE_END.match(body, place)
    return end[0] if end else b""

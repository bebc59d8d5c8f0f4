"""A body of several messages, as a batch or one behind the other, to its messages, each as if sent alone."""

from __future__ import annotations

import re
from typing import Final

from shared.hl7.batch import Batch, is_batch, read_batch

_LINE_END: Final = re.compile(rb"\r\n?|\n")
_NOISE: Final = b"\x0b \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
_LONE_LF: Final = re.compile(rb"(?<![\r\n\x1c])\n[ \t\n]*MSH")


def holds_several(body: bytes) -> bool:
    """Whether the body is to be taken apart: a batch (HL7 v2.5.1 ch. 2.10.3), or certainly several messages without it.

    Certain is: it begins with MSH, and MSH with the same field separator begins behind the end of a segment. A lone LF
    among CR may be text, so that what stands behind it begins no message here.
    """
    return is_batch(body) or _is_row(body)


def _is_row(body: bytes) -> bool:
    text = body.removeprefix(_BOM).lstrip(_NOISE)
    start = text[:4]
    if not start.startswith(b"MSH") or text.find(start, 4) < 0:  # as nearly always
        return False
    if b"\r" in text and _LONE_LF.search(text):
        return False
    pieces = read_batch(text).pieces
    return len(pieces) > 1 and all(piece.data.startswith(start) for piece in pieces)


def messages_of(body: bytes, batch: Batch) -> list[bytes]:
    """The pieces of `batch`, which is `body` taken apart, in order; also those that are no message.

    A message keeps the line end of its last segment, if it had one: where it was or will be sent alone it has the same
    bytes, so that it is known again.
    """
    return [piece.data + _end_of(body, piece.offset + len(piece.data)) for piece in batch.pieces]


def _end_of(body: bytes, place: int) -> bytes:
    end = _LINE_END.match(body, place)
    return end[0] if end else b""

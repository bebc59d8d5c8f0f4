"""A file's body to single messages: bare, several, MLLP-framed, in FHS/BHS batches, with CR, LF or CRLF.

It cuts where a line begins with MSH (HL7 v2.5.1 ch. 2.10.3) and drops the batch's own segments. What is neither stays
as a piece of its own, so that the reader of the piece says what is wrong with it: nothing is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_STARTS = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n\x0b\x1c])[ \t]*(MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9\s]|[\r\n]|\Z)")
_LINE_END = re.compile(rb"[\r\n\x0b\x1c]")
_EDGES = b"\x0b\x1c\r\n\t \x00\x1a"
_BOM = b"\xef\xbb\xbf"


class Piece(NamedTuple):
    """One message and where it began, in bytes from the body's beginning."""

    offset: int
    data: bytes


def split_messages(body: bytes) -> Iterator[Piece]:
    """Yield every message of the body in order; an empty body, or a batch without messages, yields nothing."""
    if body.startswith(_UTF16_MARKS):
        yield Piece(0, body)
        return
    marks = [(match.start(1), match[1]) for match in _STARTS.finditer(body)]
    starts = [start for start, _ in marks] + [len(body)]
    yield from _piece(body, 0, starts[0])
    for (start, name), end in zip(marks, starts[1:], strict=True):
        if name == b"MSH":
            yield from _piece(body, start, end)
        else:
            yield from _piece(body, _line_end(body, start, end), end)


def _line_end(body: bytes, start: int, end: int) -> int:
    line = _LINE_END.search(body, start, end)
    return line.start() if line else end


def _piece(body: bytes, start: int, end: int) -> Iterator[Piece]:
    data = body[start:end].removeprefix(_BOM)
    kept = data.strip(_EDGES)
    if kept:
        yield Piece(start, kept)

"""A file's body to single messages: bare, several, MLLP-framed, in FHS/BHS batches, with CR, LF or CRLF.

It cuts where a line begins with MSH (HL7 v2.5.1 ch. 2.10.3) and takes the batch's own segments out. What is neither
stays as a piece of its own, so that the reader of the piece says what is wrong with it: nothing is passed over in
silence. What the trailers promised is held against what was found, and only told: a wrong count loses no message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_STARTS = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n\x0b\x1c])[ \t]*(MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9\s]|[\r\n]|\Z)")
_BATCH_STARTS = re.compile(rb"(?:\xef\xbb\xbf)?[\x0b \t\r\n]*(?:FHS|BHS)(?=[^A-Za-z0-9\s])")
_LINE_END = re.compile(rb"[\r\n\x0b\x1c]")
_EDGES = b"\x0b\x1c\r\n\t \x00\x1a"
_BOM = b"\xef\xbb\xbf"
_ENDS = {b"BTS": b"BHS", b"FTS": b"FHS"}
_LONGEST_COUNT = 10  # BTS-1 and FTS-1, HL7 v2.5.1 ch. 2.14.3 and 2.14.6


class Piece(NamedTuple):
    """One message, or one segment of the batch, and where it began, in bytes from the body's beginning."""

    offset: int
    data: bytes


class Count(NamedTuple):
    """A trailer: `segment` is BTS (it counts messages) or FTS (batches, or messages where there is no batch).

    `stated` is its first field, None where that is empty or no number; `found` is what was there.
    """

    segment: str
    offset: int
    stated: int | None
    found: int

    @property
    def differs(self) -> bool:
        """The sender counted otherwise. A trailer that counts nothing does not."""
        return self.stated is not None and self.stated != self.found


class Batch(NamedTuple):
    """A body, taken apart. `headers` are its FHS and BHS segments, `counts` its trailers, all in order.

    `unended`: FHS and BHS that no trailer followed, so that more may have been sent than came.
    """

    pieces: tuple[Piece, ...]
    headers: tuple[Piece, ...]
    counts: tuple[Count, ...]
    unended: int

    @property
    def counts_differ(self) -> bool:
        """The body is not what its sender says it sent: another count, or no end."""
        return self.unended > 0 or any(count.differs for count in self.counts)


def is_batch(body: bytes) -> bool:
    """Whether the body begins with FHS or BHS, after noise. Costs no more than a look at its first bytes."""
    return _BATCH_STARTS.match(body) is not None


def split_messages(body: bytes) -> Iterator[Piece]:
    """Yield every message of the body in order; an empty body, or a batch without messages, yields nothing."""
    for name, piece in _parts(body):
        if name == b"MSH":
            yield piece


def read_batch(body: bytes) -> Batch:
    """Every message that `split_messages` yields, with what the batch's own segments say of them."""
    tally = _Tally()
    for name, piece in _parts(body):
        tally.take(name, piece)
    return Batch(tuple(tally.pieces), tuple(tally.headers), tuple(tally.counts), tally.unended + len(tally.open))


class _Tally:
    """One walk over the parts: what came since the last header or trailer of each level."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.headers: list[Piece] = []
        self.counts: list[Count] = []
        self.open: set[bytes] = set()
        self.unended = 0
        self._batches = 0
        self._first_of = {b"BHS": 0, b"FHS": 0}

    def take(self, name: bytes, piece: Piece) -> None:
        """The next part."""
        if name == b"MSH":
            self.pieces.append(piece)
        elif name in _ENDS:
            self._ended(name, piece)
        else:
            self._begun(name, piece)

    def _begun(self, name: bytes, header: Piece) -> None:
        self.headers.append(header)
        self.unended += name in self.open
        self.open.add(name)
        self._batches = self._batches + 1 if name == b"BHS" else 0
        self._first_of[name] = len(self.pieces)

    def _ended(self, name: bytes, trailer: Piece) -> None:
        header = _ENDS[name]
        found = len(self.pieces) - self._first_of[header]
        if name == b"FTS":
            found, self._batches = self._batches or found, 0
        self.open.discard(header)
        self._first_of[header] = len(self.pieces)
        self.counts.append(Count(name.decode(), trailer.offset, _stated(trailer.data), found))


def _stated(trailer: bytes) -> int | None:
    field = trailer[4:].partition(trailer[3:4])[0].strip() if len(trailer) > 4 else b""
    return int(field) if field.isdigit() and len(field) <= _LONGEST_COUNT else None


def _parts(body: bytes) -> Iterator[tuple[bytes, Piece]]:
    """Messages (b"MSH", also what is none) and the batch's own segments by their name, in order."""
    if body.startswith(_UTF16_MARKS):
        yield b"MSH", Piece(0, body)
        return
    marks = [(match.start(1), match[1]) for match in _STARTS.finditer(body)]
    starts = [start for start, _ in marks] + [len(body)]
    yield from _piece(body, 0, starts[0])
    for (start, name), end in zip(marks, starts[1:], strict=True):
        if name == b"MSH":
            yield from _piece(body, start, end)
        else:
            line_end = _line_end(body, start, end)
            yield name, Piece(start, body[start:line_end])
            yield from _piece(body, line_end, end)


def _line_end(body: bytes, start: int, end: int) -> int:
    line = _LINE_END.search(body, start, end)
    return line.start() if line else end


def _piece(body: bytes, start: int, end: int) -> Iterator[tuple[bytes, Piece]]:
    data = body[start:end].removeprefix(_BOM)
    kept = data.strip(_EDGES)
    if kept:
        yield b"MSH", Piece(start, kept)

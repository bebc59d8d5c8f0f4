"""Any bytes at all: read, or refused with a code; never another exception, never a broken answer."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from shared.hl7.ack import Verdict, build_ack
from shared.hl7.batch import read_batch, split_messages
from shared.hl7.er7 import Message, parse
from shared.hl7.malformed import Malformed

_WORDS = [
    b"MSH|^~\\&",
    b"MSH",
    b"PID",
    b"|",
    b"^",
    b"~",
    b"&",
    b"\\",
    b"\r",
    b"\n",
    b"\\X",
    b"\\F\\",
    b'""',
    b"ADT^A01",
    b"\rFHS|",
    b"\rBHS|",
    b"\rBTS|1",
    b"\rFTS|1",
    b"\x0b",
]
_CHARSETS = [
    b"8859/1",
    b"UNICODE UTF-16",
    b"UNICODE UTF-32",
    b"ISO IR87",
    b"~ISO IR159",
    b"GB 18030-2000",
    b"BIG-5",
    b"KS X 1001",
    b"?",
]
near_messages = st.lists(st.sampled_from(_WORDS) | st.binary(max_size=6), max_size=40).map(b"".join)
declared = st.tuples(st.sampled_from(_CHARSETS), st.binary(max_size=30)).map(
    lambda pair: b"MSH|^~\\&|" + pair[1] + b"|" * 15 + pair[0] + b"\rPID|" + pair[1]
)


def _read(data: bytes) -> Message | None:
    try:
        return parse(data)
    except Malformed:
        return None


@given(st.binary() | near_messages | near_messages.map(lambda tail: b"MSH|^~\\&|" + tail) | declared)
@example(b"MSH|^~\\&\r")
@example(b"\xff\xfe")
def test_parse__any_bytes(data: bytes) -> None:
    message = _read(data)
    if message is None:
        return
    for segment in message.all_segments():
        for field in range(4):
            segment.text(field, 2, 2, 2)
            assert all(isinstance(element.value(1), str) for element in segment.elements(field))
    answer = build_ack(message, Verdict.ERROR, at="20260302", control_id="1")
    assert answer is None or (b"\x1c" not in answer and _read(answer) is not None)


@given(st.binary() | near_messages)
def test_split__any_bytes_once_and_in_order(body: bytes) -> None:
    place = 0
    for piece in split_messages(body):
        assert place <= piece.offset
        place = body.index(piece.data, piece.offset) + len(piece.data)
    batch = read_batch(body)
    assert list(batch.pieces) == list(split_messages(body))
    assert all(0 <= count.found <= len(batch.pieces) + len(batch.headers) for count in batch.counts)
    assert 0 <= batch.unended <= len(batch.headers)

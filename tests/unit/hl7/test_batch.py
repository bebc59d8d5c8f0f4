"""A file's body to messages: every framing, nothing passed over."""

from __future__ import annotations

import pytest

from shared.hl7.batch import split_messages
from shared.hl7.mllp import frame

ONE = b"MSH|^~\\&|A||||1||ADT^A01|1\rPID|1"
TWO = b"MSH|^~\\&|B||||2||ADT^A03|2\rPID|1"


def _split(body: bytes) -> list[bytes]:
    return [piece.data for piece in split_messages(body)]


@pytest.mark.parametrize(
    "body",
    [
        ONE + b"\r" + TWO + b"\r",
        ONE + b"\r\r\n\n" + TWO,
        frame(ONE) + frame(TWO),
        b"\x0b" + ONE + b"\x1c\r\n\x0b" + TWO + b"\x1c",
        b"FHS|^~\\&|F\rBHS|^~\\&|B\r" + ONE + b"\r" + TWO + b"\rBTS|2\rFTS|1\r",
        b"FHS|^~\\&\r" + frame(ONE) + frame(TWO) + b"FTS|2",
        b"\xef\xbb\xbf" + ONE + b"\r\n" + TWO + b"\x1a",
    ],
)
def test_split__two_messages_in_any_framing(body: bytes) -> None:
    assert _split(body) == [ONE, TWO]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_split__line_ends_are_left_to_the_reader(end: bytes) -> None:
    one, two = ONE.replace(b"\r", end), TWO.replace(b"\r", end)
    assert _split(one + end + two + end) == [one, two]


def test_split__says_where_each_began() -> None:
    pieces = list(split_messages(b"\r\n" + ONE + b"\r" + TWO))
    assert [piece.offset for piece in pieces] == [2, 2 + len(ONE) + 1]


@pytest.mark.parametrize("body", [b"", b"\r\n", b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|1", b"BHS|^~\\&", b"\x0b\x1c\r"])
def test_split__nothing_in_it(body: bytes) -> None:
    assert _split(body) == []


def test_split__what_is_no_message_stays_a_piece() -> None:
    assert _split(b"PID|1||X\r" + ONE) == [b"PID|1||X", ONE]
    assert _split(b"hello") == [b"hello"]
    assert _split(b"BHS|^~\\&\rjunk\r" + ONE) == [b"junk", ONE]


def test_split__a_word_that_begins_like_a_header_is_none() -> None:
    body = ONE + b"\rMSHX|1\rNTE|MSH|x"
    assert _split(body) == [body]


def test_split__utf16_is_one_piece_for_the_reader() -> None:
    body = "MSH|^~\\&|A".encode("utf-16")
    assert _split(body) == [body]

"""A file's body to messages: every framing, nothing passed over."""

from __future__ import annotations

import pytest

from shared.hl7.batch import Count, is_batch, read_batch, split_messages
from shared.hl7.batch_ack import build_batch_ack
from shared.hl7.er7 import parse
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


@pytest.mark.parametrize(
    ("body", "counts", "unended"),
    [
        (b"BHS|^~\\&\r" + ONE + b"\r" + TWO + b"\rBTS|2", [("BTS", 2, 2)], 0),
        (b"BHS|^~\\&\r" + ONE + b"\rBTS|2", [("BTS", 2, 1)], 0),
        (b"BHS|^~\\&\rBTS|0", [("BTS", 0, 0)], 0),
        (b"BHS|^~\\&\r" + ONE + b"\rBTS", [("BTS", None, 1)], 0),  # BTS-1 is optional
        (b"BHS|^~\\&\r" + ONE + b"\rBTS|||2", [("BTS", None, 1)], 0),
        (b"BHS|^~\\&\r" + ONE + b"\rBTS|two", [("BTS", None, 1)], 0),
        (b"BHS|^~\\&\r" + ONE + b"\rBTS|12345678901", [("BTS", None, 1)], 0),
        (b"BHS@~&#\\\r" + ONE + b"\rBTS@ 1 @all", [("BTS", 1, 1)], 0),
        (b"BHS|^~\\&\r" + ONE, [], 1),
        (b"FHS|^~\\&\rBHS|^~\\&\r" + ONE, [], 2),
        (b"BHS|^~\\&\r" + ONE + b"\rBHS|^~\\&\r" + TWO + b"\rBTS|1", [("BTS", 1, 1)], 1),
        # FTS counts batches, and what comes after a trailer belongs to the next one
        (
            b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + b"\r" + TWO + b"\rBTS|2\rBHS|^~\\&\r" + ONE + b"\rBTS|1\rFTS|2\r",
            [("BTS", 2, 2), ("BTS", 1, 1), ("FTS", 2, 2)],
            0,
        ),
        (b"FHS|^~\\&\r" + ONE + b"\r" + TWO + b"\rFTS|2", [("FTS", 2, 2)], 0),  # no batch in it: its messages
        (
            b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|1\rFHS|^~\\&\r" + ONE + b"\rFTS|1",
            [("BTS", 0, 0), ("FTS", 1, 1), ("FTS", 1, 1)],
            0,
        ),
        (ONE + b"\r" + TWO + b"\rBTS|2\rFTS|1", [("BTS", 2, 2), ("FTS", 1, 2)], 0),
        (ONE + b"\rFTS|1\r" + ONE + b"\r" + TWO + b"\rFTS|2", [("FTS", 1, 1), ("FTS", 2, 2)], 0),
        (ONE + b"\r" + TWO, [], 0),
        (b"", [], 0),
    ],
)
def test_batch__what_its_trailers_promised_beside_what_came(
    body: bytes, counts: list[tuple[str, int | None, int]], unended: int
) -> None:
    batch = read_batch(body)
    assert [(count.segment, count.stated, count.found) for count in batch.counts] == counts
    assert batch.unended == unended
    assert batch.counts_differ == (unended > 0 or any(stated not in (None, found) for _, stated, found in counts))
    assert list(batch.pieces) == list(split_messages(body))


def test_batch__its_headers_and_trailers_and_where_they_stand() -> None:
    batch = read_batch(b"FHS|^~\\&|F\r\nBHS|^~\\&|B\r\n" + ONE + b"\r\nBTS|7\r\n")
    assert [tuple(header) for header in batch.headers] == [(0, b"FHS|^~\\&|F"), (12, b"BHS|^~\\&|B")]
    assert batch.counts == (Count("BTS", 26 + len(ONE), 7, 1),)
    assert batch.counts[0].differs


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"FHS|^~\\&", True),
        (b"\xef\xbb\xbf\r\n BHS|^~\\&", True),
        (b"\x0bBHS@", True),
        (ONE + b"\rBHS|^~\\&", False),
        (b"BHSX|", False),
        (b"BHS", False),
        (b"BTS|1", False),
        (b"", False),
    ],
)
def test_batch__is_what_begins_with_its_header(body: bytes, answer: bool) -> None:
    assert is_batch(body) is answer


def test_batch__many_trailers_cost_no_more_than_their_bytes() -> None:
    batch = read_batch(b"BTS|0\r" * 50_000)
    assert len(batch.counts) == 50_000
    assert not batch.counts_differ


AT = "20260302101500+0000"
SENT = b"|^~\\&|EHR|NORTH|CARE|HUB|20260302||nightly||B7\r"


def _answer(body: bytes, *answers: bytes) -> list[bytes]:
    built = build_batch_ack(read_batch(body), answers, at=AT, control_id="9")
    assert built.endswith(b"\r")
    return built.split(b"\r")[:-1]


def test_batch_ack__theirs_becomes_the_receiver_and_names_what_it_answers() -> None:
    lines = _answer(b"BHS" + SENT + ONE, b"MSH|^~\\&|1\rMSA|AA|1\r", b"MSH|^~\\&|2\rMSA|AE|2\r")
    assert lines[0] == b"BHS|^~\\&|CARE|HUB|EHR|NORTH|20260302101500+0000||||9|B7"
    assert lines[1:] == [b"MSH|^~\\&|1", b"MSA|AA|1", b"MSH|^~\\&|2", b"MSA|AE|2", b"BTS|2"]


def test_batch_ack__nobody_wants_an_answer() -> None:
    assert _answer(b"BHS" + SENT + ONE)[1:] == [b"BTS|0"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"FHS|^~\\&|||||||||F1\rBHS|^~\\&|||||||||B1\r", b"B1"),
        (b"FHS|^~\\&|||||||||F1\rBHS|^~\\&|||||||||B1\rBHS|^~\\&|||||||||B2\r", b"F1"),
        (b"BHS|^~\\&|||||||||B1\rBHS|^~\\&|||||||||B2\r", b"B1"),
        (b"FHS|^~\\&|||||||||F1\r", b"F1"),
    ],
)
def test_batch_ack__several_headers(body: bytes, named: bytes) -> None:
    assert _answer(body)[0].split(b"|")[11] == named


def test_batch_ack__in_the_senders_separators() -> None:
    lines = _answer(b"BHS@~+#\\@EHR@@@@@@@@A#F#1")
    assert lines == [b"BHS@~+#\\@@@EHR@@20260302101500#R#0000@@@@9@A#F#1", b"BTS@0"]


def test_batch_ack__a_header_that_cannot_be_read_is_answered_in_the_usual_separators() -> None:
    assert _answer(b"BHS\r" + ONE)[0] == b"BHS|^~\\&|||||20260302101500+0000||||9"
    assert _answer(ONE)[0] == b"BHS|^~\\&|||||20260302101500+0000||||9"


def test_batch_ack__can_be_read_as_a_batch_itself() -> None:
    built = build_batch_ack(read_batch(b"BHS" + SENT + ONE), [ONE, TWO], at=AT, control_id="9")
    batch = read_batch(built)
    assert not batch.counts_differ
    assert [parse(piece.data).control_id for piece in batch.pieces] == ["1", "2"]

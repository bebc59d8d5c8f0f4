"""Acknowledgements: original and enhanced mode, conditions, echo, escape."""

from __future__ import annotations

import pytest

from shared.hl7.ack import ErrorCode, Family, Verdict, build_ack, build_nak
from shared.hl7.er7 import Message, parse

AT = "20260302101500+0000"


def _message(
    *, accept: str = "", application: str = "", version: str = "2.5.1", kind: str = "ADT^A01^ADT_A01"
) -> Message:
    sent = f"MSH|^~\\&|EHR|NORTH|CARE|HUB|20260302||{kind}|C7\\F\\8|T|{version}|||{accept}|{application}||8859/1\rPID|1"
    return parse(sent.encode("iso8859-1"))


def _lines(answer: bytes | None) -> list[str]:
    assert answer is not None
    assert answer.endswith(b"\r")
    return answer.decode().split("\r")[:-1]


def test_ack__original_mode_accepts() -> None:
    lines = _lines(build_ack(_message(), Verdict.ACCEPT, at=AT, control_id="OWN1"))
    assert lines == [
        f"MSH|^~\\&|CARE|HUB|EHR|NORTH|{AT}||ACK^A01^ACK|OWN1|T|2.5.1||||||8859/1",
        "MSA|AA|C7\\F\\8",
    ]


def test_ack__original_mode_error_tells_the_code_alone() -> None:
    lines = _lines(build_ack(_message(), Verdict.ERROR, at=AT, control_id="1", error=ErrorCode.REQUIRED_FIELD))
    assert lines[1:] == ["MSA|AE|C7\\F\\8", "ERR|||101^Required field missing^HL70357|E"]


@pytest.mark.parametrize("asked", [("", ""), ("NE", "NE"), ("AL", ""), ("SU", "ER")])
@pytest.mark.parametrize(("family", "letters"), [(Family.ORIGINAL, "AA AE AR"), (Family.ENHANCED, "CA CE CR")])
def test_ack__a_mode_that_is_set_answers_whatever_is_asked_for(
    asked: tuple[str, str], family: Family, letters: str
) -> None:
    message = _message(accept=asked[0], application=asked[1])
    answers = [build_ack(message, verdict, at=AT, control_id="1", family=family) for verdict in Verdict]
    assert [_lines(answer)[1].split("|")[1] for answer in answers] == letters.split()
    assert build_ack(_message(kind="ACK"), Verdict.ACCEPT, at=AT, control_id="1", family=family) is None


def test_ack__error_segment_before_v25() -> None:
    lines = _lines(build_ack(_message(version="2.3"), Verdict.REJECT, at=AT, control_id="1"))
    assert lines[1:] == ["MSA|AR|C7\\F\\8", "ERR|^^^207&Application internal error&HL70357"]


@pytest.mark.parametrize(
    ("accept", "application", "codes"),
    [
        ("", "", ("AA", "AE", "AR")),
        ("AL", "NE", ("CA", "CE", "CR")),
        ("al", "AL", ("CA", "CE", "CR")),
        ("ER", "NE", (None, "CE", "CR")),
        ("SU", "", ("CA", None, None)),
        ("NE", "AL", (None, None, None)),
        ("", "AL", ("AA", "AE", "AR")),
        ("", "NE", (None, None, None)),
        ("", "ER", (None, "AE", "AR")),
        ("??", "", ("CA", "CE", "CR")),
    ],
)
def test_ack__mode_and_condition(accept: str, application: str, codes: tuple[str | None, ...]) -> None:
    message = _message(accept=accept, application=application)
    for verdict, code in zip((Verdict.ACCEPT, Verdict.ERROR, Verdict.REJECT), codes, strict=True):
        answer = build_ack(message, verdict, at=AT, control_id="1")
        assert (answer is None) == (code is None)
        if code is not None:
            assert _lines(answer)[1].startswith(f"MSA|{code}|")


@pytest.mark.parametrize("kind", ["ACK", "ACK^A01^ACK", "MCF"])
def test_ack__never_of_an_acknowledgement(kind: str) -> None:
    assert build_ack(_message(kind=kind), Verdict.ERROR, at=AT, control_id="1") is None


def test_ack__never_of_an_answer_whose_type_is_lost() -> None:
    answer = parse(b"MSH|^~\\&\rMSA|AA|1")
    assert build_ack(answer, Verdict.ERROR, at=AT, control_id="1") is None


def test_ack__of_a_header_that_says_nothing() -> None:
    lines = _lines(build_ack(parse(b"MSH|^~\\&\rPID|1"), Verdict.REJECT, at=AT, control_id="1"))
    assert lines[:2] == [f"MSH|^~\\&|||||{AT}||ACK|1", "MSA|AR"]


def test_ack__in_the_senders_separators_and_our_words_escaped() -> None:
    answer = build_ack(parse(b"MSH@~&#\\@APP@@@@@@ADT~A01@7@P@2.4"), Verdict.ACCEPT, at=AT, control_id="a@b")
    assert _lines(answer) == [f"MSH@~&#\\@@@APP@@{AT}@@ACK~A01~ACK@a#F#b@P@2.4", "MSA@AA@7"]


def test_ack__echoes_no_control_character_that_could_end_its_frame() -> None:
    answer = build_ack(parse(b"MSH|^~\\&|A\x1cB|C\nD|||||ADT|1\x0b2\rPID|1"), Verdict.ACCEPT, at=AT, control_id="1")
    assert _lines(answer) == [f"MSH|^~\\&|||AB|CD|{AT}||ACK|1", "MSA|AA|12"]


def test_ack__speaks_the_senders_charset() -> None:
    sent = "MSH|^~\\&|Müller||||||ADT|1|P|2.5||||||8859/1\r".encode("iso8859-1")
    answer = build_ack(parse(sent), Verdict.ACCEPT, at=AT, control_id="1")
    assert answer is not None
    assert "Müller".encode("iso8859-1") in answer


def test_ack__of_a_charset_that_no_frame_can_hold_is_utf8() -> None:
    answer = build_ack(parse("MSH|^~\\&|Zoë||||||ADT|1|P|2.5".encode("utf-16")), Verdict.ACCEPT, at=AT, control_id="1")
    assert _lines(answer)[0].endswith("|UNICODE UTF-8")
    assert "|Zoë|" in _lines(answer)[0]


@pytest.mark.parametrize(("name", "told"), [("Zoë".encode(), "|UNICODE UTF-8"), (b"Zo\xeb", "|2.5")])
def test_ack__does_not_repeat_a_charset_that_was_not_true(name: bytes, told: str) -> None:
    sent = b"MSH|^~\\&|" + name + b"||||||ADT|1|P|2.5||||||ASCII"
    answer = build_ack(parse(sent), Verdict.ACCEPT, at=AT, control_id="1")
    assert answer is not None
    assert name in answer
    assert answer.split(b"\r")[0].decode("latin-1").endswith(told)


def test_ack__of_bytes_that_their_charset_reads_but_cannot_write() -> None:
    sent = b"MSH|^~\\&|A\x1b|\x80|||||ADT|1|P|2.5||||||ISO IR87"
    assert _lines(build_ack(parse(sent), Verdict.ACCEPT, at=AT, control_id="1"))[0].startswith("MSH|^~\\&|||A|?|")


def test_nak__for_bytes_without_a_header() -> None:
    assert _lines(build_nak(at=AT, control_id="9")) == [
        f"MSH|^~\\&|||||{AT}||ACK|9|P|2.5.1",
        "MSA|AR",
        "ERR|||100^Segment sequence error^HL70357|E",
    ]
    assert b"207^" in build_nak(at=AT, control_id="9", error=ErrorCode.INTERNAL)


def test_ack__of_a_sender_with_a_very_long_name_is_the_same() -> None:
    name = "N" * 5_000
    sent = parse(f"MSH|^~\\&|{name}|NORTH|CARE|HUB|20260302||ADT^A01|C7|P|2.5.1".encode())
    for control_id in ("B7", "B8"):
        answer = build_ack(sent, Verdict.ACCEPT, at="20260302101501+0000", control_id=control_id)
        assert answer == (
            f"MSH|^~\\&|CARE|HUB|{name}|NORTH|20260302101501+0000||ACK^A01^ACK|{control_id}|P|2.5.1\rMSA|AA|C7\r".encode()
        )

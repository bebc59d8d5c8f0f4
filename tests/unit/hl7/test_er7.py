"""Segments, fields and components by HL7's own numbers."""

from __future__ import annotations

import pytest

from shared.hl7.er7 import NULL, parse
from shared.hl7.malformed import Malformed, Reason

ADMIT = (
    b"MSH|^~\\&|LAB^1.2.3^ISO|NORTH|CARE|HUB|20260302101500||ADT^A01^ADT_A01|C7|P|2.5.1\r"
    b"EVN|A01|20260302101400\r"
    b'PID|1||A1^^^NORTH&2.16&ISO^MR~B2^^^STATE^SS||Rossi\\T\\Co&von^Ada||""|F\r'
    b"PV1|1|I\r"
    b"ZXX|local\r"
    b"DG1|1\rDG1|2\r"
)


def test_header__is_numbered_from_its_separator() -> None:
    header = parse(ADMIT).header
    assert header.text(1) == "|"
    assert header.text(2) == "^~\\&"
    assert header.text(3) == "LAB"
    assert header.text(3, 3) == "ISO"
    assert header.text(9, 2) == "A01"
    assert header.text(12) == "2.5.1"


def test_message__code_and_control_id() -> None:
    message = parse(ADMIT)
    assert (message.code, message.control_id) == ("ADT", "C7")


def test_text__by_field_repetition_component_and_subcomponent() -> None:
    pid = parse(ADMIT).segment("PID")
    assert pid.text(3) == "A1"
    assert pid.text(3, repetition=2) == "B2"
    assert pid.text(3, 4) == "NORTH"
    assert pid.text(3, 4, 2) == "2.16"
    assert pid.text(3, 5, repetition=2) == "SS"


def test_text__is_unescaped_after_it_was_cut() -> None:
    assert parse(ADMIT).segment("PID").text(5) == "Rossi&Co"
    assert parse(ADMIT).segment("PID").text(5, 1, 2) == "von"


@pytest.mark.parametrize(
    ("field", "component", "subcomponent", "repetition"),
    [(30, 1, 1, 1), (3, 9, 1, 1), (3, 4, 7, 1), (3, 1, 2, 1), (3, 1, 1, 3), (8, 1, 1, 2), (4, 1, 1, 1)],
)
def test_text__what_is_not_there_is_empty(field: int, component: int, subcomponent: int, repetition: int) -> None:
    assert parse(ADMIT).segment("PID").text(field, component, subcomponent, repetition) == ""


def test_null__is_kept_apart_from_absent() -> None:
    pid = parse(ADMIT).segment("PID")
    assert pid.is_null(7)
    assert pid.text(7) == NULL
    assert pid.element(7).text() == NULL
    assert pid.element(7).value() == ""
    assert not pid.is_null(4)


def test_elements__repetitions_that_hold_anything() -> None:
    pid = parse(b"MSH|^~\\&\rPID|||~A~~B|").segment("PID")
    assert [element.text() for element in pid.elements(3)] == ["A", "B"]
    assert pid.elements(4) == []
    assert pid.element(3).value() == ""
    assert pid.element(9).value() == ""
    assert pid.element(9).text() == ""


def test_segments__all_of_a_name_unknown_ones_and_none() -> None:
    message = parse(ADMIT)
    assert [segment.text(1) for segment in message.segments("DG1")] == ["1", "2"]
    assert message.segment("ZXX").text(1) == "local"
    assert message.segments("NK1") == []
    assert message.segment("NK1").text(2) == ""
    assert [s.name for s in message.all_segments()] == ["MSH", "EVN", "PID", "PV1", "ZXX", "DG1", "DG1"]


def test_segments__a_name_alone_is_one_and_a_longer_word_is_none() -> None:
    message = parse(b"MSH|^~\\&\rPV1\rPIDX|1\rPV2")
    assert len(message.segments("PV1")) == 1
    assert message.segments("PID") == []
    assert [s.name for s in message.all_segments()] == ["MSH", "PV1", "", "PV2"]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r", b"\r\n "])
def test_segments__by_any_line_end(end: bytes) -> None:
    message = parse(ADMIT.replace(b"\r", end))
    assert message.segment("PV1").text(2) == "I"
    assert len(message.segments("DG1")) == 2


def test_segments__small_letters_in_a_name() -> None:
    assert parse(b"MSH|^~\\&\rpid|||A1").segment("PID").text(3) == "A1"


def test_line_feed__within_text_is_text_where_segments_end_with_cr() -> None:
    message = parse(b"MSH|^~\\&\rNTE|1||first\nUSA|L\rPV1|1|E")
    assert message.segment("NTE").text(3) == "first\nUSA"
    assert message.segment("NTE").text(4) == "L"
    assert message.segment("PV1").text(2) == "E"


def test_line_feed__mixed_with_cr_ends_a_segment_before_a_known_one() -> None:
    message = parse(b"MSH|^~\\&\rEVN|A01\nPID|||A1\r\nPV1|1|E")
    assert message.segment("EVN").text(1) == "A01"
    assert message.segment("PID").text(3) == "A1"
    assert message.segment("PV1").text(2) == "E"


def test_parse__unusual_separators() -> None:
    message = parse(b"MSH@~&#\\@APP\rPID@@@A1~~~NORTH\\2.16&B2@@O#T#Hara~Ada\r")
    pid = message.segment("PID")
    assert message.header.text(3) == "APP"
    assert (pid.text(3, 4), pid.text(3, 4, 2), pid.text(3, repetition=2)) == ("NORTH", "2.16", "B2")
    assert pid.text(5) == "O\\Hara"


def test_parse__noise_around_the_message() -> None:
    assert parse(b"\x0b\r\n MSH|^~\\&|APP\x1c\r").header.text(3) == "APP"


@pytest.mark.parametrize("data", [b"MSH|", b"MSH|^~\\&", b"MSH|^~\\&|", b"MSH|^~", b"MSH|\rPID|1"])
def test_parse__truncated_gives_what_it_has(data: bytes) -> None:
    message = parse(data)
    assert message.header.text(1) == "|"
    assert message.header.text(10) == ""


def test_parse__charset_that_was_assumed_is_told() -> None:
    assert parse(b"MSH|^~\\&|M\xfcller").charset_assumed
    assert parse(b"MSH|^~\\&|M\xfcller", charset="cp1252").header.text(3) == "Müller"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b" \r\n\x0b", Reason.EMPTY),
        (b"EVN|A01", Reason.NO_MSH),
        (b"msh|^~\\&", Reason.NO_MSH),
        (b"MSH", Reason.BAD_SEPARATORS),
        (b"MSH\r|", Reason.BAD_SEPARATORS),
        (b"MSHX^~\\&", Reason.BAD_SEPARATORS),
    ],
)
def test_parse__what_is_no_message(data: bytes, reason: Reason) -> None:
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert caught.value.code is reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"MSH|^~\\&|A", "A"),
        (b"MSH|^~\\&| A ", "A"),
        (b"MSH|^~\\&|A&B", "A"),
        (b"MSH|^~\\&|A\\T\\B", "A&B"),
        (b"MSH|^~|A&B", "A"),
        (b"MSH|^~|A\\T\\B", "A&B"),
        (b"MSH|^~\\&#|A&B", "A"),
        (b'MSH|^~\\&|""', ""),
    ],
)
def test_value__is_the_first_subcomponent_without_escapes_and_blanks(field: bytes, value: str) -> None:
    """Also where MSH-2 is damaged or longer than usual, and the message holds nothing else to be cut."""
    assert parse(field + b"|NORTH").header.element(3).value() == value


def test_value__a_subcomponent_that_was_not_sent_is_empty() -> None:
    assert parse(b"MSH|^~\\&|A|NORTH").header.element(3).value(1, 2) == ""
    assert parse(b"MSH|^~\\&|A&B|NORTH").header.element(3).value(1, 2) == "B"


def test_text__plain_segment_beside_one_that_is_not() -> None:
    message = parse(b"MSH|^~\\&|A&B^C|\rPV1|1|I|4E^477^1~5W^12\rPID|1||A\\T\\1^^^N&2.16\r")
    assert [message.header.text(3), message.header.text(3, 1, 2), message.header.text(3, 2)] == ["A", "B", "C"]
    assert [message.segment("PV1").text(3, place) for place in (1, 2, 3, 4)] == ["4E", "477", "1", ""]
    assert message.segment("PV1").text(3, 2, repetition=2) == "12"
    assert [message.segment("PID").text(3), message.segment("PID").text(3, 4, 2)] == ["A&1", "2.16"]
    assert message.segment("PV1").element(3).value(2) == "477"
    assert message.segment("PID").element(3).value(1) == "A&1"
